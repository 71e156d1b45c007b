package infer

import (
	"bytes"
	"cmp"
	"slices"
)

// guess is one complete explanation of the stream.
type guess struct {
	rule    *rule
	start   int     // where a frame begins, from the anchor
	run     run     // the constant bytes that hold the beginning, from start on
	tail    int     // bytes of the end marker
	clear   float64 // how many times more likely than the next best beginning
	check   *match  // guards the frame; nil: none found
	head    *match  // guards the head alone
	others  []match // checks of the whole frame, as long, that hold as often
	frames  [][]byte
	id, seq *number // relative to the frame's beginning
	ids     []int
	idWhy   string
	sync    int   // bytes of run that are sync
	widened bool  // a zero beside the length is taken for its high byte, which no frame shows
	order   order // of the values
}

// guess finds where the frames of the rule begin, and what guards them.
func (r *rule) guess(s []byte) *guess {
	all := r.runs(s)
	if len(all) == 0 {
		return nil
	}
	b := r.border(s, all)
	best := r.bordered(s, all, b)
	if best == nil {
		for _, one := range all {
			if g := r.guarded(s, one); g != nil && (best == nil || better(*g.check, *best.check) < 0) {
				best = g
			}
		}
	}
	if best == nil {
		best = r.unnamed(s, all)
	}
	if best == nil {
		best = r.plainBordered(all, b)
	}
	if best == nil {
		if len(r.frames) < plainSeen {
			return nil
		}
		first := slices.MaxFunc(all, func(a, b run) int { return cmp.Compare(likelyStart(a), likelyStart(b)) })
		if likelyStart(first) < plainOdds {
			return nil
		}
		best = &guess{rule: r, run: first, start: first.start}
		best.place(-1)
	}
	best.frames = r.cutAll(s, best.start)
	usual := best.usual(best.frames)
	best.frames = slices.DeleteFunc(best.frames, func(f []byte) bool { return len(f) < usual })
	if len(best.frames) < leastSeen || !best.headInside() || r.open && best.tail == 0 {
		return nil
	}
	if best.check == nil {
		best.tail = max(best.tail, best.knownTail())
	}
	return best
}

// headInside reports whether what tells the size stands in the frame itself,
// before its check and end marker, and not in the next one.
func (g *guess) headInside() bool {
	for _, n := range []*number{g.rule.length, g.rule.id} {
		if n != nil && (n.at <= g.start || n.at+n.size-g.start > g.shortest()) {
			return false
		}
	}
	return true
}

// guarded finds a check of frames that begin in a run of constant bytes; nil:
// there is none. A check in the head shows only where the frame begins rightly.
func (r *rule) guarded(s []byte, one run) *guess {
	for n := range min(4, len(one.bytes)) {
		found := searchCheck(r.cutAll(s, one.start+n))
		i := slices.IndexFunc(found, func(m match) bool { return !m.head })
		if i < 0 {
			continue
		}
		g := &guess{rule: r, run: run{one.start + n, one.bytes[n:]}, start: one.start + n, tail: n}
		g.take(found, i)
		return g
	}
	return nil
}

// unnamed looks for a CRC that is in no catalogue.
func (r *rule) unnamed(s []byte, all []run) *guess {
	for _, one := range all {
		if found := searchGenerator(r.cutAll(s, one.start)); len(found) > 0 {
			g := &guess{rule: r, run: one, start: one.start}
			g.take(found, 0)
			return g
		}
	}
	return nil
}

// take makes found[i] the check, and settles where the frame begins.
func (g *guess) take(found []match, i int) {
	covered := g.guardedBy(found, i)
	m := g.check
	g.tail += m.left()
	g.place(covered)
}

// guardedBy makes found[i] the check; it returns where that begins to cover.
func (g *guess) guardedBy(found []match, i int) (covered int) {
	m := found[i]
	g.check = &m
	covered = m.over[0].from
	if m.at >= 0 && m.at < covered {
		covered = m.at
	}
	for _, other := range found {
		switch {
		case other.head && g.head == nil && !overlap(other, m, g.rule.commonest()):
			h := other
			g.head = &h
		case !other.head && other.bits() == m.bits():
			g.others = append(g.others, other)
		}
	}
	return covered
}

func same(a, b match) bool {
	return a.spec.Kind == b.spec.Kind && a.big == b.big && slices.Equal(a.over, b.over) && a.blank == b.blank
}

// overlap reports whether two checks share bytes in frames of so many.
func overlap(a, b match, total int) bool {
	for _, m := range []*match{&a, &b} {
		if m.at < 0 {
			m.at += total
		}
	}
	return a.at >= 0 && b.at >= 0 && a.at < b.at+b.size && b.at < a.at+a.size
}

// place moves the beginning behind an end marker that stands before it.
func (g *guess) place(covered int) {
	least := 0
	if g.rule.open && g.tail == 0 {
		least = 1 // nothing else tells its size
	}
	sp := splitRun(g.run, covered, least)
	g.clear = sp.clear
	if sp.at == 0 {
		return
	}
	g.start += sp.at
	g.run = run{start: g.run.start + sp.at, bytes: g.run.bytes[sp.at:]}
	g.tail += sp.at
	if g.check != nil {
		g.check.shift(sp.at)
	}
	if g.head != nil {
		g.head.shift(sp.at)
	}
	for i := range g.others {
		g.others[i].shift(sp.at)
	}
}

// knownTail returns how many bytes at the end of every frame are a marker that
// makers use. Other bytes that stay the same there may be values.
func (g *guess) knownTail() int {
	longest := 0
	for _, end := range knownEnds {
		hits := 0
		for _, f := range g.frames {
			hits += b2i(bytes.HasSuffix(f, end))
		}
		if float64(hits) >= steady*float64(len(g.frames)) {
			longest = max(longest, len(end))
		}
	}
	return longest
}

// end returns the end marker.
func (g *guess) end() []byte {
	count := map[string]int{}
	best := ""
	for _, f := range g.frames {
		if len(f) <= g.tail {
			continue
		}
		one := string(f[len(f)-g.tail:])
		if count[one]++; count[one] > count[best] {
			best = one
		}
	}
	return []byte(best)
}
