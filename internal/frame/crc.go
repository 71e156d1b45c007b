package frame

import (
	"encoding/binary"
	"math/bits"
)

// crcSpec holds the parameters of a CRC in RevEng's terms.
type crcSpec struct {
	width   int // 3 to 64 bits
	poly    uint64
	init    uint64
	reflect bool // input and output
	xorout  uint64
}

// stride is how many bytes a CRC takes in one step ("slicing by 8"): as many as
// the register has.
const stride = 8

// crc is a CRC ready to run. The register of a plain CRC stands left-aligned
// in 64 bits, so that every width takes the same steps.
type crc struct {
	spec  crcSpec
	start uint64
	// table[k][b] is what byte b does to the register with k bytes behind it.
	table [stride][256]uint64
}

func newCRC(spec crcSpec) *crc {
	c := &crc{spec: spec}
	left := 64 - spec.width
	if spec.reflect {
		c.start = bits.Reverse64(spec.init) >> left
	} else {
		c.start = spec.init << left
	}
	for i := range c.table[0] {
		c.table[0][i] = c.entry(uint64(i))
	}
	zero := []byte{0}
	for k := range stride - 1 {
		for i, reg := range c.table[k] {
			c.table[k+1][i] = c.update(reg, zero)
		}
	}
	return c
}

func (c *crc) entry(i uint64) uint64 {
	left := 64 - c.spec.width
	if c.spec.reflect {
		poly := bits.Reverse64(c.spec.poly) >> left
		for range 8 {
			i = i>>1 ^ poly&-(i&1)
		}
		return i
	}
	i <<= 56
	for range 8 {
		i = i<<1 ^ c.spec.poly<<left&-(i>>63)
	}
	return i
}

// update runs b through the register. Eight bytes at a time go through eight
// tables whose reads do not wait for each other.
func (c *crc) update(reg uint64, b []byte) uint64 {
	t := &c.table
	if c.spec.reflect {
		for ; len(b) >= stride; b = b[stride:] {
			reg ^= binary.LittleEndian.Uint64(b)
			reg = t[7][byte(reg)] ^ t[6][byte(reg>>8)] ^ t[5][byte(reg>>16)] ^ t[4][byte(reg>>24)] ^
				t[3][byte(reg>>32)] ^ t[2][byte(reg>>40)] ^ t[1][byte(reg>>48)] ^ t[0][byte(reg>>56)]
		}
		for _, x := range b {
			reg = reg>>8 ^ t[0][byte(reg)^x]
		}
		return reg
	}
	for ; len(b) >= stride; b = b[stride:] {
		reg ^= binary.BigEndian.Uint64(b)
		reg = t[7][byte(reg>>56)] ^ t[6][byte(reg>>48)] ^ t[5][byte(reg>>40)] ^ t[4][byte(reg>>32)] ^
			t[3][byte(reg>>24)] ^ t[2][byte(reg>>16)] ^ t[1][byte(reg>>8)] ^ t[0][byte(reg)]
	}
	for _, x := range b {
		reg = reg<<8 ^ t[0][byte(reg>>56)^x]
	}
	return reg
}

func (c *crc) finish(reg uint64) uint64 {
	if !c.spec.reflect {
		reg >>= 64 - c.spec.width
	}
	return reg ^ c.spec.xorout
}
