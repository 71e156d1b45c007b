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
//	from└──────── eight ──────┘
//	    ..12 3456 ...... ─▶ low byte first: >> below & mask ─▶ 563412
type short struct {
	prop  reading.Property // with a value whose bits are still to come: it is copied whole
	from  uint16           // where the eight bytes begin
	way   way
	two   bool   // instead, the value is the two bytes there, the low one first
	big   bool   // the eight bytes are one number with its high byte first
	below uint8  // bits of it below the value's own
	mask  uint64 // of the value's bits
	sign  uint64 // the mask's highest bit, where that is the sign
	low   int64  // a mantissa below is no value
	span  uint64 // nor one that is more than so much above it
	lowF  float64
	topF  float64
	narrow
}

// way is what becomes of the bits.
type way uint8

const (
	wayNone    way = iota
	wayInteger     // they are the mantissa
	wayScaled      // scaled they are
	wayDivided     // the same, by a number that is no power of 2
	wayFloat       // an IEEE number
	wayEnum        // one of few labels
	wayBool        // any of them is set
)

// fewLabels is up to which raw value labels are found without a map.
const fewLabels = 64

// briefly decodes slots by their short way into as many properties, up to the
// first slot that has none or no value; it returns how many these are. What
// stands behind series is shift bytes nearer to the front.
func briefly(slots []slot, b []byte, shift int, props []reading.Property) int {
	props = props[:len(slots)]
	for i := range slots {
		s := &slots[i].short
		from := int(s.from) - shift
		var raw uint64
		if s.two {
			if from < 0 || from > len(b)-2 {
				return i
			}
			raw = uint64(binary.LittleEndian.Uint16(b[from : from+2]))
		} else {
			if from < 0 || from > len(b)-8 {
				return i
			}
			raw = binary.LittleEndian.Uint64(b[from : from+8])
			if s.big {
				raw = bits.ReverseBytes64(raw)
			}
			raw = raw >> (s.below & 63) & s.mask
		}
		v := int64((raw ^ s.sign) - s.sign)
		switch s.way {
		case wayInteger:
		case wayScaled:
			v = s.scaled(v)
		case wayFloat:
			if f := float64(math.Float32frombits(uint32(v))); !(f >= s.lowF && f <= s.topF) { // or NaN
				return i
			}
			props[i] = s.prop
			props[i].Value.SetBits(uint64(v))
			continue
		default:
			if !slots[i].other(v, &props[i]) {
				return i
			}
			continue
		}
		if uint64(v-s.low) > s.span {
			return i
		}
		props[i] = s.prop
		props[i].Value.SetBits(uint64(v))
	}
	return len(slots)
}

// pairsOf returns the short ways of slots that are all numbers in pairs of bytes,
// the low one first, and scaled without a division; else nothing. Whole numbers
// are scaled too, by 1.
func pairsOf(slots []slot) []short {
	out := make([]short, len(slots))
	for i := range slots {
		s, scale := slots[i].short, slots[i].scale
		if !s.two || s.way != wayInteger && s.way != wayScaled || !scale.small(16) {
			return nil
		}
		s.narrow = scale.narrow
		out[i] = s
	}
	return out
}

// pairs is briefly for the numbers of pairsOf, which are all that many boards
// send: it has one thing to do.
func pairs(shorts []short, b []byte, props []reading.Property) int {
	props = props[:len(shorts)]
	for i := range shorts {
		s := &shorts[i]
		from := int(s.from)
		if from > len(b)-2 {
			return i
		}
		raw := uint64(binary.LittleEndian.Uint16(b[from : from+2]))
		v := s.scaled(int64((raw ^ s.sign) - s.sign))
		if uint64(v-s.low) > s.span {
			return i
		}
		props[i] = s.prop
		props[i].Value.SetBits(uint64(v))
	}
	return len(shorts)
}

// other is what briefly does with bits that mean something rarer.
func (s *slot) other(v int64, p *reading.Property) bool {
	label := ""
	switch s.short.way {
	case wayDivided:
		if v = s.short.divided(v); uint64(v-s.short.low) > s.short.span {
			return false
		}
	case wayEnum:
		if uint64(v) >= uint64(len(s.few)) || s.few[v] == "" {
			return false
		}
		label = s.few[v]
	case wayBool:
		v = int64(b2i(v != 0))
	default:
		return false
	}
	*p = s.short.prop
	p.Label = label
	p.Value.SetBits(uint64(v))
	return true
}

// shorten finds the short way of a slot that is complete.
func (s *slot) shorten() {
	s.short = short{way: s.way(), big: s.big, low: math.MinInt64, span: math.MaxUint64}
	s.short.narrow = s.scale.narrow
	s.short.prop = reading.Property{Name: s.name, Value: s.blank()}
	if s.short.way == wayNone {
		return
	}
	end := max(s.at+s.size, 8)
	s.short.from = uint16(end - 8)
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
	if s.size == 2 && s.bits == 16 && s.form == formWhole && !s.big && s.role != roleFlag {
		s.short.two, s.short.from = true, uint16(s.at)
	}
}

// blank is a value of the slot's kind.
func (s *slot) blank() reading.Value {
	switch s.short.way {
	case wayFloat:
		return reading.Float32Value(0)
	case wayBool:
		return reading.BoolValue(false)
	case wayEnum:
		return reading.IntValue(0)
	}
	return reading.DecimalValue(0, s.digits)
}

// bound sets what a value must be within.
func (s *slot) bound() {
	switch {
	case s.kind == rawFloat && !s.ranged:
		s.short.lowF, s.short.topF = -math.MaxFloat32, math.MaxFloat32
	case s.ranged && s.low > s.high: // no mantissa is within
		s.short.way = wayNone
	case s.ranged:
		s.short.low, s.short.span, s.short.lowF, s.short.topF = s.low, uint64(s.high-s.low), s.lowF, s.topF
	}
}

// way returns what the short way can do for a slot.
func (s *slot) way() way {
	switch {
	case int(s.reach) > s.size || s.hidden && s.input == 0 || s.at < 0 || s.size > 8 || s.form > formBits || s.sign != signNone:
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
		if s.scale.narrow.div != 0 {
			return wayDivided
		}
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
