package onenetsim

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// Value is one stored value of one property.
type Value struct {
	Identifier string
	Raw        json.RawMessage // the value itself, compact JSON
	Time       int64           // Unix ms: the sample's own, else its arrival
	Stamped    bool            // the sample brought its own time
	History    bool            // by history/post
	PostID     string          // the id of the post that brought it
	Arrived    time.Time       // platform's wall clock
}

// key is what makes two stamped values the same.
func (v Value) key() string {
	return v.Identifier + " " + strconv.FormatInt(v.Time, 10) + " " + string(v.Raw)
}

// store is what the platform keeps of one device: every value in order of
// arrival, and the newest of each property.
type store struct {
	keep    int  // values kept; 0: all
	hidden  bool // values by history/post do not become current
	values  []Value
	current map[string]Value
	total   map[string]int // values ever stored, by identifier
	seen    map[string]int // stamped values among the kept ones, by key
}

func newStore(keep int, hidden bool) store {
	return store{keep: keep, hidden: hidden, current: map[string]Value{}, total: map[string]int{}, seen: map[string]int{}}
}

// add stores values and returns how many of them were there already. With a
// bounded store only duplicates of kept values are noticed.
func (st *store) add(values []Value) (duplicates int) {
	for _, v := range values {
		if v.Stamped {
			if st.seen[v.key()] > 0 {
				duplicates++
			}
			st.seen[v.key()]++
		}
		st.total[v.Identifier]++
		if now, ok := st.current[v.Identifier]; (!ok || v.Time >= now.Time) && (!v.History || !st.hidden) {
			st.current[v.Identifier] = v
		}
		st.values = append(st.values, v)
	}
	st.trim()
	return duplicates
}

// trim drops the oldest values; in steps, so that it does not copy each time.
func (st *store) trim() {
	if st.keep <= 0 || len(st.values) < 2*st.keep {
		return
	}
	cut := len(st.values) - st.keep
	for _, v := range st.values[:cut] {
		if !v.Stamped {
			continue
		}
		if st.seen[v.key()]--; st.seen[v.key()] == 0 {
			delete(st.seen, v.key())
		}
	}
	st.values = slices.Delete(st.values, 0, cut)
}

// last returns a copy of the newest values, at most keep of them.
func (st *store) last() []Value {
	from := 0
	if st.keep > 0 {
		from = max(0, len(st.values)-st.keep)
	}
	return slices.Clone(st.values[from:])
}

// bounded appends to a list and drops the oldest beyond keep (0: keeps all).
func bounded[T any](list []T, keep int, item T) []T {
	list = append(list, item)
	if keep > 0 && len(list) > keep {
		list = slices.Delete(list, 0, len(list)-keep)
	}
	return list
}
