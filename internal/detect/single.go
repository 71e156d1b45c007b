package detect

import (
	"math"
	"slices"
)

// singleBits is by how many bits bytes must be more than chance, their check
// left out, to be told as a damaged frame.
const singleBits = 10

// Single is a candidate whose one frame the bytes are, or would be but for
// their check.
type Single struct {
	Candidate
	Whole bool // false: the check fails
	bits  float64
}

// Singles lists what b is a single frame of, all of it and nothing else. What
// is whole comes first, then what chance makes less often.
func Singles(b []byte, candidates []Candidate) []Single {
	var out []Single
	if len(b) == 0 || len(b) > single {
		return nil
	}
	for _, c := range candidates {
		one := Single{Candidate: c, bits: -math.Log2(max(c.odds, 1e-30))}
		if _, err := c.Plan.Parse(b); err == nil {
			one.Whole = true
		} else if one.bits-c.checked < singleBits || !c.Plan.FailsCheckOnly(b) {
			continue
		}
		out = append(out, one)
	}
	slices.SortStableFunc(out, func(x, y Single) int {
		if x.Whole != y.Whole {
			return truth(y.Whole) - truth(x.Whole)
		}
		if x.bits != y.bits {
			return truth(y.bits > x.bits) - truth(x.bits > y.bits)
		}
		return x.order - y.order
	})
	return out
}
