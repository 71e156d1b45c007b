package frame

import "math/bits"

// crcSpec holds the parameters of a CRC in RevEng's terms.
type crcSpec struct {
	width   int // 3 to 64 bits
	poly    uint64
	init    uint64
	reflect bool // input and output
	xorout  uint64
}

// crc is a CRC ready to run. The register of a plain CRC stands left-aligned
// in 64 bits, so that every width takes the same steps.
type crc struct {
	spec  crcSpec
	start uint64
	table [256]uint64
}

func newCRC(spec crcSpec) *crc {
	c := &crc{spec: spec}
	left := 64 - spec.width
	if spec.reflect {
		c.start = bits.Reverse64(spec.init) >> left
	} else {
		c.start = spec.init << left
	}
	for i := range c.table {
		c.table[i] = c.entry(uint64(i))
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

func (c *crc) update(reg uint64, b []byte) uint64 {
	if c.spec.reflect {
		for _, x := range b {
			reg = reg>>8 ^ c.table[byte(reg)^x]
		}
		return reg
	}
	for _, x := range b {
		reg = reg<<8 ^ c.table[byte(reg>>56)^x]
	}
	return reg
}

func (c *crc) finish(reg uint64) uint64 {
	if !c.spec.reflect {
		reg >>= 64 - c.spec.width
	}
	return reg ^ c.spec.xorout
}
