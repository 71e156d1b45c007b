package frame_test

import (
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

func BenchmarkZZ(b *testing.B) {
	for _, s := range shapes()[:3] {
		p := mustCompile(b, s.name, s.d)
		wire := s.wire(b, p)
		b.Run("scan="+s.name, func(b *testing.B) {
			scanner := frame.NewScanner(p, 115200)
			benchLoop(b, wire, func(c reading.Chunk, r *reading.Reading) (found int) {
				scanner.Feed(c)
				for scanner.Scan() {
					found++
				}
				return found
			})
		})
		b.Run("decode="+s.name, func(b *testing.B) {
			scanner := frame.NewScanner(p, 115200)
			d := p.NewDecoder()
			scanner.Feed(reading.Chunk{Bytes: wire[:200], Stamp: stampAt(1)})
			for range 4 {
				scanner.Scan()
			}
			f := scanner.Frame()
			var r reading.Reading
			for b.Loop() {
				for range 1000 {
					d.Decode(f, &r)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*shapeFrames), "ns/frame")
		})
	}
}
