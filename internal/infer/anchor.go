package infer

import (
	"bytes"
	"cmp"
	"slices"
)

// Limits of the search.
const (
	maxStream  = 1 << 20   // bytes looked at
	window     = 160 << 10 // bytes, the last ones, in which frames are sought
	maxTotal   = 1200      // largest frame, bytes
	lookAhead  = 48        // occurrences of an anchor tried as the next frame's
	samples    = 500       // occurrences of an anchor that vote
	singles    = 24        // anchors of one byte tried
	pairs      = 48        // anchors of two bytes tried
	headBefore = 12        // bytes before an anchor where a frame may begin
	headAfter  = 24        // bytes behind it that may be the head
	idleMost   = 64        // idle bytes between two frames
)

// anchor is a short run of bytes that may stand at the same place in every
// frame, with the places where it occurs.
//
//	... 0D 0A AA 55 1C ... 0D 0A AA 55 0E ...
//	          └──┘               └──┘            anchor AA 55
type anchor struct {
	gram   []byte
	places []int
	set    []uint64 // the same as bits
}

func (a *anchor) has(p int) bool {
	return p >= 0 && p>>6 < len(a.set) && a.set[p>>6]>>(p&63)&1 == 1
}

// density is how likely the anchor stands at any place of a stream of so many
// bytes.
func (a *anchor) density(n int) float64 { return float64(len(a.places)) / float64(n) }

// anchors returns the commonest single bytes and pairs of bytes.
func anchors(s []byte) []*anchor {
	var one [256]int
	two := make([]int, 1<<16)
	for i, b := range s {
		one[b]++
		if i > 0 {
			two[int(s[i-1])<<8|int(b)]++
		}
	}
	var out []*anchor
	for _, g := range commonest(two, pairs) {
		out = append(out, newAnchor(s, []byte{byte(g >> 8), byte(g)}))
	}
	for _, g := range commonest(one[:], singles) {
		out = append(out, newAnchor(s, []byte{byte(g)}))
	}
	return out
}

// commonest returns the indices of the n largest counts that are not chance.
func commonest(counts []int, n int) []int {
	var order []int
	for g, c := range counts {
		if c >= 4 {
			order = append(order, g)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(counts[b]-counts[a], a-b) })
	return order[:min(n, len(order))]
}

func newAnchor(s, gram []byte) *anchor {
	a := &anchor{gram: gram, set: make([]uint64, len(s)/64+1)}
	for p := 0; ; p++ {
		i := bytes.Index(s[p:], gram)
		if i < 0 {
			return a
		}
		p += i
		a.places = append(a.places, p)
		a.set[p>>6] |= 1 << (p & 63)
	}
}

// isIdle reports whether a line may rest on n times b between frames: on zeros
// or ones alone, on any other byte when it is there more than once.
func isIdle(b byte, n int) bool { return b == 0xFF || b == 0x00 || n > 1 }

// idleBefore returns how many equal idle bytes stand before p.
func idleBefore(s []byte, p int) int {
	n := 0
	for n < idleMost && p-n-1 >= 0 && (n == 0 || s[p-n-1] == s[p-n]) {
		n++
	}
	if n == 0 || !isIdle(s[p-1], n) {
		return 0
	}
	return n
}
