package infer

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// That no check was found may mean that its kind is not known. But in nearly all
// kinds some bits are linear: the lowest of a sum and every one of an exclusive
// or or a CRC, whatever its polynomial, is the exclusive or of certain bits of the
// frame. As equations over GF(2): where frames contradict every such choice of
// bits, no such check stands there. Sums whose carries come round again, and those
// modulo a prime, have no such bit.
const (
	linearTrials = 24   // sets of frames that are asked: damage spoils some
	linearProofs = 64   // frames that follow from the others, in a set
	linearMost   = 128  // bytes of a frame
	linearEven   = 0.25 // of a check's bits either value is as frequent
	linearChance = 0.15 // contradictions among the proofs: a half by chance, none with a check
	linearIntact = 0.2  // of the sets must be without damage
)

// bitRow is a frame as bits: those that change, then one, then the bits asked.
type bitRow []uint64

func (r bitRow) set(i int, bit byte) { r[i/64] |= uint64(bit&1) << (i % 64) }

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
	damage := damageOf(frames)
	return free(frames, end-1, end, damage) && free(frames, end-2, end, damage)
}

// free reports whether no bit of the byte at an offset is an exclusive or of
// other bits before end, for all that frames of so much damage show.
func free(frames [][]byte, at, end int, damage float64) bool {
	rows, width, asked := bitRows(frames, at, end)
	if asked == 0 {
		return true // a value that rests, or seldom moves
	}
	rng := rand.New(rand.NewPCG(1, 2))
	intact := 0.0
	for range linearTrials {
		rng.Shuffle(len(rows), func(i, k int) { rows[i], rows[k] = rows[k], rows[i] })
		rank, proofs, wrong := eliminate(rows, width)
		if proofs < linearProofs || float64(slices.Min(wrong[:asked])) < linearChance*linearProofs {
			return false
		}
		intact += math.Pow(1-damage, float64(rank))
	}
	return intact > linearIntact*linearTrials
}

// bitRows returns the frames up to end as rows. Width is how many bits stand
// before those asked: the bits of the byte at an offset that are often either.
func bitRows(frames [][]byte, at, end int) (rows []bitRow, width, asked int) {
	var changing, own []int
	for i := range 8 * end {
		ones := 0
		for _, f := range frames {
			ones += int(f[i/8] >> (i % 8) & 1)
		}
		share := float64(min(ones, len(frames)-ones)) / float64(len(frames))
		switch {
		case i/8 == at && share >= linearEven:
			own = append(own, i)
		case i/8 != at && share > 0:
			changing = append(changing, i)
		}
	}
	width = len(changing) + 1
	for _, f := range frames {
		row := make(bitRow, (width+8)/64+1)
		for k, i := range changing {
			row.set(k, f[i/8]>>(i%8))
		}
		row.set(width-1, 1)
		for k, i := range own {
			row.set(width+k, f[i/8]>>(i%8))
		}
		rows = append(rows, row)
	}
	return rows, width, len(own)
}

// eliminate solves the rows one after the other. A row that follows from the
// ones before proves them, or is wrong in some of the bits asked.
func eliminate(rows []bitRow, width int) (rank, proofs int, wrong [8]int) {
	basis := make([]bitRow, width)
	for _, row := range rows {
		row = slices.Clone(row)
		if first := row.reduce(basis); first < width {
			basis[first] = row
			rank++
			continue
		}
		for k := range wrong {
			i := width + k
			wrong[k] += int(row[i/64] >> (i % 64) & 1)
		}
		if proofs++; proofs == linearProofs {
			break
		}
	}
	return rank, proofs, wrong
}

// reduce takes away the rows of the basis, and returns the first bit that is
// left; a number beyond the basis: none of its bits is.
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

// damageOf is the share of frames with a wrong byte, as the bytes that never change
// show it.
func damageOf(frames [][]byte) float64 {
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
	return min(1, float64(spoilt)/float64(max(1, seen))*float64(len(frames[0])))
}
