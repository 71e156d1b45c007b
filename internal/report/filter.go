package report

import (
	"time"

	"serialgw/internal/reading"
)

// Filter holds one board's readings against its rules. It is not for use by
// several goroutines at once.
type Filter struct {
	rest     period // for what no rule takes
	messages []message
	lanes    []*lane

	seen    reading.Stamp // the newest time heard of
	next    reading.Stamp // nothing of the lanes is due before
	waiting bool          // something of the lanes waits
	passing reading.Reading
	out     readings
	outside uint64
}

// message is what becomes of each value of a message.
type message struct {
	name  string
	props []string // identifiers, in the frame's order
	lanes []*lane  // nil: no rule takes it
}

// lane is one property under a rule.
type lane struct {
	rule     *Rule
	channels []channel // one, or one for each aggregate
	gathered window
	open     bool          // a window is
	start    reading.Stamp // of the window, or of the next
}

// New returns a filter that has not seen a value. period is for what no rule
// takes: the newest value once in so long; 0: every value. The rules must be good
// ones; see Check.
func New(every time.Duration, rules []Rule, props []Property) *Filter {
	f := &Filter{rest: period{every: every}}
	if len(rules) == 0 {
		return f
	}
	lanes := map[string]*lane{}
	for i := range props {
		p := &props[i]
		l, known := lanes[p.Identifier]
		if at := ruleOf(rules, p); !known && at >= 0 {
			l = &lane{rule: &rules[at]}
			for _, out := range publishedOf(rules, props, i) {
				l.channels = append(l.channels, channel{name: out.Identifier, rule: l.rule, of: out.Aggregate})
			}
			lanes[p.Identifier] = l
			f.lanes = append(f.lanes, l)
		}
		m := f.message(p.Message)
		if m == nil {
			f.messages = append(f.messages, message{name: p.Message})
			m = &f.messages[len(f.messages)-1]
		}
		m.props, m.lanes = append(m.props, p.Identifier), append(m.lanes, l)
	}
	return f
}

func (f *Filter) message(name string) *message {
	for i := range f.messages {
		if f.messages[i].name == name {
			return &f.messages[i]
		}
	}
	return nil
}

// lane returns the lane of a property; at is where it is looked for first, and
// becomes the place behind it.
func (m *message) lane(name string, at *int) *lane {
	for range m.props {
		if *at >= len(m.props) {
			*at = 0
		}
		*at++
		if m.props[*at-1] == name {
			return m.lanes[*at-1]
		}
	}
	return nil
}

// Pass takes a reading and returns what of it is to be stored now, or nil. What
// is Ready must be flushed before. The result is valid until the next call; r is
// not changed.
func (f *Filter) Pass(r *reading.Reading) *reading.Reading {
	f.out.board, f.seen = r.Board, r.Stamp
	m := f.message(r.Message)
	if m == nil {
		if f.rest.passes(r.Stamp) {
			return r
		}
		for i := range r.Props {
			f.rest.hold(heldOf(r, i))
		}
		return nil
	}
	f.passing.Board, f.passing.Message, f.passing.Stamp = r.Board, r.Message, r.Stamp
	props, at := f.passing.Props[:0], 0
	asked, all := false, false // whether what no rule takes passes
	for i := range r.Props {
		l := m.lane(r.Props[i].Name, &at)
		switch {
		case l != nil:
			props = f.take(l, r, i, props)
			continue
		case !asked:
			asked, all = true, f.rest.passes(r.Stamp)
		}
		if all {
			props = append(props, r.Props[i])
		} else {
			f.rest.hold(heldOf(r, i))
		}
	}
	if f.passing.Props = props; len(props) == 0 {
		return nil
	}
	return &f.passing
}

func heldOf(r *reading.Reading, i int) held { return held{r.Props[i].Name, sampleOf(r, i)} }

func sampleOf(r *reading.Reading, i int) sample {
	return sample{r.Props[i].Value, r.Props[i].Label, r.Message, r.Stamp}
}

// take gives one value to its lane, and adds it to props where it passes.
func (f *Filter) take(l *lane, r *reading.Reading, i int, props []reading.Property) []reading.Property {
	s := sampleOf(r, i)
	if b := l.rule.Range; b != nil && isNumber(s.value.Kind) {
		if v := s.value.Float(); v < b[0] || v > b[1] {
			f.outside++
			return props
		}
	}
	if l.rule.Window > 0 {
		if !l.open {
			if l.start.IsZero() || passed(s.stamp, l.start, l.rule.Window) {
				l.start = s.stamp
			}
			l.open, l.gathered = true, window{}
		}
		l.gathered.add(s)
		f.waitUntil(l.start.Add(l.rule.Window))
		return props
	}
	c := &l.channels[0]
	if c.offer(&s, s.stamp) {
		return append(props, reading.Property{Name: c.name, Value: s.value, Label: s.label})
	}
	if c.waits {
		f.waitUntil(c.at.Add(c.interval()))
	}
	return props
}

func (f *Filter) waitUntil(due reading.Stamp) {
	if !f.waiting || f.next.Since(due) > 0 {
		f.waiting, f.next = true, due
	}
}

// Due returns when Flush is to be called at the latest. It may have nothing to
// say then.
func (f *Filter) Due() (reading.Stamp, bool) {
	due, ok := f.rest.due()
	if f.waiting && (!ok || due.Since(f.next) > 0) {
		return f.next, true
	}
	return due, ok
}

// Ready reports whether Flush is to be called now.
func (f *Filter) Ready(now reading.Stamp) bool {
	due, ok := f.Due()
	return ok && f.reached(now, due)
}

// reached reports whether due has come, or time went back so that it would be
// long in coming.
func (f *Filter) reached(now, due reading.Stamp) bool {
	return now.Since(due) >= 0 || now.Since(f.seen) < -backwards
}

// Flush returns what was held back and is due, as readings, one for each frame
// that some of the values came from, oldest first. They are valid until the next
// call.
func (f *Filter) Flush(now reading.Stamp) []reading.Reading {
	f.out.reset(f.out.board)
	due, held := f.rest.due()
	rest, lanes := held && f.reached(now, due), f.waiting && f.reached(now, f.next)
	f.seen = now
	if rest {
		f.rest.flush(now, &f.out)
	}
	if !lanes {
		return f.out.list
	}
	f.waiting = false
	for _, l := range f.lanes {
		if l.open && passed(now, l.start, l.rule.Window) {
			f.close(l, gridded(now, l.start, l.rule.Window))
		}
		for i := range l.channels {
			c := &l.channels[i]
			if c.take(now) {
				f.out.add(c.name, c.newest)
			} else if c.waits {
				f.waitUntil(c.at.Add(c.interval()))
			}
		}
		if l.open {
			f.waitUntil(l.start.Add(l.rule.Window))
		}
	}
	return f.out.list
}

// close ends a window at that time.
func (f *Filter) close(l *lane, end reading.Stamp) {
	l.open, l.start = false, end
	digits := -1
	if l.rule.Round != nil {
		digits = *l.rule.Round
	}
	for i := range l.channels {
		c := &l.channels[i]
		if s, ok := l.gathered.result(c.of, digits); ok && c.offer(&s, end) {
			f.out.add(c.name, s)
		}
	}
}

// End returns what is still held when no more readings come: the newest values
// of a period or an interval, and what a window has gathered so far. What was
// held back as unchanged is not sent.
func (f *Filter) End(now reading.Stamp) []reading.Reading {
	f.out.reset(f.out.board)
	f.rest.flush(now, &f.out)
	for _, l := range f.lanes {
		if l.open {
			f.close(l, now)
		}
		for i := range l.channels {
			if c := &l.channels[i]; c.waits && c.changed {
				c.send(now)
				f.out.add(c.name, c.newest)
			}
		}
	}
	f.waiting = false
	return f.out.list
}

// Outside returns how many values were dropped because of a rule's range.
func (f *Filter) Outside() uint64 { return f.outside }
