package noise

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

const (
	twins = 8  // how many other damages of the same kind each damaged frame is tried with
	every = 64 // which frames are looked into for shorter ones
)

// countOdds works out how many false readings the checks allow; rather too
// many than too few, for some candidates are counted twice.
func (j *judge) countOdds(m frame.Metrics, rng *rand.Rand) {
	if !j.plan.Checked() {
		j.tally.odds = math.NaN()
		return
	}
	// A candidate in the wrong place holds what may be taken for random bytes:
	// one in 2^bits passes. So does the beginning of a whole frame.
	failed := int(m.CheckFailed) + int(m.Frames) - j.tally.found()
	inside := 0
	for i := 0; i < len(j.line.frames); i += every {
		inside += every * j.beginnings(j.line.frames[i].sent)
	}
	bits := -float64(j.plan.CheckBits())
	guessed := float64(failed*rivals(j.plan)) * math.Exp2(bits)
	again, shifted := j.tryAgain(rng)
	j.tally.odds = max(guessed, shifted) + float64(inside)*math.Exp2(bits) + again
}

// tryAgain tries how many of the damaged frames pass.
//
// One in its right place is not random, and its check has odds of its own: a sum
// often misses two bits, and a byte that is lost when the next frame brings the
// same one; a CRC misses neither; and where the head has a check of its own, it is
// good. So the same damage is tried in other places of the same frame, alone.
//
// Nor is a candidate random that begins inside a damaged frame, where data looks
// like a head, and ends in the next. With an exclusive or, or a sum that is negated,
// it passes wherever the bytes between the two heads and the bytes behind the next
// one's come to the same: next to the head always. That is tried with any other
// frame of the line behind.
func (j *judge) tryAgain(rng *rand.Rand) (again, shifted float64) {
	for i := range j.line.frames {
		f := &j.line.frames[i]
		if f.harm == (harm{}) {
			continue
		}
		for range twins {
			twin := f.harm.again(f.bytes, rng)
			if j.passes(twin, j.line.behind(f.to, j.plan), f.sent) {
				again += 1. / twins
			}
			if other := &j.line.frames[rng.IntN(len(j.line.frames))]; f.lead == 0 && j.passesShifted(twin, j.line.behind(other.from, j.plan), f.sent) {
				shifted += 1. / twins
			}
		}
	}
	return again, shifted
}

// behind returns the bytes from there on that a frame may reach into.
func (l *line) behind(at int, p *frame.Plan) []byte {
	return l.bytes[at:min(at+p.MaxWire(), len(l.bytes))]
}

// passesShifted reports whether a listed frame begins inside a twin, behind its
// first byte, and not the one that was sent.
func (j *judge) passesShifted(twin, behind []byte, was sent) bool {
	if len(twin) < 2 {
		return false
	}
	s := frame.NewScanner(j.plan, 0)
	s.Feed(reading.Chunk{Bytes: slices.Concat(twin[1:], behind)})
	if !s.Scan() {
		return false
	}
	f := s.Frame()
	return f.End-uint64(len(f.Raw())) < uint64(len(twin)-1) && f.Message != nil && !bytes.Equal(f.Bytes, was.frame)
}

// beginnings counts the shorter candidates at a frame's beginning: where only
// checks would have to change to make it a frame.
func (j *judge) beginnings(f sent) int {
	n := 0
	if f.lead > 0 {
		return 0 // the delimiter says where it ends
	}
	for _, m := range j.plan.Messages() {
		for size := j.plan.MinSize(); size < len(f.frame); size++ {
			sealed := slices.Clone(f.frame[:size])
			if j.plan.Seal(sealed, m, f.id) == nil && 8*differing(sealed, f.frame) < j.plan.CheckBits()+8 {
				n++
			}
		}
	}
	return n
}

// differing counts the bytes of a that differ from b's.
func differing(a, b []byte) int {
	n := 0
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// passes reports whether a listed frame, and not the one that was sent, begins
// with a twin.
func (j *judge) passes(twin, behind []byte, was sent) bool {
	switch {
	case len(twin) == 0:
		return false
	case len(twin) == len(was.bytes) && was.lead == 0: // alone; one whose size changed is no longer in its right place
		f, err := j.plan.Parse(twin)
		return err == nil && f.Message != nil && !bytes.Equal(twin, was.bytes)
	}
	size := uint64(len(twin))
	s := frame.NewScanner(j.plan, 0)
	s.Feed(reading.Chunk{Bytes: append(twin, behind...)})
	for s.Scan() {
		f, m := s.Frame(), s.Metrics()
		whole := m.Noise+m.Idle == 0
		if was.lead > 0 {
			whole = f.End-uint64(len(f.Raw())) < size // it begins in the twin, wherever a delimiter stands now
		}
		if whole && f.Message != nil && !bytes.Equal(f.Bytes, was.frame) {
			return true
		}
		if was.lead == 0 || f.End >= size {
			return false
		}
	}
	return false
}

// rivals is how many messages at most are tried on the same bytes.
func rivals(p *frame.Plan) int {
	most := 0
	for _, m := range p.Messages() {
		for _, id := range idsOf(m) {
			n := 0
			for _, o := range p.Messages() {
				if len(o.IDs) == 0 || slices.Contains(o.IDs, id) {
					n++
				}
			}
			most = max(most, n)
		}
	}
	return most
}
