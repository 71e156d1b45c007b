package report

import (
	"time"

	"serialgw/internal/reading"
)

// period thins what a board says to the newest value of each property per
// period. The first reading passes at once; then what comes within the period is
// held, newest first to win, and is due when the period ends. A period of 0 lets
// everything pass.
//
//	frames   a . . b c d . . . . e
//	passed   a         d         e      one period = 5 columns
type period struct {
	every time.Duration
	open  bool          // a period is running
	start reading.Stamp // since when
	held  []held
}

// held is a value that waits.
type held struct {
	name string
	sample
}

// passes reports whether a reading of that time is to be stored now. Otherwise
// its values are to be held.
func (p *period) passes(at reading.Stamp) bool {
	if p.every == 0 {
		return true
	}
	if !p.open || len(p.held) == 0 && passed(at, p.start, p.every) {
		p.open, p.start = true, at
		return true
	}
	return false
}

func (p *period) hold(v held) {
	for i := range p.held {
		if p.held[i].name == v.name {
			p.held[i] = v
			return
		}
	}
	p.held = append(p.held, v)
}

func (p *period) due() (reading.Stamp, bool) { return p.start.Add(p.every), len(p.held) > 0 }

// flush gives what is held to out and begins the next period.
func (p *period) flush(now reading.Stamp, out *readings) {
	if len(p.held) == 0 {
		return
	}
	for i := range p.held {
		out.add(p.held[i].name, p.held[i].sample)
	}
	p.held = p.held[:0]
	p.start = gridded(now, p.start, p.every)
}

// backwards is more than stamps of one run can differ by when they come out of
// order; what goes back further is another run, as in a recording of several.
const backwards = time.Second

// passed reports whether so long has gone by since start. A time that went back
// never keeps a value waiting.
func passed(now, start reading.Stamp, d time.Duration) bool {
	gone := now.Since(start)
	return gone >= d || gone < -backwards
}

// gridded returns when the interval after the one that began at start begins.
// The grid is kept: a late wake-up must not stretch every interval.
func gridded(now, start reading.Stamp, d time.Duration) reading.Stamp {
	next := start.Add(d)
	if passed(now, next, d) {
		return now
	}
	return next
}
