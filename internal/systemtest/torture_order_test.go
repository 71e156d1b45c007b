//go:build system

package systemtest

import (
	"math"
)

// judgeOrder looks at each connection: what was stored before it came up is
// backlog, the rest is live, and each of the two goes in the order of arrival.
// What was sent before does not count.
func (r *ordeal) judgeOrder(out *result) {
	r.t.Helper()
	sent := map[uint64]bool{}
	var conns [][]uint64
	for _, p := range r.cloud.log.order {
		for len(conns) <= p.conn {
			conns = append(conns, nil)
		}
		for _, n := range p.readings {
			if !sent[n] {
				sent[n] = true
				conns[p.conn] = append(conns[p.conn], n)
			}
		}
	}
	for i, c := range conns {
		if n := outOfOrder(c, r.plan.oldest); n > 0 {
			out.reordered += n
			r.fail("connection %d: %d of %d readings out of order: %v", i, n, len(c), c[:min(len(c), 200)])
		}
	}
}

// outOfOrder returns how many numbers break the order: one rising sequence, or
// two where a mark divides backlog from live.
func outOfOrder(list []uint64, one bool) int {
	best := falls(list, math.MaxUint64)
	if one {
		return best
	}
	for i := 0; i < len(list) && best > 0; i++ {
		if i == 0 || list[i] != list[i-1]+1 { // live begins at once, or with a leap
			best = min(best, falls(list, list[i]))
		}
	}
	return best
}

// falls counts the numbers that are smaller than one before them on the same
// side of the mark.
func falls(list []uint64, mark uint64) (n int) {
	var below, above uint64
	for _, x := range list {
		newest := &below
		if x >= mark {
			newest = &above
		}
		if x < *newest {
			n++
		}
		*newest = max(*newest, x)
	}
	return n
}

// judgeRecovery measures how long the gateway needed after what had ended.
func (r *ordeal) judgeRecovery(out *result) {
	for i, l := range r.lives {
		ready := l.g.log.times(state("ready"))
		if i > 0 && len(ready) > 0 {
			out.restarts = append(out.restarts, ready[0].Sub(l.begun))
		}
		if len(r.noticed) > 0 {
			continue // the next connection had to wait for that
		}
		for _, end := range r.ends {
			for _, at := range ready {
				if end.After(l.begun) && at.After(end) {
					out.outages = append(out.outages, at.Sub(end))
					break
				}
			}
		}
	}
}
