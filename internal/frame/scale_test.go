package frame

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestScaling_DefaultDigits(t *testing.T) {
	for _, row := range []struct {
		scale, offset any
		want          int
	}{
		{int64(1), int64(0), 0},
		{int64(10), int64(0), 0},
		{0.01, int64(0), 2},
		{0.1, int64(-40), 1},
		{0.25, int64(0), 2},
		{int64(1), 0.5, 1},
		{"1/100", int64(0), 2},
		{"16/32768", int64(0), 4},  // one step is 0.00049
		{"180/32768", int64(0), 3}, // one step is 0.0055
		{"1/3", int64(0), 1},
		{"1/2", int64(0), 1},
		{"1/340", 36.53, 3},
	} {
		scale, err1 := parseRat(row.scale)
		offset, err2 := parseRat(row.offset)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		_, fraction := row.scale.(string)
		if got := defaultDigits(scale, offset, fraction); got != row.want {
			t.Errorf("scale %v offset %v: got %d digits, want %d", row.scale, row.offset, got, row.want)
		}
	}
}

// TestScaling_ExactAgainstRationals compares the 128-bit arithmetic with
// math/big for any scale, offset and raw value. [WIRE-9]
func TestScaling_ExactAgainstRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := big.NewRat(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "num"), rapid.Int64Range(1, 1<<20).Draw(t, "den"))
		if scale.Sign() == 0 {
			t.Skip("no scale")
		}
		offset := big.NewRat(rapid.Int64Range(-1<<30, 1<<30).Draw(t, "off"), rapid.Int64Range(1, 1000).Draw(t, "offden"))
		digits := rapid.IntRange(0, 6).Draw(t, "digits")
		raw := rapid.Int64().Draw(t, "raw")
		s, ok := newScaling(scale, offset, digits)
		if !ok {
			t.Skip("more than 64 bits")
		}
		negative, magnitude := raw < 0, uint64(raw)
		if negative {
			magnitude = -magnitude
		}
		got, fits := s.apply(negative, magnitude)
		exact := s.value(new(big.Rat).SetInt64(raw))
		exact.Mul(exact, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)))
		want := roundRat(exact)
		if fits != (want.CmpAbs(big.NewInt(1<<62)) < 0 || want.IsInt64() && want.Int64() != -1<<63) {
			t.Fatalf("fits = %v for %v", fits, want)
		}
		if fits && want.Cmp(big.NewInt(got)) != 0 {
			t.Fatalf("got %d, want %v", got, want)
		}
	})
}

func TestHalfFloat(t *testing.T) {
	for h := range 1 << 16 {
		f := halfFloat(uint16(h))
		if f == f && toHalf(f) != uint16(h) {
			t.Fatalf("%04x is %v, which encodes to %04x", h, f, toHalf(f))
		}
	}
	if got := halfFloat(0x3555); got < 0.3332 || got > 0.3334 {
		t.Errorf("3555: got %v, want a third", got)
	}
}
