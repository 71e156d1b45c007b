package frame_test

import (
	"math"
	"testing"

	"serialgw/internal/frame"
)

// TestPlan_Odds compares with what a hand works out from the description: the
// share of noise that each rule lets pass, one factor a rule.
func TestPlan_Odds(t *testing.T) {
	sum8 := []frame.Check{{Kind: "sum8"}}
	v := []frame.Field{{Name: "v", Type: "B"}}
	const one = 1. / 256            // one value of a byte
	const aByte = 255*one + one*one // one that stands as it is, or behind the only escape
	for _, row := range []struct {
		name string
		d    frame.Description
		want float64
	}{
		{"sync and sum", frame.Description{Sync: "AA", Size: 8, Check: sum8, Fields: v}, one * one},
		{"half a byte of sync", frame.Description{Sync: "A?", Size: 8, Check: sum8, Fields: v}, 16 * one * one},
		{"an id inside sync", frame.Description{
			Sync: "AA 5?", Size: 8, ID: &frame.Ref{At: 1}, Check: sum8, Strict: true,
			Messages: []frame.Message{{Name: "m", ID: []int{0x51, 0x52, 0x61}, Fields: v}},
		}, one * 2 * one * one},
		{"two messages", frame.Description{
			Sync: "AA", Size: 8, ID: &frame.Ref{At: 1, Type: ">H"}, Check: sum8, Data: 3,
			Messages: []frame.Message{{Name: "m", ID: []int{1, 2}, Fields: v}, {Name: "n", ID: []int{3}, Fields: v}},
		}, one * 3 * one * one * one},
		{"a constant", frame.Description{Sync: "AA", Check: sum8, Fields: []frame.Field{
			{Name: "c", Type: "<H", Const: new(int64(7))}, {Name: "v", Type: "B"},
		}}, one * one * one * one},
		{"a constant of seven bits", frame.Description{Sync: "AA", Check: sum8, Fields: []frame.Field{
			{Name: "v", Type: "<u1"}, {Type: "<u7", Const: new(int64(7))},
		}}, one * one / 128},
		{"two constants in a byte of sync", frame.Description{Sync: "AA 5?", Check: sum8, Data: 1, Fields: []frame.Field{
			{Type: ">u4", Const: new(int64(5))}, {Type: ">u2", Const: new(int64(1))}, {Name: "v", Type: ">u2"},
		}}, one * 4 / 256 * one},
		{"a constant check and an end", frame.Description{Sync: "AA", End: "0D 0A", Size: 9, Fields: v,
			Check: []frame.Check{{Kind: "const", Value: new(0x6B), At: new(5)}, {Kind: "sum8"}},
		}, one * one * one * one * one},
		{"a CRC of 12 bits fills two bytes", frame.Description{Sync: "AA", Size: 8, Fields: v,
			Check: []frame.Check{{Kind: "crc", Width: 12, Poly: 0x80F, Endian: "big"}},
		}, one * one * one},
		{"a length of 20 sizes", frame.Description{Sync: "AA", Length: &frame.Length{At: 1, Add: -2}, Max: 29,
			Data: 2, Check: sum8, Fields: []frame.Field{{Name: "v", Type: "7s"}},
		}, one * 20 * one * one},
		{"two summed lengths", frame.Description{Sync: "AA", Max: 7, Data: 3, Check: sum8, Fields: v,
			Length: &frame.Length{At: 1, Add: 4, Sum: []frame.Ref{{At: 2}}},
		}, one * (2 + 3 + 4) * one * one * one},
		{"one to three values before the end", frame.Description{Sync: "AA", End: "0A", Check: sum8,
			Fields: []frame.Field{{Name: "v", Type: "<h", Repeat: "rest", Max: 3}},
		}, one * 4 * one * one},
		{"a text up to its NUL", frame.Description{Sync: "AA", Size: 8, Check: sum8,
			Fields: []frame.Field{{Name: "v", Type: "z", Max: 3}},
		}, one * one * (1 - 255*255*255*one*one*one)},
		{"a count of five bits", frame.Description{Sync: "AA", Check: sum8,
			Fields: []frame.Field{{Name: "_n", Type: "<u5"}, {Name: "v", Type: "B", Repeat: "_n", Max: 2}},
		}, one * 3 / 32 * one},
		{"counts on a line with escapes", frame.Description{Sync: "AA", Check: sum8, Stuff: &frame.Stuff{Esc: new(0xFD), Map: map[string]int{"1": 0xFD}},
			Fields: []frame.Field{{Name: "_n", Type: "B"}, {Name: "v", Type: "<H", Repeat: "_n", Max: 1}},
		}, one * one * (aByte*aByte + aByte*aByte*aByte*aByte) * one},
		{"a constant behind a count", frame.Description{Sync: "AA", Check: sum8, Fields: []frame.Field{
			{Name: "_n", Type: "B"}, {Name: "v", Type: "B", Repeat: "_n", Max: 1}, {Type: "B", Const: new(int64(7))},
		}}, one * one * 2 * one * one},
	} {
		if got := mustCompile(t, "x", row.d).Odds(); math.Abs(got/row.want-1) > 1e-9 {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

// TestPlan_OddsOfPresets: so many wrong readings come of 20 MB of noise.
func TestPlan_OddsOfPresets(t *testing.T) {
	for preset, want := range map[string]float64{
		"demo":   20e6 * math.Pow(256, -6),              // sync, length, id, check
		"ano-v7": 20e6 * 716. / 256 * math.Pow(256, -4), // sync, id, check; 716 sizes of 14 messages up to 64
		"jy901":  20e6 * 12. / 256 * math.Pow(256, -2),  // sync, check; 12 types
		"openmv": 20e6 * math.Pow(256, -3),              // sync, end
	} {
		if got := 20e6 * presetPlan(t, preset).Odds(); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("%s: got %v, want %v", preset, got, want)
		}
	}
}
