package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"serialgw/internal/capture"
)

// damage is what ends the reading of a recording early.
type damage struct{ error }

// Unwrap returns the cause.
func (d damage) Unwrap() error { return d.error }

func isDamage(err error) bool {
	if err == nil {
		return false // asked at each read
	}
	var d damage
	return errors.As(err, &d)
}

// ended says how a recording came to its end: nil when all of it was played, or
// when it was stopped; damage when all before that was.
func (r *replay) ended(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, context.Canceled):
		return nil
	case errors.Is(err, capture.ErrCut):
		_, _ = fmt.Fprintf(r.std.err, "%s: %v; all before that was played\n", r.path, err)
		return nil
	case isDamage(err):
		return fmt.Errorf("%s: %w; all before that was played", r.path, err)
	case errors.Is(err, capture.ErrNothingToPlay) && r.from != "":
		return fmt.Errorf("nothing stands behind --from %s: %w", r.from, err)
	}
	return err
}

// stopped tells how to go on after an interruption, when so many bytes have
// been played.
func (r *replay) stopped(played int64) error {
	_, _ = fmt.Fprintf(r.std.err, "stopped; to go on, repeat the command with %s\n", r.resume(played))
	return errReported
}

// resume is the --from that goes on behind so many bytes played.
func (r *replay) resume(played int64) string {
	begun := r.player.Begun()
	if played == 0 && begun.Bytes == 0 && begun.Time > 0 { // that time has not been found yet
		return "--from " + r.from
	}
	return fmt.Sprintf("--from %dB", begun.Bytes+played)
}
