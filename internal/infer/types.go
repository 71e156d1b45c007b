package infer

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"serialgw/internal/frame"
)

// value is one guessed field: a type at a place, with what was seen of it.
type value struct {
	at, size  int
	kind      string // type as in a description; "" = constant bytes
	low, high float64
	note      string
}

// values guesses what stands from offset from to to in frames of one message.
// busy are offsets that mean something else already.
func (g *guess) valuesOf(frames [][]byte, from, to int, busy func(int) bool) []value {
	var out []value
	for at := from; at < to; {
		if busy(at) {
			at++
			continue
		}
		room := 1
		for room < 4 && at+room < to && !busy(at+room) {
			room++
		}
		v := guessValue(frames, at, room)
		if n := len(out); n > 0 && v.kind == "" && out[n-1].kind == "" && out[n-1].at+out[n-1].size == at {
			out[n-1].size++
		} else {
			out = append(out, v)
		}
		at += v.size
	}
	return out
}

// guessValue guesses the value that begins at an offset.
func guessValue(frames [][]byte, at, room int) value {
	if still, b := constantAt(frames, at); still {
		return value{at: at, size: 1, note: fmt.Sprintf("always %02X", b)}
	}
	if room == 4 {
		for _, kind := range []string{"<f", ">f"} {
			if isFloat(frames, at, kind == ">f") {
				return seen(frames, value{at: at, size: 4, kind: kind})
			}
		}
		if v, ok := whole(frames, at, 4); ok {
			return seen(frames, v)
		}
	}
	if room >= 2 {
		if v, ok := whole(frames, at, 2); ok {
			return seen(frames, v)
		}
	}
	return seen(frames, value{at: at, size: 1, kind: "B"})
}

func constantAt(frames [][]byte, at int) (bool, byte) {
	var count [256]int
	for _, f := range frames {
		count[f[at]]++
	}
	most := slices.Max(count[:])
	return float64(most) >= 0.98*float64(len(frames)), byte(slices.Index(count[:], most))
}

// isFloat: numbers of a size that people use, whose exponents hardly change
// while their mantissas do.
func isFloat(frames [][]byte, at int, big bool) bool {
	good, low := 0, map[byte]bool{}
	exponents := map[uint32]bool{}
	for _, f := range frames {
		bits := load4(f[at:], big)
		v := math.Abs(float64(math.Float32frombits(bits)))
		good += b2i(v == 0 || v > 1e-6 && v < 1e9)
		low[byte(bits)] = true
		exponents[bits>>23] = true
	}
	return 100*good >= 97*len(frames) && len(low) > min(24, len(frames)/3) && len(exponents) <= 48
}

func load4(b []byte, big bool) uint32 {
	if big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// whole tells an integer of several bytes from single ones: it moves little
// from frame to frame, in one byte order more than in the other, and its
// highest byte says something.
func whole(frames [][]byte, at, size int) (value, bool) {
	little, big := jump(frames, number{at, size, false}), jump(frames, number{at, size, true})
	n, best, other := number{at, size, false}, little, big
	if big < little {
		n, best, other = number{at, size, true}, big, little
	}
	if best > 0.05 || 2*best > other {
		return value{}, false
	}
	top, next := at+size-1, at+size-2
	if n.big {
		top, next = at, at+1
	}
	if size == 4 && !n.carries(frames) {
		return value{}, false // two numbers beside each other
	}
	if still, b := constantAt(frames, top); still {
		// The highest byte of four may rest, when the one below does not.
		nextStill, _ := constantAt(frames, next)
		if size < 4 || nextStill || b != 0 && b != 0xFF {
			return value{}, false
		}
	}
	return value{at: at, size: size, kind: n.typeName()}, true
}

// carries tells a number of four bytes from two of two: its lower half is no
// smooth number by itself, or the upper one changes only where the lower wraps.
func (n number) carries(frames [][]byte) bool {
	low, high := number{n.at, 2, n.big}, number{n.at + 2, 2, n.big}
	if n.big {
		low, high = high, low
	}
	if jump(frames, low) > 0.05 {
		const carried = 2.0 / (1 << 14) // a step of 2, as jump counts
		return jump(frames, high) < carried
	}
	changes, wraps := 0, 0
	for i := 1; i < len(frames); i++ {
		if high.get(frames[i], 0) == high.get(frames[i-1], 0) {
			continue
		}
		changes++
		d := low.get(frames[i], 0) - low.get(frames[i-1], 0)
		wraps += b2i(max(d, -d) > 1<<15)
	}
	return changes > 2 && 10*wraps >= 8*changes
}

// jump returns how far a number moves from frame to frame, 1 being what random
// bytes do.
func jump(frames [][]byte, n number) float64 {
	span := uint64(1) << (8 * n.size)
	var steps []float64
	for i := 1; i < len(frames); i++ {
		d := (n.raw(frames[i][n.at:]) - n.raw(frames[i-1][n.at:])) & (span - 1)
		steps = append(steps, float64(min(d, span-d)))
	}
	if len(steps) == 0 {
		return 1
	}
	// The mean without the largest steps: damage makes some.
	slices.Sort(steps)
	steps = steps[:len(steps)-len(steps)/50]
	sum := 0.0
	for _, d := range steps {
		sum += d
	}
	return sum / float64(len(steps)) / float64(span/4)
}

// seen decides on the sign, and notes the range seen without the outermost
// values, which may be damage.
func seen(frames [][]byte, v value) value {
	read := func(f []byte) float64 {
		switch v.kind {
		case "<f", ">f":
			return float64(math.Float32frombits(load4(f[v.at:], v.kind == ">f")))
		}
		return float64(number{0, v.size, v.kind[0] == '>'}.raw(f[v.at:]))
	}
	all := make([]float64, 0, len(frames))
	for _, f := range frames {
		if x := read(f); !math.IsNaN(x) && !math.IsInf(x, 0) {
			all = append(all, x)
		}
	}
	signed := make([]float64, len(all))
	half := math.Pow(256, float64(v.size)) / 2
	for i, x := range all {
		signed[i] = x
		if x >= half {
			signed[i] = x - 2*half
		}
	}
	v.low, v.high = inner(all)
	if v.kind == "<f" || v.kind == ">f" {
		v.note = "smooth exponents: a float"
		return v
	}
	if low, high := inner(signed); low < 0 && (high-low < 0.6*(v.high-v.low) || v.low > 1.5*half) {
		v.low, v.high = low, high
		v.kind = map[string]string{"B": "b", "<H": "<h", ">H": ">h", "<I": "<i", ">I": ">i"}[v.kind]
	}
	return v
}

// inner returns the lowest and the highest value but for one in two hundred.
func inner(v []float64) (low, high float64) {
	if len(v) == 0 {
		return 0, 0
	}
	v = slices.Clone(v)
	slices.Sort(v)
	out := len(v) / 200
	return v[out], v[len(v)-1-out]
}

// bounds widens what was seen to a range that the type can hold.
func (v *value) bounds() []float64 {
	room := max(v.high-v.low, 1)
	low, high := math.Floor(v.low-room/2), math.Ceil(v.high+room/2)
	limit := math.Pow(256, float64(v.size))
	switch v.kind {
	case "<f", ">f":
		return []float64{low, high}
	case "b", "<h", ">h", "<i", ">i":
		return []float64{max(low, -limit/2), min(high, limit/2-1)}
	}
	return []float64{max(low, 0), min(high, limit-1)}
}

func (v *value) field(name string, checked bool) frame.Field {
	if v.kind == "" {
		return frame.Field{Skip: v.size}
	}
	f := frame.Field{Name: name, Type: v.kind}
	if !checked {
		f.Range = v.bounds()
	}
	return f
}
