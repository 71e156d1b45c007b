package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"serialgw/internal/frame"
	"serialgw/internal/gateway"
	"serialgw/internal/reading"
)

// printAll prints what the recording says.
func (r *replay) printAll(ctx context.Context) error {
	o := printing{format: r.format, flat: r.flat, timing: r.rec.timing}
	sink, err := newSink(o, r.board.Plan, r.conf, r.std.out)
	if err != nil {
		return err
	}
	r.player.Stamp = r.rec.stampOriginal
	done := int64(0) // bytes played up to the last frame
	framed := func(f *frame.Frame) { done = int64(f.End) }
	r.board.Source = r.player
	if r.speed > 0 {
		r.board.Source = flushing{r.player, sink}
	}
	stop := r.showProgress(func() string { return "" })
	status, err := gateway.Feed(ctx, r.board, func() reading.Stamp { return r.rec.stampOriginal(0, 0) }, sink.write, framed)
	stop()
	interrupted := errors.Is(err, context.Canceled)
	err = r.ended(err)
	if err := errors.Join(err, sink.flush()); err != nil && !isDamage(err) {
		return err
	}
	found := summarise(r.std, r.board.Plan.Name(), status.Metrics, status.Stored, r.rec.raw)
	r.tellSilences(ctx, status.Metrics)
	r.tellThinning(status, "shown", "shows")
	switch {
	case interrupted:
		return r.stopped(done) // with or without a frame so far
	case err != nil:
		return err
	}
	return found
}

// tellThinning says that not all readings were shown or sent, and how all are.
func (r *replay) tellThinning(s gateway.BoardStatus, done, does string) {
	switch {
	case len(r.conf.Rules) > 0:
		_, _ = fmt.Fprintf(r.std.err, "what the board's report rules let through is %s; --report all %s every frame\n", done, does)
	case !r.conf.Report.All && s.Stored < s.Metrics.Frames-s.Metrics.UnknownID:
		lost := ", none lost"
		if s.Refused > 0 {
			lost = ""
		}
		_, _ = fmt.Fprintf(r.std.err, "the newest of each property per %v is %s, as report says: %s became %s%s; --report all %s every one\n",
			r.conf.Report, done, count(s.Metrics.Frames-s.Metrics.UnknownID, "frame"), count(s.Stored, "reading"), lost, does)
	}
}

// flushing is a recording at its own pace: what was printed is shown before the
// next piece is waited for.
type flushing struct {
	gateway.Source
	out sink
}

// Next shows what was printed and returns what the recording has next.
func (f flushing) Next(ctx context.Context, wait time.Duration) (reading.Chunk, error) {
	if err := f.out.flush(); err != nil {
		return reading.Chunk{}, fmt.Errorf("cannot print: %w", err)
	}
	return f.Source.Next(ctx, wait)
}

// summarise says what was found. Nothing at all is an error; raw says that the
// bytes are those of a file, which may be a text.
func summarise(std streams, name string, m frame.Metrics, readings uint64, raw texture) error {
	_, _ = fmt.Fprintf(std.err, "frames %d, of unknown id %d, failed checks %d, noise bytes %d, explained %.1f %%",
		m.Frames, m.UnknownID, m.CheckFailed, m.Noise, 100*m.Explained())
	if readings != m.Frames {
		_, _ = fmt.Fprintf(std.err, ", readings %d", readings)
	}
	_, _ = fmt.Fprintln(std.err)
	if m.Explained() < translated {
		if text := raw.translation(); text != "" {
			_, _ = fmt.Fprintln(std.err, text)
		}
	}
	if m.Frames == 0 {
		return noFrame(name, m, raw)
	}
	return nil
}

// noFrame says that no frame was found, and what to try.
func noFrame(name string, m frame.Metrics, raw texture) error {
	text := fmt.Sprintf("no frame of %q was found in %s", name, count(m.BytesIn, "byte"))
	if raw.isText() {
		text += ", read as the raw bytes of a text file"
	}
	if m.CheckFailed > 0 {
		text += fmt.Sprintf("; %s failed the check", count(m.CheckFailed, "frame"))
	}
	return errors.New(text + `; another preset or baud rate? "serialgw frame list" lists the presets`)
}
