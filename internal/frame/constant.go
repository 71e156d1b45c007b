package frame

import "math"

// newConstant makes a constant of a field: what its bytes are, whatever their
// order, read as one number, without the bits of its neighbours.
func newConstant(at int, a atom, value uint64) constant {
	c := constant{at: at, size: a.size, big: a.big}
	var b [8]byte
	a.store(b[:a.size], value)
	c.value = loadUint(b[:a.size], a.big)
	if a.form == formBits {
		one := uint64(math.MaxUint64) >> (64 - a.bits)
		c.free = uint64(math.MaxUint64) >> (64 - 8*a.size) &^ (one << a.shift)
	}
	return c
}

// put writes the constant and leaves the bits beside it alone.
func (c *constant) put(b []byte) {
	storeUint(b, loadUint(b, c.big)&c.free|c.value, c.big)
}
