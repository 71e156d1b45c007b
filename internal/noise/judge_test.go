package noise

import (
	"bytes"
	"slices"
	"time"

	"serialgw/internal/frame"
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
		j.countRenamed(a, j.line.frames[i].message)
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
func (j *judge) countRenamed(a taken, sent *frame.MessagePlan) {
	switch {
	case a.message != nil && a.message.Name == sent.Name:
	case a.message != nil && len(a.message.Properties()) > 0:
		j.countWrong(a)
	default:
		j.tally.renamed++
	}
}

// countWrong counts a false reading.
func (j *judge) countWrong(a taken) {
	j.tally.wrong++
	if !j.proven(a) {
		j.tally.unproven++
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
	j.countWrong(a)
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
		if j.plan.Seal(sealed, a.message, id) == nil && sameSpelled(sealed, b) {
			return true
		}
	}
	return false
}

// sameSpelled reports whether a is b, but for hexadecimal digits of a check that
// may be a to f or A to F.
func sameSpelled(a, b []byte) bool {
	for i := range a {
		if upper := a[i] &^ 0x20; a[i] != b[i] && (a[i]^b[i] != 0x20 || upper < 'A' || upper > 'F') {
			return false
		}
	}
	return len(a) == len(b)
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
