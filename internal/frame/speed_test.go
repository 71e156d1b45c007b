package frame_test

import (
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

// steadyChunk is a good frame and the first half of a damaged one.
func steadyChunk(t testing.TB, name string) []byte {
	for _, c := range wireCases {
		if c.preset == name && c.name == "good" || c.preset == name && c.noise == 0 {
			good := fromHex(t, c.wire)
			return append(good, good...)
		}
	}
	return fromHex(t, floatGood)
}

func BenchmarkScanDecode(b *testing.B) {
	for _, name := range frame.PresetNames() {
		b.Run(name, func(b *testing.B) {
			p := presetPlan(b, name)
			s := frame.NewScanner(p, 115200)
			var chunk []byte
			for range 50 {
				chunk = append(chunk, steadyChunk(b, name)...)
			}
			var r reading.Reading
			frames := 0
			b.SetBytes(int64(len(chunk)))
			b.ReportAllocs()
			for b.Loop() {
				s.Feed(reading.Chunk{Bytes: chunk})
				for s.Scan() {
					f := s.Frame()
					p.Decode(f, &r)
					frames++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(frames), "ns/frame")
		})
	}
}

// BenchmarkScanNoise is the worst case: every other byte begins a candidate.
func BenchmarkScanNoise(b *testing.B) {
	noise := make([]byte, 64<<10)
	for i := range noise {
		noise[i] = []byte{0xAA, 0x55, 0x13, 0x01}[i%4]
	}
	s := frame.NewScanner(presetPlan(b, "demo"), 115200)
	b.SetBytes(int64(len(noise)))
	for b.Loop() {
		s.Feed(reading.Chunk{Bytes: noise})
		s.Scan()
	}
}
