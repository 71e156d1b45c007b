package gateway

import (
	"time"

	"serialgw/internal/reading"
)

// report thins what a board says to the newest value of each property per
// period, before anything is stored. The first reading passes at once; then
// what comes within the period is held, newest first to win, and is due when
// the period ends. A period of 0 lets everything pass.
//
//	frames   a . . b c d . . . . e
//	passed   a         d         e      one period = 5 columns
type report struct {
	period time.Duration
	open   bool          // a period is running
	start  reading.Stamp // since when
	held   []heldValue
}

type heldValue struct {
	prop    reading.Property
	board   string
	message string
	stamp   reading.Stamp
}

// pass reports whether r is to be stored now. Otherwise its values are held.
func (p *report) pass(r *reading.Reading) bool {
	if p.period == 0 {
		return true
	}
	if !p.open || (r.Stamp.Since(p.start) >= p.period && len(p.held) == 0) {
		p.open, p.start = true, r.Stamp
		return true
	}
	for _, prop := range r.Props {
		p.hold(heldValue{prop, r.Board, r.Message, r.Stamp})
	}
	return false
}

func (p *report) hold(v heldValue) {
	for i := range p.held {
		if p.held[i].prop.Name == v.prop.Name {
			p.held[i] = v
			return
		}
	}
	p.held = append(p.held, v)
}

// due returns when held values are to be stored.
func (p *report) due() (reading.Stamp, bool) {
	return p.start.Add(p.period), len(p.held) > 0
}

// flush returns the held values as readings, one for each frame that some of
// them came from, oldest first, and begins the next period.
func (p *report) flush(now reading.Stamp) []reading.Reading {
	if len(p.held) == 0 {
		return nil
	}
	var out []reading.Reading
	for _, v := range p.held {
		out = joinFrame(out, v)
	}
	p.held = p.held[:0]
	// The grid is kept: a late wake-up must not stretch every period.
	p.start = p.start.Add(p.period)
	if now.Since(p.start) >= p.period {
		p.start = now
	}
	return out
}

// joinFrame adds v to the reading of the frame it came from, keeping the
// readings in order of arrival.
func joinFrame(out []reading.Reading, v heldValue) []reading.Reading {
	at := len(out)
	for i := range out {
		if out[i].Stamp == v.stamp && out[i].Message == v.message {
			out[i].Props = append(out[i].Props, v.prop)
			return out
		}
		if at == len(out) && out[i].Stamp.Since(v.stamp) > 0 {
			at = i
		}
	}
	r := reading.Reading{Board: v.board, Message: v.message, Stamp: v.stamp, Props: []reading.Property{v.prop}}
	out = append(out, reading.Reading{})
	copy(out[at+1:], out[at:])
	out[at] = r
	return out
}
