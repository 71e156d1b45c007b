package frame

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// maxDigits is what a Decimal can carry.
const maxDigits = 18

// scaling turns a raw integer into a decimal without rounding on the way:
//
//	mantissa = round((raw*mul + add) / div), value = mantissa / 10^digits
//
// Halves round away from zero. [WIRE-9]
type scaling struct {
	mul, add       uint64 // magnitudes
	mulNeg, addNeg bool
	div            uint64
	narrow         narrow
	digits         int
	scale, offset  *big.Rat // the same, exactly, for Encode and limits
}

// plain reports whether the value is the raw integer itself.
func (s *scaling) plain() bool { return s.unit() && s.digits == 0 }

// unit reports whether the raw integer is the mantissa, as with scale = 0.01.
func (s *scaling) unit() bool { return s.mul == 1 && s.add == 0 && s.div == 1 && !s.mulNeg }

// parseRat reads a number or a fraction as TOML gives it: 3, 0.01, "16/32768".
// A float is taken as the decimal that was written, not as its binary value.
func parseRat(v any) (*big.Rat, error) {
	var text string
	switch v := v.(type) {
	case int64:
		return new(big.Rat).SetInt64(v), nil
	case int:
		return new(big.Rat).SetInt64(int64(v)), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) || (v != 0 && math.Abs(math.Log10(math.Abs(v))) > maxDigits) {
			return nil, fmt.Errorf("%v is out of range", v)
		}
		text = strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		text = v
	default:
		return nil, fmt.Errorf("%v is neither a number nor a fraction", v)
	}
	// The length bounds what a huge exponent could make the parser build.
	if len(text) > 40 || containsExponent(text) {
		return nil, fmt.Errorf("%q is not a number or a fraction such as \"16/32768\"", text)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("%q is not a number or a fraction such as \"16/32768\"", text)
	}
	return r, nil
}

func containsExponent(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case 'e', 'E', 'p', 'P', '_', 'x', 'X':
			return true
		}
	}
	return false
}

// exactDigits returns the decimals that r needs, or -1 when it has no end.
func exactDigits(r *big.Rat) int {
	ten, x := big.NewRat(10, 1), new(big.Rat).Set(r)
	for d := 0; d <= maxDigits; d++ {
		if x.IsInt() {
			return d
		}
		x.Mul(x, ten)
	}
	return -1
}

// defaultDigits returns the decimals sent when the description does not say:
// all that a decimal scale and offset have; for a fraction, as many as tell
// neighbouring raw values apart, the smallest d with 10^-d <= scale.
func defaultDigits(scale, offset *big.Rat, fraction bool) int {
	d := max(exactDigits(scale), exactDigits(offset))
	if exactDigits(scale) >= 0 && exactDigits(offset) >= 0 && !fraction {
		return d
	}
	ten, one := big.NewRat(10, 1), big.NewRat(1, 1)
	x := new(big.Rat).Abs(scale)
	apart := 0
	for x.Cmp(one) < 0 && apart < maxDigits {
		x.Mul(x, ten)
		apart++
	}
	if exact := exactDigits(scale); exact >= 0 {
		apart = min(apart, exact)
	}
	return max(apart, exactDigits(offset))
}

// newScaling prepares the arithmetic; false when its factors need more than
// 64 bits.
func newScaling(scale, offset *big.Rat, digits int) (scaling, bool) {
	s := scaling{digits: digits, scale: scale, offset: offset}
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	mul, add := new(big.Rat).Mul(scale, power), new(big.Rat).Mul(offset, power)
	div := new(big.Int).Mul(mul.Denom(), add.Denom())
	div.Div(div, new(big.Int).GCD(nil, nil, mul.Denom(), add.Denom()))
	common := new(big.Rat).SetInt(div)
	mul.Mul(mul, common)
	add.Mul(add, common)
	if mul.Num().BitLen() > 64 || add.Num().BitLen() > 63 || div.BitLen() > 62 {
		return s, false
	}
	s.mulNeg, s.addNeg = mul.Sign() < 0, add.Sign() < 0
	s.mul = new(big.Int).Abs(mul.Num()).Uint64()
	s.add = new(big.Int).Abs(add.Num()).Uint64()
	s.div = div.Uint64()
	return s, true
}

// apply returns the mantissa of the value; false when it needs more than 63
// bits.
func (s *scaling) apply(negative bool, magnitude uint64) (int64, bool) {
	negative = negative != s.mulNeg
	hi, lo := bits.Mul64(magnitude, s.mul)
	if negative == s.addNeg {
		var carry uint64
		lo, carry = bits.Add64(lo, s.add, 0)
		hi += carry // cannot overflow: the product is at most (2^64-1)^2
	} else if hi == 0 && lo < s.add {
		lo, negative = s.add-lo, s.addNeg
	} else {
		var borrow uint64
		lo, borrow = bits.Sub64(lo, s.add, 0)
		hi -= borrow
	}
	if s.div > 1 {
		var carry uint64
		lo, carry = bits.Add64(lo, s.div/2, 0)
		hi += carry
	}
	if hi >= s.div {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, s.div)
	if q > math.MaxInt64 {
		return 0, false
	}
	if negative {
		return -int64(q), true
	}
	return int64(q), true
}

// narrow is the same for numbers so small that nothing needs more than 63 bits.
type narrow struct {
	mul, add int64
	half     int64  // div / 2
	halvings uint8  // div is 2 to this; at least 1
	div      uint64 // 0: it is a power of 2
}

// small prepares narrow for raw integers of so many bits; false where they may
// become too large.
func (s *scaling) small(width uint8) bool {
	if width > 32 || s.mul >= 1<<28 || s.add >= 1<<60 || s.div >= 1<<60 {
		return false
	}
	n := narrow{mul: int64(s.mul), add: int64(s.add), half: int64(s.div / 2)}
	if s.mulNeg {
		n.mul = -n.mul
	}
	if s.addNeg {
		n.add = -n.add
	}
	switch {
	case s.div == 1: // so that there is a half
		n.mul, n.add, n.half, n.halvings = 2*n.mul, 2*n.add, 1, 1
	case bits.OnesCount64(s.div) == 1:
		n.halvings = uint8(bits.TrailingZeros64(s.div))
	default:
		n.div = s.div
	}
	s.narrow = n
	return true
}

// scaled is apply after small, where div is a power of 2. The shift rounds down,
// so what is negative is given one less than the half.
func (n *narrow) scaled(raw int64) int64 {
	v := raw*n.mul + n.add
	return (v + n.half + v>>63) >> (n.halvings & 63)
}

// divided is the same for any other div.
func (n *narrow) divided(raw int64) int64 {
	v := raw*n.mul + n.add
	sign := v >> 63
	u := (uint64(v^sign-sign) + uint64(n.half)) / n.div
	return int64(u) ^ sign - sign
}

// value returns the exact value of a raw integer.
func (s *scaling) value(raw *big.Rat) *big.Rat {
	x := new(big.Rat).Mul(raw, s.scale)
	return x.Add(x, s.offset)
}

// invert returns the raw integer that comes nearest to a value.
func (s *scaling) invert(value *big.Rat) *big.Int {
	x := new(big.Rat).Sub(value, s.offset)
	return roundRat(x.Quo(x, s.scale))
}

// roundRat rounds to the nearest integer, halves away from zero.
func roundRat(x *big.Rat) *big.Int {
	num, two := new(big.Int).Abs(x.Num()), big.NewInt(2)
	num.Mul(num, two).Add(num, x.Denom())
	num.Quo(num, new(big.Int).Mul(x.Denom(), two))
	if x.Sign() < 0 {
		num.Neg(num)
	}
	return num
}
