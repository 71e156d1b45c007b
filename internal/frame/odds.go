package frame

import (
	"math"
	"math/bits"
	"slices"
)

// Odds returns how likely a listed frame is to begin at a given byte of noise
// in which every byte is equally likely: what sync, id, length, constants, end
// marker and checks leave to chance, summed over the messages. So many bytes
// of noise give that many times Odds wrong readings.
//
// It knows nothing of [WIRE-13], which keeps most of these back, and is exact
// but for bytes that two rules share, other than sync with id or
// constants, for the numbers and first pieces that a line of text must have,
// which make it less likely, and for the few bytes that an accepted frame keeps from being
// tried.
func (p *Plan) Odds() float64 {
	sum := 0.0
	for _, m := range p.messages {
		tail, spellings := len(p.end), 1.0
		if p.pieces {
			tail *= 2 // the marker in front as well [WIRE-12]
		}
		for i := range p.checks {
			tail += p.checks[i].size // of a narrow CRC the free bits must be 0
			if p.checks[i].hex {
				spellings *= math.Pow(22.0/16, float64(p.checks[i].size)) // a to f, A to F
			}
		}
		sum += p.headOdds(m) * p.sizeOdds(&m.shape) * m.shape.countOdds() * spellings * math.Pow(256, -float64(tail))
	}
	return sum
}

// headOdds is the chance of what must stand at a known place: sync, constants
// and one of the ids.
func (p *Plan) headOdds(m *MessagePlan) float64 {
	told := map[int]fixed{}
	odds := 1.0
	for _, c := range m.shape.consts {
		n := number{at: c.at, size: c.size, big: c.big}
		if c.at < 0 {
			odds *= math.Exp2(float64(bits.OnesCount64(c.free) - 8*c.size))
			continue
		}
		tell(told, n, c.value, ^c.free)
	}
	for _, c := range m.shape.moved {
		if c.in == 0 && c.reach == 0 && !m.shape.zeroFill { // those of a repeat need not be there
			odds *= math.Exp2(float64(bits.OnesCount64(c.free) - 8*c.size))
		}
	}
	if p.id == nil || len(m.IDs) == 0 {
		return odds * p.oddsOf(told)
	}
	sum := 0.0
	for _, id := range m.IDs {
		tell(told, *p.id, uint64(id), math.MaxUint64)
		sum += p.oddsOf(told)
	}
	return odds * sum
}

// fixed are bits of a byte that have one value.
type fixed struct{ mask, value byte }

// tell notes which bits of its bytes a number has when it is v.
func tell(told map[int]fixed, n number, v, mask uint64) {
	var b, m [8]byte
	storeUint(b[:n.size], v, n.big)
	storeUint(m[:n.size], mask, n.big)
	for i := range n.size {
		f := told[n.at+i]
		told[n.at+i] = fixed{f.mask | m[i], f.value&^m[i] | b[i]&m[i]}
	}
}

// oddsOf is the chance that sync fits and that the told bits have their values.
func (p *Plan) oddsOf(told map[int]fixed) float64 {
	odds := 1.0
	for at, f := range told {
		if at >= len(p.sync) {
			odds *= math.Exp2(-float64(bits.OnesCount8(f.mask)))
		}
	}
	for i := range p.sync {
		n := 0
		for x, ok := range p.sync[i].ok {
			n += b2i(ok && byte(x)&told[i].mask == told[i].value)
		}
		odds *= float64(n) / 256
	}
	return odds
}

// sizeOdds is the chance that a possible size is claimed and reached; where only
// the end marker says the size, the places where one may stand are summed.
func (p *Plan) sizeOdds(s *shape) float64 {
	reached := p.reachOdds(s.max)
	switch {
	case s.length == nil && s.size > 0:
		return reached[s.size]
	case s.counts:
		return s.countedOdds(reached)
	case s.length == nil:
		sum := 0.0
		for n := s.min; n <= s.max; n += max(s.step, 1) {
			sum += reached[n]
		}
		return sum
	}
	fit := 0.0
	l := s.length
	most := min(max((int64(s.max)-l.add)/l.mul, 0), maxTotal)
	for n, odds := range l.odds(int(most)) {
		if total := int64(n)*l.mul + l.add; total >= int64(s.min) && total <= int64(s.max) {
			fit += odds * reached[total]
		}
	}
	return fit
}

// countedOdds is the chance that the size which possible counts say is reached.
func (s *shape) countedOdds(reached []float64) float64 {
	sizes := make([]float64, s.max+1) // the chance of each
	sizes[min(s.min, s.max)] = 1
	for i := range s.series {
		r := &s.series[i]
		before := slices.Clone(sizes)
		clear(sizes)
		for n := range r.most + 1 - r.least() {
			share := 1 / float64(r.most+1)
			if r.text {
				share = math.Pow(255./256, float64(n)) / 256 / r.odds()
			}
			for size := n * r.stride; size < len(sizes); size++ {
				sizes[size] += share * before[size-n*r.stride]
			}
		}
	}
	sum := 0.0
	for n, odds := range sizes {
		sum += odds * reached[n]
	}
	return sum
}

// odds returns, for each number up to most, the chance that the length's fields
// sum to it.
func (l *lengthField) odds(most int) []float64 {
	odds := make([]float64, most+1)
	odds[0] = 1
	refs := l.refs
	if l.varint {
		for n := range odds {
			odds[n] = math.Pow(256, -float64(sizeOfVarint(int64(n))))
		}
		refs = refs[1:]
	}
	for _, r := range refs {
		values := math.Pow(256, float64(r.size))
		before := slices.Clone(odds)
		below := 0.0 // the sum of before[n-values+1 : n+1]
		for n := range odds {
			below += before[n]
			if gone := float64(n) - values; gone >= 0 {
				below -= before[int(gone)]
			}
			odds[n] = below / values
		}
	}
	return odds
}

// reachOdds returns, for each size up to most, the chance that so many bytes of
// a frame can be read on a line with escapes at all, and that delimiters stand
// around them; 1 on one without.
func (p *Plan) reachOdds(most int) []float64 {
	out := make([]float64, most+1)
	s := &p.stuff
	each, edges := 1.0, 1.0
	switch {
	case s.kind == stuffCOBS:
		return cobsOdds(out)
	case s.delimited():
		edges = 1. / 256 / 256
	case s.kind != stuffEscaped:
		for n := range out {
			out[n] = 1
		}
		return out
	}
	if s.kind != stuffNone { // a byte as it is, or esc and one that it may stand before
		plain, escaped := 255, 0
		for b := range 256 {
			plain -= b2i(s.fresh[b] || s.delimited() && byte(b) == s.delim)
			escaped += b2i(s.to[b] >= 0)
		}
		each = float64(plain)/256 + float64(escaped)/256/256
	}
	for n := range out {
		out[n] = edges * math.Pow(each, float64(max(n-s.plain, 0)))
	}
	return out
}

// cobsOdds: no byte of the piece is 0, and the blocks end where it does.
func cobsOdds(out []float64) []float64 {
	ends := make([]float64, len(out)+1) // the chance that a block ends behind so many bytes
	ends[0] = 1
	below := 0.0
	for n := 1; n < len(ends); n++ {
		below += ends[n-1]
		if n > 255 {
			below -= ends[n-256]
		}
		ends[n] = below / 256 // of 256 values one is 0, which ends the piece
	}
	for n := range out {
		// A piece has one byte more than its frame; each byte within a block is
		// not 0. Blocks that are full add a byte, which is left out here.
		out[n] = ends[n+1] * math.Pow(255./256, float64(n)) / 256 / 256
	}
	return out
}
