package infer

import (
	"bytes"
	"fmt"
	"slices"
)

const (
	rivals    = 7    // rules whose frames are searched for a check
	alike     = 2    // of them, those that differ in their anchor alone
	closeTo   = 0.2  // of the best rule's score
	farFrom   = 0.05 // the same, for a check that few frames show
	leastSeen = 8    // frames below which nothing is said
	plainSeen = 100  // the same without a check
	plainOdds = 0.1  // without a check a frame must begin as makers let them begin
)

func infer(stream []byte) Result {
	all := stream[max(0, len(stream)-maxStream):]
	s := all[max(0, len(all)-window):]
	found := rules(s)
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
	return g.result(all, s)
}

// choose takes the best rule whose frames a check confirms; without one, the
// best rule.
func choose(s []byte, found []*rule) *guess {
	seen := map[string]int{} // guesses: frames of another anchor may begin elsewhere
	tried := map[bool]int{}
	var plain *guess
	for _, r := range found {
		if r.score(len(s)) < found[0].score(len(s))-closeTo {
			break
		}
		if seen[r.signature()] == alike || tried[r.open] == rivals {
			continue
		}
		r.follow(s)
		r.extend(s)
		g := r.guess(s)
		if g == nil {
			continue
		}
		seen[r.signature()]++
		tried[r.open]++
		if g.check != nil && plain != nil && g.check.tried < sureFrames && r.score(len(s)) < plain.rule.score(len(s))-farFrom {
			continue // few frames differ, and a sum of them holds: they are built of others
		}
		if g.check != nil {
			return g.parts(s, found)
		}
		if plain == nil || plain.rule.signature() == r.signature() && likelyStart(g.run) > likelyStart(plain.run) {
			plain = g
		}
	}
	if plain == nil {
		return nil
	}
	return plain.parts(s, found)
}

// parts returns what explains the frames of g as several, if that is better; else
// g.
func (g *guess) parts(s []byte, found []*rule) *guess {
	smaller := slices.DeleteFunc(slices.Clone(found), func(r *rule) bool { return !g.rule.composedOf(r) })
	slices.SortStableFunc(smaller, func(a, b *rule) int { return len(b.frames) - len(a.frames) })
	seen := map[string]bool{}
	for _, r := range smaller {
		if len(seen) == rivals/2+b2i(g.check == nil) || seen[r.signature()] {
			continue
		}
		r.follow(s)
		r.extend(s)
		one := r.guess(s)
		if one == nil {
			continue
		}
		seen[r.signature()] = true
		if g.worseThan(one) {
			return one
		}
	}
	return g
}

// worseThan reports whether a guess of smaller frames is better: a check guards
// them, or without any the larger ones begin in the same way within.
func (g *guess) worseThan(one *guess) bool {
	switch {
	case one.check != nil:
		return g.check == nil || one.check.bits() >= g.check.bits() && one.check.share() > nearBest*g.check.share()
	case g.check != nil || likelyStart(one.run) < 0.8*likelyStart(g.run):
		return false
	case len(one.run.bytes) > len(g.run.bytes):
		return true
	}
	return g.repeats() && bytes.HasPrefix(one.run.bytes, g.run.bytes[:2])
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
