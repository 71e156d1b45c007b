package frame_test

import (
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// TestExplain_OtherID: an id that is not listed, or is that of another message,
// where one that is listed makes the check hold.
func TestExplain_OtherID(t *testing.T) {
	message := func(name string, id int, fields ...string) frame.Message {
		m := frame.Message{Name: name, ID: []int{id}}
		for _, f := range fields {
			m.Fields = append(m.Fields, frame.Field{Name: f, Type: "B"})
		}
		return m
	}
	describe := func(over string) *frame.Plan {
		return mustCompile(t, "x", frame.Description{Sync: "A5", ID: &frame.Ref{At: 1, Type: "B"}, Data: 2,
			Check:    []frame.Check{{Kind: "sum8", Over: []string{over}}},
			Messages: []frame.Message{message("one", 1, "a", "b"), message("two", 2, "c", "d"), message("big", 0x51, "e", "f", "g")}})
	}
	const with = "with id "
	for _, row := range []struct{ about, over, hex, want, not string }{
		{"not listed", "0:-1", "A5 07 10 20 D6", with + "01 there, all else holds", "; of"},
		{"of another message", "0:-1", "A5 01 10 20 D7", with + "02 there, all else holds; of 2 such changes luck would make 0.0078 fit", "any of them"},
		{"of a message of another size", "0:-1", "A5 01 10 20 30 56", with + "51 there, all else holds", "!"},
		{"of another message, beside hundreds of checks", "0:-1", "A5 01 10 20 D7", with, "no other kind"},
		{"none makes it hold", "0:-1", "A5 01 10 20 99", "the check fails", with},
		{"the check does not cover it", "2:-1", "A5 07 10 20 30", "the board sends a message that is not described", with},
		{"a frame", "0:-1", "A5 01 10 20 D6", "", with},
	} {
		if got := told(describe(row.over).Explain(fromHex(t, row.hex))); !strings.Contains(got, row.want) || strings.Contains(got, row.not) {
			t.Errorf("%s:\n%s\nwant %s, and not %s", row.about, got, row.want, row.not)
		}
	}
}
