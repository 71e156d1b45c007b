package report

import (
	"math"
	"math/bits"

	"serialgw/internal/reading"
)

// Decimals are compared, rounded and averaged as whole numbers: 20.6 - 20.1 is
// 0.5, which in floating point it is not. Sums and products have 128 bits.

const (
	mostDigits = 18 // of a reading.Decimal
	maxRound   = 9
)

// wide is an unsigned number of 128 bits.
type wide struct{ high, low uint64 }

func (a wide) less(b wide) bool { return a.high < b.high || a.high == b.high && a.low < b.low }

func (a wide) plus(b wide) wide {
	low, carry := bits.Add64(a.low, b.low, 0)
	high, _ := bits.Add64(a.high, b.high, carry)
	return wide{high, low}
}

// minus is for a not less than b.
func (a wide) minus(b wide) wide {
	low, borrow := bits.Sub64(a.low, b.low, 0)
	high, _ := bits.Sub64(a.high, b.high, borrow)
	return wide{high, low}
}

// times reports false when the product has no room.
func (a wide) times(n uint64) (wide, bool) {
	over, high := bits.Mul64(a.high, n)
	carry, low := bits.Mul64(a.low, n)
	high, more := bits.Add64(high, carry, 0)
	return wide{high, low}, over == 0 && more == 0
}

// over divides.
func (a wide) over(n uint64) (quotient wide, rest uint64) {
	high, rest := a.high/n, a.high%n
	low, rest := bits.Div64(rest, a.low, n)
	return wide{high, low}, rest
}

func (a wide) float() float64 { return float64(a.high)*(1<<64) + float64(a.low) }

func pow10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// fixed is a number with a known count of decimals.
type fixed struct {
	size   wide
	minus  bool
	digits int
}

// fixedOf returns an integer or a decimal; false for any other value.
func fixedOf(v reading.Value) (fixed, bool) {
	switch v.Kind {
	case reading.Int, reading.Decimal:
		n := v.Int64()
		if n < 0 {
			return fixed{wide{0, -uint64(n)}, true, int(v.Digits)}, true
		}
		return fixed{wide{0, uint64(n)}, false, int(v.Digits)}, true
	case reading.Uint:
		return fixed{size: wide{0, v.Uint64()}}, true
	}
	return fixed{}, false
}

// align gives two values of 64 bits the same decimals; that always has room.
func align(a, b fixed) (fixed, fixed) {
	if a.digits < b.digits {
		a.size, _ = a.size.times(pow10(b.digits - a.digits))
		a.digits = b.digits
	} else if b.digits < a.digits {
		b.size, _ = b.size.times(pow10(a.digits - b.digits))
		b.digits = a.digits
	}
	return a, b
}

// compare returns -1, 0 or 1 for two numbers, exactly unless one is a float.
func compare(a, b reading.Value) int {
	x, okX := fixedOf(a)
	y, okY := fixedOf(b)
	if !okX || !okY {
		f, g := a.Float(), b.Float()
		switch {
		case f < g:
			return -1
		case f > g:
			return 1
		}
		return 0
	}
	x, y = align(x, y)
	less := x.size.less(y.size)
	switch {
	case x.size == y.size && (x.minus == y.minus || x.size == wide{}):
		return 0
	case x.minus != y.minus:
		less = x.minus
	case x.minus:
		less = !less
	}
	if less {
		return -1
	}
	return 1
}

func isNumber(k reading.Kind) bool { return k >= reading.Int && k <= reading.Float64 }

// differs reports whether a value is another than the one before; 5 and 5.0 are
// the same number.
func differs(a, b reading.Value) bool {
	if a == b {
		return false
	}
	return !isNumber(a.Kind) || !isNumber(b.Kind) || compare(a, b) != 0
}

// exceeds reports whether v has moved from last by more than the band.
func (b *Deadband) exceeds(v, last reading.Value) bool {
	x, okX := fixedOf(v)
	y, okY := fixedOf(last)
	if !okX || !okY {
		return b.exceedsFloat(math.Abs(v.Float()-last.Float()), math.Abs(last.Float()))
	}
	x, y = align(x, y)
	var moved wide
	switch {
	case x.minus != y.minus:
		moved = x.size.plus(y.size)
	case x.size.less(y.size):
		moved = y.size.minus(x.size)
	default:
		moved = x.size.minus(y.size)
	}
	if b.Percent { // moved * 100 > band * last
		left, ok := moved.times(100 * pow10(int(b.Digits)))
		right, ok2 := y.size.times(uint64(b.Mantissa))
		if !ok || !ok2 {
			return b.exceedsFloat(moved.float(), y.size.float())
		}
		return right.less(left)
	}
	band := wide{0, uint64(b.Mantissa)}
	if shift := x.digits - int(b.Digits); shift >= 0 {
		band, _ = band.times(pow10(shift))
		return band.less(moved)
	}
	left, ok := moved.times(pow10(int(b.Digits) - x.digits))
	return !ok || band.less(left)
}

func (b *Deadband) exceedsFloat(moved, last float64) bool {
	if b.Percent {
		return moved*100 > b.Float()*last
	}
	return moved > b.Float()
}

// round returns a number with at most so many decimals, half away from zero.
// What has fewer stays as it is.
func round(v reading.Value, digits int) reading.Value {
	switch v.Kind {
	case reading.Decimal:
		if int(v.Digits) > digits {
			n, _ := fixedOf(v)
			return n.value(digits)
		}
	case reading.Float32, reading.Float64:
		scaled := math.Round(v.Float() * float64(pow10(digits)))
		if math.Abs(scaled) < 1<<53 {
			return reading.DecimalValue(int64(scaled), uint8(digits))
		}
	}
	return v
}

// value returns the number with no more decimals than it has: a whole number
// of 64 bits is left of it.
func (n fixed) value(digits int) reading.Value {
	by := pow10(n.digits - digits)
	q, rest := n.size.over(by)
	if rest >= by-rest && by > 1 {
		q = q.plus(wide{0, 1})
	}
	return signed(q.low, n.minus, digits)
}

// signed is for a magnitude that a signed number has room for.
func signed(size uint64, minus bool, digits int) reading.Value {
	if minus {
		size = -size
	}
	return reading.DecimalValue(int64(size), uint8(digits))
}
