package frame

import (
	"math"
	"slices"

	"serialgw/internal/reading"
)

// slot is one property of a message, ready to be read: where it stands, how
// it is scaled, and which values count as none. What every frame needs stands
// in front, within one cache line.
type slot struct {
	name  string
	short short

	at int // negative: from the frame's end
	atom
	rest   bool // one of a repeat = "rest": there only if the frame reaches so far
	hidden bool // no property: other slots need it
	role   role
	digits uint8 // integers: of the value, after the point
	bit    uint8 // roleFlag

	scale   scaling // integers
	factor  float64 // floats: value = raw*factor + offset
	offset  float64
	rounded bool // floats: to digits
	power   float64

	labels      map[int64]string
	few         []string  // the same of small numbers, for the short way
	invalid     []uint64  // raw integers, as load returns them
	invalidF    []float64 // raw floats
	invalidText []string
	gbk         bool
	ranged      bool
	low, high   int64 // range of the mantissa
	lowF, topF  float64

	moving
	alike uint16 // so many slots from here on are decoded in the same way
	input uint16 // expressions read it: its register, counted from 1
	piece pieceKind
	more  *more // beyond bytes at a place; nil: nothing
}

type role uint8

const (
	roleNumber role = iota
	roleEnum
	roleFlag
	roleBool
	roleText
)

// Absent counts values that a frame carried but that mean "no value".
type Absent struct {
	Invalid int // listed under invalid
	Range   int // outside range, or too large to be scaled
	Map     int // not in map
	NaN     int // not a number, infinite, or a BCD digit above 9
	When    int // the field's when gives 0
	Input   int // an expression lacks an input
}

// Total returns how many there are.
func (a Absent) Total() int { return a.Invalid + a.Range + a.Map + a.NaN + a.When + a.Input }

// Decode fills r with what the frame says; r.Props keeps its memory, so that
// decoding allocates nothing but texts. Board is left alone. A value that
// means "no value" is left out and counted. [WIRE-10]
// A counter is given raw; a Decoder gives its total.
func (p *Plan) Decode(f *Frame, r *reading.Reading) Absent {
	d := Decoder{plan: p}
	return *d.Decode(f, r)
}

// decodeFrom goes on at slot i, the first one whose short way was not tried, or is
// none; data is the frame in front of its trailer.
func (d *Decoder) decodeFrom(i int, f *Frame, data []byte, r *reading.Reading) *Absent {
	d.absent = Absent{}
	slots, props, n := f.Message.slots, r.Props, i
	for i < len(slots) {
		s, prop := &slots[i], &props[n]
		if prop.Label != "" { // of an earlier reading
			prop.Label = ""
		}
		if s.read(d.plan, f, prop, &d.absent) {
			prop.Name = s.name
			n++
		}
		if i++; i < len(slots) && slots[i].short.way != wayNone {
			some := briefly(slots[i:], data, 0, props[n:n+len(slots)-i])
			i, n = i+some, n+some
		}
	}
	r.Props = props[:n]
	return &d.absent
}

// read gives a value of any kind; false when the frame does not have it, it
// means "no value", or it is no property.
func (s *slot) read(p *Plan, f *Frame, prop *reading.Property, absent *Absent) (ok bool) {
	if s.hidden {
		return false
	}
	frame := f.fields()
	at, limit := resolveAt(s.at, len(frame)), len(frame)
	if s.rest {
		limit -= p.trailer
	}
	if at < 0 || at+max(s.size, int(s.reach)) > limit {
		return false
	}
	b := frame[at : at+s.size]
	switch {
	case s.kind == rawFloat:
		prop.Value, ok = s.float(b, absent)
		return ok
	case s.role == roleFlag:
		prop.Value = reading.BoolValue(s.load(b)>>s.bit&1 != 0)
		return true
	case s.role == roleBool:
		prop.Value = reading.BoolValue(b[0] != 0)
		return true
	case s.role == roleText:
		return s.decodeText(b, prop, absent)
	case s.form != formBCD && s.sign == signNone:
		return s.number(s.load(b), prop, absent)
	}
	raw, ok := s.signedInteger(b, f.Message.slots, frame, absent)
	return ok && s.number(raw, prop, absent)
}

// number makes a value of a raw integer; false when it means "no value".
func (s *slot) number(raw uint64, prop *reading.Property, absent *Absent) (ok bool) {
	if len(s.invalid) > 0 && slices.Contains(s.invalid, raw) {
		absent.Invalid++
		return false
	}
	if s.role == roleEnum {
		prop.Value = reading.IntValue(int64(raw))
		if prop.Label, ok = s.labels[int64(raw)]; !ok {
			absent.Map++
		}
		return ok
	}
	if prop.Value, ok = s.integer(raw); !ok {
		absent.Range++
	}
	return ok
}

// load reads the raw integer; signed ones are extended to 64 bits.
func (s *slot) load(b []byte) uint64 {
	var v uint64
	if s.form == formWhole {
		v = loadUint(b, s.big)
	} else {
		v = s.raw(b)
	}
	if s.kind == rawInt {
		unused := 64 - s.bits
		return uint64(int64(v<<unused) >> unused)
	}
	return v
}

// integer scales a raw integer; false when the value is out of range.
func (s *slot) integer(raw uint64) (reading.Value, bool) {
	if s.kind == rawUint && s.bits == 64 && s.scale.plain() {
		// A limit beyond the signed range was cut to it and limits nothing.
		inside := !s.ranged || raw >= uint64(max(s.low, 0)) && s.high >= 0 &&
			(raw <= uint64(s.high) || s.high == math.MaxInt64)
		return reading.UintValue(raw), inside
	}
	mantissa := int64(raw)
	if !s.scale.plain() {
		negative, magnitude := s.kind == rawInt && mantissa < 0, raw
		if negative {
			magnitude = -raw
		}
		var ok bool
		if mantissa, ok = s.scale.apply(negative, magnitude); !ok {
			return reading.Value{}, false
		}
	}
	if s.ranged && (mantissa < s.low || mantissa > s.high) {
		return reading.Value{}, false
	}
	return reading.DecimalValue(mantissa, s.digits), true
}

// float reads an IEEE number. Unscaled, and scaled without digits, it keeps
// its own precision; with digits it is a double rounded to them.
func (s *slot) float(b []byte, absent *Absent) (reading.Value, bool) {
	f := s.loadFloat(b)
	if len(s.invalidF) > 0 && slices.Contains(s.invalidF, f) {
		absent.Invalid++
		return reading.Value{}, false
	}
	f *= s.factor
	if s.offset != 0 { // -0 + 0 would be 0
		f += s.offset
	}
	if s.rounded {
		f = roundTo(f, s.power)
	} else if s.size < 8 {
		f = float64(float32(f))
	}
	if f-f != 0 { // NaN, or infinite
		absent.NaN++
		return reading.Value{}, false
	}
	if s.ranged && (f < s.lowF || f > s.topF) {
		absent.Range++
		return reading.Value{}, false
	}
	if s.rounded || s.size == 8 {
		return reading.Float64Value(f), true
	}
	return reading.Float32Value(float32(f)), true
}

// roundTo rounds to a multiple of 1/power; a number so large that it has no
// such decimals stays as it is.
func roundTo(f, power float64) float64 {
	if scaled := f * power; math.Abs(scaled) < 1<<53 {
		return math.Round(scaled) / power
	}
	return f
}
