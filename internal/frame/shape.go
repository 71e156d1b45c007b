package frame

import (
	"fmt"
	"slices"
)

// shape works out how many bytes the frames of one message have.
func (c *compiler) shape(prefix string, m Message, l *layout, s *shape, data int) {
	if m.Size < 0 || m.Size > maxTotal {
		c.add(prefix+"size", fmt.Sprint(m.Size), fmt.Sprintf("1 to %d bytes", maxTotal), "")
	}
	if m.Size != 0 && m.Length != nil {
		c.add(prefix+"size", "size and length", "one of them", "")
	}
	own := c.lengthField(prefix+"length", m.Length)
	c.plainLength(prefix+"length", own)
	if len(l.series) > 0 {
		l.used = l.least()
		l.full = l.used
	}
	s.tail = max(c.p.trailer, l.fromEnd)
	s.min = max(c.head+c.p.trailer, c.checkReach(), l.used+s.tail)
	if m.Struct == "" {
		s.min = max(s.min, l.full+c.p.trailer)
	} else {
		s.min = max(s.min, l.full)
	}
	switch {
	case m.Size > 0:
		s.size, s.length = m.Size, c.length // where there is a length, it must say that size
	case own != nil:
		s.length = own
	case c.d.Size > 0:
		s.size = c.d.Size
	case c.length != nil:
		s.length = c.length
	default:
		c.deduce(prefix, m, l, s, data)
	}
	if s.length != nil {
		s.min = max(s.min, s.length.end+c.p.trailer)
		if s.size == 0 && l.restMax == 0 && len(m.Fields) == 0 && m.Struct == "" && c.d.Max == 0 {
			c.add("max", "none", "the largest total in bytes",
				fmt.Sprintf("message %q has a length but no fields to tell its size", m.Name))
		}
	}
	s.max = s.min + l.restMost + l.slack[len(l.series)]
	if l.zeroFill {
		s.min = c.shortest(prefix, s, l)
	}
	if s.size > 0 {
		if s.size < s.min {
			c.add(prefix+"size", fmt.Sprint(s.size), fmt.Sprintf("at least %d", s.min), "the fields, checks and end marker need so many bytes")
		}
		s.min, s.max = s.size, s.size
	}
}

// checkReach returns the bytes that checks at absolute places need.
func (c *compiler) checkReach() int {
	reach := c.p.trailer
	for i := range c.p.checks {
		if k := &c.p.checks[i]; k.at >= 0 {
			reach = max(reach, k.at+k.size+c.p.trailer, k.need)
		}
	}
	if n := c.p.seq; n != nil && n.at >= 0 {
		reach = max(reach, n.end()+c.p.trailer)
	}
	return reach
}

// deduce finds the size of a frame that has neither size nor length: from
// fields of a fixed size, or up to the end marker.
func (c *compiler) deduce(prefix string, m Message, l *layout, s *shape, data int) {
	fixed := m.Struct != "" || len(m.Fields) > 0
	alone := len(c.p.sync) == 0 && len(c.d.Check) == 0 && len(c.p.end) > 0
	switch {
	case c.p.stuff.delimited():
		if !fixed && c.d.Max == 0 {
			c.add("max", "none", "the largest frame in bytes, without escapes", "delimiters alone do not bound a frame")
		}
		if m.Struct != "" {
			c.deduceStruct(prefix, l, s, data)
			s.min, s.size = max(s.min, s.size), 0
		}
		s.units(l, c.p.trailer)
	case alone || !fixed || l.rest:
		if len(c.p.end) == 0 {
			c.add(prefix+"size", "neither size nor length nor end", "one of them", "")
			return
		}
		if !fixed && c.d.Max == 0 {
			c.add("max", "none", "the largest total in bytes", "the end marker alone does not bound a frame")
		}
		s.units(l, c.p.trailer)
		c.p.pieces = c.p.pieces || alone
	case len(l.series) > 0:
		s.counts = true
	case m.Struct == "":
		s.size = s.min
	default:
		c.deduceStruct(prefix, l, s, data)
	}
}

// units notes what the values of a repeat = "rest" add to a frame whose size
// only a marker says. Behind a part of a length of its own they begin anywhere.
func (s *shape) units(l *layout, trailer int) {
	if len(l.series) == 0 {
		s.step, s.base = l.restSize, l.restAt+trailer
	}
}

// deduceStruct: a pasted pack line may or may not hold the check and the end
// marker; bytes without a name at its end say that it does.
func (c *compiler) deduceStruct(prefix string, l *layout, s *shape, data int) {
	switch unnamed := l.full - l.used; {
	case unnamed == 0 || c.p.trailer == 0 || data > 0 && unnamed < c.p.trailer:
		s.size = max(s.min, l.full+c.p.trailer)
	case unnamed >= c.p.trailer:
		s.size = max(s.min, l.full)
	default:
		c.add(prefix+"size", "none", "the whole frame's bytes",
			"the struct's last values have no names, but are fewer bytes than check and end marker")
	}
}

// shapes works out what holds for all messages.
func (c *compiler) shapes() {
	p := c.p
	if p.split > 0 {
		c.lineShapes()
		return
	}
	same := true
	for i, m := range p.messages {
		if i == 0 {
			p.min = m.shape.min
		}
		p.min, p.max = min(p.min, m.shape.min), max(p.max, m.shape.max)
		same = same && m.shape.length == c.length && (m.shape.size == 0 || c.length != nil || m.shape.size == c.d.Size)
	}
	p.head = c.head
	if c.length != nil {
		p.head = max(p.head, c.length.end)
	}
	if p.stuff.kind == stuffDXL2 { // each three bytes of data may bring another FD
		p.max += max(p.max-p.head-p.trailer, 0) / 3
	}
	c.limit()
	c.sound()
	if p.varint >= 0 {
		defer func() { p.max = min(p.max+maxVarint-1, maxTotal) }()
	}
	if c.length == nil && c.d.Size == 0 && !p.stuff.delimited() {
		return
	}
	extra := slices.ContainsFunc(p.checks, func(k check) bool { return k.extra })
	open := &shape{size: c.d.Size, length: c.length, max: p.max, min: max(c.head+c.p.trailer, c.checkReach())}
	if c.length != nil {
		open.min = max(open.min, c.length.end+c.p.trailer)
	}
	if same && c.length != nil && !extra {
		p.early = &shape{length: c.length, min: p.min, max: p.max}
	}
	// Without a check an unlisted id is noise; where the check takes a byte
	// from the message, it cannot be made.
	if p.strict || p.id == nil || !p.Checked() || extra {
		return
	}
	p.open = open
	if p.early != nil {
		p.early.min = open.min
	}
	p.min = min(p.min, open.min)
}

// limit applies max to every frame whose size varies.
func (c *compiler) limit() {
	p := c.p
	if c.d.Max > 0 {
		if c.d.Max < p.max && c.d.Max < p.min {
			c.add("max", fmt.Sprint(c.d.Max), fmt.Sprintf("at least %d", p.min), "the smallest frame has so many bytes")
		}
		p.max = c.d.Max
	}
	for _, m := range p.messages {
		switch s := &m.shape; {
		case s.size > 0:
			p.max = max(p.max, s.size)
		case c.p.pieces:
			s.max = min(p.max, max(s.max, s.min))
		default:
			s.max = p.max
		}
	}
	if p.max > maxTotal {
		c.add("max", fmt.Sprint(p.max), fmt.Sprintf("at most %d", maxTotal), "")
	}
}

// sound refuses a frame that nothing could tell from noise.
func (c *compiler) sound() {
	p := c.p
	if len(p.sync) == 0 && len(p.end) == 0 && !p.stuff.delimited() && !p.Checked() && !c.badCheck && len(p.messages) > 0 {
		c.add("sync", "neither sync nor end nor check", "one of them", "nothing tells a frame from noise")
	}
	if p.pieces && len(p.messages) > 1 {
		c.add("message", fmt.Sprint(len(p.messages), " messages"), "one",
			"an end marker alone cannot tell messages apart")
	}
	if p.id != nil && p.pieces {
		c.add("id", "id", "no id", "an end marker alone cannot tell messages apart")
	}
}

// constants hands on the constants, those at a place of their own apart.
func (l *layout) constants(s *shape) {
	s.series, s.ends, s.zeroFill = l.series, l.ends, l.zeroFill
	for _, c := range l.consts {
		if c.moving == (moving{}) && !l.zeroFill || c.at < 0 {
			s.consts = append(s.consts, c.constant)
		} else {
			s.moved = append(s.moved, c)
		}
	}
}

// lastConstant returns the highest place from the front of a constant; -1 when
// there is none.
func (s *shape) lastConstant() int {
	at := -1
	for i := range s.consts {
		at = max(at, s.consts[i].at)
	}
	for i := range s.moved {
		at = max(at, s.moved[i].at)
	}
	return at
}

// together refuses parts of a length of their own where the checks and the
// fields see different bytes: they are measured in what the checks see.
func (c *compiler) together(prefix string, l *layout) {
	if c.p.viewed() && (len(l.series) > 0 || l.zeroFill) {
		c.add(prefix+"fields", "a repeat by a field, z or zero_fill beside unmask, a varint or dxl2", `repeat = "rest"`, "")
	}
}

// shortest returns the fewest bytes of a frame with zero_fill.
func (c *compiler) shortest(prefix string, s *shape, l *layout) int {
	switch {
	case s.counts || s.size > 0 && c.d.Size == 0 && s.length == nil:
		c.add(prefix+"zero_fill", "neither length nor end", "one of them, so that a frame can be shorter than its fields", "")
	case l.rest:
		c.add(prefix+"zero_fill", `zero_fill beside repeat = "rest"`, "one of them", "")
	}
	n := max(c.head+c.p.trailer, c.checkReach())
	if l.fromEnd > 0 { // what counts from the end is never missing
		n = max(n, s.data+s.tail)
	}
	if s.length != nil {
		n = max(n, s.length.end+c.p.trailer)
	}
	return n
}
