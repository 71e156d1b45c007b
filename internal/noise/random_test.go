package noise

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestRandomBytes: 20 MB of noise give no reading where a check of 16 bits or
// more guards a frame without one fixed byte in sync [WIRE-13], and elsewhere
// no more than the description leaves to chance; not far fewer either, or the
// chance is worked out wrongly.
func TestRandomBytes(t *testing.T) {
	size := 20 << 20
	if testing.Short() {
		size = 2 << 20
	}
	for _, all := range []map[string]frame.Description{presets(t), fileDescriptions(t, shapes)} {
		for _, p := range compileAll(t, all) {
			t.Run(p.Name(), func(t *testing.T) {
				t.Parallel()
				expected := p.Odds() * float64(size)
				got := randomReadings(t, p, size)
				t.Logf("%d readings in %d MB, %.4f expected of the checks alone", got, size>>20, expected)
				if p.CheckBits() >= 16 && !anchored(all[p.Name()].Sync) {
					if got > 0 {
						t.Errorf("%d readings out of noise, want none", got)
					}
					return
				}
				if most := mostBy(expected); got > most {
					t.Errorf("%d readings out of noise, at most %d by chance", got, most)
				}
				if all[p.Name()].Split != "" {
					return // that noise is hardly ever digits is left out of the chance
				}
				if least := expected - float64(mostBy(expected)-int(expected)); float64(got) < least-1 {
					t.Errorf("%d readings out of noise, at least %.0f by chance", got, least)
				}
			})
		}
	}
}

// anchored reports whether a sync pattern has a byte of one value.
func anchored(sync string) bool {
	return slices.ContainsFunc(strings.Fields(sync), func(word string) bool { return !strings.ContainsAny(word, "?|") })
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
