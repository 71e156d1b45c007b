package frame

import (
	"math"
	"slices"
)

// Odds returns how likely a listed frame is to begin at a given byte of noise
// in which every byte is equally likely: what sync, id, length, constants, end
// marker and checks leave to chance, summed over the messages. So many bytes
// of noise give that many times Odds wrong readings.
//
// It knows nothing of [WIRE-13], which keeps most of these back, and is exact
// but for bytes that two rules share, other than sync with id or
// constants, and for the few bytes that an accepted frame keeps from being
// tried.
func (p *Plan) Odds() float64 {
	sum := 0.0
	for _, m := range p.messages {
		tail := len(p.end)
		if p.pieces {
			tail *= 2 // the marker in front as well [WIRE-12]
		}
		for i := range p.checks {
			tail += p.checks[i].size // of a narrow CRC the free bits must be 0
		}
		sum += p.headOdds(m) * p.sizeOdds(&m.shape) * math.Pow(256, -float64(tail))
	}
	return sum
}

// headOdds is the chance of what must stand at a known place: sync, constants
// and one of the ids.
func (p *Plan) headOdds(m *MessagePlan) float64 {
	told := map[int]byte{} // bytes with one value
	odds := 1.0
	for _, c := range m.shape.consts {
		if c.at < 0 {
			odds *= math.Pow(256, -float64(c.size))
			continue
		}
		tell(told, number{at: c.at, size: c.size, big: c.big}, c.value)
	}
	if p.id == nil || len(m.IDs) == 0 {
		return odds * p.oddsOf(told)
	}
	sum := 0.0
	for _, id := range m.IDs {
		tell(told, *p.id, uint64(id))
		sum += p.oddsOf(told)
	}
	return odds * sum
}

// tell notes which bytes a number has when it is v.
func tell(told map[int]byte, n number, v uint64) {
	var b [8]byte
	storeUint(b[:n.size], v, n.big)
	for i := range n.size {
		told[n.at+i] = b[i]
	}
}

// oddsOf is the chance that sync fits and that the told bytes have their values.
func (p *Plan) oddsOf(told map[int]byte) float64 {
	odds := math.Pow(256, -float64(len(told)))
	for i := range p.sync {
		if b, ok := told[i]; ok {
			if !p.sync[i].ok[b] {
				return 0
			}
			continue
		}
		n := 0
		for _, ok := range p.sync[i].ok {
			n += b2i(ok)
		}
		odds *= float64(n) / 256
	}
	return odds
}

// sizeOdds is the chance that a possible size is claimed; where only the end
// marker says the size, it is the number of places where one may stand.
func (p *Plan) sizeOdds(s *shape) float64 {
	switch {
	case s.length == nil && s.size > 0:
		return 1
	case s.length == nil:
		return float64((s.max-s.min)/max(s.step, 1) + 1)
	}
	// ways[n]: how many values of the fields so far sum to n.
	ways := make([]float64, maxTotal+1)
	ways[0] = 1
	all := 1.0
	for _, r := range s.length.refs {
		values := math.Pow(256, float64(r.size))
		all *= values
		before := slices.Clone(ways)
		below := 0.0 // the sum of before[n-values+1 : n+1]
		for n := range ways {
			below += before[n]
			if gone := float64(n) - values; gone >= 0 {
				below -= before[int(gone)]
			}
			ways[n] = below
		}
	}
	fit := 0.0
	for n := range ways {
		if total := int64(n)*s.length.mul + s.length.add; total >= int64(s.min) && total <= int64(s.max) {
			fit += ways[n]
		}
	}
	return fit / all
}
