package frame

import "encoding/binary"

// short is a short way to a value: one read of eight bytes and one or two
// shifts. It is for a number that is its own value, but for the decimal point,
// and that has no other meaning and no bounds. Most are so.
type short uint8

const (
	shortNone    short = iota
	shortUint          // little-endian, and the last of the eight bytes is its own
	shortInt           // the same
	shortFloat         // the same
	shortLow           // with lift: unsigned, among bytes read as little-endian
	shortLowInt        // signed
	shortHigh          // with lift: unsigned, among bytes read as big-endian
	shortHighInt       // signed
)

// shorten finds the short way of a slot that is complete, in frames of at least
// so many bytes.
func (s *slot) shorten(frame int) {
	s.end, s.drop = max(s.at+s.size, 8), 64-s.bits
	switch {
	case s.rest || s.hidden && s.input == 0 || s.at < 0 || s.size > 8 || frame < s.end:
	case s.form > formBits || s.sign != signNone:
	case s.role != roleNumber || s.ranged || len(s.invalid)+len(s.invalidF) > 0:
	case s.kind == rawFloat:
		plain := s.size == 4 && s.factor == 1 && s.offset == 0 && !s.rounded
		if plain && !s.big && s.at+s.size == s.end {
			s.short = shortFloat
		}
	case !s.scale.unit() || s.kind == rawUint && s.bits == 64:
	default:
		s.shortenInteger()
	}
}

func (s *slot) shortenInteger() {
	behind := s.end - s.at - s.size // bytes of the eight behind its own
	below := int(s.shift)
	if s.form != formBits {
		below = 0
	}
	if s.big {
		s.short, below = shortHigh, below+8*behind
	} else {
		s.short, below = shortLow, below+64-8*behind-8*s.size
	}
	s.lift = uint8(64 - below - int(s.bits))
	if !s.big && s.lift == 0 {
		s.short = shortUint
	}
	if s.kind == rawInt {
		s.short++
	}
}

// top reads the eight bytes that end at end; a little-endian number that ends
// there, of whatever size, stands in the highest of them.
//
//	b    .. .. .. .. .. 12 34 56      563412..........
//	        └─────────────────┘ end
func top(b []byte, end int) uint64 { return binary.LittleEndian.Uint64(b[end-8 : end]) }

// low reads the same bytes as a big-endian number.
func low(b []byte, end int) uint64 { return binary.BigEndian.Uint64(b[end-8 : end]) }
