package infer

import (
	"bytes"
	"slices"
)

// steady is the share of frames that must have the same byte in a column for
// it to count as constant: bit errors and false anchors spoil some.
const steady = 0.95

// column is what stands at one offset from the anchor, over many frames.
type column struct {
	value byte
	share float64 // of the commonest value
}

func (c column) constant() bool { return c.share >= steady }

// columns returns the columns at offsets from to to-1 from the anchor.
func columns(s []byte, frames []cut, from, to int) []column {
	out := make([]column, to-from)
	step := max(1, len(frames)/1000)
	for k := range out {
		var count [256]int
		n := 0
		for i := 0; i < len(frames); i += step {
			if p := frames[i].at + from + k; p >= 0 && p < len(s) {
				count[s[p]]++
				n++
			}
		}
		for b, c := range count {
			if share := float64(c) / float64(max(n, 1)); share > out[k].share {
				out[k] = column{byte(b), share}
			}
		}
	}
	return out
}

// run is a run of constant columns: a frame may begin in it.
type run struct {
	start int // offset from the anchor
	bytes []byte
}

// runs returns the runs of constant columns in which a frame may begin, that of
// the anchor first. A frame of a fixed size may begin in any; the others not
// behind what tells their size.
func (r *rule) runs(s []byte) []run {
	from, to, last := -headBefore, headAfter, len(r.anchor.gram)-1
	if r.fixed > 0 {
		from, to, last = -r.fixed/2-1, r.fixed+4, r.fixed/2
	}
	if r.length != nil {
		last = min(last, r.length.at)
	}
	if r.id != nil {
		last = min(last, r.id.at)
	}
	cols := columns(s, r.frames, from, to)
	var out []run
	for k := 0; k < len(cols); k++ {
		if !cols[k].constant() {
			continue
		}
		one := run{start: from + k}
		for k < len(cols) && cols[k].constant() {
			one.bytes = append(one.bytes, cols[k].value)
			k++
		}
		if one.start <= last && (r.fixed == 0 || one.start > from) {
			out = append(out, one)
		}
	}
	slices.SortStableFunc(out, func(a, b run) int { return distance(a) - distance(b) })
	return out[:min(len(out), 10)]
}

// distance is 0 for the run that holds the anchor.
func distance(r run) int {
	switch {
	case r.start > 0:
		return r.start
	case r.start+len(r.bytes) <= 0:
		return -(r.start + len(r.bytes)) + 1
	}
	return 0
}

// cutAll returns the frames that begin start bytes from their anchors.
func (r *rule) cutAll(s []byte, start int) [][]byte {
	out := make([][]byte, 0, len(r.frames))
	for _, f := range r.frames {
		if from := f.at + start; from >= 0 && from+f.total <= len(s) {
			out = append(out, s[from:from+f.total])
		}
	}
	return out
}

// distinct returns the frames that differ, in an order that mixes them.
func distinct(frames [][]byte) [][]byte {
	seen := map[string]bool{}
	var out [][]byte
	for _, f := range frames {
		if !seen[string(f)] {
			seen[string(f)] = true
			out = append(out, f)
		}
	}
	// Frames that follow each other are alike: the first ones looked at shall
	// come from everywhere.
	mixed := make([][]byte, 0, len(out))
	const stride = 17
	for i := range stride {
		for k := i; k < len(out); k += stride {
			mixed = append(mixed, out[k])
		}
	}
	return mixed
}

// knownEnds are markers that makers put at the end of a frame.
var knownEnds = [][]byte{{0x0D, 0x0A}, {0x0A}, {0x0D}, {0xFF, 0xFF, 0xFF}, {0, 0, 0x80, 0x7F}, {0x7D}, {0x55, 0xAA}, {0x16}} //nolint:gochecknoglobals // a table that is only read

// split says where in a run of constant bytes one frame ends and the next
// begins.
type split struct {
	at    int     // bytes of the run that are the end marker of the frame before
	clear float64 // how many times more likely than the next best
	odds  []float64
}

// of returns how many times more likely a beginning at byte n is than the best
// of the others.
func (s split) of(n int) float64 {
	others := 0.0
	own := 0.01
	for i, w := range s.odds {
		if i == n {
			own = w
		} else {
			others = max(others, w)
		}
	}
	return own / max(others, 1e-9)
}

// splitRun weighs where a frame begins within a run of constant bytes; covered
// is where its check begins to cover, counted from the run's first byte, or -1.
// The end marker has so many bytes at least.
func splitRun(r run, covered, least int) split {
	best, second := split{}, 0.0
	top := 0.0
	most := min(4, len(r.bytes)-1)
	if covered >= 0 {
		most = min(most, covered)
	}
	best.odds = make([]float64, min(least, max(most, 0)))
	for at := min(least, max(most, 0)); at <= most; at++ {
		w := endOdds(r.bytes[:at]) * syncOdds(r.bytes[at:])
		if covered >= 0 {
			w *= coverOdds(covered-at, len(r.bytes)-at)
		}
		best.odds = append(best.odds, w)
		if w > top {
			best.at, second, top = at, top, w
		} else {
			second = max(second, w)
		}
	}
	best.clear = top / max(second, 1e-9)
	return best
}

// likelyStart weighs a run of constant bytes in which a frame may begin, where no
// check tells.
func likelyStart(r run) float64 {
	at := splitRun(r, -1, 0).at
	return syncOdds(r.bytes[at:]) * endOdds(r.bytes[:at]) / (1 + 0.02*float64(distance(r)))
}

// endOdds is how likely makers are to end a frame with these bytes.
func endOdds(end []byte) float64 {
	if len(end) == 0 {
		return 0.7
	}
	if slices.ContainsFunc(knownEnds, func(k []byte) bool { return bytes.Equal(k, end) }) {
		return 2 * float64(len(end))
	}
	return [...]float64{0, 0.06, 0.06, 0.01, 0.01}[len(end)]
}

// syncOdds is how likely makers are to begin a frame with these bytes.
func syncOdds(sync []byte) float64 {
	w := [...]float64{0, 0.25, 0.45, 0.3, 0.3, 0.2}[min(len(sync), 5)]
	if sync[0] < 0x10 || sync[0] == 0xFF && len(sync) == 1 {
		w *= 0.2 // small numbers are data
	}
	return w
}

// coverOdds is how likely a check is to begin to cover at a byte of a frame
// whose first constant bytes are so many.
func coverOdds(from, constant int) float64 {
	switch {
	case from == 0:
		return 0.5
	case from == constant:
		return 0.25
	case from == 1 && constant == 2, from == 2:
		return 0.15
	case from == 1:
		return 0.1
	}
	return 0.06
}
