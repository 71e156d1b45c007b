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
	s.min = max(c.head+c.p.trailer, c.checkReach(), l.used+c.p.trailer, l.fromEnd)
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
	s.max = s.min + l.restMost
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
		s.step, s.base = l.restSize, l.restAt+c.p.trailer
	case alone || !fixed || l.rest:
		if len(c.p.end) == 0 {
			c.add(prefix+"size", "neither size nor length nor end", "one of them", "")
			return
		}
		if !fixed && c.d.Max == 0 {
			c.add("max", "none", "the largest total in bytes", "the end marker alone does not bound a frame")
		}
		s.step, s.base = l.restSize, l.restAt+c.p.trailer
		c.p.pieces = c.p.pieces || alone
	case m.Struct == "":
		s.size = s.min
	default:
		c.deduceStruct(prefix, l, s, data)
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
	same := true
	for i, m := range p.messages {
		if i == 0 {
			p.min = m.shape.min
		}
		p.min, p.max = min(p.min, m.shape.min), max(p.max, m.shape.max)
		same = same && m.shape.length == c.length && (m.shape.size == 0 || c.length != nil || m.shape.size == c.d.Size)
	}
	c.limit()
	c.sound()
	p.head = c.head
	if c.length != nil {
		p.head = max(p.head, c.length.end)
	}
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
