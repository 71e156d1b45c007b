package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"serialgw/internal/capture"
	"serialgw/internal/detect"
	"serialgw/internal/frame"
)

const explainHelp = `explain says what each byte of a frame is. Of bytes that are no frame it says
which rule is broken first, what stands there and what should, and which other
check, range, place or byte order, or one byte more or less, would have matched.

FRAME is a preset, or with --config a [frame.NAME] of a configuration. Places
count from the frame's first byte, as in a description.

  serialgw explain jy901 "55 53 69 21 7d f8 e8 c4 82 46 1c"
  serialgw explain --config gateway.toml car AA 55 01 05 ...
  serialgw explain modbus bus.pcapng --at 4096

With --at the frame begins at that byte of a recording, counted over the bytes
from the board.

Exit status: 0 when it is a frame, 1 when it is none.`

type explainOptions struct {
	config string
	at     string
	port   string
	json   bool
}

func newExplain(std streams) *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain FRAME HEX ... | FRAME FILE --at OFFSET",
		Short: "Say what each byte of a frame is, and what is wrong with it",
		Long:  explainHelp,
		Args:  cobra.MinimumNArgs(1),
		RunE:  func(_ *cobra.Command, args []string) error { return runExplain(o, args, std) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.config, "config", "c", "", "configuration `file` that describes the frame")
	f.StringVar(&o.at, "at", "", "the frame begins at this byte of a recording: `offset` 4096 or 0x1000")
	f.StringVar(&o.port, "port", "", "`name` of the recorded port, when there are several")
	f.BoolVar(&o.json, "json", false, "print JSON, for scripts")
	return cmd
}

func runExplain(o explainOptions, args []string, std streams) error {
	description, err := namedDescription(args[0], o.config, std)
	if err != nil {
		if b, hexErr := capture.ParseHex(strings.Join(args, " ")); hexErr == nil && len(b) > 1 {
			return usagef("which frame are these bytes of? serialgw explain FRAME %q; \"serialgw detect\" finds it", hexArgument(b))
		}
		return err
	}
	plan, errs := frame.Compile(args[0], description)
	if len(errs) > 0 {
		return usagef("frame %s: %w", args[0], errs)
	}
	b, e, err := o.explanation(plan, args[1:])
	if err != nil {
		return err
	}
	if o.json {
		err = json.NewEncoder(std.out).Encode(e)
	} else {
		err = errors.Join(writeExplanation(std.out, e), writeOthers(std.out, b, e))
	}
	if err == nil && !e.OK {
		err = errReported
	}
	return err
}

// explanation reads the bytes and explains them.
func (o explainOptions) explanation(plan *frame.Plan, args []string) ([]byte, frame.Explanation, error) {
	if o.at != "" {
		if len(args) != 1 {
			return nil, frame.Explanation{}, usagef("--at needs the recording: serialgw explain %s FILE --at %s", plan.Name(), o.at)
		}
		at, err := strconv.ParseInt(o.at, 0, 64)
		if err != nil || at < 0 {
			return nil, frame.Explanation{}, usagef("--at %q: write a number of bytes such as 4096 or 0x1000", o.at)
		}
		b, err := recordedBytes(args[0], o.port, at, 2*plan.MaxLine()) // with the next frame
		if err != nil {
			return nil, frame.Explanation{}, err
		}
		return b, plan.ExplainAt(b, 0), nil
	}
	if len(args) == 0 {
		return nil, frame.Explanation{}, usagef("which bytes? write them in hex, or name a recording with --at OFFSET")
	}
	b, err := capture.ParseHex(strings.Join(args, " "))
	if err != nil {
		if _, there := os.Stat(args[0]); there == nil && len(args) == 1 {
			return nil, frame.Explanation{}, usagef("%s is a file: where does the frame begin in it? give --at OFFSET", fileName(args[0]))
		}
		return nil, frame.Explanation{}, usagef("%w; write pairs of digits, for example 55 AA 01", err)
	}
	if len(b) == 0 {
		return nil, frame.Explanation{}, usagef("there is no byte to explain")
	}
	return b, plan.Explain(b), nil
}

// recordedBytes returns up to n bytes that the board sent, from the one at on.
// Without a port, the first that is met is meant.
func recordedBytes(path, port string, at int64, n int) ([]byte, error) {
	f, err := capture.OpenAs(path, "")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("%w", err)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written to it
	var out []byte
	passed, chosen := int64(0), port != ""
	for p, err := range capture.Packets(f.Source) {
		if err != nil {
			return nil, fmt.Errorf("cannot read the recording: %w", err)
		}
		if p.Direction == capture.Outbound || len(p.Bytes) == 0 || chosen && p.Port != port {
			continue
		}
		port, chosen = p.Port, true
		if skip := at - passed; skip < int64(len(p.Bytes)) {
			out = append(out, p.Bytes[max(skip, 0):]...)
		}
		passed += int64(len(p.Bytes))
		if len(out) >= n {
			return out[:n], nil
		}
	}
	switch {
	case passed == 0 && chosen:
		return nil, usagef("%s has no bytes of a port %q", fileName(path), port)
	case len(out) == 0:
		return nil, usagef("--at %d: %s has %d bytes from the board", at, fileName(path), passed)
	}
	return out, nil
}

// explainRow is how many bytes stand in one line.
const explainRow = 8

// writeExplanation prints one part a line, then what is wrong.
func writeExplanation(w io.Writer, e frame.Explanation) error {
	var b strings.Builder
	name := e.Frame
	if e.Message != "" && e.Message != e.Frame {
		name += ", message " + e.Message
	}
	if e.Size > 0 {
		name += ", " + count(e.Size, "byte")
	}
	if e.Line > 0 {
		name += fmt.Sprintf(" (%d on the line; shown without escapes)", e.Line)
	}
	fmt.Fprintf(&b, "%s\n\n", name)
	width := 0
	for _, p := range e.Parts {
		width = max(width, len(partName(p)))
	}
	for _, p := range e.Parts {
		writePart(&b, p, width)
	}
	b.WriteString("\n")
	if e.OK {
		b.WriteString("It is a frame")
		if e.Message == "" {
			b.WriteString(" of an id that is not listed")
		}
		b.WriteString(".\n")
	} else {
		fmt.Fprintf(&b, "No frame: %s.\n", e.Broken.Text)
	}
	for _, line := range e.Also {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	writeTried(&b, e.Tried)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeOthers names the presets that bytes are a frame of which do not begin as
// the explained one does.
func writeOthers(w io.Writer, b []byte, e frame.Explanation) error {
	if e.OK || e.Broken.Rule != "sync" {
		return nil
	}
	candidates, err := detect.Presets()
	if err != nil {
		return err
	}
	var text strings.Builder
	for i, one := range detect.Singles(b, candidates) {
		if i == singlesMost {
			break
		}
		but := ""
		if !one.Whole {
			but = ", but for the check"
		}
		fmt.Fprintf(&text, "These bytes begin and end as a frame of %s does%s: serialgw explain %s %q\n", one.Name, but, one.Name, hexArgument(b))
	}
	_, err = io.WriteString(w, text.String())
	return err
}

// writeTried says why it is no other message, of those that fail alike together.
func writeTried(b *strings.Builder, tried []frame.Tried) {
	for i := 0; i < len(tried); {
		text, names := tried[i].Text, []string(nil)
		for ; i < len(tried) && tried[i].Text == text; i++ {
			names = append(names, tried[i].Message)
		}
		fmt.Fprintf(b, "As %s: %s.\n", strings.Join(names, ", "), text)
	}
}

func partName(p frame.Part) string {
	if p.Name != "" {
		return p.Name
	}
	return p.Kind
}

// writePart prints a part; bytes that do not fit into a line go on in the next.
func writePart(b *strings.Builder, p frame.Part, width int) {
	mark := " "
	if p.Wrong {
		mark = "!"
	}
	rest := p.Bytes
	for at := p.At; ; at += explainRow {
		row := rest
		if len(row) > 3*explainRow {
			row = row[:3*explainRow-1]
			rest = rest[3*explainRow:]
		} else {
			rest = ""
		}
		line := fmt.Sprintf("%s %4d  %-*s", mark, at, 3*explainRow-1, row)
		if at == p.At {
			line += fmt.Sprintf("  %-*s  %s", width, partName(p), p.Says)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		if rest == "" {
			return
		}
	}
}
