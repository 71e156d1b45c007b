package noise

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestDamage_KnowsWhatIsWhole compares what is said about a line with its bytes.
func TestDamage_KnowsWhatIsWhole(t *testing.T) {
	hard := level{bit: 1e-3, lost: 2e-3, doubled: 2e-3, inserted: 2e-3, cut: 0.02}
	l := damage(stream(t, preset(t, "demo"), 1, *frameCount), hard, time.Millisecond, 1)
	whole, end := 0, 0
	for i, f := range l.frames {
		if f.from != end || f.to < f.from {
			t.Fatalf("frame %d is bytes %d to %d, the one before ends at %d", i, f.from, f.to, end)
		}
		end = f.to
		switch {
		case f.at < 0 && bytes.Contains(l.bytes[f.from:f.to], f.bytes):
			t.Errorf("frame %d is whole, and counts as damaged", i)
		case f.at >= 0 && !bytes.HasPrefix(l.bytes[f.at:f.to], f.bytes):
			t.Errorf("frame %d is damaged, and counts as whole", i)
		case f.at < 0 && f.harm == (harm{}) && i > 0:
			t.Errorf("frame %d is damaged, but nothing struck it", i)
		case f.at >= 0:
			whole++
		}
	}
	if end != len(l.bytes) || end != len(l.times) {
		t.Errorf("the frames end at %d of %d bytes and %d times", end, len(l.bytes), len(l.times))
	}
	if !slices.IsSorted(l.times) || !slices.IsSorted(l.hurts) {
		t.Error("times or damages are out of order")
	}
	// 0.999^(8*22) * 0.998^(3*22) * 0.98 = 0.72, and edges that do not matter.
	if share := float64(whole) / float64(len(l.frames)); share < 0.70 || share > 0.76 {
		t.Errorf("%.3f of the frames are whole", share)
	}
}

// TestHarm_AgainStrikesAsHard: a twin has as many bits turned over, and as many
// bytes more or less.
func TestHarm_AgainStrikesAsHard(t *testing.T) {
	b := bytes.Repeat([]byte{0x5A}, 40)
	rng := rand.New(rand.NewPCG(1, 5))
	for range 100 {
		flipped := harm{flips: 3}.again(b, rng)
		n := 0
		for i := range flipped {
			for x := flipped[i] ^ b[i]; x != 0; x &= x - 1 {
				n++
			}
		}
		if n != 3 {
			t.Fatalf("%d bits turned over, want 3", n)
		}
	}
	for _, row := range []struct {
		harm harm
		size int
	}{{harm{lost: 2}, 38}, {harm{doubled: 2}, 42}, {harm{inserted: 1, lost: 1}, 40}} {
		if got := len(row.harm.again(b, rng)); got != row.size {
			t.Errorf("%+v: %d bytes, want %d", row.harm, got, row.size)
		}
	}
	if got := len(harm{cut: true}.again(b, rng)); got >= len(b) {
		t.Errorf("cut: %d bytes are left of %d", got, len(b))
	}
}

// TestBoard_AlternatesOnATwoWayBus: each request is followed by a reply with
// its id, or by an exception; nothing else comes.
func TestBoard_AlternatesOnATwoWayBus(t *testing.T) {
	frames := stream(t, preset(t, "modbus"), 1, *frameCount)
	seen := map[string]bool{}
	for i := 0; i+1 < len(frames); i += 2 {
		ask, answer := frames[i], frames[i+1]
		if ask.message.Turn != "request" || answer.message.Turn != "reply" ||
			ask.id != answer.id && answer.message.Name != "exception" {
			t.Fatalf("frame %d: %s %d, then %s %d", i, ask.message.Name, ask.id, answer.message.Name, answer.id)
		}
		seen[ask.message.Name], seen[answer.message.Name] = true, true
	}
	if want := len(preset(t, "modbus").Messages()); len(seen) != want {
		t.Errorf("%d of %d messages were sent", len(seen), want)
	}
}
