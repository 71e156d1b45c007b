package infer

import (
	"fmt"
	"slices"
)

const (
	rivals    = 7   // rules whose frames are searched for a check
	closeTo   = 0.2 // of the best rule's score
	leastSeen = 8   // frames below which nothing is said
	plainSeen = 100 // the same without a check
	plainOdds = 0.1 // without a check a frame must begin as makers let them begin
)

func infer(stream []byte) Result {
	s := stream[:min(len(stream), maxStream)]
	found := rules(s[:min(len(s), window)])
	if len(found) == 0 || len(found[0].frames) < leastSeen {
		return Result{}
	}
	g := choose(s, found)
	if g == nil {
		return Result{}
	}
	g.findSync()
	g.findSeq()
	g.findID()
	return g.result(s)
}

// choose takes the best rule whose frames a check confirms; without one, the
// best rule.
func choose(s []byte, found []*rule) *guess {
	seen := map[string]bool{}
	tried := map[bool]int{}
	var plain *guess
	for _, r := range found {
		if r.score(min(len(s), window)) < found[0].score(min(len(s), window))-closeTo {
			break
		}
		if seen[r.signature()] || tried[r.open] == rivals {
			continue
		}
		seen[r.signature()] = true
		tried[r.open]++
		r.follow(s)
		g := r.guess(s)
		if g == nil {
			continue
		}
		if g.check != nil {
			return g.parts(s, found)
		}
		if plain == nil {
			plain = g
		}
	}
	return plain
}

// parts returns what explains the frames of g as several, if a check guards each
// of them; else g.
func (g *guess) parts(s []byte, found []*rule) *guess {
	seen, tried := map[string]bool{}, 0
	for _, other := range found {
		if tried == rivals/2 || !g.rule.composedOf(other) || seen[other.signature()] {
			continue
		}
		seen[other.signature()] = true
		tried++
		other.follow(s)
		if one := other.guess(s); one != nil && one.check != nil && one.check.bits() >= g.check.bits() {
			return one
		}
	}
	return g
}

// signature is the same for rules that differ in their anchor alone.
func (r *rule) signature() string {
	switch {
	case r.length != nil:
		return fmt.Sprint("length ", r.mul, r.add, r.length.size)
	case r.id != nil:
		var sizes []int
		for _, n := range r.table {
			sizes = append(sizes, n)
		}
		slices.Sort(sizes)
		return fmt.Sprint("table ", sizes)
	case r.open:
		return fmt.Sprintf("open % X", r.anchor.gram)
	}
	return fmt.Sprint("fixed ", r.fixed)
}
