package noise

import (
	"math/rand/v2"
	"time"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// scanner is what the bench tests: frame.Scanner, or a bad one that proves the
// bench. Feed with an empty chunk says that the line was silent until then.
// Metrics need only count the bytes judged and the checks failed.
type scanner interface {
	Feed(reading.Chunk)
	Scan() bool
	Frame() *frame.Frame
	Deadline() (reading.Stamp, bool)
	Metrics() frame.Metrics
}

// taken is a frame that the scanner accepted.
type taken struct {
	from, to int // in the line's bytes
	message  *frame.MessagePlan

	when    time.Duration // when it was accepted,
	in      int           // with so many bytes fed,
	before  int           // and so many before the last step
	silence time.Duration // how long the last step waited for bytes
}

const (
	// A read returns at most so many bytes, every other one no more than a few,
	// and what came in within mostWait: the latency timer of a USB adapter.
	mostRead = 64
	fewRead  = 3
	mostWait = 15 * time.Millisecond
	// minWait is the gateway's shortest wait.
	minWait = time.Millisecond
)

// driver feeds a line to a scanner as the gateway's ingest does.
type driver struct {
	s     scanner
	in    int           // bytes fed
	last  time.Duration // when the last of them was in
	now   time.Duration // the last stamp
	taken []taken
}

// drive feeds the line in random reads and returns what the scanner accepts,
// until the line has been silent for so long.
func drive(s scanner, l line, silence time.Duration, seed uint64) []taken {
	rng := rand.New(rand.NewPCG(seed, 3))
	d := &driver{s: s}
	for rest := l; len(rest.bytes) > 0; {
		most := 1 + rng.IntN(mostRead)
		if rng.IntN(2) == 0 {
			most = 1 + rng.IntN(fewRead)
		}
		n := 1
		for n < min(most, len(rest.bytes)) && rest.times[n]-rest.times[0] < mostWait {
			n++
		}
		d.wait(rest.times[n-1])
		d.step(rest.bytes[:n], rest.times[n-1])
		rest.bytes, rest.times = rest.bytes[n:], rest.times[n:]
	}
	d.wait(d.last + silence)
	return d.taken
}

// wait lets deadlines pass until new bytes come.
func (d *driver) wait(until time.Duration) {
	for {
		due, ok := d.s.Deadline()
		now := max(time.Duration(due.Boot), d.now+minWait)
		if !ok || now >= until {
			return
		}
		d.step(nil, now)
	}
}

func (d *driver) step(b []byte, now time.Duration) {
	t := taken{when: now, before: d.in, in: d.in + len(b), silence: now - d.last}
	d.s.Feed(reading.Chunk{Bytes: b, Stamp: reading.Stamp{Wall: int64(now), Boot: int64(now)}})
	d.in, d.now = t.in, now
	if len(b) > 0 {
		d.last = now
	}
	for d.s.Scan() {
		f := d.s.Frame()
		m := d.s.Metrics()
		t.to = int(m.FrameBytes + m.Noise + m.Idle)
		t.from = t.to - len(f.Raw())
		t.message = f.Message
		d.taken = append(d.taken, t)
	}
}
