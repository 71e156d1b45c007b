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
	if err := p.encodeFixed(m, b, m.firstID()); err != nil {
		return dst, fmt.Errorf("cannot encode %s: %w", m.Name, err)
	}
	return out, nil
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

// line writes a line of text.
func (e *partsEncoder) line(dst []byte) ([]byte, error) {
	p, shape := e.plan, &e.m.shape
	start := len(dst)
	out := slices.Clone(dst)
	for _, s := range p.sync {
		out = append(out, s.first)
	}
	for len(out)-start < shape.data {
		out = append(out, ' ')
	}
	n, next := e.pieceCount(), 0
	for piece := range n {
		if piece > 0 {
			out = append(out, p.split)
		}
		at := len(out)
		for ; next < len(e.m.slots) && e.m.slots[next].at <= piece; next++ {
			var err error
			if out, err = e.appendPiece(out, at, &e.m.slots[next]); err != nil {
				return dst, fmt.Errorf("cannot encode %s of %s: %w", e.m.slots[next].name, e.m.Name, err)
			}
		}
		if piece == 0 && e.m.first != "" {
			if len(out) == at {
				out = append(out, bytes.ReplaceAll([]byte(e.m.first), []byte("?"), []byte("X"))...)
			}
			if c := (cutter{count: 1, rest: out[at:], by: p.split}); !e.m.named(&c) {
				return dst, fmt.Errorf("cannot encode %s: its first piece %q is not %s", e.m.Name, out[at:], e.m.first)
			}
		}
	}
	return e.closeLine(dst, out, start)
}

// closeLine writes checks and end marker.
func (e *partsEncoder) closeLine(dst, out []byte, start int) ([]byte, error) {
	p := e.plan
	tail := make([]byte, p.lineTail)
	if p.lineTail > p.trailer {
		tail[0] = '*'
	}
	out = append(out, tail...)
	b := out[start:]
	if len(b) > p.max {
		return dst, fmt.Errorf("cannot encode %s: %d bytes, at most %d are possible", e.m.Name, len(b), p.max)
	}
	copy(b[len(b)-len(p.end):], p.end)
	for i := range p.checks {
		p.checks[i].put(b, 0)
	}
	if i := bytes.Index(b[len(p.sync):], p.end); i+len(p.sync)+len(p.end) != len(b) {
		return dst, fmt.Errorf("cannot encode %s: a text holds the end marker", e.m.Name)
	}
	return out, nil
}

// pieceCount returns how many pieces the line has.
func (e *partsEncoder) pieceCount() int {
	n := e.m.shape.pieces
	for i := range e.m.slots {
		s := &e.m.slots[i]
		if _, ok := e.values[s.name]; ok && s.piece != noPiece && s.reach > 0 {
			n = max(n, s.at+int(s.reach))
		}
	}
	return n
}

// appendPiece writes the value of a slot, whose piece begins at at.
func (e *partsEncoder) appendPiece(out []byte, at int, s *slot) ([]byte, error) {
	v, ok := e.values[s.name]
	switch {
	case s.piece == noPiece:
		return out, nil
	case !ok && s.needed() && s.reach == 0:
		return out, fmt.Errorf("no value")
	case !ok:
		return out, nil
	case s.piece == pieceText:
		if v.Kind != reading.Text || bytes.IndexByte([]byte(v.Str()), e.plan.split) >= 0 {
			return out, fmt.Errorf("%v is not a text without %q", v, e.plan.split)
		}
		return append(out, v.Str()...), nil
	case s.piece == pieceNum:
		if _, err := ratOf(v); err != nil {
			return out, err
		}
		return append(out, v.String()...), nil
	}
	return e.appendInteger(out, at, s, v)
}

// appendInteger writes an integer; flags share theirs.
func (e *partsEncoder) appendInteger(out []byte, at int, s *slot, v reading.Value) ([]byte, error) {
	var raw [8]byte
	if before, kind := parseDigits(out[at:]); s.role == roleFlag && s.piece == pieceHex && kind == aNumber {
		storeUint(raw[:], before, false)
	} else if before, kind := parseInt(out[at:]); s.role == roleFlag && kind == aNumber {
		storeUint(raw[:], before, false)
	}
	if err := s.encode(raw[:], v, nil, nil); err != nil {
		return out, err
	}
	if n := loadUint(raw[:], false); s.piece == pieceHex {
		return fmt.Appendf(out[:at], "%X", n), nil
	} else {
		return fmt.Appendf(out[:at], "%d", int64(n)), nil
	}
}
