package frame_test

import (
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// TestExplain_BytesMissingInARecording: the next frame begins before this one
// should end; without the next one, or with a damaged one, nothing is concluded.
func TestExplain_BytesMissingInARecording(t *testing.T) {
	const angle, acc = "55 53 69 21 7D F8 E8 C4 82 46 1B", "55 51 0C 00 93 02 6D 08 B7 07 7A"
	const vague = "may be the damaged one"
	p := presetPlan(t, "jy901")
	for _, row := range []struct {
		about      string
		from, to   int // of the first frame, bytes that went under
		next, want string
		not        string
	}{
		{"one of the data", 4, 5, acc, "the next frame begins at byte 10: one byte of this one is missing", vague},
		{"two", 4, 6, acc, "the next frame begins at byte 9: 2 bytes of this one are missing", "a byte is wrong"},
		{"its check", 10, 11, acc, "the next frame begins at byte 10: one byte of this one is missing", vague},
		{"its id", 1, 2, acc, "no sync: byte 1 is 69 instead of 5?", vague},
		{"its id", 1, 2, acc, "the next frame begins at byte 10: one byte of this one is missing", vague},
		{"the next is damaged too", 4, 5, "55 51 0C 00 93 02 6D 08 B7 07 7B", vague, "is missing"},
		{"the next is not there", 4, 5, "", "the frame is cut short", "is missing"},
	} {
		b := fromHex(t, angle)
		b = append(slices.Delete(b, row.from, row.to), fromHex(t, row.next)...)
		e := p.ExplainAt(b, 0)
		if got := told(e); e.OK || !strings.Contains(got, row.want) || strings.Contains(got, row.not) {
			t.Errorf("%s:\n%s\nwant %s, and not %s", row.about, got, row.want, row.not)
		}
	}
	if e := p.ExplainAt(fromHex(t, angle+acc), 0); !e.OK || len(e.Also) > 0 {
		t.Errorf("whole: %s", told(e))
	}
}

// TestExplain_ByteMissingByALength: the size is what the length says.
func TestExplain_ByteMissingByALength(t *testing.T) {
	p := mustCompile(t, "x", frame.Description{Sync: "A5 5A", Length: &frame.Length{At: 2, Type: "B", Add: 4}, Max: 40,
		Fields: []frame.Field{{Name: "v", Type: "4s", At: new(3)}}, Check: []frame.Check{{Kind: "sum8"}}})
	m := p.Messages()[0]
	one, two := []byte("\xA5\x5A\x04abcd\x00"), []byte("\xA5\x5A\x04efgh\x00")
	for _, b := range [][]byte{one, two} {
		if err := p.Whole(m, b); err != nil {
			t.Fatal(err)
		}
	}
	e := p.ExplainAt(slices.Concat(slices.Delete(one, 4, 5), two), 0)
	if want := "the next frame begins at byte 7: one byte of this one is missing"; e.OK || len(e.Also) == 0 || e.Also[0] != want {
		t.Errorf("%s\nwant %s", told(e), want)
	}
}
