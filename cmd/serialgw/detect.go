package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"serialgw/internal/capture"
	"serialgw/internal/detect"
	"serialgw/internal/infer"
)

const detectHelp = `detect says which protocol some bytes are of. It tries every preset on them and
ranks those by the share of the bytes that they explain; then it prints the lines
for gateway.toml.

  serialgw detect capture.bin                 a recording, or a log of another program
  serialgw detect "55 53 69 21 7d f8 ..."     bytes in hex
  serialgw detect /dev/ttyUSB0                a port: it finds the baud rate, too

Where no preset fits it looks for what repeats: what begins a frame, what tells
its size, which check guards it, where the message id stands. It says how sure it
is of each, and draws up a [frame.board] for gateway.toml; --write puts it into a
file. It says unknown rather than invent.

A port is only listened to, at one usual rate after the other, the present one
first, which it has again afterwards. A board that must be asked stays silent:
record its talk with another program (serialgw record --through) and give that
recording.

Exit status: 0 when the protocol is known or a draft was made, 1 when not.`

// detectOptions are what the command line says.
type detectOptions struct {
	as, port string
	write    string
	listen   time.Duration
	rows     int
}

func newDetect(std streams) *cobra.Command {
	var o detectOptions
	cmd := &cobra.Command{
		Use:   "detect FILE|PORT|HEX",
		Short: "Say which protocol bytes are of, and at which baud rate a port speaks",
		Long:  detectHelp,
		Args:  cobra.ArbitraryArgs,
		RunE:  func(cmd *cobra.Command, args []string) error { return runDetect(cmd.Context(), o, args, std) },
	}
	f := cmd.Flags()
	f.StringVar(&o.as, "as", "", "read FILE as this `format`: "+capture.FormatNames()+"; default: its beginning tells")
	f.StringVar(&o.port, "port", "", "of a recording of several: this recorded `port`; default: the one that said most")
	f.StringVar(&o.write, "write", "", "put the configuration into this `file`, which must not exist")
	f.DurationVar(&o.listen, "for", 2*time.Second, "listen so long at each baud rate of a port")
	f.IntVar(&o.rows, "rows", 5, "show so `many` presets at most")
	return cmd
}

func runDetect(ctx context.Context, o detectOptions, args []string, std streams) error {
	if o.listen < 100*time.Millisecond || o.listen > time.Hour {
		return usagef("--for %v: give a time of 100ms to 1h", o.listen)
	}
	if o.rows < 1 {
		return usagef("--rows %d: give a number of 1 or more", o.rows)
	}
	if _, err := os.Lstat(o.write); o.write != "" && err == nil {
		return errWriteExists(o.write) // before the work, which may take a minute
	}
	s, err := o.sample(ctx, args, std)
	if err != nil {
		return err
	}
	if len(s.bytes) == 0 {
		return fmt.Errorf("%s holds no byte from a board", s.name)
	}
	candidates, err := detect.Presets()
	if err != nil {
		return err
	}
	ranks := s.ranks
	if ranks == nil {
		ranks = detect.All(s.bytes, candidates)
	}
	return o.report(ctx, s, ranks, candidates, std)
}

// sample is the bytes to be looked at, and where they come from.
type sample struct {
	name  string // as shown
	path  string // of a file or a port; "" for hex
	bytes []byte
	what  string // "pcapng", "raw bytes", "hex text", "hex", "a port"
	port  string // which port they came from, as gateway.toml writes it; "" = not known
	baud  int    // bits/s, as recorded or heard; 0 = not known
	named int    // the only rate that its notes and comments name; 0 = none
	timed bool   // it has times
	text  bool   // the bytes of a text file
	left  string // what was left out
	// chosen is the recorded port where there are several.
	chosen string

	ranks []detect.Rank // of a port: they were needed to find the rate
	again *recording    // to be read again, for its times; nil = it cannot be, or has none
}

// inFile reports whether the bytes stand in a file that can be read again.
func (s *sample) inFile() bool { return s.path != "" && s.path != "-" && s.what != "a port" }

// A preset that explains less than half of the bytes, or none of whose messages
// is described, gives way to a draft that explains so much more.
const half, muchMore = 0.5, 0.2

// draftName is the frame that a draft describes.
const draftName = "board"

// sample finds out what the arguments are, and reads it.
func (o *detectOptions) sample(ctx context.Context, args []string, std streams) (*sample, error) {
	switch {
	case len(args) == 0:
		return nil, usagef("which bytes? give a FILE, a PORT (\"serialgw ports\" lists them), bytes in hex, or - for standard input")
	case len(args) > 1 || strings.TrimSpace(args[0]) == "":
		return hexSample(strings.Join(args, " "))
	case args[0] == "-":
		return o.readSample(ctx, args[0], std)
	case strings.HasPrefix(args[0], "usb:"):
		return o.listenTo(ctx, args[0], std)
	}
	info, err := os.Stat(args[0])
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s, hexErr := hexSample(args[0])
		if hexErr != nil {
			return nil, fmt.Errorf("there is no file or port %s, and it is not bytes in hex: write pairs of digits, for example 55 AA 01", fileName(args[0]))
		}
		return s, nil
	case err != nil:
		return nil, fmt.Errorf("cannot look at it: %w", err)
	case isPort(args[0], info):
		return o.listenTo(ctx, args[0], std)
	}
	return o.readSample(ctx, args[0], std)
}

// isPort reports whether the path is a serial port or a pty. It is not
// opened for that: opening moves DTR.
func isPort(path string, info fs.FileInfo) bool {
	if info.Mode()&fs.ModeCharDevice == 0 {
		return false
	}
	var st unix.Stat_t
	const memory = 1 // major number of /dev/null, /dev/zero, /dev/random
	return unix.Stat(path, &st) == nil && unix.Major(st.Rdev) != memory
}

func hexSample(text string) (*sample, error) {
	b, err := capture.ParseHex(text)
	if err != nil {
		return nil, usagef("%w; write pairs of digits, for example 55 AA 01", err)
	}
	if len(b) == 0 {
		return nil, usagef("there is no byte to look at")
	}
	return &sample{name: "these bytes", bytes: b, what: "hex"}, nil
}

// report says what was found, and what to do next.
func (o *detectOptions) report(ctx context.Context, s *sample, ranks []detect.Rank, candidates []detect.Candidate, std streams) error {
	p := &detectPrinter{out: std.out, sample: s, options: o, candidates: candidates}
	p.heading()
	p.table(ranks)
	best, r := &ranks[0], infer.Result{}
	if !best.Convincing || best.Explained < half || best.Unknown == best.Frames {
		r = infer.Infer(s.bytes)
	}
	if best.Convincing && (r.Check.Grade < infer.Certain || r.Explained < best.Explained+muchMore) {
		line := s.rateOf(ctx, best.Plan, best.Title)
		p.found(best, ranks[1:], line)
		if o.write != "" {
			return errors.Join(p.err, p.writeConfig(configFor(s, best.Name, line, "")))
		}
		return p.err
	}
	if s.text && r.Check.Grade != infer.Certain {
		r = infer.Result{} // the letters of a text repeat, too, and lines alike hold a check alike
	}
	if r.Draft != "" {
		p.inferred(r)
	}
	switch {
	case p.err != nil:
		return p.err
	case r.Draft == "":
		if p.single(detect.Singles(s.bytes, candidates)) {
			return errors.Join(p.err, errReported)
		}
		p.printf("\nNo preset fits.\n")
		return errors.Join(p.err, unknownError(s))
	case o.write != "":
		plan, err := draftPlan(r.Draft)
		if err != nil {
			return fmt.Errorf("the draft cannot be read: %w", err)
		}
		return p.writeConfig(configFor(s, draftName, s.rateOf(ctx, plan, ""), r.Draft))
	}
	p.draft(r)
	return p.err
}

// unknownError says that nothing was found, and what to try.
func unknownError(s *sample) error {
	text := "unknown: no preset fits, and nothing in the bytes repeats as frames do"
	switch {
	case s.text:
		text += "; the file is a text, and was read as raw bytes"
	case len(s.bytes) < 2000:
		text += fmt.Sprintf("; %s is little: record a minute", count(len(s.bytes), "byte"))
	default:
		text += "; is the baud rate right (serialgw detect PORT finds it), is the line inverted?"
	}
	return errors.New(text)
}
