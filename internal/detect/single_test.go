package detect_test

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/config"
	"serialgw/internal/detect"
)

// TestSingles_Examples: the example of every preset is a whole frame of it, and
// with its last check byte changed it is no whole one; where sync says enough,
// it is still told.
func TestSingles_Examples(t *testing.T) {
	all, err := detect.Presets()
	if err != nil {
		t.Fatal(err)
	}
	presets, err := config.Presets()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for name, d := range presets {
		for _, e := range d.Examples {
			b, err := hex.DecodeString(strings.ReplaceAll(e.Hex, " ", ""))
			if err != nil {
				continue // a line of text
			}
			tried++
			if one := find(detect.Singles(b, all), name); one == nil || !one.Whole {
				t.Errorf("%s: % X is not told as its frame", name, b)
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d examples were tried", tried)
	}
	for name, want := range map[string]string{
		"jy901": "55 53 69 21 7D F8 E8 C4 82 46 1C", "demo": "AA 55 13 01 00 00 00 00 C4 09 E0 01 42 2E 83 FF E5 2E 01 01 9E 56",
		"tfmini": "59 59 64 00 E8 03 10 0A 1C",
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(want, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if one := find(detect.Singles(b, all), name); one == nil || one.Whole {
			t.Errorf("%s: % X is not told as its frame but for the check: %+v", name, b, one)
		}
	}
}

func find(all []detect.Single, name string) *detect.Single {
	i := slices.IndexFunc(all, func(s detect.Single) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// TestSingles_NothingInNoise: random bytes are hardly ever told as a damaged
// frame.
func TestSingles_NothingInNoise(t *testing.T) {
	all, err := detect.Presets()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	told := 0
	const n = 2000
	for range n {
		b := make([]byte, 4+rng.IntN(28))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		for _, one := range detect.Singles(b, all) {
			if !one.Whole {
				told++
				break
			}
		}
	}
	if told > n/100 {
		t.Errorf("%d of %d random strings are told as a damaged frame", told, n)
	}
}
