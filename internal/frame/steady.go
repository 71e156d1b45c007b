package frame

import (
	"bytes"
	"encoding/binary"
)

// steady is what scanSteady needs of the plainest frames of all: one message of
// one size, behind fixed bytes and with one check, or in front of an end marker
// that alone delimits it.
//
//	AA 55 │ data ... │ check        data ... │ end
//	head      from to  at                   to
type steady struct {
	size     int    // 0: frames are not so plain
	head     uint64 // the fixed bytes, the first one lowest
	mask     uint64 // which of a frame's first eight bytes they are
	from, to int    // the check covers frame[from:to]
	at       int    // where it stands
	check    *check // nil: there is only the end marker
	end      []byte

	// short: the check is a byte of sum in a frame of at most 16. Two reads have
	// all that it covers: so much of the first eight bytes and of the last eight.
	short       bool
	first, last uint64
}

// steadyFrames finds out whether scanSteady can do the plan's work.
func (p *Plan) steadyFrames() {
	p.steady = steady{}
	if p.other || p.turned || p.seq != nil || p.doubt > 0 || p.split > 0 || p.id != nil || len(p.messages) != 1 || len(p.sync) > 8 {
		return
	}
	m := p.messages[0]
	s := steady{size: m.shape.min, to: m.shape.min - len(p.end), end: p.end}
	if s.size < 8 || m.shape.max != s.size || m.shape.length != nil || !p.fixedHead(&s) {
		return
	}
	switch {
	case p.quick.on && len(p.end) == 0:
		s.checked(p)
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

// checked notes the check, which judgeQuick knows to be a plain one.
func (s *steady) checked(p *Plan) {
	s.check = &p.checks[0]
	s.from, s.to, s.at = p.quick.from, s.size-p.quick.behind, s.size+s.check.at
	s.short = s.check.kind == kindSum && s.check.size == 1 && s.size <= 16
	for i := s.from; s.short && i < s.to; i++ {
		if i < 8 {
			s.first |= 0xFF << (8 * i)
		} else {
			s.last |= 0xFF << (8 * (i + 8 - s.size))
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

// scanSteady finds a frame that begins where the one before ended, in the same
// read, as most do. It says what scan would say, or false, and then nothing has
// changed; a test holds the two against each other. It calls nothing and writes
// nothing where that can be helped: a short frame costs no more than some ten
// calls.
func (s *Scanner) scanSteady() bool {
	p := &s.plan.steady
	pos := s.pos + p.size
	if pos > s.row {
		return false
	}
	b := s.buf[s.pos:pos:pos]
	if len(b) < 8 || binary.LittleEndian.Uint64(b)&p.mask != p.head {
		return false
	}
	if p.short {
		x, y := binary.LittleEndian.Uint64(b)&p.first, binary.LittleEndian.Uint64(b[len(b)-8:])&p.last
		if byte((sumPairs(x)+sumPairs(y))*pairsUp>>48) != b[p.at] {
			return false
		}
	} else if !p.holds(b) {
		return false
	}
	f := &s.frame
	s.pos = pos
	f.Bytes, f.Skipped, f.End = b, 0, s.base+uint64(pos)
	s.pace.stamp(f)
	return true
}

// beginRow says that the frame found last is a steady one, and that scanSteady may
// be asked first up to the end of the bytes that came with it.
func (s *Scanner) beginRow() {
	s.row, s.counted = min(len(s.buf), int(s.pace.end-s.base)), s.frame.End
}

// endRow says that what follows is for scan.
func (s *Scanner) endRow() {
	s.settle()
	s.row = 0
}

// settle counts the frames that scanSteady took.
func (s *Scanner) settle() {
	if s.row == 0 {
		return
	}
	end := s.base + uint64(s.pos)
	n := end - s.counted
	s.m.Frames += n / uint64(s.plan.steady.size)
	s.m.FrameBytes += n
	s.work += n
	s.counted = end
}
