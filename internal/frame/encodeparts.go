package frame

import (
	"bytes"
	"fmt"
	"slices"

	"serialgw/internal/reading"
)

// partsEncoder writes one message that decodeParts reads.
type partsEncoder struct {
	measured
	plan   *Plan
	m      *MessagePlan
	values map[string]reading.Value
	slots  []slot // where they stand in this frame
	rest   int    // of a repeat = "rest": the end of what is given
}

func (p *Plan) encodeParts(dst []byte, m *MessagePlan, values map[string]reading.Value) ([]byte, error) {
	e := partsEncoder{plan: p, m: m, values: values}
	if err := e.known(); err != nil {
		return dst, err
	}
	if p.split > 0 {
		return e.line(dst)
	}
	total, err := e.size()
	if err != nil {
		return dst, err
	}
	start := len(dst)
	out := append(dst, make([]byte, total)...)
	b := out[start:]
	for i, s := range p.sync {
		b[i] = s.first
	}
	if err := e.write(b); err != nil {
		return dst, err
	}
	for i := range m.shape.moved {
		c := &m.shape.moved[i]
		if at, ok := e.place(&c.moving, c.at, total-p.trailer); ok {
			c.put(b[at : at+c.size])
		}
	}
	return p.close(dst, out, m)
}

// known refuses values that the message does not have.
func (e *partsEncoder) known() error {
	found := 0
	for i := range e.m.slots {
		if _, ok := e.values[e.m.slots[i].name]; ok {
			found++
		}
	}
	if found != len(e.values) {
		return fmt.Errorf("%s has no property for %d of the values", e.m.Name, len(e.values)-found)
	}
	return nil
}

// needed reports whether the slot's value must be given.
func (s *slot) needed() bool {
	return !s.hidden && (s.more == nil || !s.more.computes())
}

// size finds how long the series are, and what size that makes.
func (e *partsEncoder) size() (total int, err error) {
	shape := &e.m.shape
	e.need = shape.ends[0]
	for i := range shape.series {
		n, err := e.length(i)
		if err != nil {
			return 0, err
		}
		e.n[i+1] = n
		size := n * shape.series[i].stride
		if shape.series[i].text {
			size = n + 1
		}
		shape.settle(i, size, &e.measured)
	}
	e.restEnd()
	total = max(e.need+shape.tail, shape.min, e.rest+shape.tail)
	if shape.size > 0 {
		total = shape.size
	}
	if total > e.plan.max {
		return 0, fmt.Errorf("%s would have %d bytes, at most %d are possible", e.m.Name, total, e.plan.max)
	}
	return total, nil
}

// length returns how many values of a series are given, or bytes of its text.
func (e *partsEncoder) length(i int) (int, error) {
	r := &e.m.shape.series[i]
	there, needs := make([]bool, r.most), false
	n := 0
	for k := range e.m.slots {
		s := &e.m.slots[k]
		v, ok := e.values[s.name]
		if s.more != nil && s.more.sized && int(s.more.series) == i+1 {
			if !ok && s.needed() {
				return 0, fmt.Errorf("no value for %s of %s", s.name, e.m.Name)
			}
			return e.textLength(r, s, v, ok)
		}
		if int(s.in) != i+1 {
			continue
		}
		needs = needs || s.needed()
		if there[s.nth] = there[s.nth] || ok; ok {
			n = max(n, int(s.nth)+1)
		}
	}
	name := e.m.slots[r.slot].name
	if v, ok := e.values[name]; ok && !r.text {
		said := v.Int64()
		if said < 0 || said > int64(r.most) || int64(n) > said || needs && int64(n) < said {
			return 0, fmt.Errorf("%s of %s says %v, but there are values for %d", name, e.m.Name, v, n)
		}
		n = int(said)
	}
	return n, nil
}

func (e *partsEncoder) textLength(r *series, s *slot, v reading.Value, given bool) (int, error) {
	if !given {
		return 0, nil
	}
	b, err := s.textBytes(v)
	if err != nil {
		return 0, fmt.Errorf("cannot encode %s of %s: %w", s.name, e.m.Name, err)
	}
	n := len(b)
	if n+r.least() > r.most {
		return 0, fmt.Errorf("cannot encode %s of %s: %v is not a text of at most %d bytes", s.name, e.m.Name, v, r.most-r.least())
	}
	return n, nil
}

// restEnd finds where the given values of a repeat = "rest" end.
func (e *partsEncoder) restEnd() {
	for i := range e.m.slots {
		s := &e.m.slots[i]
		v, ok := e.values[s.name]
		switch {
		case !ok || s.at < 0:
		case s.reach > 0:
			e.rest = max(e.rest, s.at+int(s.reach)-e.shift[s.behind])
		case s.more != nil && s.more.sized && s.more.series == 0:
			b, _ := s.textBytes(v) // an error comes again when it is written
			e.rest = s.at + len(b) - e.shift[s.behind]
		}
	}
}

// write writes the values. A slot that is not there stands nowhere.
func (e *partsEncoder) write(b []byte) error {
	limit := max(len(b)-e.plan.trailer, 0)
	e.slots = slices.Clone(e.m.slots)
	there := make([]bool, len(e.slots))
	for i := range e.slots {
		s := &e.slots[i]
		if there[i] = true; s.at >= 0 {
			s.at, there[i] = e.place(&s.moving, s.at, limit)
		}
	}
	for i := range e.slots {
		s := &e.slots[i]
		v, given := e.values[s.name]
		switch {
		case !there[i] && given:
			return fmt.Errorf("no values in front of %s of %s", s.name, e.m.Name)
		case !there[i] || s.more != nil && s.more.calc != nil:
			continue
		case !given && s.needed() && !e.counts(s):
			return fmt.Errorf("no value for %s of %s", s.name, e.m.Name)
		case !given:
			continue
		}
		if err := e.put(s, b, v); err != nil {
			return fmt.Errorf("cannot encode %s of %s: %w", s.name, e.m.Name, err)
		}
	}
	if err := signsAgree(e.slots, b, e.values); err != nil {
		return fmt.Errorf("cannot encode %s: %w", e.m.Name, err)
	}
	return e.writeCounts(b)
}

// counts reports whether the slot says how long a series is.
func (e *partsEncoder) counts(s *slot) bool {
	return slices.ContainsFunc(e.m.shape.series, func(r series) bool { return !r.text && e.m.slots[r.slot].name == s.name })
}

// writeCounts writes the numbers that count what is given.
func (e *partsEncoder) writeCounts(b []byte) error {
	for i := range e.m.shape.series {
		r := e.m.shape.series[i]
		if r.text {
			continue
		}
		r.number.at -= e.shift[r.number.behind]
		if err := e.put(&r.number, b, reading.IntValue(int64(e.n[i+1]))); err != nil {
			return fmt.Errorf("cannot encode %s of %s: %w", r.number.name, e.m.Name, err)
		}
	}
	return nil
}

// put writes one value at the slot's place.
func (e *partsEncoder) put(s *slot, b []byte, v reading.Value) error {
	at, size := resolveAt(s.at, len(b)), s.size
	if s.more != nil && s.more.sized {
		out, err := s.textBytes(v)
		if err != nil {
			return err
		}
		size = len(out)
		if k := s.more.series; k > 0 && e.m.shape.series[k-1].text && bytes.IndexByte(out, 0) >= 0 {
			return fmt.Errorf("%q has a NUL, which ends such a text", v.Str())
		}
	}
	if at < 0 || at+size > len(b) {
		return fmt.Errorf("the frame ends in front of it")
	}
	return s.encode(b[at:at+size], v, e.slots, b)
}
