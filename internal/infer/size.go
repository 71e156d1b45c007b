package infer

import (
	"cmp"
	"math"
	"slices"

	"serialgw/internal/frame"
)

// number is an unsigned number at a place relative to an anchor.
type number struct {
	at   int
	size int // 1, 2 or 4
	big  bool
}

// get reads the number of the frame whose anchor stands at p; -1: outside. Of
// four bytes, use raw: an int may hold no more.
func (n number) get(s []byte, p int) int {
	i := p + n.at
	if i < 0 || i+n.size > len(s) {
		return -1
	}
	return int(n.raw(s[i:]))
}

// raw reads the number that s begins with.
func (n number) raw(s []byte) uint64 {
	var v uint64
	for k := range n.size {
		if n.big {
			v = v<<8 | uint64(s[k])
		} else {
			v |= uint64(s[k]) << (8 * k)
		}
	}
	return v
}

func (n number) typeName() string {
	switch {
	case n.size == 1:
		return "B"
	case n.size == 2 && n.big:
		return ">H"
	case n.size == 2:
		return "<H"
	case n.big:
		return ">I"
	}
	return "<I"
}

// ref returns the number as a description has it, start being where the frame
// begins relative to the anchor.
func (n number) ref(start int) frame.Ref { return frame.Ref{At: n.at - start, Type: n.typeName()} }

// rule says how many bytes lie from one anchor to the next.
type rule struct {
	anchor *anchor
	fixed  int
	length *number // total = mul * field + add
	mul    int
	add    int
	id     *number // total = table[field]
	table  map[int]int
	open   bool // nothing tells: up to the next anchor
	weak   bool // the length is nearly always the same

	frames  []cut
	apart   int // of them, those with idle bytes or text behind
	covered int // half bytes in frames, and a half for each byte of what stands between them

	several float64 // frames that another rule finds for one of these, at most
	outdone bool    // another rule explains more bytes
}

// cut is one frame: from its anchor to the next, without idle bytes and text.
type cut struct{ at, total int }

// total returns the bytes from the anchor at p to the next; 0: impossible.
func (r *rule) total(s []byte, p int) int {
	switch {
	case r.fixed > 0:
		return r.fixed
	case r.length != nil:
		if v := r.length.get(s, p); v >= 0 {
			return r.mul*v + r.add
		}
	case r.id != nil:
		return r.table[r.id.get(s, p)]
	case r.open:
		return r.toNext(s, p)
	}
	return 0
}

func (r *rule) toNext(s []byte, p int) int {
	i, _ := slices.BinarySearch(r.anchor.places, p+1)
	if i == len(r.anchor.places) {
		return 0
	}
	next := r.anchor.places[i]
	return next - p - min(idleBefore(s, next), next-p-1)
}

// follow walks through s from frame to frame. A frame counts when another
// begins where it ends, or behind idle bytes or text.
func (r *rule) follow(s []byte) {
	r.frames, r.covered, r.apart = nil, 0, 0
	for p := 0; p < len(s); {
		if !r.anchor.has(p) {
			p++
			continue
		}
		total := r.total(s, p)
		if total < max(2, len(r.anchor.gram)) || total > maxTotal {
			p++
			continue
		}
		gap, ok := r.gapAfter(s, p+total)
		if !ok {
			p++
			continue
		}
		r.frames = append(r.frames, cut{p, total})
		r.covered += 2*total + gap
		r.apart += b2i(gap > 0)
		p += total + gap
	}
}

// commonest returns the size that most frames have.
func (r *rule) commonest() int {
	count := map[int]int{}
	best := 0
	for _, f := range r.frames {
		if count[f.total]++; count[f.total] > count[best] {
			best = f.total
		}
	}
	return best
}

// gapAfter returns how many bytes stand from end to the next anchor that belong
// to no frame: idle bytes, or lines of text.
func (r *rule) gapAfter(s []byte, end int) (int, bool) {
	for n := range idleMost + 1 {
		if r.anchor.has(end + n) {
			if n == 0 || isIdle(s[end], n) {
				return n, true
			}
			break
		}
		if end+n >= len(s) || n > 0 && s[end+n] != s[end] {
			break
		}
	}
	return r.textAfter(s, end)
}

// textAfter returns how many bytes of whole lines of text stand from end to the
// next anchor: many boards print what they do among their frames.
func (r *rule) textAfter(s []byte, end int) (int, bool) {
	for n := range min(textMost, len(s)-end) {
		switch c := s[end+n]; {
		case c == '\n' && n+1 >= textLeast && r.anchor.has(end+n+1):
			return n + 1, true
		case c != '\n' && c != '\r' && c != '\t' && (c < ' ' || c > '~'):
			return 0, false
		}
	}
	return 0, false
}

// score weighs what a rule explains against what it takes to say it.
func (r *rule) score(n int) float64 {
	score := float64(r.covered) / float64(2*n)
	score -= severalCost * math.Log2(max(1, r.several))
	switch {
	case r.length != nil:
		score -= 0.002 + 0.002*math.Log2(float64(r.mul)) + 0.001*float64(r.length.size-1)
		score -= 0.004 * float64(b2i(r.weak))
	case r.id != nil:
		score -= 0.01 + 0.002*float64(len(r.table))
	case r.open:
		// Nothing says that such frames are whole: many short ones, which idle
		// bytes set apart, are the better guess.
		score -= 0.15 + 0.00005*float64(n)/float64(len(r.frames))
		score += 0.01 * float64(r.apart) / float64(len(r.frames))
	}
	if len(r.anchor.gram) == 1 {
		score -= 0.005
	}
	return score
}

// rules returns the rules that explain most of s, best first.
func rules(s []byte) []*rule {
	var out []*rule
	for _, a := range anchors(s) {
		v := newVotes(s, a)
		if len(v.from) < 4 {
			continue
		}
		for _, r := range slices.Concat(v.fixed(), v.lengths(), v.tables()) {
			r.follow(s)
			if len(r.frames) >= 4 && r.covered*2 >= len(s) {
				out = append(out, r)
			}
		}
		if len(a.gram) == 2 {
			r := &rule{anchor: a, open: true}
			if r.follow(s); len(r.frames) >= 8 && r.covered*10 >= 14*len(s) {
				out = append(out, r)
			}
		}
	}
	weighSeveral(out)
	slices.SortStableFunc(out, func(a, b *rule) int { return cmp.Compare(b.score(len(s)), a.score(len(s))) })
	return out
}

// severalCost is what each doubling of the size costs where smaller frames
// explain as much: messages that follow each other in a fixed order look like
// one large frame, and a sum or a CRC over all of them holds, too.
const severalCost = 0.03

// weighSeveral notes at each rule how many frames a rule that explains as much
// finds in each of its own. A table is not asked, nor a length that hardly
// changes: they fit too easily.
func weighSeveral(found []*rule) {
	for _, r := range found {
		for _, other := range found {
			r.outdone = r.outdone || !other.open && 100*other.covered > 101*r.covered
			if other.id == nil && !other.weak && r.composedOf(other) {
				r.several = max(r.several, float64(len(other.frames))/float64(len(r.frames)))
			}
		}
	}
}

// composedOf reports whether other explains as much with more frames.
func (r *rule) composedOf(other *rule) bool {
	return !other.open && 100*other.covered >= 97*r.covered && 20*len(other.frames) >= 21*len(r.frames)
}
