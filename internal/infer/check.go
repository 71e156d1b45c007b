package infer

import (
	"fmt"
	"slices"
)

// place is where a check may stand and what it may cover.
//
//	AA 55 1C 01 ... data ... C4 D3 0D 0A      at -4, over 0:-4
//	└────── over ──────────┘ └at ┘ └tail
type place struct {
	at    int // negative: from the end
	over  []span
	blank bool // the check's own bytes count as zero
	head  bool // guards the head alone
}

// span is a Python slice; to 0 stands for the end.
type span struct{ from, to int }

func (v span) text() string {
	if v.to == 0 {
		return fmt.Sprintf("%d:", v.from)
	}
	return fmt.Sprintf("%d:%d", v.from, v.to)
}

func (v span) cut(f []byte) []byte {
	to := v.to
	if to <= 0 {
		to += len(f)
	}
	if v.from > to || to > len(f) {
		return nil
	}
	return f[v.from:to]
}

// holds reports whether the check of a frame is right.
func (k *kind) holds(p *place, f []byte) (ok, possible bool) {
	at := p.at
	if at < 0 {
		at += len(f)
	}
	if at < 0 || at+k.size > len(f) {
		return false, false
	}
	var stored uint64
	for i := range k.size {
		if k.big {
			stored = stored<<8 | uint64(f[at+i])
		} else {
			stored |= uint64(f[at+i]) << (8 * i)
		}
	}
	var pieces [4][]byte
	n := 0
	for _, v := range p.over {
		b := v.cut(f)
		if b == nil {
			return false, false
		}
		if from := v.from; p.blank && from <= at && at < from+len(b) {
			var zero [8]byte
			pieces[n], pieces[n+1], b = b[:at-from], zero[:k.size], b[at-from+k.size:]
			n += 2
		}
		pieces[n] = b
		n++
	}
	return k.sum.Sum(pieces[:n]...) == stored, true
}

// The search tries each check on a few frames and drops it after a few misses;
// what is left is tried on others.
const (
	tryFrames  = 10
	tryMisses  = 3
	tryHold    = 400  // other frames on which what was found is tried
	holdShare  = 0.75 // of them must hold
	nearBest   = 0.96 // of what the best one holds in
	fromMost   = 12
	fromBefore = 4 // of a check in the head
	atMost     = 16
	tailMost   = 4
	fewFrames  = 8
	sureFrames = 40
)

// searchCheck returns the checks that hold in most frames, best first.
func searchCheck(frames [][]byte) []match {
	frames = distinct(frames)
	if len(frames) < fewFrames {
		return nil
	}
	few, rest := frames[:min(tryFrames, len(frames)/2)], frames[min(tryFrames, len(frames)/2):]
	rest = rest[:min(len(rest), tryHold)]
	shortest := shortestOf(frames)
	var out []match
	for size, list := range kinds() {
		for _, p := range places(size, shortest) {
			if still(few, p, size) {
				continue
			}
			for i := range list {
				if !list[i].survives(&p, few) {
					continue
				}
				m := match{kind: list[i], place: p}
				if m.hold(rest) {
					out = append(out, m)
				}
			}
		}
	}
	out = bestHeld(out)
	slices.SortFunc(out, better)
	return out
}

// shortestOf returns the size of the shortest frame but for a few, which may be
// damage.
func shortestOf(frames [][]byte) int {
	sizes := make([]int, len(frames))
	for i, f := range frames {
		sizes[i] = len(f)
	}
	slices.Sort(sizes)
	return sizes[len(sizes)/50]
}

// places lists where a check of so many bytes may stand.
func places(size, shortest int) []place {
	var out []place
	for tail := 0; tail <= tailMost; tail++ {
		at := -(size + tail)
		for from := 0; from <= fromMost && from < shortest+at; from++ {
			out = append(out, place{at: at, over: []span{{from, at}}})
		}
	}
	for at := 1; at <= atMost && at+size+1 <= shortest; at++ {
		for from := 0; from < at; from++ {
			if at-from >= 2 {
				out = append(out, place{at: at, over: []span{{from, at}}, head: true})
			}
			if from > fromBefore {
				continue
			}
			for tail := range 3 {
				out = append(out, place{at: at, over: []span{{from, at}, {at + size, -tail}}})
			}
			out = append(out, place{at: at, over: []span{{from, 0}}, blank: true})
		}
		for tail := range 3 {
			out = append(out, place{at: at, over: []span{{at + size, -tail}}})
		}
	}
	return out
}

// still reports whether the check's own bytes, or what it covers, hardly change:
// then nothing can be learnt there.
func still(frames [][]byte, p place, size int) bool {
	own, covered := map[string]bool{}, map[string]bool{}
	for _, f := range frames {
		at := p.at
		if at < 0 {
			at += len(f)
		}
		if at < 0 || at+size > len(f) {
			continue
		}
		own[string(f[at:at+size])] = true
		var text []byte
		for _, v := range p.over {
			b := v.cut(f)
			if p.blank && v.from <= at && at+size <= v.from+len(b) {
				text = append(append(text, b[:at-v.from]...), b[at-v.from+size:]...)
				continue
			}
			text = append(text, b...)
		}
		covered[string(text)] = true
	}
	least := max(3, len(frames)/2)
	return len(own) < least || len(covered) < least
}

func (k *kind) survives(p *place, frames [][]byte) bool {
	misses := 0
	for _, f := range frames {
		if ok, _ := k.holds(p, f); !ok {
			if misses++; misses > tryMisses {
				return false
			}
		}
	}
	return true
}

// hold tries the match on frames that were not used to find it.
func (m *match) hold(frames [][]byte) bool {
	for _, f := range frames {
		if ok, possible := m.holds(&m.place, f); possible {
			m.tried++
			m.held += b2i(ok)
		}
	}
	return m.tried >= fewFrames/2 && float64(m.held) >= holdShare*float64(m.tried)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
