package frame

import "fmt"

// [WIRE-26] The fields' form of a frame differs from the one that the checks see where a
// length is a varint, where the line is dxl2 and where data is masked:
//
//	frame   AA 83 01 46 35 ... 5C     ─▶  fields   AA 83 13 02 ... 5C
//	           varint └ masked ┘                      one byte, unmasked

// byteMask undoes what the board did to a byte of its data, and does it.
type byteMask struct{ sub, xor byte }

func (m *byteMask) undo(b byte) byte { return (b - m.sub) ^ m.xor }
func (m *byteMask) do(b byte) byte   { return (b ^ m.xor) + m.sub }

// masked is the masked part of a frame, in the fields' form.
type masked struct {
	mask byteMask
	over span
	on   bool
}

// unmasking compiles unmask. It knows what a number is by its place, so it runs
// when sync, checks and numbers are there.
func (c *compiler) unmasking() {
	d := c.d.Unmask
	if d == nil {
		return
	}
	u := &c.p.masked
	for _, k := range []struct {
		key string
		n   int
	}{{"sub", d.Sub}, {"xor", d.Xor}} {
		if k.n < 0 || k.n > 255 {
			c.add("unmask."+k.key, fmt.Sprint(k.n), "0 to 255", "")
			return
		}
	}
	if (d.Sub == 0) == (d.Xor == 0) {
		c.add("unmask", "both or none", "sub or xor", "")
		return
	}
	u.on, u.mask = true, byteMask{sub: byte(d.Sub), xor: byte(d.Xor)}
	u.over = span{from: max(c.d.Data, len(c.p.sync)), to: -c.p.trailer, toEnd: c.p.trailer == 0}
	if d.Over != "" {
		over, err := parseSpan(d.Over)
		if err != nil || over.from < len(c.p.sync) {
			c.add("unmask.over", quote(d.Over), `a slice behind sync, such as "10:-2"`, "")
			return
		}
		u.over = over
	}
	c.plainLength("unmask.over", c.length)
	for _, n := range []*number{c.p.id, c.p.seq} {
		if n != nil && u.covers(n.at, n.size) {
			n.mask = &u.mask
		}
	}
}

// covers reports whether bytes at an offset lie in the masked part of every
// frame that has them.
func (u *masked) covers(at, size int) bool {
	if !u.on || at < u.over.from && at >= 0 {
		return false
	}
	switch {
	case u.over.toEnd:
		return true
	case (u.over.to < 0) == (at < 0):
		return at+size <= u.over.to
	}
	return at >= 0 // to counts from an end that stands behind all data
}

// constants turns constants into what stands on the line for them.
func (u *masked) constants(s *shape) {
	for i := range s.consts {
		u.constant(&s.consts[i])
	}
	for i := range s.moved {
		u.constant(&s.moved[i].constant)
	}
}

func (u *masked) constant(c *constant) {
	if !u.covers(c.at, c.size) {
		return
	}
	var b [8]byte
	storeUint(b[:c.size], c.value, c.big)
	for k := range b[:c.size] {
		b[k] = u.mask.do(b[k])
	}
	c.value = loadCheck(b[:c.size], c.big)
}

// plainLength refuses a length that stands among masked bytes.
func (c *compiler) plainLength(key string, l *lengthField) {
	if l == nil {
		return
	}
	for _, r := range l.refs {
		if c.p.masked.covers(r.at, r.size) {
			c.add(key, fmt.Sprint("a length at ", r.at, " among unmasked bytes"), "data behind the length", "unmask.over says which bytes are masked")
		}
	}
}

// checkInserted refuses constants that the extra bytes of a dxl2 line move.
func (c *compiler) checkInserted() {
	if c.p.stuff.kind != stuffDXL2 {
		return
	}
	for _, m := range c.p.messages {
		if at := m.shape.lastConstant(); at >= c.p.head {
			c.add("message "+m.Name+", const", fmt.Sprint("offset ", at), "a place in front of the data", "on a dxl2 line an extra FD moves what stands behind it")
		}
	}
}

// viewed reports whether the fields see another form of a frame than the checks.
func (p *Plan) viewed() bool {
	return p.masked.on || p.varint >= 0 || p.stuff.kind == stuffDXL2
}

// appendView appends the fields' form of a whole frame.
func (p *Plan) appendView(dst, frame []byte) []byte {
	start := len(dst)
	switch {
	case p.stuff.kind == stuffDXL2:
		dst = p.withoutFD(dst, frame)
	case p.varint >= 0 && len(frame) > p.varint:
		n := varintSize(frame[p.varint:])
		dst = append(dst, frame[:p.varint+1]...)
		dst = append(dst, frame[min(p.varint+max(n, 1), len(frame)):]...)
	default:
		dst = append(dst, frame...)
	}
	if p.masked.on {
		view := dst[start:]
		from, to := p.masked.over.resolve(len(view))
		for i := from; i < to; i++ {
			view[i] = p.masked.mask.undo(view[i])
		}
	}
	return dst
}

// appendFrame appends the checks' form of the frame of m that the fields see as
// view, with room for its varint; what encodeFixed writes is not there yet.
func (p *Plan) appendFrame(dst, view []byte, m *MessagePlan) ([]byte, error) {
	start := len(dst)
	switch l := m.shape.length; {
	case p.stuff.kind == stuffDXL2:
		dst = p.withFD(dst, view)
	case l != nil && l.varint:
		n, err := l.value(view, len(view))
		if err != nil {
			return dst, err
		}
		var spare [maxVarint]byte
		dst = append(dst, view[:p.varint+1]...)
		dst = append(dst, spare[:sizeOfVarint(n)-1]...)
		dst = append(dst, view[p.varint+1:]...)
	default:
		dst = append(dst, view...)
	}
	if p.masked.on { // no varint stands beside it: refused by Compile
		frame := dst[start:]
		from, to := p.masked.over.resolve(len(frame))
		for i := from; i < to; i++ {
			frame[i] = p.masked.mask.do(frame[i])
		}
	}
	return dst, nil
}

// withoutFD appends a Dynamixel 2 frame without the FD that follows each
// FF FF FD of its data.
func (p *Plan) withoutFD(dst, frame []byte) []byte {
	from, to := p.dataOf(len(frame))
	dst = append(dst, frame[:from]...)
	for i := from; i < to; i++ {
		dst = append(dst, frame[i])
		if headAt(frame[from:i+1]) && i+1 < to && frame[i+1] == 0xFD {
			i++
		}
	}
	return append(dst, frame[to:]...)
}

// withFD is the reverse.
func (p *Plan) withFD(dst, view []byte) []byte {
	from, to := p.dataOf(len(view))
	dst = append(dst, view[:from]...)
	for i := from; i < to; i++ {
		dst = append(dst, view[i])
		if headAt(view[from : i+1]) {
			dst = append(dst, 0xFD)
		}
	}
	return append(dst, view[to:]...)
}

// headAt reports whether data ends with what begins a frame.
func headAt(data []byte) bool {
	n := len(data)
	return n >= 3 && data[n-3] == 0xFF && data[n-2] == 0xFF && data[n-1] == 0xFD
}

// dataOf returns what stands between the head and the checks of a frame.
func (p *Plan) dataOf(total int) (from, to int) {
	to = max(total-p.trailer, 0)
	return min(p.head, to), to
}
