package protogen

import "math/bits"

// crc computes a CRC bit by bit, as its definition says, in RevEng's terms.
type crc struct {
	width        int
	poly         uint64
	init, xorout uint64
	reflect      bool
}

func (c crc) sum(b []byte) uint64 {
	reg := c.init
	mask := ^uint64(0) >> (64 - c.width)
	for _, x := range b {
		if c.reflect {
			x = bits.Reverse8(x)
		}
		for i := 7; i >= 0; i-- {
			out := reg>>(c.width-1)&1 ^ uint64(x>>i&1)
			reg = reg << 1 & mask
			if out == 1 {
				reg ^= c.poly
			}
		}
	}
	if c.reflect {
		reg = bits.Reverse64(reg) >> (64 - c.width)
	}
	return reg ^ c.xorout
}

// The sums by their names in the frame language, and the bytes that they take.
var sums = map[string]struct { //nolint:gochecknoglobals // a table that is only read
	size int
	sum  func([]byte) uint64
}{
	"sum8":      {1, add},
	"sum16":     {2, add},
	"xor8":      {1, xor},
	"neg-sum8":  {1, func(b []byte) uint64 { return -add(b) }},
	"not-sum8":  {1, func(b []byte) uint64 { return ^add(b) }},
	"neg-sum16": {2, func(b []byte) uint64 { return -add(b) }},
	"sum+sum":   {2, fletcher},
}

func add(b []byte) (n uint64) {
	for _, x := range b {
		n += uint64(x)
	}
	return n
}

func xor(b []byte) (n uint64) {
	for _, x := range b {
		n ^= uint64(x)
	}
	return n
}

// fletcher has the sum in the low byte, the sum of sums in the high one.
func fletcher(b []byte) uint64 {
	var one, two byte
	for _, x := range b {
		one += x
		two += one
	}
	return uint64(two)<<8 | uint64(one)
}

// seal is the check of a protocol: how it is computed, and where it stands.
//
//	AA 55 | id len fields ... | check | 0D 0A
//	       └from         back┘ └at
type seal struct {
	sum  func([]byte) uint64
	size int // bytes, 1 to 4
	big  bool
	at   int // negative: from the frame's end
	from int // the first byte covered
	back int // bytes at the frame's end that are not covered
}

// place returns where the check stands in a frame of total bytes.
func (s *seal) place(total int) int {
	if s.at < 0 {
		return total + s.at
	}
	return s.at
}

// put seals a frame that is complete but for its check.
func (s *seal) put(b []byte) {
	at := s.place(len(b))
	putUint(b[at:at+s.size], s.sum(b[s.from:len(b)-s.back]), s.big)
}

// putUint writes the low bytes of v, as many as b has.
func putUint(b []byte, v uint64, big bool) {
	for i := range b {
		at := i
		if big {
			at = len(b) - 1 - i
		}
		b[at] = byte(v >> (8 * i))
	}
}
