package infer

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// That no check was found may mean that its kind is not known. But of nearly all
// kinds some bit is linear: bit 0 of a sum and every bit of an exclusive or or a
// CRC, whatever its polynomial, is the exclusive or of certain bits of the frame.
// As equations over GF(2): where frames contradict every such choice of bits, no
// such check stands there.
const (
	linearTrials = 24   // sets of frames that are asked: damage spoils some
	linearProofs = 64   // frames that follow from the others, in a set
	linearMost   = 128  // bytes of a frame
	linearChance = 0.25 // contradictions among the proofs: a half by chance, none with a check
	linearIntact = 0.2  // of the sets must be without damage
)

// bitRow is a frame as bits: those that change, then one, then the bit asked.
type bitRow []uint64

// independent reports whether the frames show that the last two bytes before the
// end marker are no sum, exclusive or or CRC of the others.
func (g *guess) independent() bool {
	total := g.rule.commonest()
	var frames [][]byte
	for _, f := range distinct(g.frames) {
		if len(f) == total {
			frames = append(frames, f)
		}
	}
	end := total - g.tail
	if total > linearMost || end < 4 || len(frames) < linearProofs {
		return false
	}
	return g.free(frames, end-1) && g.free(frames, end-2)
}

// free reports whether bit 0 of the byte at an offset is shown to be no
// exclusive or of other bits.
func (g *guess) free(frames [][]byte, at int) bool {
	rows, width := bitRows(frames, at, len(frames[0])-g.tail)
	if rows == nil {
		return true // it never changes
	}
	rng := rand.New(rand.NewPCG(1, 2))
	intact := 0.0
	for range linearTrials {
		rng.Shuffle(len(rows), func(i, k int) { rows[i], rows[k] = rows[k], rows[i] })
		rank, proofs, wrong := eliminate(rows, width)
		if proofs < linearProofs || float64(wrong) < linearChance*float64(proofs) {
			return false
		}
		intact += g.intact(frames, rank)
	}
	return intact > linearIntact*linearTrials
}

// bitRows returns the frames up to end as rows; nil: the bit asked never changes.
// Width is how many bits stand before it.
func bitRows(frames [][]byte, at, end int) (rows []bitRow, width int) {
	var changing []int
	asked := false
	for i := range 8 * end {
		for _, f := range frames {
			if (f[i/8]^frames[0][i/8])>>(i%8)&1 == 1 {
				if i == 8*at {
					asked = true
				} else if i/8 != at {
					changing = append(changing, i)
				}
				break
			}
		}
	}
	if !asked {
		return nil, 0
	}
	width = len(changing) + 1
	for _, f := range frames {
		row := make(bitRow, width/64+1)
		for k, i := range changing {
			row[k/64] |= uint64(f[i/8]>>(i%8)&1) << (k % 64)
		}
		row[(width-1)/64] |= 1 << ((width - 1) % 64)
		row[width/64] |= uint64(f[at]&1) << (width % 64)
		rows = append(rows, row)
	}
	return rows, width
}

// eliminate solves the rows one after the other. A row that follows from the
// ones before proves them, or is wrong: the bit asked is another one.
func eliminate(rows []bitRow, width int) (rank, proofs, wrong int) {
	basis := make([]bitRow, width)
	for _, row := range rows {
		row = append(bitRow(nil), row...)
		first := row.reduce(basis)
		switch {
		case first < width:
			basis[first] = row
			rank++
		default:
			proofs++
			wrong += b2i(first == width)
		}
		if proofs == linearProofs {
			break
		}
	}
	return rank, proofs, wrong
}

// reduce takes away the rows of the basis, and returns the first bit that is
// left; a number beyond the row's bits: none is.
func (r bitRow) reduce(basis []bitRow) int {
	for k := range r {
		for r[k] != 0 {
			i := 64*k + bits.TrailingZeros64(r[k])
			if i >= len(basis) || basis[i] == nil {
				return i
			}
			for n, w := range basis[i] {
				r[n] ^= w
			}
		}
	}
	return 64 * len(r)
}

// intact is how likely so many frames are all without damage, as the bytes that
// never change show it.
func (g *guess) intact(frames [][]byte, n int) float64 {
	spoilt, seen := 0, 0
	for i := range frames[0] {
		still, usual := constantAt(frames, i)
		if !still {
			continue
		}
		for _, f := range frames {
			spoilt += b2i(f[i] != usual)
		}
		seen += len(frames)
	}
	damage := float64(spoilt) / float64(max(1, seen)) * float64(len(frames[0]))
	return math.Pow(max(0, 1-damage), float64(n))
}
