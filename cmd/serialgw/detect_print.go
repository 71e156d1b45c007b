package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"serialgw/internal/config"
	"serialgw/internal/detect"
	"serialgw/internal/infer"
)

// detectPrinter prints what was found. After an error it prints nothing more.
type detectPrinter struct {
	out     io.Writer
	sample  *sample
	options *detectOptions
	err     error

	candidates []detect.Candidate
}

func (p *detectPrinter) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, format, args...)
	}
}

func (p *detectPrinter) heading() {
	s := p.sample
	p.printf("%s: %s, %s", s.name, count(len(s.bytes), "byte"), s.what)
	if s.baud > 0 {
		p.printf(" at %d baud", s.baud)
	}
	if s.left != "" {
		p.printf("; %s", s.left)
	}
	p.printf("\n")
}

// table prints the presets that found anything.
func (p *detectPrinter) table(ranks []detect.Rank) {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	rows := 0
	for i := range ranks {
		r := &ranks[i]
		if r.Frames == 0 || rows == p.options.rows {
			break
		}
		if rows++; rows == 1 {
			p.printf("\n")
			_, _ = fmt.Fprintln(w, "family/preset\texplained\tframes\tbad checks\tagainst it")
		}
		_, _ = fmt.Fprintf(w, "%s/%s\t%.1f %%\t%d\t%d\t%s\n", r.Family, r.Name, 100*r.Explained, r.Frames, r.Failed, r.Against())
	}
	if err := w.Flush(); p.err == nil {
		p.err = err
	}
}

// found says what it is, and prints the next steps.
func (p *detectPrinter) found(r *detect.Rank, others []detect.Rank, line rate) {
	p.printf("\nIt is %s", r.Name)
	if r.Title != "" {
		p.printf(": %s", r.Title)
	}
	p.printf(".\n")
	if len(r.Same) > 0 {
		p.printf("The bytes fit these as well, which read the values otherwise or say less: %s. docs/presets.md tells them apart.\n", strings.Join(r.Same, ", "))
		p.differences(r)
	}
	for i := range others {
		if o := &others[i]; o.Convincing && o.Against() == "" {
			p.printf("Other bytes are of %s (%.1f %%): two boards or protocols share the line, and a [[board]] reads one of them.\n", o.Name, 100*o.Explained)
		}
	}
	p.next("--preset "+r.Name, r.Name, line)
	p.failed(r)
}

// failed prints the command that explains the first frame whose check failed.
func (p *detectPrinter) failed(r *detect.Rank) {
	if r.Failed == 0 {
		return
	}
	s := p.sample
	at, size := r.Plan.FindBadCheck(s.bytes)
	switch {
	case at < 0:
	case s.inFile():
		p.printf("\nWhy a check fails:\n  serialgw explain %s%s\n", r.Name, explainAt(s.path, s.chosen, int64(at)))
	case size <= shownBytes:
		p.printf("\nWhy a check fails:\n  serialgw explain %s %q\n", r.Name, hexArgument(s.bytes[at:at+size]))
	}
}

// differences shows of each preset that fits as well a value that it reads
// otherwise: the board's surroundings tell which is right.
func (p *detectPrinter) differences(r *detect.Rank) {
	for _, c := range p.candidates {
		if !slices.Contains(r.Same, c.Name) {
			continue
		}
		if d, ok := detect.Differ(p.sample.bytes, r.Plan, c.Plan); ok {
			p.printf("  %s is %s as %s, %s as %s.\n", d.Property, d.One, r.Name, d.Other, c.Name)
		}
	}
}

// shownBytes is how many of some bytes in hex are repeated in a command: a frame
// of most formats.
const shownBytes = 300

// next prints what to do with a frame that flags choose.
func (p *detectPrinter) next(flags, frame string, line rate) {
	s := p.sample
	switch {
	case s.what == "hex":
		p.printf("\nWhat they say:\n  serialgw decode %s %q\n", flags, hexArgument(s.bytes[:min(len(s.bytes), shownBytes)]))
	case s.path == "-":
		p.printf("\nWhat it says, when it is in a FILE:\n  serialgw replay --print %s FILE\n", flags)
	case s.what == "a port":
		p.printf("\nRecord it, and see what it says:\n  serialgw record --port %s%s board.pcapng\n  serialgw replay --print %s board.pcapng\n", fileName(s.path), baudFlag(s.baud), flags)
	default:
		if s.what == "raw bytes" {
			p.printf("\nWhat it says:\n  serialgw decode %s --in %s\n", flags, fileName(s.path))
		} else {
			p.printf("\nWhat it says:\n  serialgw replay --print %s %s\n", flags, fileName(s.path))
		}
		p.printf("Into the built-in OneNET simulator:\n  serialgw replay --sim %s %s\n", flags, fileName(s.path))
	}
	p.printf("\nFor gateway.toml (\"serialgw ports\" lists the ports):\n%s", boardLines(s, frame, line, "  "))
}

func baudFlag(baud int) string {
	if baud == 0 {
		return ""
	}
	return fmt.Sprintf(" --baud %d", baud)
}

// boardLines are the [[board]] table of gateway.toml.
func boardLines(s *sample, frame string, line rate, indent string) string {
	var b strings.Builder
	port := s.port
	if port == "" || strings.HasPrefix(port, "interface ") {
		port = "/dev/ttyUSB0"
	}
	fmt.Fprintf(&b, "%s[[board]]\n%sport   = %q\n", indent, indent, port)
	if s.baud > 0 || s.what != "a port" { // a pty has no rate
		fmt.Fprintf(&b, "%sbaud   = %d%s\n", indent, line.baud, comment(line.why))
	}
	fmt.Fprintf(&b, "%sframe  = %q\n", indent, frame)
	report := config.DefaultBoard().Report
	fmt.Fprintf(&b, "%sreport = %q%s\n", indent, report, comment(fmt.Sprintf("the newest value of each property every %v; \"all\" sends every frame", report)))
	return b.String()
}

// comment writes a comment behind a line.
func comment(text string) string {
	if text == "" {
		return ""
	}
	return " # " + text
}

// inferred says what the bytes alone show.
func (p *detectPrinter) inferred(r infer.Result) {
	p.printf("\nNo preset fits. What the bytes alone show (%s, %.1f %% of the bytes):\n", count(r.Frames, "frame"), 100*r.Explained)
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, c := range r.Claims() {
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%v\t%s\n", c.What, c.Text, c.Grade, c.Why)
	}
	if err := w.Flush(); p.err == nil {
		p.err = err
	}
}

// singlesMost is how many presets are named that one frame may be of.
const singlesMost = 3

// single says which preset's frame the bytes are, or would be but for the
// check; false: none's.
func (p *detectPrinter) single(all []detect.Single) bool {
	if len(all) == 0 {
		return false
	}
	text := hexArgument(p.sample.bytes)
	if all[0].Whole {
		p.printf("\nIt is a whole frame of %s", all[0].Name)
		if all[0].Title != "" {
			p.printf(": %s", all[0].Title)
		}
		p.printf(".\nOne frame proves little: record a minute (serialgw record), and detect that.\n")
		p.printf("\nWhat it says:\n  serialgw explain %s %q\n", all[0].Name, text)
		return true
	}
	p.printf("\nNo preset fits. But for its check it would be a frame of:\n")
	for _, one := range all[:min(len(all), singlesMost)] {
		p.printf("  serialgw explain %s %q\n", one.Name, text)
	}
	return true
}

// hexArgument writes bytes as the verbs take them.
func hexArgument(b []byte) string { return strings.ToUpper(fmt.Sprintf("% x", b)) }

// draft prints the description, and what to do with it.
func (p *detectPrinter) draft(r infer.Result) {
	p.printf("\n%s", r.Draft)
	p.printf("\nPut this and a board into a file, then look at the values:\n  serialgw detect --write board.toml %s\n", p.argument())
	if p.sample.inFile() {
		p.printf("  serialgw replay --print --config board.toml %s\n", fileName(p.sample.path))
	}
}

func (p *detectPrinter) argument() string {
	if p.sample.path != "" {
		return fileName(p.sample.path)
	}
	return "HEX"
}

const configHead = `# Written by serialgw detect. The login is an example: yours is on the console.
[onenet]
product = "Ab12Cd34Ef"
device  = "board-01"
key     = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

`

// configFor returns a configuration with the board, and the frame's table when
// it is no preset.
func configFor(s *sample, frame string, line rate, draft string) string {
	text := configHead + boardLines(s, frame, line, "")
	if draft != "" {
		text += "\n" + draft
	}
	return text
}

func errWriteExists(path string) error {
	return usagef("--write %s: there is such a file already: give another name", path)
}

// writeConfig writes the configuration into a new file, and says what to do
// with it.
func (p *detectPrinter) writeConfig(text string) error {
	path := p.options.write
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if os.IsExist(err) {
		return errWriteExists(path)
	}
	if err != nil {
		return fmt.Errorf("cannot write the configuration: %w", err)
	}
	_, err = file.WriteString(text)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("cannot write the configuration: %w", err)
	}
	name := fileName(path)
	p.printf("\n%s is written. Next:\n  serialgw check --config %s\n", path, name)
	if s := p.sample; s.inFile() {
		recorded := fileName(s.path)
		p.printf("  serialgw replay --print --config %s %s     what it says\n", name, recorded)
		p.printf("  serialgw replay --sim --config %s %s       into the built-in OneNET simulator\n", name, recorded)
	}
	return p.err
}
