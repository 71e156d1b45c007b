package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"serialgw/internal/detect"
	"serialgw/internal/frame"
	"serialgw/internal/gateway"
	"serialgw/internal/reading"
)

// attempted is what a recording with times comes to on a line of some speed.
type attempted struct {
	baud    int           // bits/s
	frames  uint64        // found
	silence time.Duration // the shortest that ended a frame begun
	carried bool          // the line is as fast as the bytes came
	slow    bool          // even all of the recording was too short for its bytes
}

const (
	// attemptBytes is how much of a recording is looked at for its silences.
	attemptBytes = detectBytes
	// late is how long bytes are taken to have waited for the read that brought
	// them, in the adapter and behind a busy machine.
	late = 100 * time.Millisecond
)

// attempt plays a recording, as far as attemptBytes, through a scanner for a
// line of baud bits/s, as the gateway would.
func attempt(ctx context.Context, source gateway.Source, plan *frame.Plan, baud int) (attempted, error) {
	a := attempted{baud: baud, carried: true}
	s := frame.NewScanner(plan, baud)
	var lag flow
	var first, last reading.Stamp // of the first and the newest bytes
	now, held, given := reading.Stamp{}, 0, uint64(0)
	drain := func() {
		for s.Scan() {
			a.frames++
		}
	}
	for held < attemptBytes {
		wait := time.Duration(0)
		if due, ok := s.Deadline(); ok {
			wait = max(due.Since(now), time.Millisecond)
		}
		c, err := source.Next(ctx, wait)
		if errors.Is(err, io.EOF) || isDamage(err) {
			break
		}
		if err != nil {
			return a, err
		}
		now = c.Stamp
		if len(c.Bytes) == 0 {
			s.Expire(now)
			drain()
			continue
		}
		if ended := s.Metrics().Expired; ended > given {
			if gap := now.Since(last); a.silence == 0 || gap < a.silence {
				a.silence = gap
			}
			given = ended
		}
		if held == 0 {
			first = now
		} else { // the first may have waited
			a.slow = onWire(held, baud) > now.Since(first)+time.Second
		}
		last, held = now, held+len(c.Bytes)
		a.carried = lag.take(now, len(c.Bytes), baud) && a.carried
		s.Feed(c)
		drain()
	}
	s.Flush()
	drain()
	return a, nil
}

// flow tells whether bytes came faster than a line carries them.
type flow struct {
	begun bool
	last  reading.Stamp
	owed  time.Duration // of the bytes since some beginning, beyond the time that has passed since
}

// onWire is how long n bytes take at baud bits/s: start bit, eight data bits and
// stop bit each. With parity they take longer, so no rate is wrongly refused.
func onWire(n, baud int) time.Duration {
	return time.Duration(n) * 10 * time.Second / time.Duration(baud)
}

// take notes n bytes that came in now; false: a line of baud bits/s cannot have
// brought them.
func (f *flow) take(now reading.Stamp, n, baud int) bool {
	if f.begun {
		f.owed = max(f.owed-now.Since(f.last), 0) + onWire(n, baud)
	}
	f.begun, f.last = true, now
	return f.owed <= late
}

// attempt is the same for the recording as it is played, at full speed.
func (r *recording) attempt(ctx context.Context, plan *frame.Plan, baud int, maxGap time.Duration) (attempted, error) {
	look := &recording{path: r.path, format: r.format, baud: baud, port: r.port, swap: r.swap}
	p := look.player()
	p.From, p.MaxGap, p.Now = r.from, maxGap, nil
	a, err := attempt(ctx, p, plan, baud)
	return a, errors.Join(err, p.Close())
}

// usualRates are those from slowBaud on that boards usually have, ascending.
func usualRates() []int {
	rates := slices.DeleteFunc(detect.Rates(), func(baud int) bool { return baud < slowBaud })
	slices.Sort(rates)
	return rates
}

// tellSilences says how often a silence ended the beginning of a frame, or what
// looked like one, and at which slower rate more frames would have been found.
func (r *replay) tellSilences(ctx context.Context, m frame.Metrics) {
	if m.Expired == 0 || !r.rec.timed() {
		return
	}
	times, silence, cure := "once", "", ""
	if m.Expired > 1 {
		times = fmt.Sprintf("%d times", m.Expired)
	}
	if !r.rec.once() {
		silence, cure = r.silences(ctx)
	}
	_, _ = fmt.Fprintf(r.std.err, "%s a silence ended the beginning of a frame%s at %d baud%s\n", times, silence, r.board.Baud, cure)
}

// silences reads the recording again for the shortest silence and the slower
// rate. Where it cannot, or ctx has ended, only the count is told.
func (r *replay) silences(ctx context.Context) (silence, cure string) {
	now, err := r.rec.attempt(ctx, r.board.Plan, r.board.Baud, r.maxGap)
	if err != nil {
		return "", ""
	}
	if now.silence > 0 {
		silence = fmt.Sprintf(": %v within it", now.silence.Round(time.Millisecond))
	}
	if better := r.slower(ctx, now); better.frames > now.frames {
		cure = fmt.Sprintf("; slower: --baud %d finds %s", better.baud, count(better.frames, "frame"))
	}
	return silence, cure
}

// slower returns what the slower rate brings that finds most frames, the fastest
// of several.
func (r *replay) slower(ctx context.Context, now attempted) attempted {
	best := now
	for _, baud := range slices.Backward(usualRates()) {
		if baud >= now.baud {
			continue
		}
		if a, err := r.rec.attempt(ctx, r.board.Plan, baud, r.maxGap); err == nil && a.frames > best.frames {
			best = a
		}
	}
	return best
}
