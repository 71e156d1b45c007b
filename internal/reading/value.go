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

// DecimalValue returns mantissa / 10^digits, digits from 0 to 18.
func DecimalValue(mantissa int64, digits uint8) Value {
	return Value{Kind: Decimal, Digits: digits, bits: uint64(mantissa)}
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
func (v Value) AppendJSON(b []byte) []byte {
	switch v.Kind {
	case Int:
		return strconv.AppendInt(b, int64(v.bits), 10)
	case Uint:
		return strconv.AppendUint(b, v.bits, 10)
	case Decimal:
		return AppendDecimal(b, int64(v.bits), int(v.Digits))
	case Float32, Float64:
		if !v.Finite() {
			return append(b, "null"...)
		}
		width := 64
		if v.Kind == Float32 {
			width = 32
		}
		return strconv.AppendFloat(b, v.Float(), 'f', -1, width)
	case Bool:
		return strconv.AppendBool(b, v.bits != 0)
	case Text:
		return AppendQuoted(b, v.text)
	}
	return append(b, "null"...)
}

// String returns the value as a person would write it.
func (v Value) String() string {
	if v.Kind == Text {
		return v.text
	}
	return string(v.AppendJSON(nil))
}

// AppendDecimal appends mantissa / 10^digits with exactly that many digits
// after the point.
func AppendDecimal(b []byte, mantissa int64, digits int) []byte {
	if digits == 0 {
		return strconv.AppendInt(b, mantissa, 10)
	}
	u := uint64(mantissa)
	if mantissa < 0 {
		b = append(b, '-')
		u = -u
	}
	var tmp [24]byte
	i := len(tmp)
	for n := 0; n <= digits || u > 0; n++ {
		if n == digits {
			i--
			tmp[i] = '.'
		}
		i--
		tmp[i] = byte('0' + u%10)
		u /= 10
	}
	return append(b, tmp[i:]...)
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
