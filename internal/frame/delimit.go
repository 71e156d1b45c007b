package frame

import "bytes"

// plain is what is known of the bytes at the front of a line with escapes.
type plain struct {
	frame []byte // delimited: room for a piece; escaped: the candidate so far
	read  int    // how many of the bytes held that is, or were searched
	// inside: a delimited piece has been given up, but not its rest.
	inside bool
}

// reset begins at another byte.
func (p *plain) reset() { p.frame, p.read = p.frame[:0], 0 }

// scanDelimited is Scan for a line whose frames stand between delimiters. A
// piece is judged as a whole: it is a frame, or none of it is. [WIRE-18]
//
//	7E 01 7D 5E 02 FC 7E 7E 33 ...
//	│  └── a piece ──┘ │  └ an empty one, idle
//	└ delimiter        └ delimiter: ends the piece, whatever it holds
func (s *Scanner) scanDelimited() bool {
	for {
		held := s.buf[s.pos:]
		if len(held) == 0 {
			return false
		}
		if n := leading(held, s.plan.stuff.delim); n > 0 { // between frames
			s.pass(n)
			continue
		}
		i := bytes.IndexByte(held[s.plain.read:], s.plan.stuff.delim)
		if i < 0 {
			s.work += uint64(len(held) - s.plain.read)
			if !s.waitForDelimiter(held) {
				return false
			}
			continue
		}
		s.work += uint64(i + 1)
		n := s.plain.read + i
		if s.tryPiece(held[:n]) {
			return true
		}
		s.skip(n + 1)
		s.aligned, s.plain.inside = true, false
	}
}

// leading returns how many delimiters stand at the front.
func leading(held []byte, delim byte) int {
	n := 0
	for n < len(held) && held[n] == delim {
		n++
	}
	return n
}

// pass passes over delimiters, which are idle: a shorter way than skip.
func (s *Scanner) pass(n int) {
	s.m.Idle += uint64(n)
	s.work += uint64(n)
	s.pos += n
	s.next, s.total = 0, 0
	s.plain.reset()
	s.aligned, s.plain.inside = true, false
}

// waitForDelimiter keeps the beginning of a piece, unless it is too long for a
// frame or the line has been silent; false when there is nothing to do but wait.
func (s *Scanner) waitForDelimiter(held []byte) bool {
	s.plain.read = len(held)
	tooLong := len(held) > s.plan.stuff.longest(s.plan.max)
	silent := (s.expiring || s.flushing) && s.abandoned()
	if !tooLong && !silent {
		s.next, s.total = len(held)+1, max(s.plan.min+1, len(held)+1)
		return false
	}
	if tooLong && !s.plain.inside {
		s.m.reject(whyLength)
	}
	s.skip(len(held))
	s.aligned, s.plain.inside = false, tooLong
	return true
}

// tryPiece takes a piece if it is a frame. What stands at the stream's beginning
// or behind a silence may be the end of one only, so that a check must hold.
func (s *Scanner) tryPiece(piece []byte) bool {
	if s.plain.inside {
		return false
	}
	if len(piece) > s.plan.stuff.longest(s.plan.max) {
		s.m.reject(whyLength)
		return false
	}
	if !s.aligned && !s.plan.Checked() {
		return false
	}
	frame, ok := s.plan.stuff.unstuff(s.plain.frame[:0], piece)
	s.work += 2 * uint64(len(piece))
	if !ok {
		s.m.reject(whyStuff)
		return false
	}
	if len(frame) > 0 && &frame[0] != &piece[0] {
		s.plain.frame = frame[:0] // it may have grown
	}
	v := s.plan.judgeWhole(frame, s.turn)
	if v.why != accepted {
		s.m.reject(v.why)
		return false
	}
	s.take(v.message, len(piece)+1, frame)
	return true
}

// judgeWhole judges bytes that are one frame or none.
func (p *Plan) judgeWhole(frame []byte, t turns) verdict {
	v := p.judge(frame, t)
	if v.why == undecided || v.why == accepted && int(v.extent.total) != len(frame) {
		return refuse(whyLength)
	}
	return v
}
