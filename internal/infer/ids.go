package infer

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// findSeq finds a number that goes up by one from frame to frame.
func (g *guess) findSeq() {
	shortest := g.shortest()
	for at := g.sync; at < min(shortest, 24); at++ {
		for _, n := range []number{{at, 4, false}, {at, 4, true}, {at, 2, false}, {at, 2, true}, {at, 1, false}} {
			if at+n.size > shortest || g.taken(n) {
				continue
			}
			if g.counts(n) {
				g.seq = &n
				return
			}
		}
	}
}

func (g *guess) shortest() int {
	shortest := g.usual(g.frames)
	if g.check != nil && g.check.at < 0 {
		shortest -= g.check.size
	}
	return shortest - g.tail
}

// taken reports whether length or check stand where n would.
func (g *guess) taken(n number) bool {
	if l := g.rule.length; l != nil {
		at := l.at - g.start
		if n.at < at+l.size && at < n.at+n.size {
			return true
		}
	}
	for i := range n.size {
		if g.used(n.at + i) {
			return true
		}
	}
	return false
}

// counts reports whether n goes up by one in most frames, with all its bytes.
func (g *guess) counts(n number) bool {
	top := n.at
	if !n.big {
		top += n.size - 1
	}
	if still, _ := constantAt(g.frames, top); still {
		return false
	}
	up, all := 0, 0
	mask := uint64(1)<<(8*n.size) - 1
	for i := 1; i < len(g.frames); i++ {
		a, b := n.raw(g.frames[i-1][n.at:]), n.raw(g.frames[i][n.at:])
		all++
		up += b2i((b-a)&mask == 1)
	}
	return all >= leastSeen && 100*up >= 85*all
}

// findID finds the byte that tells messages apart.
func (g *guess) findID() {
	if r := g.rule; r.id != nil {
		g.id = &number{at: r.id.at - g.start, size: 1}
		g.ids = slices.Sorted(maps.Keys(r.table))
		g.idWhy = fmt.Sprintf("each of its %d values has a size of its own", len(g.ids))
		return
	}
	best, bestScore := number{}, 0.25
	for at := g.sync; at < min(g.shortest(), 16); at++ {
		n := number{at: at, size: 1}
		if g.taken(n) || g.seq != nil && at >= g.seq.at && at < g.seq.at+g.seq.size {
			continue
		}
		score := g.tells(n)
		if score < bestScore {
			continue
		}
		n, score = g.widenID(n, score)
		// A value behind the id tells the message too, and something more.
		best, bestScore = n, 2*score
	}
	if best.size == 0 {
		return
	}
	g.id = &best
	g.ids = g.values(best)
	g.idWhy = fmt.Sprintf("its %d values say most about what stands in the other bytes", len(g.ids))
}

// widenID takes the byte behind the id to it when it tells messages apart, too,
// and both together more than either.
func (g *guess) widenID(n number, score float64) (number, float64) {
	next := number{at: n.at + 1, size: 1}
	if next.at >= g.shortest() || g.taken(next) || g.seq != nil && next.at == g.seq.at || g.tells(next) < 0.25 || !g.restless(n, next) {
		return n, score
	}
	// The byte of more values is the low one.
	pair := number{at: n.at, size: 2, big: len(g.values(next)) > len(g.values(n))}
	if both := g.tells(pair); len(g.values(pair)) > len(g.values(n)) && both > 1.2*score {
		return pair, both
	}
	return n, score
}

// restless reports whether other changes from one frame to the next of those
// with the same n as often as if they came in any order: a value would rest.
func (g *guess) restless(n, other number) bool {
	last, count := map[int]int{}, map[int]map[int]int{}
	changes, pairs := 0, 0.0
	for _, f := range g.frames {
		id, v := n.get(f, 0), other.get(f, 0)
		if before, ok := last[id]; ok {
			changes += b2i(before != v)
		} else {
			count[id] = map[int]int{}
		}
		last[id] = v
		count[id][v]++
	}
	for _, values := range count {
		all := 0
		for _, c := range values {
			all += c
		}
		for _, c := range values {
			pairs += float64(c) * (1 - float64(c)/float64(all))
		}
	}
	return pairs > 0 && float64(changes) > 0.5*pairs
}

// values returns the values of n that are no damage.
func (g *guess) values(n number) []int {
	count := map[int]int{}
	for _, f := range g.frames {
		count[n.get(f, 0)]++
	}
	var out []int
	for v, c := range count {
		if c >= max(3, len(g.frames)/250) {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

// tells weighs how much n says about the frame's size and its other bytes,
// bits a column. What changes seldom is a state, not a message id.
func (g *guess) tells(n number) float64 {
	ids := g.values(n)
	if len(ids) < 2 || len(ids) > 24 {
		return 0
	}
	index := map[int]int{}
	for i, v := range ids {
		index[v] = i
	}
	var class []int
	var frames [][]byte
	for _, f := range g.frames {
		if i, ok := index[n.get(f, 0)]; ok {
			class, frames = append(class, i), append(frames, f)
		}
	}
	if 100*len(frames) < 96*len(g.frames) {
		return 0
	}
	share, changes := make([]float64, len(ids)), 0
	for i, c := range class {
		share[c] += 1 / float64(len(class))
		changes += b2i(i > 0 && c != class[i-1])
	}
	expected := 1.0
	for _, p := range share {
		expected -= p * p
	}
	if float64(changes) < 0.3*expected*float64(len(class)) {
		return 0
	}
	size := make([]int, len(frames))
	for i, f := range frames {
		size[i] = len(f)
	}
	h := entropy(size)
	told := mutual(class, size, len(ids))
	sum, columns := 0.0, 0.0
	for at := g.sync; at < g.shortest(); at++ {
		other := number{at: at, size: 1}
		if at == n.at || g.taken(other) {
			continue
		}
		col := make([]int, len(frames))
		for i, f := range frames {
			col[i] = int(f[at])
		}
		columns++
		sum += mutual(class, col, len(ids))
	}
	if h > 0.2 && told > 0.9*h {
		return 1 + sum/max(columns, 1)
	}
	return sum / max(columns, 1)
}

func entropy(v []int) float64 {
	count := map[int]int{}
	for _, x := range v {
		count[x]++
	}
	h := 0.0
	for _, c := range count {
		p := float64(c) / float64(len(v))
		h -= p * math.Log2(p)
	}
	return h
}

// mutual returns what class tells about v, bits, less what chance would.
func mutual(class, v []int, classes int) float64 {
	by := make([][]int, classes)
	for i, c := range class {
		by[c] = append(by[c], v[i])
	}
	h := entropy(v)
	distinct := map[int]bool{}
	for _, x := range v {
		distinct[x] = true
	}
	for _, part := range by {
		h -= float64(len(part)) / float64(len(v)) * entropy(part)
	}
	chance := float64((classes-1)*(len(distinct)-1)) / (2 * float64(len(v)) * math.Ln2)
	return max(0, h-chance)
}
