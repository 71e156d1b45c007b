package noise

import (
	"math"
	"time"
)

// tally is what one run, or several together, came to.
type tally struct {
	sent   int // frames
	whole  int // of these, frames that came through the line whole
	lost   int // whole frames not accepted, and no proven collision in the way
	hidden int // whole frames not accepted, because a proven collision covers them

	wrong    int     // false readings: a listed frame that was never sent so
	unproven int     // of these, frames that break a rule of the plan
	odds     float64 // how many of the wrong ones the checks allow; NaN: there is no check
	unknown  int     // the same as wrong, but of an id that is not listed: no reading
	equal    int     // damaged, but the bytes accepted are those sent
	renamed  int     // whole, but taken for another message that gives no reading

	late  int             // frames accepted later than the rules allow
	bytes []int           // from a damage's last byte to the next whole frame's acceptance
	times []time.Duration // the same
}

// add joins the figures of another run.
func (t *tally) add(o tally) {
	t.sent += o.sent
	t.whole += o.whole
	t.lost += o.lost
	t.hidden += o.hidden
	t.wrong += o.wrong
	t.unproven += o.unproven
	t.odds += o.odds
	t.unknown += o.unknown
	t.equal += o.equal
	t.renamed += o.renamed
	t.late += o.late
	t.bytes = append(t.bytes, o.bytes...)
	t.times = append(t.times, o.times...)
}

// found is how many whole frames were accepted.
func (t *tally) found() int { return t.whole - t.lost - t.hidden }

// mostBy is how many rare and independent events may happen where so many are
// expected: more come once in 740 times, as more than three sigma do of a
// normal distribution. This one is Poisson's.
func mostBy(expected float64) int {
	if expected > 100 { // near enough to the normal one
		return int(expected + 3*math.Sqrt(expected))
	}
	n, one := 0, math.Exp(-expected) // the chance of n events
	for sum := one; sum < 0.99865; sum += one {
		n++
		one *= expected / float64(n)
	}
	return n
}
