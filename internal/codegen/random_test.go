//go:build system

package codegen

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"

	"serialgw/internal/frame"
)

// sample is a message with a raw value for each member, and what the gateway
// must make of it.
type sample struct {
	message *message
	raw     map[*member][]uint64 // numbers as 64 bits, floats as their own bits
	text    map[*member][][]byte
	want    map[string]any  // property to *big.Rat, float64, bool, string or nil: none
	maybe   map[string]bool // of them, those that have a value only when others say so
}

// drawSample draws values within their ranges.
func drawSample(rng *rand.Rand, m *model) *sample {
	s := &sample{message: m.messages[rng.IntN(len(m.messages))], raw: map[*member][]uint64{},
		text: map[*member][][]byte{}, want: map[string]any{}, maybe: map[string]bool{}}
	for _, it := range s.message.items {
		s.draw(rng, it, nil)
	}
	return s
}

// draw gives the members of one field their values. group says how often it is
// repeated.
func (s *sample) draw(rng *rand.Rand, it *item, group *item) {
	n := it.n
	switch {
	case group != nil:
		n = group.n
		if group.count != nil {
			n = int(s.raw[group.count][0])
		}
	case it.count != nil && it.count.it == nil:
		n = rng.IntN(it.n + 1)
		s.raw[it.count] = []uint64{uint64(n)}
	case it.count != nil:
		n = min(n, int(s.raw[it.count][0]))
	}
	if len(it.group) > 0 {
		for _, one := range it.group {
			s.draw(rng, one, it)
		}
		return
	}
	for _, m := range it.members {
		values := 1
		if m.n > 0 {
			values = n
		}
		for i := range values {
			s.drawValue(rng, it, m, m.propertyAt(i, group != nil || it.many), n)
		}
	}
}

// propertyAt is the identifier of the i-th value.
func (m *member) propertyAt(i int, many bool) string {
	if m.n > 0 && many && m.it != nil && len(m.it.Names) > 0 {
		return m.it.Names[i]
	}
	if m.n > 0 && many {
		return fmt.Sprint(m.prop, i)
	}
	return m.prop
}

func (s *sample) drawValue(rng *rand.Rand, it *item, m *member, prop string, n int) {
	s.maybe[prop] = it.When != ""
	keep := func(raw uint64, want any) {
		s.raw[m] = append(s.raw[m], raw)
		if !strings.HasPrefix(prop, "_") && it.Counter == nil && it.key != "id" && it.key != "seq" {
			s.want[prop] = want
		}
	}
	switch {
	case m.bit >= 0 || it.pos.Type.Kind == frame.TypeBool:
		one := rng.IntN(2)
		keep(uint64(one), one == 1)
	case it.isText():
		b, want := drawText(rng, it, n)
		s.text[m] = append(s.text[m], b)
		if !strings.HasPrefix(prop, "_") {
			s.want[prop] = want
		}
	case it.isFloat():
		s.drawFloat(rng, it, keep)
	default:
		raw := drawInteger(rng, it, s.isCount(m))
		bits := raw.Uint64()
		if raw.Sign() < 0 {
			bits = uint64(raw.Int64())
		}
		keep(bits, s.signedBy(it, raw))
	}
}

// isCount reports whether a member says how many of a repeat there are, and
// how many at most.
func (s *sample) isCount(m *member) int {
	for _, it := range s.message.items {
		if it.count == m {
			return it.n
		}
	}
	return -1
}

// signedBy applies the sign that another field has.
func (s *sample) signedBy(it *item, raw *big.Int) any {
	if it.Sign != "" && it.Sign != "msb" {
		for m, values := range s.raw {
			if m.prop == it.Sign && values[0] != 0 {
				raw = new(big.Int).Neg(raw)
			}
		}
	}
	return scaled(it, new(big.Rat).SetInt(raw))
}

// scaled returns raw * scale + offset.
func scaled(it *item, raw *big.Rat) *big.Rat {
	out := new(big.Rat).Set(raw)
	if it.Scale != nil {
		out.Mul(out, rat(it.Scale))
	}
	if it.Offset != nil {
		out.Add(out, rat(it.Offset))
	}
	return out
}

func rat(v any) *big.Rat {
	text := fmt.Sprint(v)
	if f, ok := v.(float64); ok {
		text = strconv.FormatFloat(f, 'f', -1, 64)
	}
	out, ok := new(big.Rat).SetString(text)
	if !ok {
		panic("no number: " + text)
	}
	return out
}

// drawInteger draws a raw value that is in the map, or in the range.
func drawInteger(rng *rand.Rand, it *item, count int) *big.Int {
	if count >= 0 {
		return big.NewInt(int64(rng.IntN(count + 1)))
	}
	if keys := it.mapKeys(); len(keys) > 0 {
		n, err := strconv.ParseInt(keys[rng.IntN(len(keys))], 0, 64)
		if err != nil {
			panic(err)
		}
		return big.NewInt(n)
	}
	low, high := it.limits()
	for {
		span := new(big.Int).Sub(high, low)
		raw := new(big.Int).SetUint64(rng.Uint64())
		raw.Mod(raw, span.Add(span, big.NewInt(1))).Add(raw, low)
		switch rng.IntN(12) {
		case 0:
			raw.Set(low)
		case 1:
			raw.Set(high)
		}
		invalid := slices.ContainsFunc(it.Invalid, func(v any) bool { return rat(v).Cmp(new(big.Rat).SetInt(raw)) == 0 })
		if !invalid {
			return raw
		}
	}
}

// knownLimits has what limits of an item returned: to search a range takes much
// longer than to draw from it.
var knownLimits sync.Map // *item to [2]*big.Int

// limits returns what the type can hold, cut to the range. They are not to be
// changed.
func (it *item) limits() (low, high *big.Int) {
	if known, ok := knownLimits.Load(it); ok {
		l := known.([2]*big.Int)
		return l[0], l[1]
	}
	low, high = it.findLimits()
	knownLimits.Store(it, [2]*big.Int{low, high})
	return low, high
}

func (it *item) findLimits() (low, high *big.Int) {
	t := it.pos.Type
	low, high = new(big.Int), new(big.Int)
	switch t.Kind {
	case frame.TypeBCD:
		high.Exp(big.NewInt(10), big.NewInt(int64(2*t.Bytes())), nil)
		if it.Sign == "msb" {
			high.Div(high.Mul(high, big.NewInt(8)), big.NewInt(10))
		}
	case frame.TypeMidi:
		high.Lsh(big.NewInt(1), uint(7*t.Bytes()))
	case frame.TypeInt:
		high.Lsh(big.NewInt(1), uint(t.Bits-1))
		low.Neg(high)
	default:
		high.Lsh(big.NewInt(1), uint(t.Bits))
		if it.Sign == "msb" {
			high.Rsh(high, 1)
		}
	}
	high.Sub(high, big.NewInt(1))
	if it.Sign != "" && high.BitLen() > 63 {
		high.SetInt64(math.MaxInt64)
	}
	if it.Sign == "msb" {
		low.Neg(high)
	}
	if len(it.Range) == 2 {
		inside := func(n *big.Int) bool {
			v, _ := scaled(it, new(big.Rat).SetInt(n)).Float64()
			return v >= it.Range[0] && v <= it.Range[1]
		}
		low, high = narrow(low, high, inside)
	}
	return low, high
}

// narrow finds the part of a run of integers that lies inside.
func narrow(low, high *big.Int, inside func(*big.Int) bool) (*big.Int, *big.Int) {
	middle := new(big.Int)
	if !inside(middle) { // a range away from 0: look for some value in it
		for n := new(big.Int).Set(low); n.Cmp(high) <= 0; n.Add(n, big.NewInt(1)) {
			if inside(n) {
				middle.Set(n)
				break
			}
		}
	}
	search := func(good, bad *big.Int) *big.Int {
		if inside(bad) {
			return bad
		}
		for {
			next := new(big.Int).Add(good, bad)
			next.Quo(next, big.NewInt(2))
			if next.Cmp(good) == 0 || next.Cmp(bad) == 0 {
				return good
			}
			if inside(next) {
				good = next
			} else {
				bad = next
			}
		}
	}
	return search(middle, low), search(middle, high)
}

func (s *sample) drawFloat(rng *rand.Rand, it *item, keep func(uint64, any)) {
	low, high := -1e6, 1e6
	if it.pos.Type.Bits == 16 {
		low, high = -60000, 60000
	}
	if len(it.Range) == 2 {
		factor, offset := 1.0, 0.0
		if it.Scale != nil {
			factor, _ = rat(it.Scale).Float64()
		}
		if it.Offset != nil {
			offset, _ = rat(it.Offset).Float64()
		}
		a, b := (it.Range[0]-offset)/factor, (it.Range[1]-offset)/factor
		low, high = max(low, min(a, b)), min(high, max(a, b))
	}
	x := low + (high-low)*(0.001+0.998*rng.Float64())
	raw := math.Float64bits(x)
	if it.pos.Type.Bits < 64 {
		x = float64(float32(x))
		raw = uint64(math.Float32bits(float32(x)))
	}
	exact := new(big.Rat).SetFloat64(x)
	want, _ := scaled(it, exact).Float64()
	keep(raw, want)
}

func drawText(rng *rand.Rand, it *item, n int) (b []byte, want string) {
	size := it.textSize()
	if it.count != nil {
		size = n
	}
	b = make([]byte, it.textSize())
	used := rng.IntN(size + 1)
	switch {
	case it.pos.Type.Kind == frame.TypeHex:
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b, strings.ToUpper(hex.EncodeToString(b))
	case it.count != nil:
		used = n
	case it.pos.Type.Bits == 0: // with its NUL
		used = rng.IntN(it.Max)
	}
	for i := range used {
		b[i] = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 .-"[rng.IntN(45)]
	}
	return b, string(b[:used])
}
