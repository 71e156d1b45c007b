package frame

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"serialgw/internal/reading"
)

// slot is one property of a message, ready to be read: where it stands, how
// it is scaled, and which values count as none. What every frame needs stands
// in front, within one cache line.
type slot struct {
	name string
	at   int // negative: from the frame's end
	atom
	rest   bool // one of a repeat = "rest": there only if the frame reaches so far
	role   role
	short  short
	end    int   // at + size, of a short one
	drop   uint8 // 64 - 8*size
	digits uint8 // integers: of the value, after the point
	bit    uint8 // roleFlag

	scale   scaling // integers
	factor  float64 // floats: value = raw*factor + offset
	offset  float64
	rounded bool // floats: to digits
	power   float64

	labels     map[int64]string
	invalid    []uint64  // raw integers, as load returns them
	invalidF   []float64 // raw floats
	ranged     bool
	low, high  int64 // range of the mantissa
	lowF, topF float64
}

// short is a short way to a value: one read and one shift. It is for a
// little-endian number that is its own value, but for the decimal point, that
// has no other meaning and no bounds, and that ends eight bytes or more behind
// the frame's beginning. Most are so.
type short uint8

const (
	shortNone short = iota
	shortUint
	shortInt
	shortFloat
)

// shorten finds the short way of a slot that is complete.
func (s *slot) shorten() {
	s.end, s.drop = s.at+s.size, uint8(64-8*min(s.size, 8))
	switch {
	case s.big || s.rest || s.at < 0 || s.end < 8:
	case s.role != roleNumber || s.ranged || len(s.invalid)+len(s.invalidF) > 0:
	case s.kind == rawFloat:
		if s.size == 4 && s.factor == 1 && s.offset == 0 && !s.rounded {
			s.short = shortFloat
		}
	case !s.scale.unit():
	case s.kind == rawInt:
		s.short = shortInt
	case s.size < 8:
		s.short = shortUint
	}
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
	NaN     int // not a number, or infinite
}

// Decode fills r with what the frame says; r.Props keeps its memory, so that
// decoding allocates nothing but texts. Board is left alone. A value that
// means "no value" is left out and counted. [WIRE-10]
func (p *Plan) Decode(f *Frame, r *reading.Reading) Absent {
	r.Stamp = f.Stamp
	r.Message = ""
	r.Props = r.Props[:0]
	var absent Absent
	if f.Message == nil {
		return absent
	}
	r.Message = f.Message.Name
	slots, b := f.Message.slots, f.fields()
	props := slices.Grow(r.Props, len(slots))[:len(slots)]
	n := 0
	for i := range slots {
		s := &slots[i]
		prop := &props[n]
		if prop.Label != "" { // of an earlier reading
			prop.Label = ""
		}
		switch s.short {
		case shortUint:
			prop.Value = reading.DecimalValue(int64(top(b, s.end)>>(s.drop&63)), s.digits)
		case shortInt:
			prop.Value = reading.DecimalValue(int64(top(b, s.end))>>(s.drop&63), s.digits)
		case shortFloat:
			f := math.Float32frombits(uint32(top(b, s.end) >> 32))
			if f-f != 0 { // NaN, or infinite
				absent.NaN++
				continue
			}
			prop.Value = reading.Float32Value(f)
		default:
			if !s.locate(p, b, prop, &absent) {
				continue
			}
		}
		prop.Name = s.name
		n++
	}
	r.Props = props[:n]
	return absent
}

// locate finds the value's bytes and decodes them; false when the frame does
// not have them, or they mean "no value".
func (s *slot) locate(p *Plan, b []byte, prop *reading.Property, absent *Absent) bool {
	at, limit := resolveAt(s.at, len(b)), len(b)
	if s.rest {
		limit -= p.trailer
	}
	if at < 0 || at+s.size > limit {
		return false
	}
	return s.decode(b[at:at+s.size], prop, absent)
}

// top reads the eight bytes that end at end; a little-endian number that ends
// there, of whatever size, stands in the highest of them.
//
//	b    .. .. .. .. .. 12 34 56      563412..........
//	        └─────────────────┘ end
func top(b []byte, end int) uint64 { return binary.LittleEndian.Uint64(b[end-8 : end]) }

// decode reads a value of any kind; false when it means "no value".
func (s *slot) decode(b []byte, prop *reading.Property, absent *Absent) (ok bool) {
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
		text := strings.TrimRight(string(b), "\x00")
		prop.Value = reading.TextValue(strings.ToValidUTF8(text, "\uFFFD"))
		return true
	}
	raw := s.load(b)
	if slices.Contains(s.invalid, raw) {
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
	v := loadUint(b, s.big)
	if s.kind == rawInt {
		return uint64(int64(v<<s.drop) >> s.drop)
	}
	return v
}

// integer scales a raw integer; false when the value is out of range.
func (s *slot) integer(raw uint64) (reading.Value, bool) {
	if s.kind == rawUint && s.size == 8 && s.scale.plain() {
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
	f := loadFloat(b, s.big)
	if len(s.invalidF) > 0 && slices.Contains(s.invalidF, f) {
		absent.Invalid++
		return reading.Value{}, false
	}
	f = f*s.factor + s.offset
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

func loadFloat(b []byte, big bool) float64 {
	bits := loadUint(b, big)
	switch len(b) {
	case 2:
		return halfFloat(uint16(bits))
	case 4:
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}

// halfFloat reads IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits.
func halfFloat(h uint16) float64 {
	exponent, fraction := int(h>>10&0x1F), float64(h&0x3FF)
	var f float64
	switch exponent {
	case 0:
		f = math.Ldexp(fraction, -24)
	case 31:
		if f = math.Inf(1); fraction != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(1024+fraction, exponent-25)
	}
	if h&0x8000 != 0 {
		return -f
	}
	return f
}

// toHalf returns the half float nearest to f.
func toHalf(f float64) uint16 {
	var sign uint16
	if math.Signbit(f) {
		sign, f = 0x8000, -f
	}
	switch {
	case math.IsNaN(f):
		return sign | 0x7E00
	case f >= 65520:
		return sign | 0x7C00
	case f < 0x1p-14:
		return sign | uint16(math.RoundToEven(math.Ldexp(f, 24)))
	}
	_, e := math.Frexp(f) // f = m * 2^e, m in [0.5, 1)
	fraction := uint16(math.RoundToEven(math.Ldexp(f, 11-e)))
	return sign | (uint16(e+13)<<10 + fraction)
}
