package infer

import (
	"math/big"
	"math/bits"
	"slices"

	"serialgw/internal/frame"
)

// A CRC that nobody has named is found from the frames themselves. The exclusive
// or of two frames of one size is free of the initial value and the final xor:
// as a polynomial over GF(2), with the bits in the order of the CRC, it is a
// multiple of the generator. So the generator is their greatest common divisor.

const (
	generatorPairs  = 4 // differences whose divisor is taken
	generatorGroups = 5 // times that is tried: a damaged frame spoils one
)

// searchGenerator returns checks at the end of the frame whose polynomial is in
// no catalogue.
func searchGenerator(frames [][]byte) []match {
	frames = distinct(frames)
	if len(frames) < sureFrames {
		return nil
	}
	few, rest := frames[:tryFrames], frames[tryFrames:]
	rest = rest[:min(len(rest), tryHold)]
	for _, width := range []int{32, 16, 8} {
		for tail := range 3 {
			for _, reflect := range []bool{false, true} {
				for _, big := range []bool{false, true} {
					if width == 8 && big {
						continue
					}
					shape := generatorShape{width: width, tail: tail, reflect: reflect, big: big}
					if m := shape.search(frames, few, rest); m != nil {
						return []match{*m}
					}
				}
			}
		}
	}
	return nil
}

// generatorShape is where a CRC of an unknown polynomial stands, and how.
type generatorShape struct {
	width, tail  int
	reflect, big bool
}

func (g generatorShape) search(frames, few, rest [][]byte) *match {
	differences := g.differences(frames, generatorPairs*generatorGroups)
	for len(differences) >= generatorPairs {
		poly := divisor(differences[:generatorPairs])
		differences = differences[generatorPairs:]
		if poly.BitLen() != g.width+1 || poly.Bit(0) == 0 {
			continue
		}
		if found := g.complete(poly.Uint64()&(1<<g.width-1), few, rest); len(found) > 0 {
			slices.SortStableFunc(found, func(a, b match) int { return b.held - a.held })
			return &found[0]
		}
	}
	return nil
}

// differences returns the exclusive ors of neighbouring frames of one size.
func (g generatorShape) differences(frames [][]byte, n int) []*big.Int {
	var out []*big.Int
	waiting := map[int][]byte{}
	for _, f := range frames {
		if len(f) < g.width/8+g.tail+2 {
			continue // no room for it and what it covers
		}
		other, ok := waiting[len(f)]
		if !ok {
			waiting[len(f)] = f
			continue
		}
		delete(waiting, len(f))
		d := make([]byte, len(f)-g.tail)
		for i := range d {
			d[i] = f[i] ^ other[i]
		}
		g.order(d)
		if out = append(out, new(big.Int).SetBytes(d)); len(out) == n {
			break
		}
	}
	return out
}

// order puts the bits of a frame into the order in which the CRC takes them.
func (g generatorShape) order(d []byte) {
	at := len(d) - g.width/8
	if g.big == g.reflect { // a reflected CRC goes out low byte first
		for i, k := at, len(d)-1; i < k; i, k = i+1, k-1 {
			d[i], d[k] = d[k], d[i]
		}
	}
	if g.reflect {
		for i := range d {
			d[i] = bits.Reverse8(d[i])
		}
	}
}

// divisor returns the greatest common divisor of polynomials over GF(2).
func divisor(of []*big.Int) *big.Int {
	out := new(big.Int)
	for _, d := range of {
		a, b := new(big.Int).Set(d), out
		for b.Sign() != 0 {
			for a.BitLen() >= b.BitLen() {
				a.Xor(a, new(big.Int).Lsh(b, uint(a.BitLen()-b.BitLen())))
			}
			a, b = b, a
		}
		out = a
	}
	return out
}

// complete finds what the CRC begins with, and what is added to it at the end:
// for each such pair that holds in most frames a match. Where most frames have
// one size, several do.
func (g generatorShape) complete(poly uint64, few, rest [][]byte) []match {
	all := uint64(1)<<g.width - 1
	var out []match
	for _, from := range []int{0, 1, 2, 3, 4} {
		for _, init := range []uint64{0, all} {
			spec := withEndian(frame.Check{Kind: "crc", Width: g.width, Poly: poly, Init: init, Reflect: g.reflect}, g.big)
			xorout, ok := g.addedAtEnd(spec, from, few)
			if !ok {
				continue
			}
			spec.XorOut = xorout
			sum, err := frame.NewChecksum(spec)
			if err != nil {
				continue
			}
			if g.width == 8 {
				spec.Endian = ""
			}
			m := match{kind: kind{sum: sum, spec: spec, size: g.width / 8, big: g.big}, place: place{at: g.at(), over: []span{{from, g.at()}}}}
			if m.hold(rest) {
				out = append(out, m)
			}
		}
	}
	return out
}

// at is where the CRC stands, from the frame's end.
func (g generatorShape) at() int { return -(g.width/8 + g.tail) }

// addedAtEnd returns what makes a CRC without final xor right in half of the
// frames and more.
func (g generatorShape) addedAtEnd(spec frame.Check, from int, frames [][]byte) (xorout uint64, ok bool) {
	sum, err := frame.NewChecksum(spec)
	if err != nil {
		return 0, false
	}
	votes := map[uint64]int{}
	for _, f := range frames {
		at := len(f) + g.at()
		if at <= from {
			continue
		}
		added := sum.Sum(f[from:at]) ^ number{size: g.width / 8, big: g.big}.raw(f[at:])
		if votes[added]++; 2*votes[added] > len(frames) {
			return added, true
		}
	}
	return 0, false
}

func withEndian(c frame.Check, big bool) frame.Check {
	c.Endian = "little"
	if big {
		c.Endian = "big"
	}
	return c
}
