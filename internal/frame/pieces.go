package frame

import "bytes"

// judgePiece handles frames that only their end marker delimits [WIRE-12]. A
// marker that leaves an impossible size may be data, so the next one decides.
func (p *Plan) judgePiece(held []byte, aligned bool) verdict {
	if p.split > 0 {
		return p.judgeLine(held, aligned)
	}
	m := p.messages[0]
	first := p.firstEnd(held)
	if first < len(p.end) { // none
		if len(held) > p.max {
			return refuse(whySync).dropping(len(held) - len(p.end) + 1)
		}
		return wait(len(held)+1, p.min).dropping(len(held))
	}
	if !aligned || first > p.max {
		return refuse(whySync).dropping(first)
	}
	if m.shape.fits(first) {
		return p.acceptPiece(m, held[:first], first)
	}
	overlap := first - len(p.end) + 1
	second := bytes.Index(held[overlap:], p.end) + overlap + len(p.end)
	switch {
	case second >= overlap+len(p.end):
		if m.shape.fits(second) {
			return p.acceptPiece(m, held[:second], first)
		}
		return refuse(whyLength).dropping(first)
	case len(held) >= p.max:
		return refuse(whyLength).dropping(first)
	}
	return wait(len(held)+1, p.max).dropping(first)
}

// firstEnd returns where the first end marker ends; less than its length when
// there is none. A short piece is searched at once, a long one byte by byte of
// the marker's first, so that the piece that is expected comes first.
func (p *Plan) firstEnd(held []byte) int {
	i := bytes.Index(held[:min(len(held), p.max)], p.end)
	if i < 0 {
		i = bytes.Index(held, p.end)
	}
	return i + len(p.end)
}

// dropping returns the verdict with more than one byte that is no frame.
func (v verdict) dropping(n int) verdict {
	v.drop = int32(n)
	return v
}

func (p *Plan) acceptPiece(m *MessagePlan, frame []byte, drop int) verdict {
	v := p.fitWhole(&m.shape, frame).dropping(drop)
	v.message = m
	return v
}
