package frame

import "bytes"

// fit tries one shape; it rejects as early as a byte proves it wrong.
func (p *Plan) fit(s *shape, held []byte) verdict {
	total := s.size
	switch l := s.length; {
	case s.counts:
		return p.fitCounts(s, held)
	case l != nil:
		if need := l.needs(held); need > len(held) {
			return p.fitPart(s, held, 0, need)
		}
		total = l.total(held)
		if total < s.min || total > s.max {
			return refuse(whyLength) // [WIRE-3]
		}
		total += l.longer(held)
	case total > 0:
	case p.whole:
		if total = len(held); !s.fits(total) {
			return refuse(whyLength)
		}
	default:
		return p.fitEnd(s, held)
	}
	switch {
	case total > len(held):
		return p.fitPart(s, held, total, total)
	case total < len(held) && p.whole:
		return refuse(whyLength) // the delimiter says another size [WIRE-18]
	}
	return p.fitWhole(s, held[:total])
}

// fitEnd tries the end markers that leave a possible size, one after the
// other: the bytes of a marker may also be data.
func (p *Plan) fitEnd(s *shape, held []byte) verdict {
	out := refuse(whyEnd)
	reach := min(len(held), s.max)
	for from := max(s.min-len(p.end), 0); from < reach; {
		i := bytes.Index(held[from:reach], p.end)
		if i < 0 {
			break
		}
		if total := from + i + len(p.end); s.fits(total) {
			if v := p.fitWhole(s, held[:total]); v.why == accepted {
				return v
			}
			out.why = whyCheck
		}
		from += i + 1
	}
	if len(held) >= s.max {
		return out
	}
	// What can be known without the total may still refuse it now.
	v := p.fitPart(s, held, 0, len(held)+1)
	v.extent.total = int32(s.min)
	return v
}

// fitPart tests the beginning of a frame of total bytes, 0 when that is not
// known yet; next is how far to read for more.
func (p *Plan) fitPart(s *shape, held []byte, total, next int) verdict {
	for i := range s.consts {
		c := &s.consts[i]
		at := resolveAt(c.at, total)
		switch {
		case at < 0: // counts from an end that is not known yet
		case at+c.size > len(held):
			next = min(next, at+c.size)
		case !c.holds(held, at):
			return refuse(whyConst)
		}
	}
	for i := range p.checks[:p.headed] {
		c := &p.checks[i]
		if c.need > len(held) {
			next = min(next, c.need)
		} else if !c.verify(held, c.need, s.extra) {
			return refuse(whyCheck)
		}
	}
	if len(s.series) > 0 {
		if why := s.brokenEarly(held, total, p.trailer); why != accepted {
			return refuse(why)
		}
	}
	return wait(max(next, len(held)+1), max(total, s.min))
}

// fits reports whether a frame may have that size.
func (s *shape) fits(total int) bool {
	return total >= s.min && total <= s.max && (s.step == 0 || (total-s.base)%s.step == 0)
}

// fitWhole tests a whole frame.
func (p *Plan) fitWhole(s *shape, frame []byte) verdict {
	switch why := p.broken(s, frame); {
	case why == accepted:
		return accept(len(frame))
	case why == whyCheck && p.skips && p.headHolds(s, frame):
		return refuse(why).dropping(len(frame))
	default:
		return refuse(why)
	}
}

// headHolds reports whether the header's checks hold, so that the frame's size
// can be believed.
func (p *Plan) headHolds(s *shape, frame []byte) bool {
	for i := range p.checks[:p.headed] {
		if c := &p.checks[i]; !c.verify(frame, c.need, s.extra) {
			return false
		}
	}
	return true
}

// broken returns the first rule that a whole frame breaks, or accepted.
func (p *Plan) broken(s *shape, frame []byte) reason {
	for i := range s.consts {
		c := &s.consts[i]
		if !c.holds(frame, resolveAt(c.at, len(frame))) {
			return whyConst
		}
	}
	if len(s.series)+len(s.moved) > 0 {
		if why := s.brokenParts(frame, p.trailer); why != accepted {
			return why
		}
	}
	for i := range p.checks[:p.headed] {
		if c := &p.checks[i]; !c.verify(frame, c.need, s.extra) {
			return whyCheck
		}
	}
	if len(p.end) > 0 && !bytes.HasSuffix(frame, p.end) {
		return whyEnd
	}
	for i := range p.checks[p.headed:] {
		if !p.checks[p.headed+i].verify(frame, len(frame), s.extra) {
			return whyCheck
		}
	}
	return accepted
}

// holds reports whether the constant stands at the place.
func (c *constant) holds(b []byte, at int) bool {
	return at >= 0 && at+c.size <= len(b) && loadUint(b[at:at+c.size], c.big)&^c.free == c.value
}
