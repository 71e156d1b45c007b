package frame_test

import (
	"slices"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestScanDecode_AllocatesNothing: a steady stream costs no garbage.
func TestScanDecode_AllocatesNothing(t *testing.T) {
	for _, name := range frame.PresetNames() {
		t.Run(name, func(t *testing.T) {
			p := presetPlan(t, name)
			s := frame.NewScanner(p, 115200)
			chunk := steadyChunk(t, name)
			var r reading.Reading
			ms, frames := 0, 0
			step := func() {
				ms++
				s.Feed(reading.Chunk{Bytes: chunk, Stamp: stampAt(ms)})
				for s.Scan() {
					f := s.Frame()
					p.Decode(f, &r)
					frames++
				}
			}
			for range 100 {
				step()
			}
			if n := testing.AllocsPerRun(1000, step); n != 0 {
				t.Errorf("%v allocations a chunk", n)
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
