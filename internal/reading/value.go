package reading

import (
	"bytes"
	"math"
	"slices"
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
	switch v.Kind {
	case Int, Decimal:
		u := v.bits
		if int64(u) < 0 {
			b, u = append(b, '-'), -u
		}
		return appendFixed(b, u, int(v.Digits))
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
// exponent. The form with one is the quicker to make, and most numbers then
// only lose it: "1.6948675e+00".
func appendFloat(b []byte, f float64, width int) []byte {
	start := len(b)
	b = strconv.AppendFloat(b, f, 'e', -1, width)
	if number, ok := bytes.CutSuffix(b, []byte("e+00")); ok {
		return number
	}
	return strconv.AppendFloat(b[:start], f, 'f', -1, width)
}

// String returns the value as a person would write it.
func (v Value) String() string {
	if v.Kind == Text {
		return v.text
	}
	return string(v.AppendJSON(nil))
}

// appendFixed appends u / 10^digits, each digit right where it belongs.
func appendFixed(b []byte, u uint64, digits int) []byte {
	start, size := len(b), max(decimals(u), digits+1)
	if digits == 0 {
		b = slices.Grow(b, size)[:start+size]
		fill(b[start:], u)
		return b
	}
	size++ // the point
	b = slices.Grow(b, size)[:start+size]
	point := len(b) - digits - 1
	b[point] = '.'
	fill(b[start:point], fill(b[point+1:], u))
	return b
}

// fill writes the last len(out) digits of u and returns what is left of it.
func fill(out []byte, u uint64) uint64 {
	for len(out) >= 2 {
		pair := pairs[u%100*2:][:2]
		u /= 100
		out[len(out)-1], out[len(out)-2] = pair[1], pair[0]
		out = out[:len(out)-2]
	}
	if len(out) == 1 {
		out[0] = byte('0' + u%10)
		u /= 10
	}
	return u
}

// pairs are the numbers from 00 to 99, one behind the other.
const pairs = "00010203040506070809" + "10111213141516171819" + "20212223242526272829" + "30313233343536373839" +
	"40414243444546474849" + "50515253545556575859" + "60616263646566676869" + "70717273747576777879" +
	"80818283848586878889" + "90919293949596979899"

// decimals returns how many digits u has.
func decimals(u uint64) int {
	n := 1
	for ; u >= 10_000; u /= 10_000 {
		n += 4
	}
	switch {
	case u >= 1000:
		return n + 3
	case u >= 100:
		return n + 2
	case u >= 10:
		return n + 1
	}
	return n
}

// AppendQuoted appends s as a JSON string. Bytes that are not UTF-8 become the
// replacement character.
func AppendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
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
