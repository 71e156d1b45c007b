package frame_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// TestExplain_OtherFrame: of bytes that do not begin as the frame does nothing
// is said as a value, unless all but their sync fits.
func TestExplain_OtherFrame(t *testing.T) {
	p := mustCompile(t, "x", frame.Description{Sync: "A5", Fields: []frame.Field{{Name: "v", Type: "B"}}, Check: []frame.Check{{Kind: "sum8"}}})
	for _, tt := range []struct {
		b    []byte
		says string
	}{
		{[]byte{0x55, 7, 0x77}, ""},
		{[]byte{0x55, 7, 0xAC}, "7"},
		{[]byte{0xA5, 7, 0xAD}, "7"},
	} {
		e := p.Explain(tt.b)
		i := slices.IndexFunc(e.Parts, func(part frame.Part) bool { return part.Name == "v" })
		if i < 0 || e.Parts[i].Says != tt.says {
			t.Errorf("% X: want v to say %q in\n%+v", tt.b, tt.says, e.Parts)
		}
	}
}

// TestExplain_LuckIsNotTold: where nothing is right but random bytes, eight
// bits among hundreds of checks match by luck; that is not offered.
func TestExplain_LuckIsNotTold(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 42))
	p := mustCompile(t, "x", frame.Description{Sync: "A5", Fields: []frame.Field{{Name: "v", Type: "12s"}},
		Check: []frame.Check{{Kind: "sum8"}}})
	told := 0
	const n = 400
	for range n {
		b := randomBytes(rng, p.MinSize())
		b[0] = 0xA5
		for _, line := range p.Explain(b).Also {
			if strings.Contains(line, "would match") {
				if strings.Contains(line, "crc-") {
					t.Errorf("% X: a CRC of eight bits or fewer is no rival of a sum: %s", b, line)
				}
				told++
				break
			}
		}
	}
	// Told is what has at most an even chance to be luck.
	if told > n/2 {
		t.Errorf("of %d random frames %d were explained by luck", n, told)
	}
}
