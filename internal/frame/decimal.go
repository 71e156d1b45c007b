package frame

import (
	"bytes"
	"math"

	"serialgw/internal/reading"
)

// numberText says what a text is as a decimal number.
type numberText uint8

const (
	noNumber  numberText = iota // it is none
	aNumber                     // it is one
	tooLarge                    // it is one with more digits than a reading holds
	notFinite                   // nan, inf
)

// parseDecimal reads a decimal number, 12, -0.50, .5 or 1.5e-3, with exactly
// the decimals that are written. It allocates nothing. [WIRE-25]
func parseDecimal(b []byte) (mantissa int64, digits int, kind numberText) {
	negative := len(b) > 0 && b[0] == '-'
	if negative || len(b) > 0 && b[0] == '+' {
		b = b[1:]
	}
	if isNotFinite(b) {
		return 0, 0, notFinite
	}
	n, point, i := 0, false, 0
	var m uint64
	large := false
	for ; i < len(b); i++ {
		c := b[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		n++
		digits += b2i(point)
		if large = large || m > (math.MaxInt64-9)/10; !large {
			m = m*10 + uint64(c-'0')
		}
	}
	if n == 0 {
		return 0, 0, noNumber
	}
	exponent, ok := parseExponent(b[i:])
	switch {
	case !ok:
		return 0, 0, noNumber
	case large:
		return 0, 0, tooLarge
	}
	mantissa, digits, kind = shiftPoint(int64(m), digits, exponent)
	if negative {
		mantissa = -mantissa
	}
	return mantissa, digits, kind
}

// isNotFinite reports whether the text is what programs print for NaN and
// infinity.
func isNotFinite(b []byte) bool {
	return len(b) >= 3 && len(b) <= 8 &&
		(bytes.EqualFold(b, []byte("nan")) || bytes.EqualFold(b, []byte("inf")) || bytes.EqualFold(b, []byte("infinity")))
}

// parseExponent reads e-3, or nothing.
func parseExponent(b []byte) (int, bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0] != 'e' && b[0] != 'E' {
		return 0, false
	}
	b = b[1:]
	negative := len(b) > 0 && b[0] == '-'
	if negative || len(b) > 0 && b[0] == '+' {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 3 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	if negative {
		return -n, true
	}
	return n, true
}

// shiftPoint applies an exponent to a mantissa with so many decimals.
func shiftPoint(m int64, digits, exponent int) (int64, int, numberText) {
	for digits -= exponent; digits < 0; digits++ {
		if m > math.MaxInt64/10 {
			return 0, 0, tooLarge
		}
		m *= 10
	}
	if digits > maxDigits {
		return 0, 0, tooLarge
	}
	return m, digits, aNumber
}

// withDigits rounds a decimal to other decimals, halves away from zero, or
// adds zeros; false when it then holds too many digits.
func withDigits(m int64, has, want int) (int64, bool) {
	for ; has < want; has++ {
		if m > math.MaxInt64/10 || m < -math.MaxInt64/10 {
			return 0, false
		}
		m *= 10
	}
	if has == want {
		return m, true
	}
	power := int64(1)
	for ; has > want; has-- {
		power *= 10
	}
	q, r := m/power, m%power
	switch {
	case r >= power/2:
		q++
	case -r >= power/2:
		q--
	}
	return q, true
}

// decimal gives the value of a piece that is a number; false when it means no
// value.
func (s *slot) decimal(b []byte, absent *Absent) (reading.Value, bool) {
	m, digits, kind := parseDecimal(b)
	switch kind {
	case notFinite:
		absent.NaN++
		return reading.Value{}, false
	case aNumber:
	default:
		absent.Range++
		return reading.Value{}, false
	}
	v := reading.DecimalValue(m, uint8(digits))
	for _, none := range s.invalidF {
		if v.Float() == none {
			absent.Invalid++
			return reading.Value{}, false
		}
	}
	if s.rounded {
		var ok bool
		if m, ok = withDigits(m, digits, int(s.digits)); !ok {
			absent.Range++
			return reading.Value{}, false
		}
		v = reading.DecimalValue(m, s.digits)
	}
	if f := v.Float(); s.ranged && (f < s.lowF || f > s.topF) {
		absent.Range++
		return reading.Value{}, false
	}
	return v, true
}
