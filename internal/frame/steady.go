package frame

import (
	"bytes"
	"encoding/binary"
	"math"
)

// steady is what scanSteady needs of the plainest frames of all: one message of
// one size, behind fixed bytes and with one check, or in front of an end marker
// that alone delimits it.
//
//	AA 55 │ data ... │ check        data ... │ end
//	head    from     to, at                  to
type steady struct {
	size     int // of a frame; frames that are not so plain have one that no line holds
	message  *MessagePlan
	head     uint64 // the fixed bytes, low byte first
	mask     uint64 // which of the first eight bytes they are
	from, to int    // the check covers frame[from:to]
	at       int    // where it stands
	check    *check // nil: there is only the end marker
	end      []byte
	sum8     bool // the check is the sum of all bytes but those of sync,
	left     byte // whose sum this is
}

// steadyFrames finds out whether scanSteady can do the plan's work.
func (p *Plan) steadyFrames() {
	p.steady.size = math.MaxInt
	if p.other || p.seq != nil || p.doubt > 0 || p.split > 0 || p.id != nil || len(p.messages) != 1 || len(p.sync) > 8 {
		return
	}
	m := p.messages[0]
	s := steady{size: m.shape.min, message: m, to: m.shape.min - len(p.end), end: p.end}
	if s.size < 8 || m.shape.max != s.size || m.shape.length != nil || !p.fixedHead(&s) {
		return
	}
	switch {
	case p.quick.on && len(p.end) == 0:
		s.take(p)
	case !p.pieces || !m.shape.fits(s.size) || len(m.shape.consts)+len(m.shape.series)+len(m.shape.moved) > 0:
		return
	}
	p.steady = s
}

// fixedHead notes sync; false where one of its bytes may vary.
func (p *Plan) fixedHead(s *steady) bool {
	for i := range p.sync {
		if !p.sync[i].literal {
			return false
		}
		s.head |= uint64(p.sync[i].first) << (8 * i)
		s.mask |= 0xFF << (8 * i)
	}
	return true
}

// take notes the check.
func (s *steady) take(p *Plan) {
	s.check = &p.checks[0]
	s.from, s.to, s.at = p.quick.from, s.size-p.quick.behind, s.size+s.check.at
	if s.sum8 = s.check.kind == kindSum && s.check.size == 1 && s.from <= len(p.sync); s.sum8 {
		for i := range s.from {
			s.left += p.sync[i].first
		}
	}
}

// holds reports whether the frame's check holds, or whether its end marker is
// the first one in it.
func (s *steady) holds(frame []byte) bool {
	c := s.check
	if c == nil {
		return bytes.Index(frame, s.end) == s.to
	}
	return loadCheck(frame[s.at:s.at+c.size], c.big) == c.sum(frame[s.from:s.to])
}

// scanSteady finds a frame that begins where the one before ended, as most do. It
// says what scan would say, or false, and then nothing has changed; a test holds
// the two against each other.
func (s *Scanner) scanSteady() bool {
	p := &s.plan.steady
	held := s.buf[s.pos:]
	if len(held) < p.size || !s.inRow || binary.LittleEndian.Uint64(held)&p.mask != p.head {
		return false
	}
	b := held[:p.size:p.size]
	if p.sum8 {
		if byte(sumBytes(b[:p.to]))-p.left != b[p.at] {
			return false
		}
	} else if !p.holds(b) {
		return false
	}
	f, m := &s.frame, p.message
	s.work += uint64(len(b))
	s.pos += len(b)
	s.m.Frames++
	s.m.FrameBytes += uint64(len(b))
	s.next, s.total = 0, 0
	f.End = s.base + uint64(s.pos)
	f.Skipped = 0
	f.Bytes, f.Message = b, m
	s.stamp(f)
	return true
}
