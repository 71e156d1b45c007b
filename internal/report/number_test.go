package report

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"serialgw/internal/reading"
)

// rational is the exact number that a value stands for.
func rational(t *testing.T, v reading.Value) *big.Rat {
	t.Helper()
	switch v.Kind {
	case reading.Float32, reading.Float64:
		return new(big.Rat).SetFloat64(v.Float())
	}
	r, ok := new(big.Rat).SetString(v.String())
	if !ok {
		t.Fatalf("%v is no number", v)
	}
	return r
}

// anyNumber draws integers and decimals of every size.
func anyNumber(rng *rand.Rand) reading.Value {
	n := int64(rng.Uint64()) >> rng.IntN(64)
	switch rng.IntN(6) {
	case 0:
		return reading.IntValue(n)
	case 1:
		return reading.UintValue(rng.Uint64() >> rng.IntN(64))
	case 2:
		return reading.DecimalValue([]int64{0, 1, -1, math.MaxInt64, math.MinInt64}[rng.IntN(5)], uint8(rng.IntN(19)))
	}
	return reading.DecimalValue(n, uint8(rng.IntN(19)))
}

func TestCompare_IsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 100_000 {
		a, b := anyNumber(rng), anyNumber(rng)
		if rng.IntN(4) == 0 {
			b = a
		}
		if got, want := compare(a, b), rational(t, a).Cmp(rational(t, b)); got != want {
			t.Fatalf("compare(%v, %v) = %d, want %d", a, b, got, want)
		}
	}
}

func TestDeadband_IsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 100_000 {
		a := anyNumber(rng)
		last := reading.DecimalValue(a.Int64()+int64(rng.IntN(2000))-1000, a.Digits)
		if a.Kind == reading.Uint || a.Int64() > math.MaxInt64-2000 || a.Int64() < math.MinInt64+2000 {
			last = anyNumber(rng)
		}
		d := Deadband{Mantissa: rng.Int64N(2000), Digits: uint8(rng.IntN(maxRound + 1))}
		moved := new(big.Rat).Sub(rational(t, a), rational(t, last))
		limit := rational(t, reading.DecimalValue(d.Mantissa, d.Digits))
		if got, want := d.exceeds(a, last), moved.Abs(moved).Cmp(limit) > 0; got != want {
			t.Fatalf("%v from %v with %v: %v, want %v", a, last, limit, got, want)
		}
		d.Percent = true
		if last.Kind == reading.Uint || math.Abs(last.Float()) > 1e9 {
			continue // what has no room is reckoned with floats
		}
		limit.Mul(limit, rational(t, last)).Quo(limit, big.NewRat(100, 1))
		if got, want := d.exceeds(a, last), moved.Cmp(limit.Abs(limit)) > 0; got != want && math.Abs(a.Float()) < 1e9 {
			t.Fatalf("%v from %v with %d/10^%d %%: %v, want %v", a, last, d.Mantissa, d.Digits, got, want)
		}
	}
}

// halfAway rounds to so many decimals, half away from zero.
func halfAway(r *big.Rat, digits int) *big.Rat {
	by := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	scaled := new(big.Rat).Mul(new(big.Rat).Abs(r), by)
	scaled.Add(scaled, big.NewRat(1, 2))
	whole := new(big.Rat).SetInt(new(big.Int).Quo(scaled.Num(), scaled.Denom()))
	whole.Quo(whole, by)
	if r.Sign() < 0 {
		whole.Neg(whole)
	}
	return whole
}

func TestRound_IsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 100_000 {
		v, digits := anyNumber(rng), rng.IntN(maxRound+1)
		got, want := rational(t, round(v, digits)), halfAway(rational(t, v), digits)
		if v.Kind != reading.Decimal || int(v.Digits) <= digits {
			want = rational(t, v) // nothing to cut off
		}
		if got.Cmp(want) != 0 {
			t.Fatalf("round(%v, %d) = %v, want %v", v, digits, got, want)
		}
	}
}

func TestMean_IsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range 20_000 {
		var s sum
		total, digits := new(big.Rat), 0
		n := 1 + rng.IntN(20)
		for range n {
			v := reading.DecimalValue(int64(rng.Uint64())>>(36+rng.IntN(28)), uint8(rng.IntN(10))) // to 10 decimals the mean has room
			digits = max(digits, int(v.Digits))
			s.add(v)
			total.Add(total, rational(t, v))
		}
		round := rng.IntN(maxRound+2) - 1
		want := round
		if round < 0 {
			want = digits + 1
		}
		got := s.mean(round)
		if exact := halfAway(total.Quo(total, big.NewRat(int64(n), 1)), want); rational(t, got).Cmp(exact) != 0 {
			t.Fatalf("mean of %d values to %d decimals: got %v, want %v", n, want, got, exact)
		}
	}
}

func TestMean_Floats(t *testing.T) {
	tests := []struct {
		name   string
		values []reading.Value
		round  int
		want   reading.Value
	}{
		{"SingleStaysSingle", []reading.Value{reading.Float32Value(0.1), reading.Float32Value(0.1)}, -1, reading.Float32Value(0.1)},
		{"Double", []reading.Value{reading.Float64Value(1), reading.Float64Value(2)}, -1, reading.Float64Value(1.5)},
		{"Rounded", []reading.Value{reading.Float64Value(1), reading.Float64Value(2), reading.Float64Value(2)}, 2, reading.DecimalValue(167, 2)},
		{"SmallBesideLarge", []reading.Value{reading.Float64Value(1e16), reading.Float64Value(1), reading.Float64Value(-1e16), reading.Float64Value(1)}, -1, reading.Float64Value(0.5)},
		{"NoRoomForTheDecimals", append(slices.Repeat([]reading.Value{reading.UintValue(math.MaxUint64)}, 99), reading.DecimalValue(0, 18)), -1,
			reading.Float64Value(0.99 * (1 << 64))},
		{"LargeUnsigned", []reading.Value{reading.UintValue(math.MaxUint64), reading.UintValue(math.MaxUint64)}, -1, reading.Float64Value(math.MaxUint64)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s sum
			for _, v := range tt.values {
				s.add(v)
			}
			if got := s.mean(tt.round); got != tt.want {
				t.Errorf("got %v (kind %d), want %v", got, got.Kind, tt.want)
			}
		})
	}
}

// A mean that no float can hold is left out; it is not made up.
func TestFilter_MeanWithoutAValue(t *testing.T) {
	huge := func(ms int64) said { return said{ms, "env", props(val("load", reading.Float64Value(math.MaxFloat64)))} }
	f := New(0, []Rule{{Property: []string{"load"}, Window: 1e9, Aggregate: []Aggregate{Mean, Max}}}, board())
	got := transcript(f, 2000, []said{huge(0), huge(100)})
	if len(got) != 1 || got[0][:len("1000: env@0 load_max=")] != "1000: env@0 load_max=" {
		t.Errorf("got %.60q, want the maximum alone", got)
	}
}
