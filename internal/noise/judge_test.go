package noise

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// judge compares what was accepted with the truth about the line.
type judge struct {
	plan     *frame.Plan
	line     line
	byteTime time.Duration // ten bits on the wire
	most     time.Duration // the longest silence that may pass with a partial frame held [WIRE-7]
	tally    tally
}

// score walks through the frames sent and the frames accepted, both in the
// line's order.
func (j *judge) score(all []taken) {
	j.tally.sent = len(j.line.frames)
	next := 0  // the first frame sent that may reach into the accepted one
	since := 0 // the end of the last whole frame accepted
	found := make([]bool, len(j.line.frames))
	var others []taken
	for _, a := range all {
		for next < len(j.line.frames) && j.line.frames[next].to <= a.from {
			next++
		}
		i := j.wholeAt(next, a)
		if i < 0 {
			others = append(others, a)
			j.countOther(next, a)
			continue
		}
		found[i] = true
		j.countRenamed(a.message, j.line.frames[i].message)
		j.recovery(a, since)
		since = a.to
	}
	j.countMissed(found, others)
}

// wholeAt returns which whole frame was accepted; -1: none.
func (j *judge) wholeAt(next int, a taken) int {
	for i := next; i < len(j.line.frames) && j.line.frames[i].from < a.to; i++ {
		if f := &j.line.frames[i]; f.at+f.lead == a.from && f.at+len(f.bytes) == a.to {
			return i
		}
	}
	return -1
}

// countRenamed counts a whole frame that was taken for another message: a false
// reading, when that has properties.
func (j *judge) countRenamed(got, sent *frame.MessagePlan) {
	switch {
	case got != nil && got.Name == sent.Name:
	case got != nil && len(got.Properties()) > 0:
		j.tally.wrong++
	default:
		j.tally.renamed++
	}
}

// countOther counts an accepted frame that is none of the whole ones.
func (j *judge) countOther(next int, a taken) {
	got := j.line.bytes[a.from:a.to]
	for i := next; i < len(j.line.frames) && j.line.frames[i].from < a.to; i++ {
		if f := &j.line.frames[i]; bytes.Equal(f.bytes[f.lead:], got) {
			j.tally.equal++
			return
		}
	}
	if a.message == nil {
		j.tally.unknown++
		return
	}
	j.tally.wrong++
	if !j.proven(a) {
		j.tally.unproven++
	}
}

// countMissed asks of each whole frame that was not accepted what stood in its
// way. A frame that is accepted instead, and covers some of its bytes, excuses
// the scanner only if it really passes every rule of the plan.
func (j *judge) countMissed(found []bool, others []taken) {
	for i := range j.line.frames {
		f := &j.line.frames[i]
		if f.at < 0 {
			continue
		}
		j.tally.whole++
		if found[i] {
			continue
		}
		for len(others) > 0 && others[0].to <= f.at {
			others = others[1:]
		}
		if len(others) > 0 && others[0].from < f.at+len(f.bytes) && j.proven(others[0]) {
			j.tally.hidden++
		} else {
			j.tally.lost++
		}
	}
}

// proven reports whether the bytes accepted are a frame of their message:
// sealing it again, which is how a board makes one, changes nothing.
func (j *judge) proven(a taken) bool {
	wire := j.line.bytes[a.from:a.to]
	if a.message == nil {
		_, err := j.plan.Parse(wire)
		return err == nil
	}
	b, err := j.plan.Unstuff(nil, wire)
	if err != nil {
		return false
	}
	for _, id := range idsOf(a.message) {
		sealed := slices.Clone(b)
		if j.plan.Seal(sealed, a.message, id) == nil && (bytes.Equal(sealed, b) || isText(b) && bytes.EqualFold(sealed, b)) {
			return true // in a line, the check's digits may be a to f and A to F
		}
	}
	return false
}

func isText(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return r > '~' || r < ' ' && r != '\r' && r != '\n' && r != '\t' })
}

// recovery measures how long it took from the last damage to a whole frame,
// and whether that was longer than the rules allow.
//
//	damage ··· rest of the frame ··· [whole frame) ··· accepted
//	                             └── a candidate here may claim max bytes ──┘
func (j *judge) recovery(a taken, since int) {
	// Once so many bytes are in, nothing in front of the frame can still wait.
	enough := max(a.to, a.from+j.plan.MaxWire())
	if a.before >= enough || a.before >= a.to && a.silence > j.most+minWait {
		j.tally.late++
	}
	hurt, ok := j.line.hurtBefore(a.from, since-1)
	if !ok {
		return
	}
	j.tally.bytes = append(j.tally.bytes, a.in-1-hurt)
	busy := time.Duration(a.from-hurt) * j.byteTime // the board's pause before the frame is not the scanner's
	j.tally.times = append(j.tally.times, busy+a.when-j.line.times[a.from])
}

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
	guessed, shifted := float64(failed*rivals(j.plan))*math.Exp2(-float64(j.plan.CheckBits())), 0.
	// A damaged frame in its right place is not random, and its check has odds
	// of its own: a sum often misses two bits, and a byte that is lost when the
	// next frame brings the same one; a CRC misses neither; and where the head
	// has a check of its own, it is good. So that is tried: the same damage in
	// other places of the same frame, alone.
	//
	// Nor is a candidate random that begins inside a damaged frame and ends in the
	// next. Both frames' sums are right, so a sum over the end of one and the
	// beginning of the other is right wherever their beginnings have the same sum:
	// where data that looks like a head stands right behind the head, always but
	// for what varies in it. That is tried with any other frame of the line behind.
	again := 0.
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
	j.tally.odds = max(guessed, shifted) + float64(inside)*math.Exp2(-float64(j.plan.CheckBits())) + again
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
