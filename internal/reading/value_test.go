package reading

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// The table of the numbers that OneNET reads: no exponent, fixed point for
// decimals, the shortest exact digits for floats. [ONENET-12]
func TestValue_AppendJSON(t *testing.T) {
	tests := []struct {
		name string
		in   Value
		want string
	}{
		{"Absent", Value{}, "null"},
		{"Int/Zero", IntValue(0), "0"},
		{"Int/Smallest", IntValue(math.MinInt64), "-9223372036854775808"},
		{"Uint/Largest", UintValue(math.MaxUint64), "18446744073709551615"},
		{"Decimal/NoDigits", DecimalValue(-7, 0), "-7"},
		{"Decimal/NoDigitsSmallest", DecimalValue(math.MinInt64, 0), "-9223372036854775808"},
		{"Decimal/Plain", DecimalValue(1234, 2), "12.34"},
		{"Decimal/TrailingZerosStay", DecimalValue(1200, 2), "12.00"},
		{"Decimal/Zero", DecimalValue(0, 3), "0.000"},
		{"Decimal/BelowOne", DecimalValue(5, 2), "0.05"},
		{"Decimal/SignOfSmallFraction", DecimalValue(-5, 2), "-0.05"},
		{"Decimal/ExactlyAsManyDigits", DecimalValue(-99, 2), "-0.99"},
		{"Decimal/One", DecimalValue(100, 2), "1.00"},
		{"Decimal/Smallest", DecimalValue(math.MinInt64, 2), "-92233720368547758.08"},
		{"Decimal/SmallestMostDigits", DecimalValue(math.MinInt64, 18), "-9.223372036854775808"},
		{"Decimal/LargestMostDigits", DecimalValue(math.MaxInt64, 18), "9.223372036854775807"},
		{"Decimal/OneMostDigits", DecimalValue(1, 18), "0.000000000000000001"},
		{"Float32/ShortestOfItsWidth", Float32Value(0.1), "0.1"},
		{"Float32/NoExponent", Float32Value(1e20), "100000000000000000000"},
		{"Float64/Shortest", Float64Value(0.1), "0.1"},
		{"Float64/NoExponent", Float64Value(1e-7), "0.0000001"},
		{"Float64/NaN", Float64Value(math.NaN()), "null"},
		{"Float32/Infinite", Float32Value(float32(math.Inf(-1))), "null"},
		{"Bool/TrueIsNoNumber", BoolValue(true), "true"},
		{"Bool/False", BoolValue(false), "false"},
		{"Text/Empty", TextValue(""), `""`},
		{"Text/Quoted", TextValue("a\"b\\c"), `"a\"b\\c"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(tt.in.AppendJSON([]byte("x"))); got != "x"+tt.want {
				t.Errorf("got %s, want x%s", got, tt.want)
			}
			if finite := tt.in.Finite(); finite != (tt.want != "null") {
				t.Errorf("Finite() = %v for %s", finite, tt.want)
			}
		})
	}
}

// TestValue_FloatsAreShortestWithoutExponent: whatever the size of the number,
// the text is that of strconv.
func TestValue_FloatsAreShortestWithoutExponent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.Float64().Draw(t, "double")
		f := rapid.Float32().Draw(t, "single")
		near := math.Ldexp(rapid.Float64Range(-1, 1).Draw(t, "near"), rapid.IntRange(-40, 60).Draw(t, "exponent"))
		for _, row := range []struct {
			v    Value
			want string
		}{
			{Float64Value(d), strconv.FormatFloat(d, 'f', -1, 64)},
			{Float64Value(near), strconv.FormatFloat(near, 'f', -1, 64)},
			{Float32Value(f), strconv.FormatFloat(float64(f), 'f', -1, 32)},
			{Float32Value(float32(near)), strconv.FormatFloat(float64(float32(near)), 'f', -1, 32)},
		} {
			if got := row.v.String(); row.v.Finite() && got != row.want {
				t.Fatalf("got %s, want %s", got, row.want)
			}
		}
	})
}

func TestValue_DecimalIsMantissaOverPowerOfTen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mantissa := rapid.Int64().Draw(t, "mantissa")
		digits := rapid.IntRange(0, 18).Draw(t, "digits")
		text := DecimalValue(mantissa, uint8(digits)).String()
		// Without the point the digits are the mantissa again.
		point := len(text) - digits - 1
		plain := text
		if digits > 0 {
			if text[point] != '.' {
				t.Fatalf("%s: no point before the last %d digits", text, digits)
			}
			plain = text[:point] + text[point+1:]
		}
		got, sign, seen := uint64(0), false, 0
		for _, c := range plain {
			if c == '-' {
				sign = true
				continue
			}
			got, seen = got*10+uint64(c-'0'), seen+1
		}
		if sign {
			got = -got
		}
		if int64(got) != mantissa || seen < digits+1 {
			t.Fatalf("%d with %d digits: got %s", mantissa, digits, text)
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s is not JSON", text)
		}
	})
}

// TestValue_AppendJSONMeansWhatJSONReads: whatever the value, the text is one
// JSON value, and means the exact number, truth or text.
func TestValue_AppendJSONMeansWhatJSONReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole, digits := rapid.Int64().Draw(t, "whole"), rapid.IntRange(0, 18).Draw(t, "digits")
		unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
		u, d, yes := rapid.Uint64().Draw(t, "unsigned"), rapid.Float64().Draw(t, "double"), rapid.Bool().Draw(t, "yes")
		single := rapid.Float32().Draw(t, "single")
		for _, row := range []struct {
			v    Value
			want *big.Rat
		}{
			{IntValue(whole), new(big.Rat).SetInt64(whole)},
			{DecimalValue(whole, uint8(digits)), new(big.Rat).SetFrac(big.NewInt(whole), unit)},
			{UintValue(u), new(big.Rat).SetInt(new(big.Int).SetUint64(u))},
		} {
			text := row.v.AppendJSON(nil)
			got, ok := new(big.Rat).SetString(string(text))
			if !json.Valid(text) || !ok || got.Cmp(row.want) != 0 {
				t.Fatalf("%+v: %s, want %v", row.v, text, row.want)
			}
		}
		var double float64
		var half float32
		var truth bool
		for _, row := range []struct {
			v        Value
			into     any
			readBack func() bool
		}{
			{Float64Value(d), &double, func() bool { return double == d }},
			{Float32Value(single), &half, func() bool { return half == single }},
			{BoolValue(yes), &truth, func() bool { return truth == yes }},
		} {
			if text := row.v.AppendJSON(nil); row.v.Finite() && (json.Unmarshal(text, row.into) != nil || !row.readBack()) {
				t.Fatalf("%+v: %s", row.v, text)
			}
		}
	})
}

func TestAppendQuoted_GivesBackEveryString(t *testing.T) {
	for _, s := range []string{"", "\x00\x1f\x7f", "\n\r\t\b", `"\`, "温度 °C", "\u2028\u2029", "\xff\xfe", "a\xc3", "😀"} {
		checkQuoted(t, s)
	}
	rapid.Check(t, func(t *rapid.T) {
		checkQuoted(t, rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string {
			return string(b)
		})).Draw(t, "s"))
	})
}

func checkQuoted(t interface{ Fatalf(string, ...any) }, s string) {
	quoted := AppendQuoted(nil, s)
	if !utf8.Valid(quoted) {
		t.Fatalf("%q: %q is not UTF-8", s, quoted)
	}
	var got string
	if err := json.Unmarshal(quoted, &got); err != nil {
		t.Fatalf("%q: %q is not JSON: %v", s, quoted, err)
	}
	if want := string([]rune(s)); got != want { // bad bytes become U+FFFD
		t.Fatalf("%q became %q", s, got)
	}
}

func TestValue_Float(t *testing.T) {
	for _, tt := range []struct {
		in   Value
		want float64
	}{
		{IntValue(-3), -3}, {UintValue(math.MaxUint64), math.MaxUint64}, {DecimalValue(-5, 2), -0.05},
		{Float32Value(1.5), 1.5}, {Float64Value(-0.1), -0.1}, {BoolValue(true), 1}, {BoolValue(false), 0},
	} {
		if got := tt.in.Float(); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.in, got, tt.want)
		}
	}
	for _, v := range []Value{{}, TextValue("7")} {
		if got := v.Float(); !math.IsNaN(got) {
			t.Errorf("%v: got %v, want NaN", v, got)
		}
	}
}

// A wall clock that is set right while a board talks must not make a period
// last for years.
func TestStamp_SinceIgnoresAWallClockThatJumps(t *testing.T) {
	boot := BootID{1}
	before := Stamp{Wall: 0, Boot: int64(time.Second), BootID: boot}
	after := Stamp{Wall: 1767225600e9, Boot: int64(3 * time.Second), BootID: boot, Synced: true}
	if got := after.Since(before); got != 2*time.Second {
		t.Errorf("within one boot: got %v, want 2s", got)
	}
	after.BootID = BootID{2}
	before.Wall = 1767225590e9
	if got := after.Since(before); got != 10*time.Second {
		t.Errorf("across boots: got %v, want 10s by the wall clock", got)
	}
	if got := before.Add(time.Second).Since(before); got != time.Second {
		t.Errorf("Add then Since: got %v, want 1s", got)
	}
}

func TestReading_CloneSharesNothing(t *testing.T) {
	r := Reading{Props: []Property{{Name: "volt", Value: IntValue(1)}}}
	c := r.Clone()
	r.Props[0].Value = IntValue(2)
	if got := c.Props[0].Value.Int64(); got != 1 {
		t.Errorf("the clone changed with its original: %d", got)
	}
}
