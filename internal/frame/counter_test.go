package frame_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// counterFrame is a frame with a counter of one byte and one of 30000 steps.
const counterSource = checked + `fields = [
  { name = "a", type = "B", counter = true },
  { name = "ms", type = "<H", counter = 30000, scale = 0.001, invalid = [29990] },
  { name = "double", expr = "a * 2", digits = 0 },
]`

// TestDecoder_Totals: a counter goes on growing over its wraps, also over
// frames that are out of order, and a value that it cannot have is none. [WIRE-24]
func TestDecoder_Totals(t *testing.T) {
	p := parsedPlan(t, counterSource).Renamed(func(name string) string { return "b_" + name })
	d := p.NewDecoder()
	var r reading.Reading
	for i, row := range []struct {
		a, ms int
		want  string
	}{
		{250, 29000, "b_a=250 b_ms=29.000 b_double=500"},
		{5, 1000, "b_a=261 b_ms=31.000 b_double=522"},
		{251, 29500, "b_a=251 b_ms=29.500 b_double=502"}, // late
		{6, 1001, "b_a=262 b_ms=31.001 b_double=524"},
		{134, 16001, "b_a=390 b_ms=46.001 b_double=780"}, // half of the way, and not more, is forward
		{7, 16001, "b_a=263 b_ms=46.001 b_double=526"},   // 129 of 256 is back
		{7, 30000, "b_a=263 b_double=526"},
		{7, 29990, "b_a=263 b_double=526"},
		{7, 16002, "b_a=263 b_ms=46.002 b_double=526"},
	} {
		b := sealed(t, strings.ToUpper(hexOf([]byte{0xAA, byte(row.a), byte(row.ms), byte(row.ms >> 8)})))
		f, err := p.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if d.Decode(f, &r); strings.TrimPrefix(tell(f, r), "x ") != row.want {
			t.Errorf("frame %d: got %s, want %s", i, tell(f, r), row.want)
		}
	}
	// Another decoder, and the plan itself, know nothing of these.
	f, err := p.Parse(sealed(t, "AA 07 00 00"))
	if err != nil {
		t.Fatal(err)
	}
	if p.NewDecoder().Decode(f, &r); tell(f, r) != "x b_a=7 b_ms=0.000 b_double=14" {
		t.Errorf("a new decoder: got %s", tell(f, r))
	}
	if p.Decode(f, &r); tell(f, r) != "x b_a=7 b_ms=0.000 b_double=14" {
		t.Errorf("the plan: got %s", tell(f, r))
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for _, x := range b {
		out.WriteByte(digits[x>>4])
		out.WriteByte(digits[x&15])
	}
	return out.String()
}

// TestDecoder_FollowsTheTrueTotal: whatever the modulus, steps below half of
// it, forward and back, add up.
func TestDecoder_FollowsTheTrueTotal(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, modulus := range []int64{2, 3, 10, 255, 256, 30000, 65535} {
		p := mustCompile(t, "x", frame.Description{Sync: "AA", Check: []frame.Check{{Kind: "sum8"}}, Fields: []frame.Field{
			{Name: "v", Type: "<H", Counter: modulus},
		}})
		d := p.NewDecoder()
		var r reading.Reading
		total := rng.Int64N(modulus)
		for range 2000 {
			raw := (total%modulus + modulus) % modulus
			f, err := p.Parse(sealed(t, hexOf([]byte{0xAA, byte(raw), byte(raw >> 8)})))
			if err != nil {
				t.Fatal(err)
			}
			d.Decode(f, &r)
			if len(r.Props) != 1 || r.Props[0].Value != reading.IntValue(total) {
				t.Fatalf("modulo %d: got %v, want %d", modulus, r.Props, total)
			}
			total += rng.Int64N(modulus/2+1) - (modulus-1)/4
		}
	}
}
