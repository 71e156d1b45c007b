package infer

import (
	"math"
	"slices"
)

// carries tells a number from two beside each other: where its upper half
// changes, the lower one wraps around, far more often than elsewhere. A lower half
// that goes anywhere shows no wraps; it is half of a number, for few numbers of one
// byte do so, and of one of four bytes if the upper half hardly moves.
func (n number) carries(frames [][]byte) (one, shown bool) {
	half := n.size / 2
	low, high := number{n.at, half, n.big}, number{n.at + half, half, n.big}
	if n.big {
		low, high = high, low
	}
	if jump(frames, low) > 0.5 {
		const carried = 2.0 / (1 << 14) // a step of 2, as jump counts
		return half == 1 || jump(frames, high) < carried, false
	}
	top := 1 << (8*half - 1)
	changes, carries, wraps := 0, 0, 0
	for i := 1; i < len(frames); i++ {
		d := low.get(frames[i], 0) - low.get(frames[i-1], 0)
		up := high.get(frames[i], 0) - high.get(frames[i-1], 0)
		wrapped := max(d, -d) >= top
		wraps += b2i(wrapped)
		if up != 0 {
			changes++
			// The upper half is one more where the lower one falls, or starts anew.
			carries += b2i(wrapped && (d < 0) == (up == 1 || up < -1))
		}
	}
	chance := float64(wraps) / float64(max(len(frames)-1, 1))
	expected := chance * float64(changes)
	shown = 10*carries >= 6*changes && float64(carries) > expected+4*math.Sqrt(expected)+1e-9
	return shown, shown
}

// single is carries for the whole number: of one of four bytes the lower two are
// held against each other as well.
func (n number) single(frames [][]byte) (one, shown bool) {
	one, shown = n.carries(frames)
	if n.size == 4 && one {
		lower := number{n.at, 2, n.big}
		if n.big {
			lower.at += 2
		}
		one, _ = lower.carries(frames)
	}
	return one, shown && one
}

// jump returns how far a number moves from frame to frame, 1 being what random
// bytes do.
func jump(frames [][]byte, n number) float64 { return meanStep(steps(frames, n), n) }

// leap is the same where it moves at all.
func leap(frames [][]byte, n number) float64 {
	return meanStep(slices.DeleteFunc(steps(frames, n), func(d float64) bool { return d == 0 }), n)
}

// steps are how far it moves from each frame to the next, the shorter way around.
func steps(frames [][]byte, n number) []float64 {
	span := uint64(1) << (8 * n.size)
	var out []float64
	for i := 1; i < len(frames); i++ {
		d := (n.raw(frames[i][n.at:]) - n.raw(frames[i-1][n.at:])) & (span - 1)
		out = append(out, float64(min(d, span-d)))
	}
	return out
}

// meanStep is the mean without the largest steps, for damage makes some; of none
// it is 1.
func meanStep(steps []float64, n number) float64 {
	if len(steps) == 0 {
		return 1
	}
	slices.Sort(steps)
	steps = steps[:len(steps)-len(steps)/50]
	sum := 0.0
	for _, d := range steps {
		sum += d
	}
	return sum / float64(len(steps)) / (math.Pow(256, float64(n.size)) / 4)
}
