package frame

// sequence counts what the numbers of a board's frames say about lost ones.
type sequence struct {
	last uint64 // the highest so far, as the counter runs
	seen bool
	// A number a little behind last is a frame out of order, or the first one of
	// a board that has just restarted; the next number tells.
	late    uint64
	pending bool
}

// mostLate is by how much a frame out of order may stay behind: a step back
// that is longer is a restart.
const mostLate = 16

// count takes the number of the next frame.
func (s *sequence) count(n *number, frame []byte, m *Metrics) {
	place := n.in(frame)
	if place == nil {
		return
	}
	seq := n.load(place)
	if s.pending {
		s.pending = false
		if seq == wrapped(s.late+1, n.size) {
			m.SeqBack++
			s.last = s.late
		} else {
			m.SeqOutOfOrder++
		}
	}
	if !s.seen {
		s.last, s.seen = seq, true
		return
	}
	half := uint64(1) << (8*n.size - 1)
	switch step := wrapped(seq-s.last, n.size); {
	case step == 0:
		m.SeqRepeated++
	case step < half:
		m.SeqLost += step - 1
	case seq > 0 && wrapped(s.last-seq, n.size) <= mostLate: // at 0 a counter begins
		s.late, s.pending = seq, true
		return
	default:
		m.SeqBack++
	}
	s.last = seq
}

// wrapped cuts a number to so many bytes, as the counter does.
func wrapped(n uint64, size int) uint64 {
	drop := uint(64 - 8*size)
	return n << drop >> drop
}
