package frame

import (
	"bytes"
	"math"
)

// A series is a part of a message whose length is in the message itself: values
// that an earlier field counts, a text that it measures, or one that ends with
// NUL. A plan knows every place as if all series were as long as they can be;
// measure finds out how much nearer to the front things really stand.
//
//	offset in the plan   0    1    3    5    7    9
//	max = 4              n=2  v0   v1   v2   v3   total
//	on the line          02   ....  .... total         shift 4 behind the series
type series struct {
	text   bool // it ends with NUL
	number slot // else: says how many
	slot   int  // the same among the message's slots
	at     int  // where it begins if all series before it are full
	most   int  // values, or bytes of text with its NUL
	stride int  // bytes of one
}

// moving says where a slot or a constant stands among the series.
type moving struct {
	behind uint8  // it stands behind so many series
	in     uint8  // it is one of the values of this one, counted from 1; 0: of none
	nth    uint16 // which
	// reach is how many bytes a frame must have from here on for all of a
	// repeat = "rest" to be there; 0: no such one.
	reach uint16
}

// maxSeries bounds what one message makes measure do.
const maxSeries = 8

// measured is what the series of one frame have.
type measured struct {
	n     [maxSeries + 1]int // of each, from 1: how many values, or bytes of text
	shift [maxSeries + 1]int // bytes that what stands behind so many is nearer to the front
	need  int                // bytes in front of the trailer
}

// least returns the fewest bytes that it has.
func (r *series) least() int { return b2i(r.text) } // its NUL

// measure finds the lengths of the series in the bytes of a frame in front of its
// trailer, or in what is in of them; then need says how many it takes to go on.
// [WIRE-20]
func (s *shape) measure(b []byte, whole bool, m *measured) reason {
	m.need = s.ends[0]
	for i := range s.series {
		r, k := &s.series[i], i+1
		at := r.at - m.shift[i]
		var why reason
		var size, need int
		if r.text {
			m.n[k], size, why = r.findEnd(b, at)
		} else {
			m.n[k], need, why = r.howMany(b, m, whole && s.zeroFill)
			size = m.n[k] * r.stride
		}
		switch {
		case why == undecided && !whole:
			m.need = max(len(b)+1, need)
			return undecided
		case why == undecided && !s.zeroFill, why == whyCount:
			return whyCount
		}
		s.settle(i, size, m)
	}
	return accepted
}

// settle notes that a series has so many bytes.
func (s *shape) settle(i, size int, m *measured) {
	r := &s.series[i]
	m.shift[i+1] = m.shift[i] + r.most*r.stride - size
	m.need = max(m.need, r.at-m.shift[i]+size, s.ends[i+1]-m.shift[i+1])
}

// howMany reads the number of values; undecided when need bytes are not in.
// With zeros, those that are missing are 0.
func (r *series) howMany(b []byte, m *measured, zeros bool) (n, need int, why reason) {
	at := r.number.at - m.shift[r.number.behind]
	need = at + r.number.size
	var fill [16]byte
	said, ok := bytesAt(b, at, r.number.size, zeros, fill[:])
	if !ok {
		return 0, need, undecided
	}
	v, _, ok := r.number.magnitude(said)
	if !ok || v > uint64(r.most) {
		return 0, need, whyCount
	}
	return int(v), need, accepted
}

// findEnd finds the NUL of a text; n does not count it. Undecided is a text
// whose NUL is not in.
func (r *series) findEnd(b []byte, at int) (n, size int, why reason) {
	from, to := min(at, len(b)), min(at+r.most, len(b))
	if n = bytes.IndexByte(b[from:to], 0); n >= 0 {
		return n, n + 1, accepted
	}
	if to == at+r.most {
		return 0, 0, whyCount
	}
	return to - from, to - from + 1, undecided
}

// movedConst is a constant that stands at no place of its own.
type movedConst struct {
	constant
	moving
}

// fitCounts tries a shape whose series say how long it is.
func (p *Plan) fitCounts(s *shape, held []byte) verdict {
	var m measured
	switch why := s.measure(held, false, &m); why {
	case accepted:
	case undecided:
		return p.fitPart(s, held, 0, m.need)
	default:
		return refuse(why)
	}
	total := max(m.need+s.tail, s.min)
	switch {
	case total > s.max:
		return refuse(whyLength) // [WIRE-3]
	case total > len(held):
		return p.fitPart(s, held, total, total)
	}
	return p.fitWhole(s, held[:total])
}

// brokenEarly tests the counts that are in, of a frame of total bytes, 0 when
// that is not known; what stands in its trailer is none of them.
func (s *shape) brokenEarly(held []byte, total, trailer int) reason {
	if total > 0 {
		held = held[:min(len(held), max(total-trailer, 0))]
	}
	var m measured
	switch why := s.measure(held, false, &m); {
	case why == whyCount:
		return whyCount
	case why == accepted && total > 0 && m.need > total-s.tail && !s.zeroFill:
		return whyCount
	}
	return accepted
}

// brokenParts tests the series of a whole frame and the constants behind and
// among them.
func (s *shape) brokenParts(frame []byte, trailer int) reason {
	data := frame[:len(frame)-trailer]
	var m measured
	if why := s.measure(data, true, &m); why != accepted {
		return why
	}
	if m.need > len(frame)-s.tail && !s.zeroFill {
		return whyCount
	}
	for i := range s.moved {
		c := &s.moved[i]
		at, ok := m.place(&c.moving, c.at, len(data))
		if !ok {
			continue
		}
		var fill [8]byte
		if b, ok := bytesAt(data, at, c.size, s.zeroFill, fill[:]); !ok || !c.holds(b, 0) {
			return whyConst
		}
	}
	return accepted
}

// place finds where something stands in a frame whose data has so many bytes;
// false when the frame does not have it.
func (m *measured) place(v *moving, at, limit int) (int, bool) {
	if v.in > 0 && int(v.nth) >= m.n[v.in] {
		return 0, false
	}
	at -= m.shift[v.behind]
	return at, v.reach == 0 || at+int(v.reach) <= limit
}

// bytesAt returns bytes of the data [WIRE-22]; with zeros, those behind its end are 0,
// and fill may be used. False when they are not there.
func bytesAt(data []byte, at, size int, zeros bool, fill []byte) ([]byte, bool) {
	switch {
	case at < 0:
		return nil, false
	case at+size <= len(data):
		return data[at : at+size], true
	case !zeros:
		return nil, false
	}
	n := 0
	if at < len(data) {
		n = copy(fill, data[at:])
	}
	clear(fill[n:size])
	return fill[:size], true
}

// countOdds is the chance that noise says possible counts and ends its texts.
func (s *shape) countOdds() float64 {
	odds := 1.0
	for i := range s.series {
		if r := &s.series[i]; !r.text || !s.zeroFill { // its NUL may be missing
			odds *= r.odds()
		}
	}
	return odds
}

func (r *series) odds() float64 {
	if r.text {
		return 1 - math.Pow(255./256, float64(r.most))
	}
	return min(1, float64(r.most+1)/math.Exp2(float64(r.number.bits)))
}
