package queue

import (
	"slices"
	"sort"
)

// span is the numbers from <= n < to.
type span struct{ from, to uint64 }

// set holds numbers as sorted spans that never touch. The queue's set of
// finished numbers begins with {0, floor}: it stays small because records
// are acknowledged almost in order.
type set struct{ spans []span }

// after returns the index of the first span that ends behind n.
func (s *set) after(n uint64) int {
	return sort.Search(len(s.spans), func(i int) bool { return s.spans[i].to > n })
}

// add puts [from, to) in and returns how many numbers were new.
func (s *set) add(from, to uint64) uint64 {
	if from >= to {
		return 0
	}
	added := to - from - s.count(from, to)
	// i..j are the spans that overlap or touch the new one.
	i := sort.Search(len(s.spans), func(i int) bool { return s.spans[i].to >= from })
	j := i
	for j < len(s.spans) && s.spans[j].from <= to {
		from, to = min(from, s.spans[j].from), max(to, s.spans[j].to)
		j++
	}
	s.spans = slices.Replace(s.spans, i, j, span{from, to})
	return added
}

func (s *set) has(n uint64) bool {
	i := s.after(n)
	return i < len(s.spans) && s.spans[i].from <= n
}

// next returns the smallest number >= n that is not in the set.
func (s *set) next(n uint64) uint64 {
	if i := s.after(n); i < len(s.spans) && s.spans[i].from <= n {
		return s.spans[i].to
	}
	return n
}

// prev returns the largest number below n that is not in the set, or 0.
func (s *set) prev(n uint64) uint64 {
	if i := sort.Search(len(s.spans), func(i int) bool { return s.spans[i].to >= n }); i < len(s.spans) {
		n = min(n, s.spans[i].from)
	}
	return max(n, 1) - 1
}

// count returns how many numbers of [from, to) are in the set.
func (s *set) count(from, to uint64) uint64 {
	var n uint64
	for i := s.after(from); i < len(s.spans) && s.spans[i].from < to; i++ {
		n += min(to, s.spans[i].to) - max(from, s.spans[i].from)
	}
	return n
}

// gaps returns the spans of [from, to) that are not in the set.
func (s *set) gaps(from, to uint64) []span {
	var out []span
	for n := s.next(from); n < to; {
		end := to
		if i := s.after(n); i < len(s.spans) {
			end = min(to, s.spans[i].from)
		}
		out = append(out, span{n, end})
		n = s.next(end)
	}
	return out
}
