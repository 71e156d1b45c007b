package frame

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

const (
	// mostHints bounds what is said about a failed check: more would bury it.
	mostHints = 3
	// likelyLuck is the number of chance matches among the tries from which a
	// match says nothing.
	likelyLuck = 0.5
	// hardlyLuck is the number below which a match leaves hardly a doubt.
	hardlyLuck = 0.01
	// searched is the largest frame, in bytes, whose check is looked for.
	searched = 4096
)

// rival is another check that could be meant where one fails.
type rival struct {
	check
	cost int // how far it is from what the description says
	what string
}

// hints tells what would make the failed checks hold.
func (a *attempt) hints() []string {
	b := a.frame()
	if len(a.x.b) > searched {
		return nil
	}
	out := a.narrower()
	if !a.complete() || len(out) > 0 {
		return out
	}
	looked := false
	for _, i := range a.bad {
		c := &a.x.p.checks[i]
		if c.kind == kindConst || c.hex {
			continue
		}
		looked = true
		found := a.rivals(c, b)
		out = append(out, found...)
		if len(found) == 0 {
			out = append(out, a.edits(c, b)...)
		}
	}
	if looked && len(out) == 0 && !a.reID {
		out = append(out, "no other kind, range, place or byte order of the check fits better than luck would: a byte is wrong, or the check is of a kind that is not known")
	}
	return out
}

// rivals tries other kinds, ranges, places and byte orders, the simple ones
// first, and lists the simplest that match. Among n tries of k bits n/2^k
// match by luck; where that is likely, a match is not told.
func (a *attempt) rivals(c *check, b []byte) []string {
	tried := map[int]int{} // cost to number of tries
	var hits []rival
	for _, r := range a.candidates(c, b) {
		tried[r.cost]++
		if r.verify(b, len(b), a.s.extra) {
			hits = append(hits, r)
		}
	}
	slices.SortStableFunc(hits, func(x, y rival) int { return cmp.Compare(x.cost, y.cost) })
	var out []string
	for _, r := range hits {
		tries := 0
		for cost, n := range tried {
			if cost <= r.cost {
				tries += n
			}
		}
		chance := float64(tries) * math.Pow(2, -float64(8*r.size))
		if chance > likelyLuck || len(out) == mostHints {
			break
		}
		a.sure = a.sure || chance < hardlyLuck
		out = append(out, fmt.Sprintf("%s would match; %s", r.what, luck(tries, chance)))
	}
	return out
}

// narrower looks for a check of another size, when the bytes are more or fewer
// than the description says by that much: a sum of one byte where two are
// expected.
func (a *attempt) narrower() []string {
	b, p := a.x.b, a.x.p
	if !a.x.whole || a.s == nil || a.total == 0 || a.total == len(b) || len(p.checks) == 0 ||
		(a.fault == nil || a.fault.Rule != "cut" && a.fault.Rule != "check") {
		return nil
	}
	c := p.checks[len(p.checks)-1]
	size := c.size + len(b) - a.total
	if c.at >= 0 || c.kind == kindConst || c.hex || size < 1 || size > 8 {
		return nil
	}
	c.size, c.at, c.name = size, -(len(p.end) + size), "" // its own kind has another size
	if from := c.over[0].from; len(c.over) == 1 {
		c.over = []span{{from: from, to: c.at}}
	}
	sized := *a
	sized.total, sized.s = len(b), &shape{size: len(b), extra: a.s.extra}
	found := sized.rivals(&c, b)
	for i := range found {
		found[i] = fmt.Sprintf("as a frame of %d bytes %s", len(b), found[i])
	}
	return found
}

// luck says how much a match is worth.
func luck(tries int, chance float64) string {
	text := "almost none"
	switch {
	case chance >= hardlyLuck:
		text = fmt.Sprintf("%.2f", chance)
	case chance >= 0.0001:
		text = fmt.Sprintf("%.4f", chance)
	}
	return fmt.Sprintf("of %s so simple, luck would make %s match", count(tries, "check"), text)
}

// candidates lists the rivals of a check. The cost counts what differs: a byte
// order 1, a range 1 or 2, another simple kind 2, a CRC 3, another place 2.
func (a *attempt) candidates(c *check, b []byte) []rival {
	var out []rival
	at := resolveAt(c.at, len(b))
	for _, place := range a.places(c, b) {
		moved := b2i(place != at) * 2
		for _, kind := range kindsOf(c) {
			cost := moved + kindCost(c, kind)
			for _, over := range ranges(c, place, b, len(a.x.p.end)) {
				for _, big := range []bool{false, true} {
					one := *kind
					one.at, one.over, one.big, one.blank, one.extra = place, over.spans, big, over.blank, c.extra
					r := rival{check: one, cost: cost + over.cost + b2i(big != c.big)}
					if r.cost == 0 || big && (one.size == 1 && one.kind != kindWords || one.kind == kindFletcher) {
						continue
					}
					r.what = r.describe(c, at)
					out = append(out, r)
				}
			}
		}
	}
	return out
}

// describe says what differs from the check of the description.
func (r *rival) describe(c *check, at int) string {
	text := r.says()
	if r.size > 1 && r.kind != kindFletcher {
		text += map[bool]string{false: ", little-endian,", true: ", big-endian,"}[r.big]
	}
	if r.at != at {
		text += " at " + place(r.at, r.size)
	}
	return text
}

// places returns where the check may stand: its own place, or last.
func (a *attempt) places(c *check, b []byte) []int {
	at := resolveAt(c.at, len(b))
	out := []int{at}
	for _, other := range []int{len(b) - len(a.x.p.end) - c.size, len(b) - c.size} {
		if other >= 0 && !slices.Contains(out, other) {
			out = append(out, other)
		}
	}
	return out
}

// kindsOf returns the check's own kind and every other of its size. Of one byte
// a CRC of fewer bits is not tried, nor any where none is described: of so many
// short ones, luck makes some match.
func kindsOf(c *check) []*check {
	var out []*check
	if c.name != "" {
		out = append(out, c)
	}
	for _, name := range CheckKinds() {
		sum, err := NewChecksum(Check{Kind: name})
		if err != nil || sum.check.size != c.size || name == c.name {
			continue
		}
		if k := &sum.check; k.kind == kindCRC && k.size == 1 && (k.bits < 8 || c.kind != kindCRC) {
			continue
		}
		out = append(out, &sum.check)
	}
	return out
}

func kindCost(c, other *check) int {
	switch {
	case other == c:
		return 0
	case other.kind != kindCRC:
		return 2
	}
	return 3
}

// coverage is a range that a check may have.
type coverage struct {
	spans []span
	blank bool
	cost  int
}

// ranges lists what a check at a place may cover: its own range, from one of
// the first bytes to its own place, what stands behind it, both, or the whole
// frame without it.
func ranges(c *check, at int, b []byte, end int) []coverage {
	own := coverage{spans: c.over, blank: c.blank}
	if resolveAt(c.at, len(b)) != at {
		own.spans = []span{{from: 0, to: at - len(b)}}
	}
	out := []coverage{own}
	add := func(cost int, blank bool, spans ...span) {
		for _, have := range out {
			if sameBytes(have, blank, spans, len(b)) {
				return
			}
		}
		out = append(out, coverage{spans, blank, cost})
	}
	to := at - len(b)
	for from := range min(at, 8) {
		add(1+b2i(from > 3), false, span{from: from, to: to})
	}
	behind := at + c.size
	for _, stop := range []int{-end, 0} {
		rest := span{from: behind, to: stop, toEnd: stop == 0}
		if behind < len(b)+stop {
			add(1, false, rest)
			add(1, false, span{from: 0, to: to}, rest)
			add(2, true, span{from: 0, to: stop, toEnd: stop == 0})
		}
	}
	return out
}

// sameBytes reports whether a range covers the same bytes.
func sameBytes(have coverage, blank bool, spans []span, total int) bool {
	if have.blank != blank || len(have.spans) != len(spans) {
		return false
	}
	for i := range spans {
		from, to := spans[i].resolve(total)
		if f, t := have.spans[i].resolve(total); f != from || t != to {
			return false
		}
	}
	return true
}

// covers reports whether the check covers a byte.
func (c *check) covers(i, total int) bool {
	return slices.ContainsFunc(c.over, func(s span) bool {
		from, to := s.resolve(total)
		return i >= from && i < to
	})
}
