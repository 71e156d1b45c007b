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
	shown     bool // its byte order: there are carries, or exponents
}

// order is the byte order of a protocol's numbers.
type order uint8

const (
	anyOrder order = iota
	littleFirst
	bigFirst
)

// allows reports whether numbers may have the high byte first, or the low one.
func (o order) allows(big bool) bool { return o == anyOrder || big == (o == bigFirst) }

// orderOf returns the order that the values show, if three in five of them agree.
func orderOf(contents []content) order {
	var n [2]int
	for i := range contents {
		for _, v := range contents[i].values {
			if v.shown {
				n[b2i(v.kind[0] == '>')]++
			}
		}
	}
	switch little, big := n[0], n[1]; {
	case 2*little > 3*big:
		return littleFirst
	case 2*big > 3*little:
		return bigFirst
	}
	return anyOrder
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
		room := 1 // up to a value of four bytes that begins within this one
		for room < 7 && at+room < to && !busy(at+room) {
			room++
		}
		v := g.guessValue(frames, at, room)
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
func (g *guess) guessValue(frames [][]byte, at, room int) value {
	if still, b := constantAt(frames, at); still {
		if room >= 4 && (b == 0 || b == 0xFF) { // it may be the highest byte
			if v, ok := g.whole(frames, at, 4); ok && v.kind[0] == '>' {
				return seen(frames, v)
			}
		}
		return value{at: at, size: 1, note: fmt.Sprintf("always %02X", b)}
	}
	if room >= 4 {
		for _, kind := range []string{"<f", ">f"} {
			if big := kind == ">f"; g.order.allows(big) && isFloat(frames, at, big) && !floatBehind(frames, at, room, big) {
				return seen(frames, value{at: at, size: 4, kind: kind, shown: true})
			}
		}
		if v, ok := g.whole(frames, at, 4); ok {
			return seen(frames, v)
		}
	}
	if room >= 2 {
		if v, ok := g.whole(frames, at, 2); ok {
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

// isFloat: numbers of a size that people use, whose exponents hardly change while
// the end of their mantissas goes anywhere.
func isFloat(frames [][]byte, at int, big bool) bool {
	good, low := 0, map[byte]bool{}
	for _, f := range frames {
		bits := load4(f[at:], big)
		v := math.Abs(float64(math.Float32frombits(bits)))
		good += b2i(v == 0 || v > 1e-6 && v < 1e9)
		low[byte(bits)] = true
	}
	end := number{at, 1, false}
	if big {
		end.at += 3
	}
	return 100*good >= 97*len(frames) && len(low) > min(24, len(frames)/3) && exponents(frames, at, big) <= 48 && leap(frames, end) > 0.25
}

// exponents counts how many a float at that place has.
func exponents(frames [][]byte, at int, big bool) int {
	seen := map[uint32]bool{}
	for _, f := range frames {
		seen[load4(f[at:], big)>>23] = true
	}
	return len(seen)
}

// floatBehind reports whether a better float begins inside one that is possible:
// what looks like its exponent hardly changes then because it is another value.
func floatBehind(frames [][]byte, at, room int, big bool) bool {
	here := exponents(frames, at, big)
	for next := at + 1; next <= at+min(3, room-4); next++ {
		if isFloat(frames, next, big) && exponents(frames, next, big) < here {
			return true
		}
	}
	return false
}

func load4(b []byte, big bool) uint32 {
	if big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// whole tells an integer of several bytes from single ones: it moves little from
// frame to frame, in one byte order far less than in the other or in that of the
// other values; its bytes carry; and its highest byte says something.
func (g *guess) whole(frames [][]byte, at, size int) (value, bool) {
	little, big := number{at, size, false}, number{at, size, true}
	l, b := jump(frames, little), jump(frames, big)
	n, best := little, l
	if b < l {
		n, best = big, b
	}
	one, shown := false, false
	if 2*best <= max(l, b) {
		one, shown = n.single(frames)
	}
	if !shown && g.order != anyOrder { // then the order is the others'
		n, best = little, l
		if g.order == bigFirst {
			n, best = big, b
		}
		one, shown = n.single(frames)
	}
	if best > 0.05 || !one {
		return value{}, false // two numbers beside each other
	}
	top, next := at+size-1, at+size-2
	if n.big {
		top, next = at, at+1
	}
	if still, b := constantAt(frames, top); still {
		// The highest byte of four may rest, when the one below does not.
		nextStill, _ := constantAt(frames, next)
		if size < 4 || nextStill || b != 0 && b != 0xFF {
			return value{}, false
		}
	}
	return value{at: at, size: size, kind: n.typeName(), shown: shown}, true
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
		v.note = "likely a float: its exponent hardly moves"
		return v
	}
	switch {
	case v.shown:
		v.note = "likely one number: its bytes carry"
	case v.size > 1:
		v.note = "a guess: the low byte goes anywhere, the high one does not"
	default:
		v.note = "a guess"
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
