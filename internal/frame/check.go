package frame

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
)

// check is one compiled checksum.
//
//	AA 55 19 01 ... data ...  C4 D3      kind crc-16/modbus, endian little
//	└────────── over ───────┘ └ at ┘
type check struct {
	name  string // as the description calls it
	kind  checkKind
	size  int // bytes in the frame
	bits  int // 0 for const, which guards nothing
	at    int // negative: from the end
	over  []span
	big   bool
	blank bool
	extra bool
	hex   bool // it stands in ASCII digits, two a byte
	value byte
	crc   *crc
	// need is how many bytes must be in before the check can be made, for a
	// check that stands in the head [WIRE-5]; 0: the whole frame.
	need int
}

// checkKind is how a check is computed.
type checkKind uint8

const (
	kindUnknown checkKind = iota // of a description with a mistake
	kindConst
	kindCRC
	kindSum    // sum8, sum16
	kindNegSum // neg-sum8, neg-sum16: two's complement of the sum
	kindNotSum // not-sum8, not-sum16: ones' complement
	kindXor
	kindFletcher // sum+sum
	kindWords    // sum16w
)

// simpleKind is a check that needs no parameters.
type simpleKind struct {
	kind checkKind
	size int // bytes in the frame
}

// simpleKinds are the names that "kind" may have besides the CRCs'.
var simpleKinds = map[string]simpleKind{ //nolint:gochecknoglobals // a table that is only read
	"sum8": {kindSum, 1}, "sum16": {kindSum, 2}, "xor8": {kindXor, 1},
	"neg-sum8": {kindNegSum, 1}, "neg-sum16": {kindNegSum, 2},
	"not-sum8": {kindNotSum, 1}, "not-sum16": {kindNotSum, 2},
	"sum16w": {kindWords, 2}, "sum+sum": {kindFletcher, 2}, "const": {kindConst, 1},
}

// sums is the running state of a checksum.
type sums struct {
	a, b uint64
	odd  bool // sum16w: half a word is in
}

// verify reports whether a check of a whole frame, or of the head that it
// needs, holds.
func (c *check) verify(frame []byte, total int, extra byte) bool {
	at := resolveAt(c.at, total)
	if at < 0 || at+c.size > len(frame) {
		return false
	}
	if c.hex {
		said, ok := c.loadHex(frame[at : at+c.size])
		return ok && said == c.compute(frame, total, extra)
	}
	return loadCheck(frame[at:at+c.size], c.big) == c.compute(frame, total, extra)
}

// put writes the checksum into a frame that is complete but for it.
func (c *check) put(frame []byte, extra byte) {
	at := resolveAt(c.at, len(frame))
	if c.hex {
		c.putHex(frame[at:at+c.size], c.compute(frame, len(frame), extra))
		return
	}
	storeUint(frame[at:at+c.size], c.compute(frame, len(frame), extra), c.big)
}

// loadHex reads a check that stands in hexadecimal digits; false when they are
// none.
func (c *check) loadHex(b []byte) (uint64, bool) {
	var raw [8]byte
	if _, err := hex.Decode(raw[:], b); err != nil {
		return 0, false
	}
	return loadCheck(raw[:len(b)/2], c.big), true
}

func (c *check) putHex(b []byte, v uint64) {
	var raw [8]byte
	storeUint(raw[:len(b)/2], v, c.big)
	hex.Encode(b, raw[:len(b)/2])
	copy(b, bytes.ToUpper(b))
}

// loadCheck reads 1 to 8 bytes; a CRC may have any width.
func loadCheck(b []byte, big bool) uint64 {
	if len(b) <= 4 {
		return loadUint(b, big)
	}
	var v uint64
	for i := range b {
		if big {
			v = v<<8 | uint64(b[i])
		} else {
			v |= uint64(b[i]) << (8 * i)
		}
	}
	return v
}

// compute returns the checksum that the frame should carry.
func (c *check) compute(frame []byte, total int, extra byte) uint64 {
	if c.kind == kindConst {
		return uint64(c.value)
	}
	s := sums{}
	if c.kind == kindCRC {
		s.a = c.crc.start
	}
	for i := range c.over {
		from, to := c.over[i].resolve(total)
		if c.blank {
			s = c.updateBlank(s, frame, from, to, resolveAt(c.at, total))
			continue
		}
		s = c.update(s, frame[from:to])
	}
	if c.extra {
		one := [1]byte{extra}
		s = c.update(s, one[:])
	}
	return c.finish(s)
}

// sum returns the checksum of one piece of a frame.
func (c *check) sum(b []byte) uint64 {
	switch c.kind {
	case kindCRC:
		return c.crc.finish(c.crc.update(c.crc.start, b))
	case kindSum: // the most usual one; no sums are handed to and fro
		return sumBytes(b) & (1<<c.bits - 1)
	case kindNegSum, kindNotSum:
		return c.finish(sums{a: sumBytes(b)})
	}
	return c.finish(c.update(sums{}, b))
}

// updateBlank covers frame[from:to] with the check's own bytes, at at, as zeros.
func (c *check) updateBlank(s sums, frame []byte, from, to, at int) sums {
	if to <= at || from >= at+c.size {
		return c.update(s, frame[from:to])
	}
	var zeros [8]byte
	s = c.update(s, frame[from:max(from, at)])
	s = c.update(s, zeros[:min(to, at+c.size)-max(from, at)])
	return c.update(s, frame[min(to, at+c.size):to])
}

func (c *check) update(s sums, b []byte) sums {
	switch c.kind {
	case kindCRC:
		s.a = c.crc.update(s.a, b)
	case kindXor:
		for _, x := range b {
			s.a ^= uint64(x)
		}
	case kindFletcher:
		for _, x := range b {
			s.a += uint64(x)
			s.b += s.a
		}
	case kindWords:
		for _, x := range b {
			if s.odd == c.big {
				s.a += uint64(x)
			} else {
				s.a += uint64(x) << 8
			}
			s.odd = !s.odd
		}
	default:
		s.a += sumBytes(b)
	}
	return s
}

// sumBytes adds up bytes, eight at a time and at the end those that are left of
// the last eight.
func sumBytes(b []byte) (sum uint64) {
	if len(b) < 8 {
		for _, x := range b {
			sum += uint64(x)
		}
		return sum
	}
	sum = sumPairs(binary.LittleEndian.Uint64(b[len(b)-8:])>>(8*(-len(b)&7))) * pairsUp >> 48
	for ; len(b) > 8; b = b[8:] {
		sum += sumPairs(binary.LittleEndian.Uint64(b)) * pairsUp >> 48
	}
	return sum
}

// sumPairs adds the bytes of each pair.
func sumPairs(x uint64) uint64 {
	const low = 0x00FF00FF00FF00FF
	return x&low + x>>8&low
}

// pairsUp is what four numbers of 16 bits are multiplied by to have their sum in the
// place of the highest.
const pairsUp = 0x0001000100010001

func (c *check) finish(s sums) uint64 {
	mask := uint64(1)<<c.bits - 1 // 8 or 16; a CRC has its own
	switch c.kind {
	case kindCRC:
		return c.crc.finish(s.a)
	case kindNegSum:
		return -s.a & mask
	case kindNotSum:
		return ^s.a & mask
	case kindFletcher:
		return s.a&0xFF | s.b&0xFF<<8 // stored little-endian: first sum first
	}
	return s.a & mask
}
