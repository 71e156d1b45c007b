package frame_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// TestExplain_OneByte: what a failed check cannot tell, and a byte too many or
// too few where the check tells it.
func TestExplain_OneByte(t *testing.T) {
	const (
		wit   = "the check covers bytes 0 to 9: any of them, or the check itself, may be the damaged one"
		many  = "there may be one byte too many: without "
		few   = "there may be one byte too few: with "
		never = "one byte too"
	)
	for _, row := range []struct{ about, name, hex, want, not string }{
		{"a wrong check", "jy901", "55 53 69 21 7D F8 E8 C4 82 46 1C", wit, never},
		{"a wrong byte", "jy901", "55 53 69 21 7D F8 E9 C4 82 46 1B", wit, never},
		{"a foreign byte", "jy901", "55 53 69 21 7D F8 99 E8 C4 82 46 1B", many + "byte 6 (99) it is a whole frame; of 11 such changes luck would make 0.043 fit", few},
		{"the same twice", "jy901", "55 53 69 21 21 7D F8 E8 C4 82 46 1B", many + "byte 4 (21) it is a whole frame; of 10 such changes luck would make 0.039 fit", few},
		{"two may be it", "jy901", "55 53 69 21 7D F8 21 E8 C4 82 46 1B", many + "byte 3 (21) or byte 6 (21) it is a whole frame", " more"},
		{"one lacks, eight bits", "jy901", "55 53 69 21 7D F8 C4 82 46 1B", "the frame is cut short", never},
		{"one lacks, sixteen", "modbus", "00 03 04 00 8D 8E FA BC", few + "00 in front of byte 5 it is a whole frame; of 2296 such changes luck would make 0.035 fit", many},
		{"what fits surely is told alone", "modbus", "00 03 04 00 8D 00 8E BC FA", "big-endian, would match", "the check covers"},
		{"no check", "openmv", "2C 12 A0 00 78 00 99 20 00 18 00 5B", "the end marker is missing", never},
		{"a constant covers nothing", "zdt-emm", "01 36 01 00 00 00 03 6C", "the check fails", "the check covers"},
	} {
		t.Run(row.about, func(t *testing.T) {
			e := describedPlan(t, row.name).Explain(fromHex(t, row.hex))
			if got := told(e); e.OK || !strings.Contains(got, row.want) || strings.Contains(got, row.not) {
				t.Errorf("%s\nwant %s, and not %s", got, row.want, row.not)
			}
		})
	}
}

// TestExplain_OneByteInARecording: the next frame stands behind, and its bytes
// make up for the number.
func TestExplain_OneByteInARecording(t *testing.T) {
	p := presetPlan(t, "jy901")
	b := fromHex(t, "55 53 69 21 7D F8 99 E8 C4 82 46 1B 55 51 0C 00 93 02 6D 08 B7 07 7A")
	want := "there may be one byte too many: without byte 6 (99) it is a whole frame"
	if e := p.ExplainAt(b, 0); e.OK || !strings.Contains(told(e), want) {
		t.Errorf("%s\nwant %s", told(e), want)
	}
	if e := p.ExplainAt(slices.Delete(b, 6, 7), 0); !e.OK {
		t.Errorf("whole: %s", told(e))
	}
}

// TestExplain_OneByteAmongManyFrames: as far as a frame of the language may reach,
// others stand behind a short one, and do not count as places.
func TestExplain_OneByteAmongManyFrames(t *testing.T) {
	described := func(check frame.Check, besides int) *frame.Plan {
		return mustCompile(t, "x", frame.Description{Sync: "A5 5A", Length: &frame.Length{At: 2, Add: besides}, Max: 255,
			Fields: []frame.Field{{Name: "v", Type: "B", Repeat: "rest", Max: 250}}, Check: []frame.Check{check}})
	}
	sum, crc := described(frame.Check{Kind: "sum8"}, 4), described(frame.Check{Kind: "crc-16/xmodem", Endian: "big"}, 5)
	for about, row := range map[string]struct {
		p      *frame.Plan
		change func([]byte) []byte
		want   string
	}{
		"one more":     {sum, func(b []byte) []byte { return slices.Insert(b, 5, 0x99) }, "too many: without byte 5 (99) it is a whole frame; of "},
		"one less":     {crc, func(b []byte) []byte { return slices.Delete(b, 5, 6) }, "too few: with 13 in front of byte 5 it is a whole frame; of "},
		"without last": {crc, func(b []byte) []byte { return b[:len(b)-1] }, "too few: with 79 behind byte 6 it is a whole frame; of 2041 such changes luck would make 0.031 fit"},
		"without sync": {crc, func(b []byte) []byte { return b[1:] }, "too few: with A5 in front of byte 0 it is a whole frame; of 256 such changes luck would make 0.0039 fit"},
	} {
		t.Run(about, func(t *testing.T) {
			whole := make([]byte, row.p.MinSize()+3)
			copy(whole, []byte{0xA5, 0x5A, 3, 0x11, 0x12, 0x13})
			if err := row.p.Whole(row.p.Messages()[0], whole); err != nil {
				t.Fatal(err)
			}
			b := row.change(slices.Clone(whole))
			for len(b) <= row.p.MaxLine() {
				b = append(b, whole...)
			}
			if e := row.p.ExplainAt(b[:row.p.MaxLine()+1], 0); e.OK || !strings.Contains(told(e), row.want) {
				t.Errorf("%s\nwant %s", told(e), row.want)
			}
		})
	}
}

// TestExplain_OneByteIsFound: wherever a byte came in or went under a check of
// sixteen bits, it is told; and to random bytes hardly ever.
func TestExplain_OneByteIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	p := mustCompile(t, "x", frame.Description{Sync: "A5 5A", Fields: []frame.Field{{Name: "v", Type: "8s"}},
		Check: []frame.Check{{Kind: "crc-16/xmodem", Endian: "big"}}})
	lucky := 0
	for range 100 {
		b := randomBytes(rng, p.MinSize())
		if strings.Contains(told(p.Explain(slices.Concat([]byte{0xA5, 0x5A}, b[2:]))), "one byte too") {
			lucky++
		}
		if err := p.Whole(p.Messages()[0], b); err != nil {
			t.Fatal(err)
		}
		at := 3 + rng.IntN(8)
		more, less := slices.Insert(slices.Clone(b), at, b[at]+1+byte(rng.IntN(255))), slices.Delete(slices.Clone(b), at, at+1)
		if got := told(p.Explain(more)); !strings.Contains(got, "one byte too many") {
			t.Errorf("% X with one more at %d: %s", more, at, got)
		}
		if got := told(p.Explain(less)); !strings.Contains(got, "one byte too few") {
			t.Errorf("% X with one less at %d: %s", less, at, got)
		}
	}
	if lucky > 10 {
		t.Errorf("of 100 random frames %d were explained by one byte", lucky)
	}
}
