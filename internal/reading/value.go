package reading

import (
	"math"
	"strconv"
)

// Kind is the type of a Value.
type Kind uint8

// The kinds. The numbers are part of the durable encoding and never change.
const (
	None    Kind = 0 // absent
	Int     Kind = 1 // signed integer
	Uint    Kind = 2 // unsigned integer above the signed range, or any u64
	Decimal Kind = 3 // integer with Digits decimals: 1234 with 2 digits is 12.34
	Float32 Kind = 4
	Float64 Kind = 5
	Bool    Kind = 6
	Text    Kind = 7
)

// Value is one typed value. It is small, comparable and holds no pointer but
// the text's, so that decoding a frame allocates nothing.
type Value struct {
	Kind   Kind
	Digits uint8 // Decimal only: digits after the point, 0 to 18
	bits   uint64
	text   string
}

// IntValue returns a signed integer.
func IntValue(v int64) Value { return Value{Kind: Int, bits: uint64(v)} }

// UintValue returns an unsigned integer.
func UintValue(v uint64) Value { return Value{Kind: Uint, bits: v} }

// DecimalValue returns mantissa / 10^digits, digits from 0 to 18; without
// digits it is the integer.
func DecimalValue(mantissa int64, digits uint8) Value {
	kind := Decimal
	if digits == 0 {
		kind = Int
	}
	return Value{Kind: kind, Digits: digits, bits: uint64(mantissa)}
}

// Float32Value returns a single-precision number.
func Float32Value(v float32) Value { return Value{Kind: Float32, bits: uint64(math.Float32bits(v))} }

// Float64Value returns a double-precision number.
func Float64Value(v float64) Value { return Value{Kind: Float64, bits: math.Float64bits(v)} }

// BoolValue returns a truth value.
func BoolValue(v bool) Value {
	if v {
		return Value{Kind: Bool, bits: 1}
	}
	return Value{Kind: Bool}
}

// TextValue returns a string.
func TextValue(v string) Value { return Value{Kind: Text, text: v} }

// SetBits makes a number or a truth value another one of its kind: what Int64 or
// Uint64 returns, 0 or 1, or the bits of a float. A value that is written many
// times is made once so.
func (v *Value) SetBits(bits uint64) { v.bits = bits }

// Int64 returns the integer or the decimal's mantissa.
func (v Value) Int64() int64 { return int64(v.bits) }

// Uint64 returns the unsigned integer.
func (v Value) Uint64() uint64 { return v.bits }

// Bool returns the truth value.
func (v Value) Bool() bool { return v.Kind == Bool && v.bits != 0 }

// Str returns the text.
func (v Value) Str() string { return v.text }

// Float returns the value as a double; NaN for text and absent values.
func (v Value) Float() float64 {
	switch v.Kind {
	case Int:
		return float64(int64(v.bits))
	case Uint:
		return float64(v.bits)
	case Decimal:
		return float64(int64(v.bits)) / math.Pow10(int(v.Digits))
	case Float32:
		return float64(math.Float32frombits(uint32(v.bits)))
	case Float64:
		return math.Float64frombits(v.bits)
	case Bool:
		return float64(v.bits)
	}
	return math.NaN()
}

// Finite reports whether the value can be written as JSON: present, and
// neither NaN nor infinite.
func (v Value) Finite() bool {
	switch v.Kind {
	case None:
		return false
	case Float32, Float64:
		f := v.Float()
		return !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return true
}

// AppendJSON appends the value as JSON. Numbers carry no exponent [ONENET-12]:
// decimals as fixed point, floats in their shortest exact form. A value that
// is not Finite is written as null; callers leave it out instead.
func (v *Value) AppendJSON(b []byte) []byte {
	if v.Kind != Int && v.Kind != Decimal {
		return v.appendOther(b)
	}
	u := v.bits
	if int64(u) < 0 {
		b, u = append(b, '-'), -u
	}
	return appendFixed(b, u, int(v.Digits))
}

// appendOther is AppendJSON for what is no signed number: the way of those is
// kept short.
func (v *Value) appendOther(b []byte) []byte {
	switch v.Kind {
	case Uint:
		return appendFixed(b, v.bits, 0)
	case Float32:
		if f := math.Float32frombits(uint32(v.bits)); f-f == 0 { // neither NaN nor infinite
			return appendFloat(b, float64(f), 32)
		}
	case Float64:
		if f := math.Float64frombits(v.bits); f-f == 0 {
			return appendFloat(b, f, 64)
		}
	case Bool:
		return strconv.AppendBool(b, v.bits != 0)
	case Text:
		return AppendQuoted(b, v.text)
	}
	return append(b, "null"...)
}

// appendFloat appends the shortest decimal that reads back as f, without an
// exponent. The form with one is the quicker to make, so the point is moved
// here where it moves by less than ten places:
//
//	-1.6948675e-02   number, e, sign, two digits
//	-0.016948675
func appendFloat(b []byte, f float64, width int) []byte {
	start := len(b)
	b = strconv.AppendFloat(b, f, 'e', -1, width)
	mark := len(b) - len("e+00")
	if b[mark] != 'e' || b[mark+2] != '0' {
		return strconv.AppendFloat(b[:start], f, 'f', -1, width)
	}
	places := int(b[mark+3] - '0')
	switch number := b[:mark]; {
	case places == 0:
		return number
	case b[mark+1] == '-':
		return movePoint(number, start, -places)
	default:
		return movePoint(number, start, places)
	}
}

// movePoint moves the point of the number that begins at start, one digit
// before the point, to the left (places < 0) or to the right.
func movePoint(b []byte, start, places int) []byte {
	if b[start] == '-' {
		start++
	}
	var tmp [24]byte
	digits := append(tmp[:0], b[start])
	if len(b) > start+2 {
		digits = append(digits, b[start+2:]...)
	}
	const zeros = "0000000000"
	b = b[:start]
	switch whole := places + 1; {
	case whole <= 0:
		b = append(append(b, "0."...), zeros[:-whole]...)
		return append(b, digits...)
	case whole >= len(digits):
		b = append(b, digits...)
		return append(b, zeros[:whole-len(digits)]...)
	default:
		b = append(append(b, digits[:whole]...), '.')
		return append(b, digits[whole:]...)
	}
}

// String returns the value as a person would write it.
func (v Value) String() string {
	if v.Kind == Text {
		return v.text
	}
	return string(v.AppendJSON(nil))
}

// appendFixed appends u / 10^digits, digits from 0 to 18. The scales that are
// in use have a way of their own: dividing by a number that the compiler knows
// is a multiplication.
func appendFixed(b []byte, u uint64, digits int) []byte {
	switch digits {
	case 0:
		return appendWhole(b, u)
	case 1:
		return append(appendWhole(b, u/10), '.', byte('0'+u%10))
	case 2:
		rest := u % 100 * 2
		return append(appendWhole(b, u/100), '.', pairs[rest], pairs[rest+1])
	case 3:
		rest := u % 1000 / 10 * 2
		return append(appendWhole(b, u/1000), '.', pairs[rest], pairs[rest+1], byte('0'+u%10))
	}
	unit := uint64(1)
	for range digits {
		unit *= 10
	}
	b = append(appendWhole(b, u/unit), '.')
	for u %= unit; digits > 0; digits-- {
		unit /= 10
		b = append(b, byte('0'+u/unit))
		u %= unit
	}
	return b
}

// appendWhole appends the digits of u, up to four at a time.
func appendWhole(b []byte, u uint64) []byte {
	switch {
	case u < 10:
		return append(b, byte('0'+u))
	case u < 100:
		return append(b, pairs[u*2], pairs[u*2+1])
	case u < 1000:
		rest := u % 100 * 2
		return append(b, byte('0'+u/100), pairs[rest], pairs[rest+1])
	case u >= 10_000:
		b = appendWhole(b, u/10_000)
	}
	high, low := u%10_000/100*2, u%100*2
	return append(b, pairs[high], pairs[high+1], pairs[low], pairs[low+1])
}

// pairs are the numbers from 00 to 99, one behind the other.
const pairs = "00010203040506070809" + "10111213141516171819" + "20212223242526272829" + "30313233343536373839" +
	"40414243444546474849" + "50515253545556575859" + "60616263646566676869" + "70717273747576777879" +
	"80818283848586878889" + "90919293949596979899"

// AppendQuoted appends s as a JSON string. Bytes that are not UTF-8 become the
// replacement character.
func AppendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	if isPlain(s) {
		return append(append(b, s...), '"')
	}
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r < 0x20 || r == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return append(b, '"')
}

// isPlain reports whether a text stands for itself in JSON, as identifiers do.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
