package infer

import (
	"maps"
	"math"
	"slices"
)

// votes collects how far apart the occurrences of an anchor are.
type votes struct {
	s    []byte
	a    *anchor
	from []int
	far  [][]int // for each of from, the distances to where the next frame may begin
}

func newVotes(s []byte, a *anchor) *votes {
	v := &votes{s: s, a: a}
	step := max(1, len(a.places)/samples)
	for i := 0; i < len(a.places); i += step {
		p := a.places[i]
		var far []int
		for _, q := range a.places[i+1 : min(len(a.places), i+1+lookAhead)] {
			if q-p > maxTotal {
				break
			}
			far = append(far, q-p)
			if n := idleBefore(s, q); n > 0 && q-p-n > 1 {
				far = append(far, q-p-n)
			}
		}
		if len(far) > 0 {
			v.from, v.far = append(v.from, p), append(v.far, far)
		}
	}
	return v
}

// fixed returns the smallest distances that most occurrences have.
func (v *votes) fixed() []*rule {
	var count [maxTotal + 1]int
	for _, far := range v.far {
		for _, d := range far {
			count[d]++
		}
	}
	var out []*rule
	for d := 3; d <= maxTotal && len(out) < 4; d++ {
		multiple := slices.ContainsFunc(out, func(r *rule) bool { return d%r.fixed == 0 })
		if 10*count[d] >= 4*len(v.from) && !multiple {
			out = append(out, &rule{anchor: v.a, fixed: d})
		}
	}
	return out
}

// lengths returns total = mul * field + add for the fields near the anchor that
// lead from most occurrences to another.
func (v *votes) lengths() []*rule {
	var out []*rule
	for at := -6; at <= 10; at++ {
		for _, n := range []number{{at, 1, false}, {at, 2, false}, {at, 2, true}} {
			if inGram(v.a, n) {
				continue
			}
			for _, mul := range []int{1, 2, 4} {
				if r := v.length(n, mul); r != nil {
					out = append(out, r)
				}
			}
		}
	}
	return out
}

// inGram: a number within the anchor is always the same.
func inGram(a *anchor, n number) bool { return n.at >= 0 && n.at+n.size <= len(a.gram) }

func (v *votes) length(n number, mul int) *rule {
	values := make([]int, len(v.from))
	differ := false
	for i, p := range v.from {
		values[i] = n.get(v.s, p)
		differ = differ || values[i] != values[0]
	}
	if !differ {
		return nil
	}
	const least, most = 0, 64 // no frame is shorter than its length says
	var count [most - least + 1]int
	for i, far := range v.far {
		last := math.MinInt
		for _, d := range far {
			if add := d - mul*values[i]; add != last && add >= least && add <= most {
				count[add-least]++
				last = add
			}
		}
	}
	votes := slices.Max(count[:])
	add := slices.Index(count[:], votes) + least
	if 10*votes < 4*len(v.from) {
		return nil
	}
	others, tried := v.others(values, mul, add)
	chance := 2 * v.a.density(len(v.s)) * float64(tried) // twice what any distance does
	if 200*others < votes || others < 4 || float64(others) < min(chance, 0.8*float64(tried)) {
		return nil // nothing shows that it tells the size
	}
	return &rule{anchor: v.a, length: &n, mul: mul, add: add, weak: 50*others < votes}
}

// others returns how many of the fields with another value than the commonest
// lead to where a next frame may begin by total = mul * field + add.
func (v *votes) others(values []int, mul, add int) (others, tried int) {
	count := map[int]int{}
	for _, value := range values {
		count[value]++
	}
	commonest := values[0]
	for value, n := range count {
		if n > count[commonest] || n == count[commonest] && value < commonest {
			commonest = value
		}
	}
	for i, far := range v.far {
		if values[i] != commonest {
			tried++
			others += b2i(slices.Contains(far, mul*values[i]+add))
		}
	}
	return others, tried
}

// tables returns the bytes near the anchor whose every value has a size of its
// own.
func (v *votes) tables() []*rule {
	var out []*rule
	for at := -6; at <= 10; at++ {
		n := number{at: at, size: 1}
		if inGram(v.a, n) {
			continue
		}
		if r := v.table(n); r != nil {
			out = append(out, r)
		}
	}
	return out
}

func (v *votes) table(n number) *rule {
	var seen [256]int
	distinct := 0
	for _, p := range v.from {
		if id := n.get(v.s, p); id >= 0 {
			seen[id]++
			distinct += b2i(seen[id] == 8)
		}
	}
	if distinct < 2 || distinct > 48 {
		return nil
	}
	by := map[int]map[int]int{}
	for i, p := range v.from {
		id := n.get(v.s, p)
		if id < 0 || seen[id] < 8 {
			continue
		}
		if by[id] == nil {
			by[id] = map[int]int{}
		}
		for _, d := range v.far[i] {
			by[id][d]++
		}
	}
	table, sizes, told := map[int]int{}, map[int]bool{}, 0
	for id, count := range by {
		for _, d := range slices.Sorted(maps.Keys(count)) {
			if d >= 3 && 10*count[d] >= 7*seen[id] {
				table[id], sizes[d] = d, true
				told += seen[id]
				break
			}
		}
	}
	if len(sizes) < 2 || 10*told < 5*len(v.from) {
		return nil
	}
	return &rule{anchor: v.a, id: &n, table: table}
}
