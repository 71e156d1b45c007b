package infer

import (
	"bytes"
	"slices"
)

// findSync decides how many of the constant bytes at the front are sync: not
// those that a check leaves out by design, nor a length, nor the zeros behind.
func (g *guess) findSync() {
	r := g.rule
	g.widenLength()
	g.sync = min(len(g.run.bytes), 4)
	for i := 1; i < g.sync; i++ {
		if g.changes(i) {
			g.sync = i
		}
	}
	if r.length != nil {
		g.sync = min(g.sync, r.length.at-g.start)
	}
	if r.id != nil {
		g.sync = min(g.sync, r.id.at-g.start)
	}
	if g.check != nil {
		if from := g.check.over[0].from; from > 1 && from < g.sync || from == 1 && g.sync > 1 && g.run.bytes[1] < 0x10 {
			g.sync = from
		}
		if g.check.at > 0 {
			g.sync = min(g.sync, g.check.at)
		}
	}
	g.sync = len(bytes.TrimRight(g.run.bytes[:max(g.sync, 0)], "\x00"))
	if r.fixed > 0 {
		for i := 1; i < g.sync; i++ {
			if g.naturalLength(r.fixed-int(g.run.bytes[i]), i) && (g.check == nil || g.check.over[0].from != i+1) {
				g.sync = i
			}
		}
	}
	g.sync = max(g.sync, 0)
}

// changes reports whether a byte of the run is another one more often than
// damage makes it.
func (g *guess) changes(i int) bool {
	others, n := 0, 0
	for _, f := range g.frames {
		if i < len(f) && f[0] == g.run.bytes[0] {
			others += b2i(f[i] != g.run.bytes[i])
			n++
		}
	}
	return 200*others > n
}

// naturalLength reports whether a constant byte at offset i may be a length that
// leaves out so many bytes of the frame, as lengths do: none, what stands before
// it, itself, and check and end marker.
func (g *guess) naturalLength(left, i int) bool {
	behind := g.tail
	if g.check != nil && g.check.at < 0 {
		behind += g.check.size
	}
	return slices.Contains([]int{0, i, i + 1, i + behind, i + 1 + behind}, left)
}

// widenLength takes a zero beside a length as its high byte.
func (g *guess) widenLength() {
	n := g.rule.length
	if n == nil || n.size != 1 {
		return
	}
	k := n.at - g.start
	zero := func(i int) bool {
		if i < 0 {
			return false
		}
		hits := 0
		for _, f := range g.frames {
			hits += b2i(i < len(f) && f[i] == 0)
		}
		return float64(hits) > 0.98*float64(len(g.frames))
	}
	switch {
	case zero(k+1) && !g.used(k+1):
		n.size = 2
	case k > 1 && zero(k-1) && !g.used(k-1):
		n.at, n.size, n.big = n.at-1, 2, true
	}
}

// used reports whether a check stands at the offset.
func (g *guess) used(i int) bool {
	for _, m := range []*match{g.check, g.head} {
		if m != nil && m.at >= 0 && i >= m.at && i < m.at+m.size {
			return true
		}
	}
	return false
}
