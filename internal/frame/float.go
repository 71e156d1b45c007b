package frame

import (
	"encoding/binary"
	"math"
)

// loadFloat reads a float; most have four bytes.
func (s *slot) loadFloat(b []byte) float64 {
	switch {
	case s.form != formWhole || len(b) != 4:
		return floatOf(s.load(b), s.size)
	case s.big:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	}
	return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
}

// floatOf reads the bits of an IEEE number of 2, 4 or 8 bytes.
func floatOf(bits uint64, size int) float64 {
	switch size {
	case 2:
		return halfFloat(uint16(bits))
	case 4:
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}

// floatBits returns the bits of the IEEE number of so many bytes nearest to f.
func floatBits(f float64, size int) uint64 {
	switch size {
	case 2:
		return uint64(toHalf(f))
	case 4:
		return uint64(math.Float32bits(float32(f)))
	}
	return math.Float64bits(f)
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
