package gateway

import (
	"math"

	"serialgw/internal/reading"
)

// aheadMost is how many records behind a post are looked at, at most, for a
// newer value of its properties.
const aheadMost = 1 << 14

// display knows which values the platform shows. Whether a history/post changes
// the shown value is unknown [ONENET-14], so the newest value of each property
// goes by property/post:
//
//	history/post  a1 b1 a2 a3 ... a99     b1 stays the newest of b: it ends the post
//	property/post b1                      and begins the next one
//
// A value may go by history/post when a newer one was shown, or waits. Newer is
// what the reading's own time says: the platform goes by it, too.
type display struct {
	shown  map[string]moment // the newest value that a property/post carried
	ahead  map[string]moment // one that waits
	looked uint64            // the next record to look at for ahead
	due    uint64            // the record that is to be shown next; 0 = none
	newest map[string]moment // scratch
	props  []reading.Property
}

// moment is a record and its time.
type moment struct {
	seq  uint64
	wall int64
}

func newDisplay() display {
	return display{shown: make(map[string]moment), ahead: make(map[string]moment), newest: make(map[string]moment)}
}

// history reports whether a property may stand in a post more than once.
func (p *picker) history() bool { return p.cfg.History && !p.historyOff }

// posted notes what a property/post shows. Without a pace that would cost more
// than it saves: a property/post more at the end of a backlog.
func (d *display) posted(cfg *Uplink, entries []reading.Entry) {
	if cfg.PostInterval == 0 || !cfg.History {
		return
	}
	if len(entries) > 1 && repeats(entries) {
		return
	}
	for i := range entries {
		at := moment{entries[i].Seq, entries[i].Reading.Stamp.Wall}
		for _, p := range entries[i].Reading.Props {
			if !entries[i].Reading.Stamp.Synced {
				delete(d.shown, p.Name) // what goes without a time counts by its arrival
				continue
			}
			if was, ok := d.shown[p.Name]; !ok || at.wall >= was.wall {
				d.shown[p.Name] = at
			}
		}
	}
}

// returned says that a record was perhaps not shown after all.
func (d *display) returned(seq uint64) {
	for name, m := range d.shown {
		if m.seq == seq {
			delete(d.shown, name)
		}
	}
}

// repeats reports whether a property stands twice: that makes a history/post.
func repeats(entries []reading.Entry) bool {
	var l load
	return alone(&l, entries) < len(entries)
}

// alone returns how many of the leading entries make a property/post.
func alone(l *load, entries []reading.Entry) int {
	for i := range entries {
		if !l.add(entries[i].Reading.Props) {
			return i
		}
	}
	return len(entries)
}

// mayGo returns how many of the leading entries of a history/post may go now:
// behind them stands one that is to be shown, unless these are all. When the
// first one is to be shown, it is what makes a property/post.
func (p *picker) mayGo(entries []reading.Entry) int {
	d := &p.display
	if d.due == entries[0].Seq && !d.isShown(&entries[0]) {
		return alone(&load{}, entries)
	}
	clear(d.newest)
	for i := range entries {
		wall := entries[i].Reading.Stamp.Wall
		for _, prop := range entries[i].Reading.Props {
			if was, ok := d.newest[prop.Name]; !ok || wall >= was.wall {
				d.newest[prop.Name] = moment{uint64(i), wall}
			}
		}
	}
	free := uint64(len(entries))
	after := entries[len(entries)-1].Seq
	for name, m := range d.newest {
		if m.seq < free && d.shown[name].wall <= m.wall && !p.comesAgain(name, moment{after, m.wall}) {
			free = m.seq
		}
	}
	if free == 0 {
		return alone(&load{}, entries)
	}
	if n := int(free); n < len(entries) {
		d.due = entries[n].Seq
	}
	return int(free)
}

// isShown reports whether newer values than a record's were shown.
func (d *display) isShown(e *reading.Entry) bool {
	for _, p := range e.Reading.Props {
		if d.shown[p.Name].wall <= e.Reading.Stamp.Wall {
			return false
		}
	}
	return true
}

// sees notes what waits in a record. One without a time is nothing to compare
// others with.
func (d *display) sees(e *reading.Entry, after uint64) {
	if !e.Reading.Stamp.Synced {
		return
	}
	at := moment{e.Seq, e.Reading.Stamp.Wall}
	for _, p := range e.Reading.Props {
		if was := d.ahead[p.Name]; was.seq <= after || at.wall >= was.wall {
			d.ahead[p.Name] = at
		}
	}
}

// comesAgain reports whether a value that is no older waits behind a record.
func (p *picker) comesAgain(name string, than moment) bool {
	d := &p.display
	for d.looked = max(d.looked, than.seq+1); ; {
		if m := d.ahead[name]; m.seq > than.seq && m.wall >= than.wall {
			return true
		}
		if d.looked > than.seq+aheadMost {
			return false
		}
		e, err := p.readInto(d.props[:0], d.looked, math.MaxUint64, false)
		if err != nil {
			return false
		}
		d.props, d.looked = e.Reading.Props, e.Seq+1
		d.sees(&e, than.seq)
	}
}
