package frame

// check is one compiled checksum.
//
//	AA 55 19 01 ... data ...  C4 D3      kind crc-16/modbus, endian little
//	└────────── over ───────┘ └ at ┘
type check struct {
	kind  string
	size  int // bytes in the frame
	bits  int // 0 for const, which guards nothing
	at    int // negative: from the end
	over  []span
	big   bool
	blank bool
	extra bool
	value byte
	crc   *crc
	// need is how many bytes must be in before the check can be made, for a
	// check that stands in the head [WIRE-5]; 0: the whole frame.
	need int
}

// simpleKinds are the checks that need no parameters: bytes in the frame.
var simpleKinds = map[string]int{ //nolint:gochecknoglobals // a table that is only read
	"sum8": 1, "sum16": 2, "xor8": 1, "neg-sum8": 1, "neg-sum16": 2,
	"not-sum8": 1, "not-sum16": 2, "sum16w": 2, "sum+sum": 2, "const": 1,
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
	return loadCheck(frame[at:at+c.size], c.big) == c.compute(frame, total, extra)
}

// put writes the checksum into a frame that is complete but for it.
func (c *check) put(frame []byte, extra byte) {
	at := resolveAt(c.at, len(frame))
	storeUint(frame[at:at+c.size], c.compute(frame, len(frame), extra), c.big)
}

// loadCheck reads 1 to 8 bytes; a CRC may have any width.
func loadCheck(b []byte, big bool) uint64 {
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
	if c.kind == "const" {
		return uint64(c.value)
	}
	var s sums
	if c.crc != nil {
		s.a = c.crc.start
	}
	at := resolveAt(c.at, total)
	for _, o := range c.over {
		from, to := o.resolve(total)
		if !c.blank || to <= at || from >= at+c.size {
			s = c.update(s, frame[from:to])
			continue
		}
		var zeros [8]byte
		s = c.update(s, frame[from:max(from, at)])
		s = c.update(s, zeros[:min(to, at+c.size)-max(from, at)])
		s = c.update(s, frame[min(to, at+c.size):to])
	}
	if c.extra {
		one := [1]byte{extra}
		s = c.update(s, one[:])
	}
	return c.finish(s)
}

func (c *check) update(s sums, b []byte) sums {
	switch {
	case c.crc != nil:
		s.a = c.crc.update(s.a, b)
	case c.kind == "xor8":
		for _, x := range b {
			s.a ^= uint64(x)
		}
	case c.kind == "sum+sum":
		for _, x := range b {
			s.a += uint64(x)
			s.b += s.a
		}
	case c.kind == "sum16w":
		for _, x := range b {
			if s.odd == c.big {
				s.a += uint64(x)
			} else {
				s.a += uint64(x) << 8
			}
			s.odd = !s.odd
		}
	default:
		for _, x := range b {
			s.a += uint64(x)
		}
	}
	return s
}

func (c *check) finish(s sums) uint64 {
	switch c.kind {
	case "sum8", "xor8":
		return s.a & 0xFF
	case "sum16", "sum16w":
		return s.a & 0xFFFF
	case "neg-sum8":
		return -s.a & 0xFF
	case "neg-sum16":
		return -s.a & 0xFFFF
	case "not-sum8":
		return ^s.a & 0xFF
	case "not-sum16":
		return ^s.a & 0xFFFF
	case "sum+sum":
		return s.a&0xFF | s.b&0xFF<<8 // stored little-endian: first sum first
	}
	return c.crc.finish(s.a)
}
