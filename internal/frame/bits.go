package frame

import "math"

// A run of bits: numbers of any width, one behind the other. [WIRE-15]
//
//	bytes      2C         71
//	        00101100   01110001
//	<       └─5─┘└3┘   └─ 8 ──┘     first bit: bit 0 of the first byte
//	>       └3┘└─5─┘   └─ 8 ──┘     first bit: bit 7
//
// A number in a run has the bytes that it touches, and shift bits of these
// below it: with "<" the bytes are read as little-endian, with ">" as
// big-endian, and the number stands in the same way in both.

// loadBits reads the number out of its 1 to 9 bytes.
func (a *atom) loadBits(b []byte) uint64 {
	n, shift := len(b), a.shift
	var v uint64
	switch {
	case n <= 8:
		v = loadUint(b, a.big) >> shift
	case a.big:
		v = loadUint(b[:8], true)<<(8-shift) | uint64(b[8])>>shift
	default:
		v = loadUint(b[:8], false)>>shift | uint64(b[8])<<(64-shift)
	}
	return v & (math.MaxUint64 >> (64 - a.bits))
}

// storeBits writes the number and leaves the bits beside it alone.
func (a *atom) storeBits(b []byte, v uint64) {
	mask := uint64(math.MaxUint64) >> (64 - a.bits)
	v &= mask
	for i := range b {
		at := i
		if a.big {
			at = len(b) - 1 - i
		}
		if i == 8 {
			b[at] = b[at]&^byte(mask>>(64-a.shift)) | byte(v>>(64-a.shift))
			continue
		}
		b[at] = b[at]&^byte(mask<<a.shift>>(8*i)) | byte(v<<a.shift>>(8*i))
	}
}
