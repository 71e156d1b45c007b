package infer

import (
	"maps"
	"slices"
)

// rareSeen is how many frames of a rare message are needed to tell its size.
const rareSeen = 3

// extend adds the sizes of messages too rare to be seen when the table was
// drawn up: of frames that begin where a known one ends.
func (r *rule) extend(s []byte) {
	if r.id == nil {
		return
	}
	seen, sizes := map[int]int{}, map[int]map[int]int{}
	for _, f := range r.frames {
		p := f.at + f.total
		id := r.id.get(s, p)
		if _, known := r.table[id]; known || id < 0 || !r.anchor.has(p) {
			continue
		}
		if seen[id]++; sizes[id] == nil {
			sizes[id] = map[int]int{}
		}
		i, _ := slices.BinarySearch(r.anchor.places, p+1)
		for _, q := range r.anchor.places[i:min(len(r.anchor.places), i+lookAhead)] {
			// What follows must be known, too, or the anchor may be chance.
			if _, known := r.table[r.id.get(s, q)]; known && q-p <= maxTotal {
				sizes[id][q-p]++
			}
		}
	}
	added := false
	for id, count := range sizes {
		for _, d := range slices.Sorted(maps.Keys(count)) {
			if seen[id] >= rareSeen && 10*count[d] >= 7*seen[id] {
				r.table[id], added = d, true
				break
			}
		}
	}
	if added {
		r.follow(s)
	}
}
