package frame

import "fmt"

// A varint has seven bits a byte, the lowest first; the highest bit says that
// another byte follows.
//
//	83 02  =  3 + 2*128  =  259

const maxVarint = 4

// varintSize returns how many bytes the varint at the front of b has: 0 when
// its end is not in b, more than maxVarint when it has none.
func varintSize(b []byte) int {
	for i := range min(len(b), maxVarint) {
		if b[i] < 0x80 {
			return i + 1
		}
	}
	if len(b) >= maxVarint {
		return maxVarint + 1
	}
	return 0
}

// sizeOfVarint returns how many bytes it takes to write n.
func sizeOfVarint(n int64) int {
	size := 1
	for n >>= 7; n > 0; n >>= 7 {
		size++
	}
	return size
}

// loadVarint reads a varint of size bytes; false when a shorter one would say
// the same.
func loadVarint(b []byte, size int) (n int64, ok bool) {
	if size > maxVarint || size > 1 && b[size-1] == 0 {
		return 0, false
	}
	for i := range size {
		n |= int64(b[i]&0x7F) << (7 * i)
	}
	return n, true
}

func putVarint(b []byte, n int64) {
	for i := range b {
		b[i] = byte(n&0x7F) | 0x80
		n >>= 7
	}
	b[len(b)-1] &= 0x7F
}

// needs returns how many bytes must be in to read the length: more than are
// held, or no more.
func (l *lengthField) needs(held []byte) int {
	if !l.varint || len(held) < l.end {
		return l.end
	}
	at := l.refs[0].at
	switch n := varintSize(held[at:]); {
	case n == 0:
		return len(held) + 1
	case n > maxVarint:
		return l.end // total refuses it
	default:
		return max(l.end, at+n)
	}
}

// longer returns how many bytes more than one the varint has; 0 of other
// lengths.
func (l *lengthField) longer(held []byte) int {
	if !l.varint {
		return 0
	}
	return max(varintSize(held[l.refs[0].at:]), 1) - 1
}

// value returns what the first field must say for a frame of total bytes in
// which a varint counts as one; the summed ones keep what b says.
func (l *lengthField) value(b []byte, total int) (int64, error) {
	n := int64(total) - l.add
	if n < 0 || n%l.mul != 0 {
		return 0, fmt.Errorf("no length field can say %d bytes", total)
	}
	n /= l.mul
	for _, r := range l.refs[1:] {
		n -= int64(r.get(b))
	}
	first := l.refs[0]
	switch {
	case l.varint && (n < 0 || sizeOfVarint(n) > maxVarint):
		return 0, fmt.Errorf("%d does not fit into a varint", n)
	case !l.varint && (n < 0 || uint64(n)>>(8*first.size) != 0):
		return 0, fmt.Errorf("%d does not fit into a length field of %d bytes", n, first.size)
	}
	return n, nil
}

// spare returns by how many bytes the varint of a frame of size bytes, in all,
// is longer than one; -1 when none makes that size.
func (l *lengthField) spare(b []byte) int {
	for more := range maxVarint {
		n, err := l.value(b, len(b)-more)
		if err == nil && sizeOfVarint(n) == more+1 {
			return more
		}
	}
	return -1
}

// checkVarint refuses what would stand behind a varint at no fixed place.
func (c *compiler) checkVarint() {
	at := c.p.varint
	if at < 0 {
		return
	}
	const cure = "only fields may; count from the frame's end"
	behind := func(key string, offset int) {
		if offset > at {
			c.add(key, fmt.Sprint("offset ", offset), "a place before the varint length", cure)
		}
	}
	for i := range c.p.checks {
		key := fmt.Sprintf("check[%d]", i)
		behind(key+".at", c.p.checks[i].at)
		for _, s := range c.p.checks[i].over {
			behind(key+".over", s.from)
			if !s.toEnd {
				behind(key+".over", s.to)
			}
		}
	}
	for _, n := range []struct {
		key string
		at  *number
	}{{"id.at", c.p.id}, {"seq.at", c.p.seq}} {
		if n.at != nil {
			behind(n.key, n.at.at)
		}
	}
	for _, m := range c.p.messages {
		if at := m.shape.lastConstant(); at >= 0 {
			behind("message "+m.Name+", const", at)
		}
	}
	if c.p.stuff.kind == stuffDXL2 || c.p.masked.on {
		c.add("length.type", quote("varint"), "another type beside dxl2 or unmask", "")
	}
}
