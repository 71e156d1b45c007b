package gateway

import (
	"math"
	"slices"

	"serialgw/internal/reading"
)

// liveOnes returns the newest live record of each property, as far as no
// property repeats, in order of arrival: a property/post, which alone is sure to
// change the value that the platform shows. Without a pace every record is a
// post of its own, in order, unless more of them wait than the window has posts:
// a long way to the cloud, and they go together.
func (p *picker) liveOnes() []reading.Entry {
	if p.cfg.PostInterval == 0 {
		if p.history() && p.queue.NextSeq()-p.live > uint64(p.cfg.InFlight) {
			var entries []reading.Entry
			entries, p.live = p.full(p.live, math.MaxUint64)
			return entries
		}
		return p.oneLive()
	}
	var waiting []reading.Entry
	for from := p.live; len(waiting) < lookMost; {
		e, err := p.read(from, math.MaxUint64)
		if err != nil {
			break
		}
		from = e.Seq + 1
		waiting = append(waiting, e)
	}
	if len(waiting) == 0 {
		return nil
	}
	p.live = waiting[len(waiting)-1].Seq + 1
	var l load
	var newest []reading.Entry
	for _, e := range slices.Backward(waiting) {
		if l.add(e.Reading.Props) {
			newest = append(newest, e)
		} else {
			l.block(e.Reading.Props) // an older value of these does not overtake it
		}
	}
	slices.Reverse(newest)
	return newest
}

// oneLive returns the oldest live record.
func (p *picker) oneLive() []reading.Entry {
	var one []reading.Entry
	if n := len(p.spare); n > 0 {
		one, p.spare = p.spare[n-1], p.spare[:n-1]
	} else {
		one = make([]reading.Entry, 1)
	}
	e, err := p.readInto(one[0].Reading.Props, p.live, math.MaxUint64, false)
	if err != nil {
		p.recycle(one)
		return nil
	}
	p.live = e.Seq + 1
	one[0] = e
	return one
}

// recycle takes back the memory of a record that is done with, where oneLive has
// a use for it: with a pace it may be the end of a long look. Nobody may hold
// anything of it.
func (p *picker) recycle(entries []reading.Entry) {
	if p.cfg.PostInterval != 0 || p.cfg.OldestFirst {
		return
	}
	if len(entries) == 1 && len(p.spare) < p.cfg.InFlight {
		p.spare = append(p.spare, entries)
	}
}
