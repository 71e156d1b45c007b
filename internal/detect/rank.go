package detect

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// Limits of what is looked at, and of what convinces.
const (
	whole   = 256 << 10 // bytes up to which a stream is taken whole
	pieces  = 4         // of a longer one, so many
	piece   = 64 << 10  // bytes each, spread evenly
	single  = 4096      // bytes that may be one frame alone
	decoded = 500       // frames whose values are looked at

	strongBits = 64   // enough in any company
	strongPart = 0.05 // of the bytes
	// Without a check chance is no measure: numbers stand in any log.
	uncheckedPart = 0.5
	wholeBits     = 15 // enough where nearly everything is explained
	wholePart     = 0.6
	alike         = 0.9 // of its frames: another accepts the same
)

// Rank is what one candidate makes of a stream.
type Rank struct {
	Candidate
	Explained float64 // share of the bytes in its frames, 0 to 1
	Frames    uint64
	Unknown   uint64  // of them, with an id that is not listed
	Failed    uint64  // checks that failed
	Evidence  float64 // bits by which the frames are more than chance
	Absent    float64 // share of the values that are out of range, 0 to 1

	// Same lists other candidates that accept the same frames, and say as much
	// about them or less.
	Same []string
	// Convincing: the stream is of this format.
	Convincing bool

	ends   []uint64 // where its frames end
	sizes  []int    // of the same frames, bytes
	inside bool     // most of its frames lie within those of a better one
	props  int      // values given
}

// All ranks the candidates, the best first. What accepts the same frames as a
// better one is listed there.
func All(stream []byte, candidates []Candidate) []Rank {
	parts := split(stream)
	f := frequenciesOf(slices.Concat(parts...))
	out := make([]Rank, len(candidates))
	for i := range candidates {
		out[i] = rank(parts, &candidates[i], f)
	}
	slices.SortStableFunc(out, compare)
	if len(out) == 0 {
		return nil
	}
	if best := &out[0]; best.Convincing && best.Explained >= wholePart {
		for i := range out[1:] {
			out[1+i].without(best)
		}
		slices.SortStableFunc(out[1:], compare)
	}
	return gather(out)
}

// without takes away the frames that lie within those of a better one: what
// looks like a frame there is data.
func (r *Rank) without(best *Rank) {
	total, data, k := 0, 0, 0
	for i, end := range r.ends {
		for k < len(best.ends) && best.ends[k] < end {
			k++
		}
		total += r.sizes[i]
		if k == len(best.ends) {
			continue
		}
		begins := best.ends[k] - uint64(best.sizes[k])
		if end-uint64(r.sizes[i]) >= begins && r.sizes[i] < best.sizes[k] {
			data += r.sizes[i]
		}
	}
	if data == 0 {
		return
	}
	left := 1 - float64(data)/float64(total)
	r.Explained, r.Evidence = r.Explained*left, r.Evidence*left
	r.inside = left < 0.5
	r.convince()
}

// split returns the pieces of a stream that are looked at.
func split(stream []byte) [][]byte {
	if len(stream) <= whole {
		return [][]byte{stream}
	}
	var out [][]byte
	for i := range pieces {
		at := i * (len(stream) - piece) / (pieces - 1)
		out = append(out, stream[at:at+piece])
	}
	return out
}

func rank(parts [][]byte, c *Candidate, f *frequencies) Rank {
	out := Rank{Candidate: *c}
	var m frame.Metrics
	base, adjacent, looked, possible := uint64(0), uint64(0), 0, 0
	var r reading.Reading
	for _, part := range parts {
		s := frame.NewScanner(c.Plan, 0)
		take := func() {
			for n := 0; s.Scan(); n++ {
				one := s.Frame()
				out.ends, out.sizes = append(out.ends, base+one.End), append(out.sizes, len(one.Bytes))
				if n > 0 && one.Skipped == 0 {
					adjacent++
				}
				if one.Message == nil || looked == decoded {
					continue
				}
				looked++
				a := c.Plan.Decode(one, &r)
				out.props += len(r.Props)
				possible += len(r.Props) + a.Range + a.Map + a.NaN
			}
		}
		s.Feed(reading.Chunk{Bytes: part})
		take()
		s.Flush()
		take()
		add(&m, s.Metrics())
		base += uint64(len(part))
	}
	if m.Frames == 0 && len(parts) == 1 && len(parts[0]) <= single {
		if one, err := c.Plan.Parse(parts[0]); err == nil {
			m = frame.Metrics{Frames: 1, FrameBytes: uint64(len(parts[0])), UnknownID: unlisted(one)}
		}
	}
	out.Explained, out.Frames, out.Unknown, out.Failed = m.Explained(), m.Frames, m.UnknownID, m.CheckFailed
	if possible > 0 {
		out.Absent = max(0, 1-float64(out.props)/float64(possible))
	}
	// A run of frames may begin at any byte of noise, and behind another.
	places := float64(m.Noise) + float64(m.Frames-adjacent)
	out.Evidence = evidence(places, c.chance(f), float64(m.Frames), float64(adjacent))
	if c.checked == 0 {
		out.Evidence *= 1 - out.Absent
	}
	out.convince()
	return out
}

func (r *Rank) convince() {
	part := strongPart
	if r.checked == 0 {
		part = uncheckedPart
	}
	r.Convincing = r.Evidence >= strongBits && r.Explained >= part || r.Evidence >= wholeBits && r.Explained >= wholePart
}

func unlisted(f *frame.Frame) uint64 {
	if f.Message == nil {
		return 1
	}
	return 0
}

func add(to *frame.Metrics, m frame.Metrics) {
	to.FrameBytes += m.FrameBytes
	to.Noise += m.Noise
	to.Frames += m.Frames
	to.UnknownID += m.UnknownID
	to.CheckFailed += m.CheckFailed
}

// evidence returns by how many bits k frames among n bytes are more than chance,
// which puts one at a given byte with odds p. So many of them stand right behind
// another: each of these had only one place.
func evidence(n, p, k, adjacent float64) float64 {
	runs := k - adjacent
	if runs <= 0 {
		return 0
	}
	bits := adjacent * -math.Log2(p)
	if by := max(n, 1) * p; runs > by {
		bits += runs*math.Log2(runs/by) - (runs-by)*math.Log2E
	}
	return bits
}

// compare puts what convinces first, then what explains more, then what says
// more about it.
func compare(a, b Rank) int {
	near := math.Abs(a.Explained-b.Explained) < 0.01
	switch {
	case a.Convincing != b.Convincing:
		return truth(b.Convincing) - truth(a.Convincing)
	case !a.Convincing:
		return cmp.Or(cmp.Compare(b.Evidence, a.Evidence), cmp.Compare(b.Explained, a.Explained))
	case !near:
		return cmp.Compare(b.Explained, a.Explained)
	}
	return cmp.Or(cmp.Compare(a.Unknown, b.Unknown), a.order-b.order, b.props-a.props, b.listed-a.listed, cmp.Compare(b.Evidence, a.Evidence), cmp.Compare(a.Name, b.Name))
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// gather moves those that accept the same frames as a better one to its Same.
func gather(ranks []Rank) []Rank {
	var out []Rank
next:
	for _, r := range ranks {
		for i := range out {
			if r.Convincing && out[i].Convincing && shared(r.ends, out[i].ends) >= alike {
				out[i].Same = append(out[i].Same, r.Name)
				continue next
			}
		}
		out = append(out, r)
	}
	return out
}

// shared returns the share of a that also stands in b; both are sorted.
func shared(a, b []uint64) float64 {
	if len(a) == 0 {
		return 0
	}
	n := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			n++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return float64(n) / float64(len(a))
}

// Against says in a few words what stands against the candidate; "" = nothing.
func (r *Rank) Against() string {
	switch {
	case r.Frames == 0:
		return "no frame"
	case r.inside:
		return "its frames lie within those of the first"
	case r.Evidence < wholeBits:
		return "so few frames are found in noise, too"
	case r.checked == 0 && r.Absent > 0.2:
		return fmt.Sprintf("%.0f %% of the values are out of range", 100*r.Absent)
	case !r.Convincing:
		return "it explains too little"
	case r.Unknown == r.Frames:
		return "its messages are not described"
	case r.Unknown > 0:
		return fmt.Sprintf("%.0f %% of the frames have an id that is not described", 100*float64(r.Unknown)/float64(r.Frames))
	case r.checked == 0:
		return "it has no check"
	}
	return ""
}
