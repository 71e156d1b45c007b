package frame_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestDecode_PairsSayWhatOthersSay holds the way of messages that are numbers of
// two bytes throughout against the one for any kinds of values: names, values,
// what is left out, and why.
func TestDecode_PairsSayWhatOthersSay(t *testing.T) {
	far, back := 9, 3
	for name, fields := range map[string][]frame.Field{
		"signed":       {{Name: "v", Type: "<h", Count: 4}},
		"unsigned":     {{Name: "v", Type: "<H", Count: 4}},
		"decimal":      {{Name: "a", Count: 3, Type: "<h", Scale: 0.01}, {Name: "b", Type: "<H", Scale: 0.1, Offset: -40}},
		"halves":       {{Name: "a", Count: 3, Type: "<h", Scale: "180/32768"}, {Name: "b", Type: "<H", Scale: "-3/4096", Digits: new(2)}},
		"range":        {{Name: "a", Type: "<h", Range: []float64{-100, 20000}}, {Name: "b", Type: "<H", At: &far, Scale: 0.5, Range: []float64{1, 20000}}},
		"invalid":      {{Name: "a", Type: "<h", Invalid: []any{int64(-1)}, Range: []float64{0, 30000}}, {Name: "b", Type: "<H", At: &far}},
		"out of order": {{Name: "a", Type: "<H", At: &far}, {Name: "b", Type: "<h", At: &back}},
	} {
		t.Run(name, func(t *testing.T) {
			p := mustCompile(t, name, frame.Description{Sync: "AA 55", Size: 12, Check: []frame.Check{{Kind: "sum8"}}, Fields: fields})
			p = p.Renamed(func(name string) string { return "imu_" + name })
			if !p.Paired() {
				t.Fatal("is not read by pairs")
			}
			other := p.Unpaired()
			rng := rand.New(rand.NewPCG(7, 8))
			pairs, others := p.NewDecoder(), other.NewDecoder()
			var got, want reading.Reading
			var short, absent int // readings that lack values: behind the frame's end, or that mean none
			for range 20_000 {
				b := make([]byte, 12-3*rng.IntN(2)*rng.IntN(2)) // some are too short
				for i := range b {
					b[i] = byte(rng.Uint32()) * byte(rng.IntN(3)) // many zeros
				}
				if rng.IntN(4) == 0 {
					b[2], b[3] = 0xFF, 0xFF
				}
				left := *pairs.Decode(&frame.Frame{Bytes: b, Message: p.Messages()[0]}, &got)
				if wanted := *others.Decode(&frame.Frame{Bytes: b, Message: other.Messages()[0]}, &want); left != wanted || !reflect.DeepEqual(got, want) {
					t.Fatalf("% X: got %v %+v, want %v %+v", b, got, left, want, wanted)
				}
				absent += left.Total()
				short += len(p.Messages()[0].Properties()) - len(got.Props) - left.Total()
			}
			if bounded := fields[0].Range != nil; short == 0 || bounded != (absent > 0) {
				t.Errorf("left out: %d behind the end, %d that mean none", short, absent)
			}
		})
	}
}
