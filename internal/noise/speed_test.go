package noise

import (
	"bytes"
	"maps"
	"slices"
	"testing"
	"time"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// readMost is what a read of a port returns at most, in bytes.
const readMost = 4096

// eachPreset benchmarks every preset on a thousand frames as its board would
// send them: every message, every id, random values within their bounds.
func eachPreset(b *testing.B, bench func(b *testing.B, p *frame.Plan, frames []sent)) {
	all := presets(b)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b.Run("frame="+name, func(b *testing.B) {
			p := compile(b, name, all[name])
			board, err := newBoard(p, 1, 0)
			if err != nil {
				b.Fatal(err)
			}
			frames := make([]sent, 1000)
			for i := range frames {
				if frames[i], err = board.next(); err != nil {
					b.Fatal(err)
				}
			}
			bench(b, p, frames)
		})
	}
}

// perFrame reports the time of a frame, where an operation is n of them.
func perFrame(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/frame")
}

// BenchmarkScan finds frames on a clean line and on the two worse ones of the
// table that `make noise` prints.
func BenchmarkScan(b *testing.B) {
	eachPreset(b, func(b *testing.B, p *frame.Plan, frames []sent) {
		for _, l := range append([]level{{name: "clean"}}, levels()[1:]...) {
			b.Run("line="+l.name, func(b *testing.B) {
				bytes := damage(frames, l, time.Millisecond, 1).bytes
				scanAll(b, p, bytes, func(*frame.Frame) {})
				perFrame(b, len(frames))
			})
		}
	})
}

// BenchmarkScanDecode finds frames on a clean line and reads their values.
func BenchmarkScanDecode(b *testing.B) {
	eachPreset(b, func(b *testing.B, p *frame.Plan, frames []sent) {
		var all [][]byte
		for _, f := range frames {
			all = append(all, f.bytes)
		}
		var r reading.Reading
		scanAll(b, p, bytes.Join(all, nil), func(f *frame.Frame) { p.Decode(f, &r) })
		perFrame(b, len(frames))
	})
}

// scanAll lets a scanner read a line again and again.
func scanAll(b *testing.B, p *frame.Plan, line []byte, take func(*frame.Frame)) {
	b.Helper()
	s := frame.NewScanner(p, 115200)
	found := 0
	scan := func() {
		for chunk := range slices.Chunk(line, readMost) {
			s.Feed(reading.Chunk{Bytes: chunk})
			for s.Scan() {
				take(s.Frame())
				found++
			}
		}
	}
	scan() // the scanner's buffer has its size then
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		scan()
	}
	if found == 0 {
		b.Fatal("no frame was found")
	}
}

// BenchmarkDecode reads the values of frames that have been found.
func BenchmarkDecode(b *testing.B) {
	eachPreset(b, func(b *testing.B, p *frame.Plan, frames []sent) {
		var found []*frame.Frame
		size := 0
		for _, f := range frames {
			one, err := p.Parse(f.bytes)
			if err != nil {
				continue // a reply that looks like a request only behind one
			}
			found, size = append(found, one), size+len(f.bytes)
		}
		var r reading.Reading
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			for _, f := range found {
				p.Decode(f, &r)
			}
		}
		perFrame(b, len(found))
	})
}
