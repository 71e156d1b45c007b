package frame_test

import (
	"slices"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestScanDecode_AllocatesNothing: a steady stream costs no garbage but its
// texts, each at most two allocations.
func TestScanDecode_AllocatesNothing(t *testing.T) {
	for _, name := range frame.PresetNames() {
		t.Run(name, func(t *testing.T) {
			p := presetPlan(t, name)
			s := frame.NewScanner(p, 115200)
			chunk := steadyChunk(t, name)
			var r reading.Reading
			ms, frames, texts := 0, 0, 0
			step := func() {
				ms++
				texts = 0
				s.Feed(reading.Chunk{Bytes: chunk, Stamp: stampAt(ms)})
				for s.Scan() {
					f := s.Frame()
					p.Decode(f, &r)
					frames++
					for i := range r.Props {
						if r.Props[i].Value.Kind == reading.Text {
							texts++
						}
					}
				}
			}
			for range 100 {
				step()
			}
			if n := testing.AllocsPerRun(1000, step); n > float64(2*texts) {
				t.Errorf("%v allocations a chunk with %d texts", n, texts)
			}
			if frames < 1000 {
				t.Errorf("only %d frames", frames)
			}
		})
	}
}

// steadyChunk is one of the preset's own frames, twice.
func steadyChunk(t testing.TB, name string) []byte {
	good := fromHex(t, presetDescription(t, name).Examples[0].Hex)
	return slices.Concat(good, good)
}

// TestDecode_ValuesAllocateNothing: whatever form a number has, reading it costs
// no garbage.
func TestDecode_ValuesAllocateNothing(t *testing.T) {
	p := mustCompile(t, "x", frame.Description{Sync: "AA", Check: []frame.Check{{Kind: "sum8"}}, Fields: []frame.Field{
		{Name: "run", Type: "<u11", Count: 16}, {Name: "high", Type: ">i5", Range: []float64{-16, 15}, Count: 3},
		{Name: "long", Type: ">u40"}, {Name: "off", Type: "<u64", At: new(60), Bit: new(3)},
		{Name: "swapped", Type: "i", Order: "CDAB", Scale: "1/3"}, {Name: "float", Type: "d", Order: "GHEFCDAB"}, {Name: "half", Type: ">e"},
		{Name: "decimal", Type: "<bcd6", Scale: 0.01}, {Name: "seven", Type: ">midi3", Invalid: []any{int64(5)}},
		{Name: "_s", Type: "B"}, {Name: "signed", Type: ">u24", Sign: "_s"}, {Name: "top", Type: ">bcd2", Sign: "msb"},
		{Name: "state", Type: "<u4", Map: map[string]string{"0": "off"}}, {Type: "<u4", Flags: map[string]string{"1": "on"}},
	}})
	b := make([]byte, p.MinSize())
	if err := p.Seal(b, p.Messages()[0], 0); err != nil {
		t.Fatal(err)
	}
	f, err := p.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	var r reading.Reading
	absent := p.Decode(f, &r)
	if n := testing.AllocsPerRun(100, func() { p.Decode(f, &r) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
	if want := len(p.Messages()[0].Properties()); len(r.Props) != want || absent != (frame.Absent{}) {
		t.Errorf("%d values of %d, %+v", len(r.Props), want, absent)
	}
}
