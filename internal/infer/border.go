package infer

import (
	"bytes"
	"slices"
)

// A recording often ends where a board falls silent, and idle bytes stand
// between frames, never within: both show where a frame begins, which constant
// bytes alone do not.
//
//	.. 5E | D1 03 | 10 A2 | 02 0E ..  .. 77 | D1 03 ◀ end of the recording
//	check   end     sync                check  end

// border is where a frame begins, from its anchor.
type border struct {
	at     int
	silent bool // the recording ends there
	apart  bool // idle bytes stand there
}

// border returns where frames begin as far as silence tells; nil: it does not.
func (r *rule) border(s []byte, runs []run) *border {
	var out *border
	for _, at := range r.silences(s) {
		if within(runs, at) {
			out = &border{at: at, silent: true}
			break
		}
	}
	if 100*r.apart < len(r.frames) || r.apart < 3 || !within(runs, 0) {
		return out
	}
	// The frames were followed over idle bytes up to the anchor itself.
	if out == nil || out.at == 0 {
		return &border{apart: true, silent: out != nil}
	}
	return out
}

// silences returns where a frame would begin, from its anchor, if the stream
// ended with a whole frame, or with idle bytes behind it.
func (r *rule) silences(s []byte) []int {
	if len(r.frames) == 0 {
		return nil
	}
	var out []int
	for _, end := range r.lastEnds(s) {
		rest := len(s) - end
		if r.fixed > 0 {
			rest %= r.fixed
			if rest > r.fixed/2 {
				rest -= r.fixed
			}
		}
		out = append(out, rest)
	}
	if n := idleBefore(s, len(s)); n > 0 {
		for _, rest := range slices.Clone(out) {
			out = append(out, rest-n)
		}
	}
	return out
}

// lastEnds returns where the last frame may end, counted to the anchor of a
// next one: that of the frame behind the last one that was followed, and, where
// only the beginning of its run of constant bytes is there, that one's own.
func (r *rule) lastEnds(s []byte) []int {
	last := r.frames[len(r.frames)-1]
	gap, ok := r.gapAfter(s, last.at+last.total)
	if !ok {
		return nil
	}
	p := last.at + last.total + gap
	var out []int
	if total := r.total(s, p); total > 0 && !r.open {
		out = append(out, p+total)
	}
	return append(out, p)
}

// within reports whether a frame may begin at an offset from the anchor.
func within(runs []run, at int) bool {
	for _, one := range runs {
		if at >= one.start && at < one.start+len(one.bytes) {
			return true
		}
	}
	return false
}

// bordered explains frames that begin where silence shows it, if a check guards
// them; nil otherwise.
func (r *rule) bordered(s []byte, runs []run, b *border) *guess {
	if b == nil {
		return nil
	}
	frames := r.cutAll(s, b.at)
	found := searchCheck(frames)
	i := slices.IndexFunc(found, func(m match) bool { return !m.head })
	if i < 0 {
		if found = searchGenerator(frames); len(found) == 0 {
			return nil
		}
		i = 0
	}
	g, whole, n := r.beginAt(runs, b)
	covered := g.guardedBy(found, i)
	m := g.check
	g.tail = m.left()
	g.weigh(whole, n, covered, b)
	return g
}

// plainBordered explains frames that begin where silence shows it, without a
// check; nil: silence shows nothing.
func (r *rule) plainBordered(runs []run, b *border) *guess {
	if b == nil || len(r.frames) < plainSeen {
		return nil
	}
	g, whole, n := r.beginAt(runs, b)
	for _, end := range knownEnds {
		if bytes.HasSuffix(whole.bytes[:n], end) {
			g.tail = max(g.tail, len(end))
		}
	}
	if r.open {
		g.tail = min(n, 4) // nothing else tells its size
	}
	g.weigh(whole, n, -1, b)
	return g
}

// beginAt returns a guess whose frames begin at b, the run of constant bytes
// that holds it, and where in it.
func (r *rule) beginAt(runs []run, b *border) (g *guess, whole run, n int) {
	i := slices.IndexFunc(runs, func(one run) bool { return within([]run{one}, b.at) })
	whole = runs[i]
	n = b.at - whole.start
	return &guess{rule: r, start: b.at, run: run{b.at, whole.bytes[n:]}}, whole, n
}

// weigh sets how clear it is that a frame begins n bytes into a run: silence
// there is chance once in as many times as a frame has bytes.
func (g *guess) weigh(whole run, n, covered int, b *border) {
	prior := splitRun(whole, covered+b2i(covered >= 0)*n, 0)
	g.clear = prior.of(n)
	if b.silent {
		g.clear *= g.rule.meanTotal()
	}
	if b.apart {
		g.clear *= 1000
	}
}

func (r *rule) meanTotal() float64 {
	sum := 0
	for _, f := range r.frames {
		sum += f.total
	}
	return float64(sum) / float64(max(1, len(r.frames)))
}
