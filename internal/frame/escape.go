package frame

// scanEscaped is Scan for a line on which bytes behind sync are escaped. A
// candidate is unescaped as far as the rules ask for more of it; when it fails,
// the search goes on one byte behind its first, as ever. [WIRE-19]
func (s *Scanner) scanEscaped() bool {
	for {
		held := s.buf[s.pos:]
		giveUp := s.expiring || s.flushing
		if len(held) == 0 || len(held) < s.next && !giveUp {
			return false
		}
		if !s.plan.starts(held[0]) {
			s.skip(s.plan.lead(held))
			continue
		}
		v := s.judgeEscaped(held)
		switch v.why {
		case accepted:
			total := int(v.extent.total)
			s.take(v.message, s.rawBytes(held, total), s.plain.frame[:total])
			return true
		case undecided:
			s.await(held, v)
			if !giveUp || !s.abandoned() {
				return false
			}
			if s.turn.open { // the reply will not come; judge without it [WIRE-11]
				s.turn = turns{}
				continue
			}
		default:
			s.m.reject(v.why)
		}
		s.skip(s.passed(held, v))
	}
}

// judgeEscaped judges the candidate at the front. Its sizes count without
// escapes.
func (s *Scanner) judgeEscaped(held []byte) verdict {
	p, stuff := s.plan, &s.plan.stuff
	for want := p.min; ; {
		before := len(s.plain.frame)
		whole, read, broken := stuff.unescape(s.plain.frame, held, s.plain.read, want, stuff.plain)
		s.plain.frame, s.plain.read = whole, read
		s.work += uint64(len(whole) - before)
		if len(s.plain.frame) == 0 {
			return wait(1, p.min)
		}
		v := p.judge(s.plain.frame, s.turn)
		s.work += uint64(len(s.plain.frame))
		switch {
		case v.why != undecided:
			return v
		case broken:
			return refuse(whyStuff)
		case len(s.plain.frame) < want: // all is read
			return v
		}
		if want = int(v.extent.next); want == len(s.plain.frame)+1 {
			want = p.max // up to an end marker, wherever that is
		}
		if want <= len(s.plain.frame) {
			return v
		}
	}
}

// await says when to judge the candidate again: each byte that it lacks takes
// one on the line, or two.
func (s *Scanner) await(held []byte, v verdict) {
	s.next = len(held) + max(int(v.extent.next)-len(s.plain.frame), 1)
	s.total = max(len(held)+int(v.extent.total)-len(s.plain.frame), s.next)
}

// passed returns how many bytes on the line are no frame.
func (s *Scanner) passed(held []byte, v verdict) int {
	if v.drop <= 1 {
		return 1
	}
	return s.rawBytes(held, int(v.drop))
}

// rawBytes returns how many bytes on the line the first n of the candidate are.
func (s *Scanner) rawBytes(held []byte, n int) int {
	s.work += uint64(n)
	return s.plan.stuff.reach(held, n, s.plan.stuff.plain)
}
