package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"serialgw/internal/capture"
	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

const decodeHelp = `decode turns bytes into readings, without a board and without a cloud.

The bytes come from a hex argument, a file (--in FILE), or standard input. A file
is raw bytes, hex, a recording, or a log or dump of another program
(docs/recordings.md lists them), which is known by what stands in it.
The frame is a preset (--preset) or a [frame.NAME] of a configuration
(--config with --frame).

  serialgw decode --preset demo --in capture.bin
  serialgw decode --preset jy901 "55 53 69 21 7d f8 e8 c4 82 46 1b"
  cat /tmp/raw | serialgw decode --config gateway.toml --frame car --format table

Ctrl-C ends it; what came in until then is decoded.
Exit status: 0 when at least one frame was found, 1 when none was.`

type decodeOptions struct {
	preset, frame, config string
	in, as, port          string
	swap                  bool
	printing
}

func newDecode(std streams) *cobra.Command {
	var o decodeOptions
	cmd := &cobra.Command{
		Use:   "decode [HEX ...]",
		Short: "Decode bytes into readings, without a cloud",
		Long:  decodeHelp,
		RunE:  func(cmd *cobra.Command, args []string) error { return runDecode(cmd.Context(), o, args, std) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.preset, "preset", "p", "", "preset `name`; \"serialgw frame list\" lists them")
	f.StringVarP(&o.config, "config", "c", "", "configuration `file` that describes the frame")
	f.StringVarP(&o.frame, "frame", "f", "", "`name` of the frame in that configuration; default: the first board's")
	f.StringVarP(&o.in, "in", "i", "-", "bytes from this `file`; - is standard input")
	f.StringVar(&o.as, "as", "", "read them as this `format`: "+capture.FormatNames()+"; default: their beginning tells")
	f.StringVar(&o.port, "port", "", "of a recording of several: this recorded `port`; default: the first")
	f.BoolVar(&o.swap, "swap", false, "decode what the file says was sent to the board")
	f.StringVar(&o.format, "format", "json", "json (one line a reading), csv or table")
	f.BoolVar(&o.flat, "flat", false, "JSON with the values alone")
	return cmd
}

func runDecode(ctx context.Context, o decodeOptions, args []string, std streams) error {
	plan, others, err := decodePlan(o, std)
	if err != nil {
		return err
	}
	in, rec, err := decodeInput(ctx, o, args, std)
	if err != nil {
		return err
	}
	defer rec.close()
	sink, err := newSink(o.printing, plan, config.Board{}, std.out)
	if err != nil {
		return err
	}
	bad := &badFinder{plan: plan}
	metrics, err := decodeStream(ctx, plan, in, sink, bad)
	if err := errors.Join(err, sink.flush()); err != nil {
		return err
	}
	rec.left(std)
	found := summarise(std, plan.Name(), metrics, metrics.Frames, rec.raw)
	if found != nil && len(others) > 0 {
		found = fmt.Errorf("%w; %s", found, alsoDescribed(o.config, others))
	}
	if metrics.CheckFailed > 0 {
		_, _ = fmt.Fprintf(std.err, "why a check fails: %s\n", o.explain(plan, args, bad))
	}
	if rec.timed() {
		_, _ = fmt.Fprintf(std.err, "decode leaves out when each was: serialgw replay --print shows it\n")
	}
	return errors.Join(damaged(in, o.in), found)
}

// decodePlan returns the frame, and which others the configuration has.
func decodePlan(o decodeOptions, std streams) (plan *frame.Plan, others []string, err error) {
	switch {
	case o.preset != "" && (o.config != "" || o.frame != ""):
		return nil, nil, usagef("--preset and --config describe the same thing: give one of them")
	case o.preset == "" && o.config == "":
		return nil, nil, usagef("which frame? give --preset NAME (\"serialgw frame list\" lists them), or --config")
	case o.preset != "":
		plan, err = presetPlan(o.preset, "--config "+defaultConfig+" --frame", defaultConfig)
		return plan, nil, err
	}
	// A login or a port that is not filled in yet does not matter.
	cfg, err := loadParts(o.config, std, func(key string) bool { return strings.HasPrefix(key, "frame") })
	if err != nil {
		return nil, nil, err
	}
	if o.frame == "" {
		if len(cfg.Boards) == 0 {
			return nil, nil, usagef("%s has no board to take the frame from: give --frame NAME%s", o.config, ownFrames(cfg, o.config))
		}
		o.frame = cfg.Boards[0].Frame
	}
	plan, err = planOf(cfg, o.frame, o.config)
	return plan, otherFrames(cfg, o.frame), err
}

// otherFrames lists the frames that the configuration describes, and those of
// its boards, but for one.
func otherFrames(cfg *config.Config, but string) []string {
	names := slices.Collect(maps.Keys(cfg.Frames))
	for i := range cfg.Boards {
		names = append(names, cfg.Boards[i].Frame)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" || name == but })
}

// alsoDescribed names the frames that may have been meant, and the flag.
func alsoDescribed(path string, names []string) string {
	choose := names[0]
	if len(names) > 1 {
		choose = "NAME"
	}
	return fmt.Sprintf("%s also has %s: --frame %s", fileName(path), strings.Join(names, ", "), choose)
}

// namedPlan compiles a frame of the configuration, or a preset.
func namedPlan(cfg *config.Config, name string) (*frame.Plan, error) { return planOf(cfg, name, "") }

// planOf is namedPlan for the configuration of a path.
func planOf(cfg *config.Config, name, path string) (*frame.Plan, error) {
	description, err := cfg.Description(name)
	if err != nil {
		return nil, unknownFrame(cfg, name, path, err)
	}
	plan, errs := frame.Compile(name, description)
	if len(errs) > 0 {
		return nil, usagef("frame %s: %w", name, errs)
	}
	return plan, nil
}

// unknownFrame says what may have been meant. The path is that of a
// configuration; "" = none was given.
func unknownFrame(cfg *config.Config, name, path string, err error) error {
	hint := ""
	if near := config.NearestFrame(name, cfg.FrameNames()); near != "" {
		hint = fmt.Sprintf(": did you mean %s?", near)
	}
	return usagef("%w%s%s", err, hint, ownFrames(cfg, path))
}

// ownFrames lists the frames of the configuration, and says where the presets
// are.
func ownFrames(cfg *config.Config, path string) string {
	own := ""
	switch {
	case path != "" && len(cfg.Frames) == 0:
		own = fileName(path) + " describes no frame of its own, and "
	case len(cfg.Frames) > 0:
		own = "the configuration has " + strings.Join(slices.Sorted(maps.Keys(cfg.Frames)), ", ") + ", and "
	}
	return "; " + own + "\"serialgw frame list\" lists the presets"
}

// presetPlan compiles a preset. The name of a frame in the configuration is
// answered with the flags that choose that.
func presetPlan(name, flags, path string) (*frame.Plan, error) {
	if !slices.Contains(frame.PresetNames(), name) {
		cfg, _, err := config.Load(path, os.Getenv)
		if err == nil && slices.Contains(cfg.FrameNames(), name) {
			return nil, usagef("--preset %s: that is a frame of %s, not a preset: give %s %s", name, path, flags, fileName(name))
		}
	}
	return namedPlan(&config.Config{}, name)
}

// decodeInput opens what is to be decoded; left tells what of it was not.
func decodeInput(ctx context.Context, o decodeOptions, args []string, std streams) (in io.Reader, rec *recording, err error) {
	rec = &recording{path: o.in, format: capture.Format(o.as), port: o.port, swap: o.swap}
	if len(args) > 0 {
		raw, err := capture.ParseHex(strings.Join(args, " "))
		if err != nil {
			return nil, nil, usagef("%w; write pairs of digits, for example 55 AA 01", err)
		}
		return bytes.NewReader(raw), rec, nil
	}
	if err := rec.attend(ctx, std.in); err != nil {
		return nil, nil, err
	}
	src, err := rec.source()
	switch {
	case stopped(ctx):
		return bytes.NewReader(nil), rec, nil
	case err != nil:
		rec.close()
		return nil, nil, err
	}
	return &fromBoard{src: src, rec: rec}, rec, nil
}

// fromBoard reads the bytes from the board out of a recording.
type fromBoard struct {
	src  capture.Source
	rec  *recording
	rest []byte
	err  error // damage, which ends the bytes
}

// Read returns what is there for the moment; of a file, as much as fits.
func (r *fromBoard) Read(b []byte) (n int, err error) {
	for {
		m := copy(b[n:], r.rest)
		r.rest, n = r.rest[m:], n+m
		if n == len(b) || n > 0 && r.rec.once() {
			return n, nil
		}
		p, err := r.src.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				r.err = err
			}
			return n, io.EOF
		}
		if len(p.Bytes) > 0 && r.rec.take(p) {
			r.rest = p.Bytes
		}
	}
}

// damaged says what ended the bytes early.
func damaged(in io.Reader, path string) error {
	if r, ok := in.(*fromBoard); ok && r.err != nil && !errors.Is(r.err, context.Canceled) {
		return fmt.Errorf("%s: %w; all before that was decoded", fileName(path), r.err)
	}
	return nil
}

// decodeStream runs the gateway's own scanner over in. Raw bytes carry no
// times, so readings carry none either. The end of ctx is the end of the bytes.
func decodeStream(ctx context.Context, plan *frame.Plan, in io.Reader, sink sink, bad *badFinder) (frame.Metrics, error) {
	scanner, decoder := frame.NewScanner(plan, 0), plan.NewDecoder()
	buf := make([]byte, 64<<10)
	var r reading.Reading
	drain := func() error {
		for scanner.Scan() {
			f := scanner.Frame()
			bad.scanned(scanner.Metrics().CheckFailed > 0, f.End)
			if f.Message == nil {
				continue
			}
			decoder.Decode(f, &r)
			if err := sink.write(&r); err != nil {
				return err
			}
		}
		bad.scanned(scanner.Metrics().CheckFailed > 0, 0)
		return nil
	}
	for {
		n, err := in.Read(buf)
		if n > 0 {
			bad.feed(buf[:n])
			scanner.Feed(reading.Chunk{Bytes: buf[:n]})
			err := drain()
			if n < len(buf) { // nothing more for the moment: show what there is
				err = errors.Join(err, sink.flush())
			}
			if err != nil {
				return scanner.Metrics(), err
			}
		}
		if errors.Is(err, io.EOF) || stopped(ctx) {
			scanner.Flush()
			err := drain() // what it finds counts as well
			return scanner.Metrics(), err
		}
		if err != nil {
			return scanner.Metrics(), fmt.Errorf("cannot read the bytes: %w", err)
		}
	}
}
