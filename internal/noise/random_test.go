package noise

import (
	"math/rand/v2"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestRandomBytes: 20 MB of noise give no reading where a check of 16 bits or
// more guards the frame, even without one fixed byte in sync [WIRE-13], and
// elsewhere no more than the description leaves to chance; not far fewer
// either, or the chance is worked out wrongly.
func TestRandomBytes(t *testing.T) {
	size := 20 << 20
	if testing.Short() {
		size = 2 << 20
	}
	for _, p := range append(compileAll(t, presets(t)), compileAll(t, fileDescriptions(t, shapes))...) {
		t.Run(p.Name(), func(t *testing.T) {
			t.Parallel()
			expected := p.Odds() * float64(size)
			got := randomReadings(t, p, size)
			t.Logf("%d readings in %d MB, %.4f expected of the checks alone", got, size>>20, expected)
			if p.CheckBits() >= 16 {
				if got > 0 {
					t.Errorf("%d readings out of noise, want none", got)
				}
				return
			}
			if most := mostBy(expected); got > most {
				t.Errorf("%d readings out of noise, at most %d by chance", got, most)
			}
			if least := expected - float64(mostBy(expected)-int(expected)); float64(got) < least-1 {
				t.Errorf("%d readings out of noise, at least %.0f by chance", got, least)
			}
		})
	}
}

// randomReadings counts the frames of listed messages that a scanner finds in
// random bytes.
func randomReadings(t *testing.T, p *frame.Plan, size int) int {
	t.Helper()
	s := frame.NewScanner(p, *baud)
	rng := rand.NewChaCha8([32]byte{7})
	buf := make([]byte, 64<<10)
	readings := 0
	for range size / len(buf) {
		if _, err := rng.Read(buf); err != nil {
			t.Fatal(err)
		}
		s.Feed(reading.Chunk{Bytes: buf})
		for s.Scan() {
			f := s.Frame()
			if f.Message != nil {
				readings++
			}
		}
	}
	return readings
}
