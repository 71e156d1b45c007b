package frame_test

import (
	"math/rand/v2"
	"testing"

	"serialgw/internal/frame"
)

// quickPlans are the plans that are judged in one step, presets and others.
func quickPlans(t testing.TB) map[string]*frame.Plan {
	t.Helper()
	plans := map[string]*frame.Plan{}
	for _, name := range frame.PresetNames() {
		if p := presetPlan(t, name); p.Quick() {
			plans[name] = p
		}
	}
	value := []frame.Field{{Name: "v", Type: "<H"}}
	for name, d := range map[string]frame.Description{
		"no id, end":   {Sync: "AA C0", Size: 10, End: "AB", Check: []frame.Check{{Kind: "sum8", Over: []string{"2:-2"}}}, Fields: value},
		"over to end":  {Sync: "11", Size: 8, Check: []frame.Check{{Kind: "xor8", Over: []string{"1:-1"}}}, Fields: value},
		"two messages": {Sync: "7E 0?", ID: &frame.Ref{At: 1}, Check: []frame.Check{{Kind: "neg-sum16", Endian: "big"}}, Messages: []frame.Message{{Name: "a", ID: []int{1, 2}, Size: 9, Fields: value}, {Name: "b", ID: []int{3}, Length: &frame.Length{At: 2, Add: 4}, Fields: value}}, Max: 40},
		"far length":   {Sync: "?? 01", Length: &frame.Length{At: 3, Type: ">H", Mul: 2, Add: 8}, Max: 60, Check: []frame.Check{{Kind: "sum+sum"}}, Data: 5, Fields: value},
	} {
		p := mustCompile(t, name, d)
		if !p.Quick() {
			t.Errorf("%s: not judged in one step", name)
		}
		plans[name] = p
	}
	return plans
}

// TestJudgeQuick_SaysWhatJudgeSays holds the short way against the long one on
// good frames, on frames with a byte changed, and on noise that begins well.
func TestJudgeQuick_SaysWhatJudgeSays(t *testing.T) {
	cases := 20_000
	if testing.Short() { // emulated, they take minutes
		cases = 2_000
	}
	for name, p := range quickPlans(t) {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 4))
			seen := map[string]int{}
			for range cases {
				held := candidate(t, rng, p)
				got, ok := p.JudgeQuickly(held)
				if want := p.JudgeSlowly(held); ok && got != want {
					t.Fatalf("% X: got %s, want %s", held, got, want)
				}
				if ok {
					seen[got]++
				}
			}
			if len(seen) < 3 {
				t.Errorf("too few different verdicts to prove anything: %v", seen)
			}
		})
	}
}

// candidate returns random bytes that are a frame of p, or nearly, or the
// beginning of one.
func candidate(t *testing.T, rng *rand.Rand, p *frame.Plan) []byte {
	t.Helper()
	m := p.Messages()[rng.IntN(len(p.Messages()))]
	least, most := m.Sizes()
	b := make([]byte, least+rng.IntN(most-least+1), 2*most)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	if p.Whole(m, b) != nil {
		return candidate(t, rng, p) // a size that the length field cannot say
	}
	if rng.IntN(2) == 0 {
		b[rng.IntN(len(b))] = byte(rng.Uint32())
	}
	for range rng.IntN(8) {
		b = append(b, byte(rng.Uint32()))
	}
	return b[:len(b)-rng.IntN(len(b))/(1+rng.IntN(8))]
}
