package queue

import (
	"fmt"
	"testing"
)

func benchQueue(b *testing.B) *Queue {
	cfg := Defaults()
	cfg.Dir, cfg.KeepFree = b.TempDir(), 0
	return mustOpen(b, cfg, nil)
}

// BenchmarkAppend is one record of 200 bytes an operation, with a sync after
// each so many; 0 is none but those that memory asks for.
func BenchmarkAppend(b *testing.B) {
	for _, batch := range []int{0, 1, 16, 256} {
		b.Run(fmt.Sprintf("sync=%d", batch), func(b *testing.B) {
			q, record, n := benchQueue(b), make([]byte, 200), 0
			b.SetBytes(200)
			for b.Loop() {
				if _, err := q.Append(record); err != nil {
					b.Fatal(err)
				}
				if n++; batch > 0 && n%batch == 0 {
					mustSync(b, q)
				}
			}
		})
	}
}

// BenchmarkDrain reads and acknowledges a backlog; a sync each 256.
func BenchmarkDrain(b *testing.B) {
	q, record, from := benchQueue(b), make([]byte, 200), uint64(0)
	b.SetBytes(200)
	for n := 0; b.Loop(); n++ {
		seq, _, ok := q.Read(from)
		if !ok {
			b.StopTimer()
			for range 100_000 {
				if _, err := q.Append(record); err != nil {
					b.Fatal(err)
				}
			}
			mustSync(b, q)
			b.StartTimer()
			continue
		}
		q.Ack(seq)
		from = seq + 1
		if n%256 == 0 {
			mustSync(b, q)
		}
	}
}

// BenchmarkOpen opens 200 MiB of backlog.
func BenchmarkOpen(b *testing.B) {
	q, record := benchQueue(b), make([]byte, 200)
	for range 950_000 {
		if _, err := q.Append(record); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := q.Close(); err != nil {
			b.Fatal(err)
		}
		q = mustOpen(b, q.cfg, nil)
	}
	b.ReportMetric(float64(q.Stats().Segments), "segments")
}
