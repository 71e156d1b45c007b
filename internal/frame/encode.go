package frame

import (
	"fmt"
	"math"
	"math/big"

	"serialgw/internal/reading"
)

// Encode appends the frame that says values, as it stands on the line. Each
// property of the message must be given, but those of a repeat from the first
// missing one on, and those with when; bytes that no field describes are 0. A
// number that counts a repeat is written as what is given makes it. Hidden fields
// may be given; they are 0 otherwise. Computed values are left out. The value
// that comes nearest in the frame's own steps is sent. The id is the message's
// first.
//
// A property that is given but unknown, or that the type cannot hold, is an
// error. dst is returned unchanged with an error.
func (p *Plan) Encode(dst []byte, message string, values map[string]reading.Value) ([]byte, error) {
	m := p.Message(message)
	if m == nil {
		return dst, fmt.Errorf("frame %s has no message %q", p.name, message)
	}
	if m.parts {
		return p.encodeParts(dst, m, values)
	}
	used, total, err := p.encodeSize(m, values)
	if err != nil {
		return dst, err
	}
	start := len(dst)
	out := append(dst, make([]byte, total)...)
	b := out[start:] // as the fields see it
	for i, s := range p.sync {
		b[i] = s.first
	}
	for i := range used {
		s := &m.slots[i]
		v, given := values[s.name]
		if s.hidden && !given {
			continue
		}
		at := resolveAt(s.at, total)
		if err := s.encode(b[at:at+s.size], v, m.slots, b); err != nil {
			return dst, fmt.Errorf("cannot encode %s of %s: %w", s.name, message, err)
		}
	}
	if err := signsAgree(m.slots[:used], b, values); err != nil {
		return dst, fmt.Errorf("cannot encode %s: %w", message, err)
	}
	return p.close(dst, out, m)
}

// close makes of what the fields see, out behind dst, what stands on the line:
// masks and lengths of their own size, then all that does not depend on the
// values, then escapes.
func (p *Plan) close(dst, out []byte, m *MessagePlan) ([]byte, error) {
	start := len(dst)
	if p.viewed() {
		total := len(out) - start
		closed, err := p.appendFrame(out, out[start:], m)
		if err != nil {
			return dst, fmt.Errorf("cannot encode %s: %w", m.Name, err)
		}
		out = append(closed[:start], closed[start+total:]...)
	}
	b := out[start:]
	if err := p.encodeFixed(m, b, m.firstID()); err != nil {
		return dst, fmt.Errorf("cannot encode %s: %w", m.Name, err)
	}
	if p.stuff.kind != stuffNone {
		out = p.Wire(out, b)
		out = append(out[:start], out[start+len(b):]...)
	}
	return out, nil
}

// encodeSize finds how many slots are given and what size that makes.
func (p *Plan) encodeSize(m *MessagePlan, values map[string]reading.Value) (used, total int, err error) {
	total = m.shape.min
	found := 0
	for used < len(m.slots) {
		s := &m.slots[used]
		_, ok := values[s.name]
		if s.hidden && !ok {
			used++
			continue
		}
		if !ok {
			if s.rest && (used == 0 || !s.completes(&m.slots[used-1])) {
				break
			}
			return 0, 0, fmt.Errorf("no value for %s of %s", s.name, m.Name)
		}
		if s.rest {
			total = max(total, s.at+max(s.size, int(s.reach))+p.trailer)
		}
		found++
		used++
	}
	if found != len(values) {
		return 0, 0, fmt.Errorf("%s has no property for %d of the values", m.Name, len(values)-found)
	}
	if m.shape.size > 0 {
		total = m.shape.size
	}
	return used, total, nil
}

// completes reports whether a slot belongs to the same repetition of a group as
// the one in front of it.
func (s *slot) completes(before *slot) bool {
	return int(before.reach) > before.size && before.at+int(before.reach) == s.at+int(s.reach)
}

// encodeFixed writes what does not depend on the values; the checks last, the
// header's before the frame's.
func (p *Plan) encodeFixed(m *MessagePlan, b []byte, id int) error {
	for _, c := range m.shape.consts {
		at := resolveAt(c.at, len(b))
		c.put(b[at : at+c.size])
	}
	if p.id != nil && len(m.IDs) > 0 {
		p.id.store(b[p.id.at:p.id.end()], uint64(id))
	}
	if l := m.shape.length; l != nil {
		if err := l.put(b); err != nil {
			return err
		}
	}
	copy(b[len(b)-len(p.end):], p.end)
	for i := range p.checks {
		p.checks[i].put(b, m.shape.extra)
	}
	return nil
}

// firstID returns the id that Encode writes; 0 where any will do.
func (m *MessagePlan) firstID() int {
	if len(m.IDs) == 0 {
		return 0
	}
	return m.IDs[0]
}

// put writes the length; further summed fields keep what the fields wrote. A
// varint takes the room that makes the size right.
func (l *lengthField) put(b []byte) error {
	more := 0
	if l.varint {
		if more = l.spare(b); more < 0 {
			return fmt.Errorf("no length field can say %d bytes", len(b))
		}
	}
	n, err := l.value(b, len(b)-more)
	if err != nil {
		return err
	}
	first := &l.refs[0]
	if l.varint {
		putVarint(b[first.at:first.at+more+1], n)
	} else {
		storeUint(b[first.at:first.end()], uint64(n), first.big)
	}
	return nil
}

// encode writes one value into its bytes, b; flags and runs of bits share
// theirs, and the sign may stand elsewhere in the frame.
func (s *slot) encode(b []byte, v reading.Value, slots []slot, frame []byte) error {
	switch {
	case s.role == roleFlag || s.role == roleBool:
		return s.encodeBool(b, v)
	case s.role == roleText:
		return s.encodeText(b, v)
	case s.kind == rawFloat:
		return s.encodeFloat(b, v)
	}
	exact, err := ratOf(v)
	if err != nil {
		return err
	}
	raw := roundRat(exact)
	if s.role == roleNumber {
		raw = s.scale.invert(exact)
	}
	switch {
	case !s.holds(raw):
		return fmt.Errorf("%v does not fit into %s", v, s.room())
	case s.sign != signNone:
		s.storeSigned(b, raw.Int64(), slots, frame)
	case raw.Sign() < 0:
		s.store(b, uint64(raw.Int64()))
	default:
		s.store(b, raw.Uint64())
	}
	return nil
}

func (s *slot) encodeBool(b []byte, v reading.Value) error {
	if v.Kind != reading.Bool {
		return fmt.Errorf("%v is not true or false", v)
	}
	if v.Bool() {
		s.store(b, s.raw(b)|1<<s.bit)
	}
	return nil
}

func (s *slot) encodeFloat(b []byte, v reading.Value) error {
	f := v.Float()
	if math.IsNaN(f) {
		return fmt.Errorf("%v is not a number", v)
	}
	bits := floatBits((f-s.offset)/s.factor, s.size)
	if math.IsInf(floatOf(bits, s.size), 0) {
		return fmt.Errorf("%v does not fit into %s", v, s.room())
	}
	s.store(b, bits)
	return nil
}

// room says how much a value may take.
func (s *slot) room() string {
	switch s.form {
	case formBCD:
		return fmt.Sprintf("%d digits", 2*s.size)
	case formBits, formMidi:
		return fmt.Sprintf("%d bits", s.bits)
	}
	return fmt.Sprintf("%d bytes", s.size)
}

// ratOf returns a number exactly as it would be printed.
func ratOf(v reading.Value) (*big.Rat, error) {
	switch v.Kind {
	case reading.Int, reading.Uint, reading.Decimal, reading.Float32, reading.Float64:
		if r, ok := new(big.Rat).SetString(v.String()); ok {
			return r, nil
		}
	}
	return nil, fmt.Errorf("%v is not a number", v)
}

// EncodeExample encodes an example's values, which may be of any type that
// TOML gives.
func (p *Plan) EncodeExample(e Example) ([]byte, error) {
	name := e.Message
	if name == "" && len(p.messages) == 1 {
		name = p.messages[0].Name
	}
	values := map[string]reading.Value{}
	for key, v := range e.Values {
		switch v := v.(type) {
		case int64:
			values[key] = reading.IntValue(v)
		case int:
			values[key] = reading.IntValue(int64(v))
		case float64:
			values[key] = reading.Float64Value(v)
		case bool:
			values[key] = reading.BoolValue(v)
		case string:
			values[key] = reading.TextValue(v)
		default:
			return nil, fmt.Errorf("value of %s is of no known type", key)
		}
	}
	return p.Encode(nil, name, values)
}
