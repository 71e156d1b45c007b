package frame

import (
	"encoding/binary"
	"math"
	"math/bits"

	"serialgw/internal/reading"
)

// short is a short way to a value: one read of eight bytes, a shift and a mask,
// the same for every width, order and place. Most values have it; read gives
// the others, and those that the short way finds to mean "no value".
//
//	b   .. .. 12 34 56 .. .. .. ..       ..  bytes of others
//	    └──────── eight ──────┘ end
//	    ..12 3456 ...... ─▶ low byte first: >> below & mask ─▶ 563412
type short struct {
	way    way
	big    bool  // the eight bytes are one number with its high byte first
	below  uint8 // bits of it below the value's own
	digits uint8 // after the point
	end    int32 // of the eight bytes
	need   int32 // bytes that a frame must have
	mask   uint64
	sign   uint64 // the mask's highest bit, where that is the sign
	low    int64  // a mantissa below is no value
	high   int64  // nor one above
}

// way is what becomes of the bits.
type way uint8

const (
	wayNone    way = iota
	wayInteger     // they are the mantissa
	wayScaled      // scaled they are
	wayFloat       // an IEEE number
	wayEnum        // one of few labels
	wayBool        // any of them is set
)

// fewLabels is up to which raw value labels are found without a map.
const fewLabels = 64

// briefly decodes slots by their short way into as many properties, up to the
// first slot that has none or no value; it returns how many these are. What
// stands behind series is shift bytes nearer to the front, and of the values of
// a series only n are there.
func briefly(slots []slot, b []byte, shift, n int, props []reading.Property) int {
	props = props[:len(slots)]
	for i := range slots {
		slot, p := &slots[i], &props[i]
		s := &slot.short
		end := int(s.end) - shift
		if int(s.need)-shift > len(b) || end < 8 || int(slot.nth) >= n {
			return i
		}
		raw := binary.LittleEndian.Uint64(b[end-8 : end])
		if s.big {
			raw = bits.ReverseBytes64(raw)
		}
		raw = raw >> (s.below & 63) & s.mask
		v, label := int64((raw^s.sign)-s.sign), ""
		switch s.way {
		case wayInteger:
			if v < s.low || v > s.high {
				return i
			}
			p.Value = reading.DecimalValue(v, s.digits)
		case wayScaled:
			if v = slot.scale.briefly(v); v < s.low || v > s.high {
				return i
			}
			p.Value = reading.DecimalValue(v, s.digits)
		case wayFloat:
			f := math.Float32frombits(uint32(raw))
			if !(float64(f) >= slot.lowF && float64(f) <= slot.topF) { // or NaN
				return i
			}
			p.Value = reading.Float32Value(f)
		case wayEnum:
			if uint64(v) >= uint64(len(slot.few)) || slot.few[v] == "" {
				return i
			}
			p.Value, label = reading.IntValue(v), slot.few[v]
		case wayBool:
			p.Value = reading.BoolValue(raw != 0)
		default:
			return i
		}
		p.Name = slot.name
		if p.Label != label {
			p.Label = label
		}
	}
	return len(slots)
}

// shorten finds the short way of a slot that is complete, in frames that end
// with a trailer of so many bytes.
func (s *slot) shorten(trailer int) {
	s.short = short{way: s.way(), big: s.big, digits: s.digits, low: math.MinInt64, high: math.MaxInt64}
	if s.short.way == wayNone {
		return
	}
	end := max(s.at+s.size, 8)
	s.short.end, s.short.need = int32(end), int32(end)
	if s.rest {
		s.short.need = int32(max(s.at+max(s.size, int(s.reach))+trailer, end))
	}
	before, below := 8*(s.at-(end-8)), int(s.shift)
	if s.big {
		before = 8 * (end - s.at - s.size)
	}
	if s.form != formBits {
		below = 0
	}
	s.short.mask = math.MaxUint64 >> (64 - 8*s.size)
	if s.kind != rawBool {
		s.short.mask = math.MaxUint64 >> (64 - s.bits)
	}
	if s.kind == rawInt {
		s.short.sign = 1 << (s.bits - 1)
	}
	if s.role == roleFlag {
		below, s.short.mask, s.short.sign = below+int(s.bit), 1, 0
	}
	s.short.below = uint8(before + below)
	s.bound()
}

// bound sets what a value must be within.
func (s *slot) bound() {
	switch {
	case s.kind == rawFloat && !s.ranged:
		s.lowF, s.topF = -math.MaxFloat32, math.MaxFloat32
	case s.ranged:
		s.short.low, s.short.high = s.low, s.high
	}
}

// way returns what the short way can do for a slot.
func (s *slot) way() way {
	switch {
	case s.hidden && s.input == 0 || s.at < 0 || s.size > 8 || s.form > formBits || s.sign != signNone:
		return wayNone
	case s.role == roleFlag || s.role == roleBool:
		return wayBool
	case s.kind == rawFloat:
		if s.size != 4 || s.factor != 1 || s.offset != 0 || s.rounded || len(s.invalidF) > 0 {
			return wayNone
		}
		return wayFloat
	case !s.atom.integer() || s.kind == rawUint && s.bits == 64 || !s.invalidOutside():
		return wayNone
	case s.role == roleEnum:
		return s.fewLabels()
	case s.scale.unit():
		return wayInteger
	case s.scale.small(s.bits):
		return wayScaled
	}
	return wayNone
}

// invalidOutside reports whether range alone keeps out what invalid lists.
func (s *slot) invalidOutside() bool {
	for _, raw := range s.invalid {
		if !s.ranged || !s.scale.unit() || int64(raw) >= s.low && int64(raw) <= s.high {
			return false
		}
	}
	return true
}

// fewLabels lists the labels of small raw values.
func (s *slot) fewLabels() way {
	for raw, label := range s.labels {
		if raw < 0 || raw >= fewLabels {
			return wayNone
		}
		for int(raw) >= len(s.few) {
			s.few = append(s.few, "")
		}
		s.few[raw] = label
	}
	return wayEnum
}
