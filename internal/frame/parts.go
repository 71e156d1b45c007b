package frame

import (
	"math"
	"sort"

	"serialgw/internal/reading"
)

// parts decodes a message whose slots need more than bytes at a place of their
// own: series, computed values, counters, bytes that are not there. Plain
// messages never come here.
type parts struct {
	measured
	cutter   // of a line of text
	plan     *Plan
	shape    *shape
	slots    []slot
	frame    []byte
	data     []byte         // the frame in front of its trailer
	counters []counterState // nil: counters are given raw
	fill     [16]byte
}

// decodeParts decodes such a message; it returns how many properties it has
// put into props.
func (p *Plan) decodeParts(f *Frame, props []reading.Property, counters []counterState, absent *Absent) int {
	m, b := f.Message, f.fields()
	d := parts{plan: p, shape: &m.shape, slots: m.slots, frame: b, data: b[:len(b)-p.trailer], counters: counters}
	var few [16]float64 // no part of d: it would be moved to the heap
	registers := few[:]
	if m.inputs > len(few) {
		var many [maxInputs]float64
		registers = many[:]
	}
	for i := range m.inputs {
		registers[i] = math.NaN()
	}
	switch {
	case p.split > 0:
		d.cut(p, m, b)
	case d.shape.measure(d.data, true, &d.measured) != accepted:
		return 0 // no frame of this plan's scanner
	}
	n := 0
	for i := 0; i < len(m.slots); {
		if alike := int(m.slots[i].alike); alike > 0 {
			some, there := d.briefly(m.slots[i:i+alike], props[n:])
			n += some
			if !there { // nor is what is like it
				i += alike
				continue
			}
			if i += some; some == alike {
				continue
			}
		}
		n += b2i(d.decode(m.slots[i:i+1], registers, props[n:n+1], absent))
		i++
	}
	return n
}

// briefly decodes slots that are alike, as far as their short way goes; the next
// one is not there if it is of a repeat that is over.
func (d *parts) briefly(slots []slot, props []reading.Property) (some int, ok bool) {
	s, there := &slots[0], slots
	if s.in > 0 && int(slots[len(slots)-1].nth) >= d.n[s.in] {
		there = slots[:sort.Search(len(slots), func(i int) bool { return int(slots[i].nth) >= d.n[s.in] })]
	}
	some = briefly(there, d.data, d.shift[s.behind], props)
	return some, some == len(slots) || some < len(there)
}

// decode gives the only one of slots its value; false when it is no property, or
// has none.
func (d *parts) decode(slots []slot, registers []float64, props []reading.Property, absent *Absent) bool {
	s, prop := &slots[0], &props[0]
	if prop.Label != "" { // of an earlier reading
		prop.Label = ""
	}
	if s.hidden {
		if s.input == 0 {
			return false
		}
		absent = &Absent{} // what a hidden slot lacks was not to be sent
	}
	ok := false
	if s.more == nil && s.alike == 0 {
		some, _ := d.briefly(slots, props)
		ok = some > 0
	}
	if ok = ok || d.there(s) && d.value(s, registers, prop, absent); !ok {
		return false
	}
	if s.input > 0 {
		registers[s.input-1] = prop.Value.Float()
	}
	prop.Name = s.name
	return !s.hidden
}

// value gives a slot that is there its value; false when it has none.
func (d *parts) value(s *slot, registers []float64, prop *reading.Property, absent *Absent) (ok bool) {
	if s.more == nil || !s.more.computes() {
		return d.read(s, prop, absent)
	}
	if ok = s.allowed(registers, absent); !ok || s.more.calc == nil {
		return ok && d.read(s, prop, absent)
	}
	prop.Value, ok = s.compute(registers, absent)
	return ok
}

// there reports whether the frame has the slot: a repeat may be shorter.
func (d *parts) there(s *slot) bool {
	switch {
	case d.plan.split > 0:
		return int(s.reach) <= d.count-s.at
	case s.in == 0 && s.reach == 0:
		return true
	}
	_, ok := d.place(&s.moving, s.at, len(d.data))
	return ok
}

// allowed tests when.
func (s *slot) allowed(registers []float64, absent *Absent) bool {
	if s.more.when == nil {
		return true
	}
	holds, ok := s.more.when.run(registers)
	switch {
	case !ok || holds != holds:
		absent.Input++
		return false
	case holds == 0:
		absent.When++
		return false
	}
	return true
}

// read finds the slot's bytes and what they mean.
func (d *parts) read(s *slot, prop *reading.Property, absent *Absent) (ok bool) {
	if s.piece != noPiece {
		return d.readPiece(s, prop, absent)
	}
	at, size := s.at, s.size
	if at < 0 {
		at += len(d.frame)
	} else {
		at -= d.shift[s.behind]
	}
	if s.role == roleText {
		return d.readText(s, at, prop, absent)
	}
	b, ok := d.bytes(at, size)
	switch {
	case !ok:
		return false
	case s.sign != signNone:
		raw, ok := d.signed(s, b, absent)
		return ok && s.number(raw, prop, absent)
	case s.kind == rawFloat:
		prop.Value, ok = s.float(b, absent)
		return ok
	case s.role == roleFlag:
		prop.Value = reading.BoolValue(s.load(b)>>s.bit&1 != 0)
		return true
	case s.role == roleBool:
		prop.Value = reading.BoolValue(b[0] != 0)
		return true
	}
	raw, ok := s.load(b), true
	if s.form == formBCD {
		raw, ok = s.magnitudeOf(b, absent)
	}
	if ok && s.more != nil && s.more.modulus > 0 {
		prop.Value, ok = s.total(raw, d.counters, absent)
		return ok
	}
	return ok && s.number(raw, prop, absent)
}

// readText reads a text; of one that the frame does not have whole, zeros are
// missing.
func (d *parts) readText(s *slot, at int, prop *reading.Property, absent *Absent) bool {
	size, in := s.size, d.frame
	if s.more != nil && s.more.sized {
		size = d.sizeOf(s, at)
	}
	switch {
	case d.shape.zeroFill && s.form == formHex && at+size > len(d.data): // zeros are digits
		whole := make([]byte, size)
		copy(whole, d.data[min(at, len(d.data)):])
		return s.decodeText(whole, prop, absent)
	case d.shape.zeroFill:
		in = d.data
		size = max(min(size, len(in)-at), 0)
		at = min(at, len(in))
	case at < 0 || at+size > len(in):
		return false
	}
	return s.decodeText(in[at:at+size], prop, absent)
}

// signed reads sign and magnitude, wherever the sign has moved to.
func (d *parts) signed(s *slot, b []byte, absent *Absent) (uint64, bool) {
	v, negative, ok := s.magnitude(b)
	if ok && s.sign == signField {
		t := &d.slots[s.signAt]
		at := t.at - d.shift[t.behind]
		if t.at < 0 {
			at = t.at + len(d.frame)
		}
		var sign []byte
		if sign, ok = d.bytes(at, t.size); ok {
			negative, ok = t.isNonzero(sign)
		}
	}
	return join(v, negative, ok, absent)
}

// magnitudeOf reads an unsigned integer; false where a BCD digit is none.
func (s *slot) magnitudeOf(b []byte, absent *Absent) (uint64, bool) {
	v, _, ok := s.magnitude(b)
	absent.NaN += b2i(!ok)
	return v, ok
}

// sizeOf returns how many bytes a text of no fixed size has.
func (d *parts) sizeOf(s *slot, at int) int {
	if s.more.series > 0 {
		return d.n[s.more.series]
	}
	return max(min(s.size, len(d.data)-at), 0)
}

func (d *parts) bytes(at, size int) ([]byte, bool) {
	if d.shape.zeroFill {
		return bytesAt(d.data, at, size, true, d.fill[:])
	}
	return bytesAt(d.frame, at, size, false, nil)
}

// more is what a slot has beyond bytes at a place and their meaning.
type more struct {
	when    *program
	calc    *program // the value is computed; there are no bytes
	sized   bool     // text: as long as its series says, or to the end of the data
	series  uint8    // this one, counted from 1; 0: to the end
	modulus uint64   // a counter that starts at 0 again behind this value - 1
	counter int      // its place among a decoder's counters
}

// computes reports whether the slot needs the values of others.
func (m *more) computes() bool { return m.when != nil || m.calc != nil }

// compute gives a computed value, rounded to the slot's digits. [WIRE-23]
func (s *slot) compute(registers []float64, absent *Absent) (reading.Value, bool) {
	v, ok := s.more.calc.run(registers)
	switch {
	case !ok:
		absent.Input++
		return reading.Value{}, false
	case v-v != 0: // NaN, or infinite
		absent.NaN++
		return reading.Value{}, false
	}
	v = math.Round(v * s.power)
	if math.Abs(v) >= 1<<63 || s.ranged && (int64(v) < s.low || int64(v) > s.high) {
		absent.Range++
		return reading.Value{}, false
	}
	return reading.DecimalValue(int64(v), s.digits), true
}
