package report

import (
	"math"

	"serialgw/internal/reading"
)

// sample is one value and the frame it came from.
type sample struct {
	value   reading.Value
	label   string
	message string
	stamp   reading.Stamp
}

// window gathers the values of one property.
type window struct {
	n              uint64
	last, min, max sample
	sum            sum
}

func (w *window) add(s sample) {
	w.n++
	w.last = s
	if !isNumber(s.value.Kind) {
		return
	}
	if w.n == 1 || compare(s.value, w.min.value) < 0 {
		w.min = s
	}
	if w.n == 1 || compare(s.value, w.max.value) > 0 {
		w.max = s
	}
	w.sum.add(s.value)
}

// result returns what an aggregate says of the window. digits is the rule's
// round, or -1; only the mean needs it here. It is false where a mean of floats
// has no finite value.
func (w *window) result(a Aggregate, digits int) (sample, bool) {
	switch a {
	case Min:
		return w.min, true
	case Max:
		return w.max, true
	case Mean:
		s := w.last
		s.value = w.sum.mean(digits)
		return s, s.value.Finite()
	}
	return w.last, true
}

// sum adds numbers up: integers and decimals exactly, floats with what rounding
// loses kept aside (Neumaier).
type sum struct {
	n           uint64
	plus, minus wide // of all that is above zero, below zero
	digits      int
	inexact     bool // a float was among them, or there was no room
	double      bool // a float of 64 bits was, or no float at all
	total, lost float64
}

func (s *sum) add(v reading.Value) {
	s.n++
	f := v.Float()
	next := s.total + f
	if math.Abs(s.total) >= math.Abs(f) {
		s.lost += s.total - next + f
	} else {
		s.lost += f - next + s.total
	}
	s.total = next
	x, ok := fixedOf(v)
	s.double = s.double || v.Kind != reading.Float32
	if !ok || s.inexact {
		s.inexact = true
		return
	}
	if x.digits > s.digits {
		by := pow10(x.digits - s.digits)
		var ok1, ok2 bool
		s.plus, ok1 = s.plus.times(by)
		s.minus, ok2 = s.minus.times(by)
		s.digits, s.inexact = x.digits, !ok1 || !ok2
	} else if x.digits < s.digits {
		x.size, _ = x.size.times(pow10(s.digits - x.digits))
	}
	side := &s.plus
	if x.minus {
		side = &s.minus
	}
	grown := side.plus(x.size)
	s.inexact = s.inexact || grown.less(*side)
	*side = grown
}

// mean returns the mean with so many decimals, half away from zero; -1: one more
// than the values have.
func (s *sum) mean(digits int) reading.Value {
	if !s.inexact {
		want := digits
		if want < 0 {
			want = min(s.digits+1, mostDigits)
		}
		if v, ok := s.exact(want); ok {
			return v
		}
	}
	f := (s.total + s.lost) / float64(s.n)
	v := reading.Float64Value(f)
	if !s.double {
		v = reading.Float32Value(float32(f))
	}
	if digits >= 0 && v.Finite() {
		v = round(v, digits)
	}
	return v
}

// exact is false where the mean does not fit into a decimal.
func (s *sum) exact(want int) (reading.Value, bool) {
	minus := s.plus.less(s.minus)
	size := s.plus.minus(s.minus)
	if minus {
		size = s.minus.minus(s.plus)
	}
	q, rest := size.over(s.n)
	var up bool
	if want < s.digits {
		by := pow10(s.digits - want)
		q, rest = q.over(by)
		up = rest >= by-rest
	} else {
		for range want - s.digits { // one digit more of the quotient
			more := rest * 10
			wider, ok := q.times(10)
			if !ok {
				return reading.Value{}, false
			}
			q, rest = wider.plus(wide{0, more / s.n}), more%s.n
		}
		up = rest > 0 && rest >= s.n-rest
	}
	if up {
		q = q.plus(wide{0, 1})
	}
	if q.high > 0 || q.low > math.MaxInt64 {
		return reading.Value{}, false
	}
	return signed(q.low, minus, want), true
}
