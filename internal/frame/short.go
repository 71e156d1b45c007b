package frame

import (
	"encoding/binary"
	"math"
	"math/bits"

	"serialgw/internal/reading"
)

// short is a short way to a number: one read of eight bytes, a shift and a mask,
// the same for every width, order and place. Most numbers have it; those that
// do not are read by locate.
//
//	b    .. .. .. 12 34 56 .. ..      low byte first: ....563412......
//	     └──────── eight ──────┘ end         mask, below: 563412
type short struct {
	way   way
	big   bool   // the eight bytes count as one number with its high byte first
	below uint8  // bits of it below the number
	end   int    // of the eight bytes
	mask  uint64 // of the number
	sign  uint64 // the mask's highest bit, where that says the sign
}

// way is what becomes of the number.
type way uint8

const (
	wayNone   way = iota // it has no short way
	wayValue             // it is the value, but for the decimal point
	wayFloat             // it is an IEEE number, which may have a range
	wayNumber            // it may mean anything that an integer can
	wayFlag              // one of its bits is the value
)

// load reads the number, extended to 64 bits if it has a sign; end is where the
// eight bytes end.
func (s *short) load(b []byte, end int) uint64 {
	v := binary.LittleEndian.Uint64(b[end-8 : end])
	if s.big {
		v = bits.ReverseBytes64(v)
	}
	v = v >> (s.below & 63) & s.mask
	return (v ^ s.sign) - s.sign
}

// shorten finds the short way of a slot that is complete, in frames of at least
// so many bytes.
func (s *slot) shorten(frame int) {
	way := s.way()
	end := max(s.at+s.size, 8)
	if way == wayNone || s.hidden && s.input == 0 || s.at < 0 || s.size > 8 || frame < end {
		return
	}
	s.short = short{way: way, big: s.big, end: end, mask: math.MaxUint64 >> (64 - s.bits)}
	outside := end - s.at - s.size // bytes of the eight behind its own
	if !s.big {
		outside = s.at - (end - 8) // in front
	}
	below := 8 * outside
	if s.form == formBits {
		below += int(s.shift)
	}
	s.short.below = uint8(below)
	if s.kind == rawInt {
		s.short.sign = 1 << (s.bits - 1)
	}
}

// way returns what the short way can do for a slot.
func (s *slot) way() way {
	switch {
	case s.rest || s.form > formBits || s.sign != signNone:
		return wayNone
	case s.kind == rawFloat:
		if s.size != 4 || s.factor != 1 || s.offset != 0 || s.rounded || len(s.invalidF) > 0 {
			return wayNone
		}
		return wayFloat
	case !s.atom.integer():
		return wayNone
	case s.role == roleFlag:
		return wayFlag
	case s.role != roleNumber || s.ranged || len(s.invalid) > 0 || !s.scale.unit() || s.kind == rawUint && s.bits == 64:
		return wayNumber
	}
	return wayValue
}

// briefly gives the value of a slot with a short way, whose eight bytes end at
// end; false when it means "no value".
func (s *slot) briefly(b []byte, end int, prop *reading.Property, absent *Absent) bool {
	raw := s.short.load(b, end)
	switch s.short.way {
	case wayValue:
		prop.Value = reading.DecimalValue(int64(raw), s.digits)
		return true
	case wayFlag:
		prop.Value = reading.BoolValue(raw>>(s.bit&63)&1 != 0)
		return true
	case wayNumber:
		return s.number(raw, prop, absent)
	}
	f := math.Float32frombits(uint32(raw))
	switch {
	case f-f != 0: // NaN, or infinite
		absent.NaN++
		return false
	case s.ranged && (float64(f) < s.lowF || float64(f) > s.topF):
		absent.Range++
		return false
	}
	prop.Value = reading.Float32Value(f)
	return true
}
