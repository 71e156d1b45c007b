package queue

import (
	"fmt"
	"testing"
)

// benchRecord is as long as the record of a small board's reading.
var benchRecord = make([]byte, 120)

func benchQueue(b *testing.B) *Queue {
	cfg := Defaults()
	cfg.Dir, cfg.KeepFree = b.TempDir(), 0
	return mustOpen(b, cfg, nil)
}

// fill appends n records as the gateway does, the records of a read at once,
// and syncs them.
func fill(b *testing.B, q *Queue, n int) {
	b.Helper()
	records := make([][]byte, 200)
	for i := range records {
		records[i] = benchRecord
	}
	for ; n > 0; n -= len(records) {
		if _, _, err := q.AppendAll(records[:min(n, len(records))]); err != nil {
			b.Fatal(err)
		}
	}
	mustSync(b, q)
}

// BenchmarkAppend stores the records of one read. Synced, each of them reaches
// the disk before the next read: what a queue without an interval would cost.
// Not synced, the only syncs are those that memory asks for, one each 4 MiB.
func BenchmarkAppend(b *testing.B) {
	for _, batch := range []int{1, 64} {
		for _, sync := range []string{"off", "on"} {
			b.Run(fmt.Sprintf("records=%d/sync=%s", batch, sync), func(b *testing.B) {
				q := benchQueue(b)
				records := make([][]byte, batch)
				for i := range records {
					records[i] = benchRecord
				}
				fill(b, q, 100_000) // buffers have their size then
				b.SetBytes(int64(batch * len(benchRecord)))
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := q.AppendAll(records); err != nil {
						b.Fatal(err)
					}
					if sync == "on" {
						mustSync(b, q)
					}
				}
			})
		}
	}
}

// BenchmarkDrain reads and acknowledges one record of a backlog; a sync each
// 256.
func BenchmarkDrain(b *testing.B) {
	const backlog = 50_000
	q, from, n := benchQueue(b), uint64(0), 0
	drain := func() {
		seq, _, err := q.Read(from)
		if err != nil {
			b.Fatal("the backlog has a hole: ", err)
		}
		q.Ack(seq)
		from = seq + 1
		if n++; n%256 == 0 {
			mustSync(b, q)
		}
	}
	fill(b, q, backlog)
	for range backlog / 4 { // into the middle of a file
		drain()
	}
	b.SetBytes(int64(len(benchRecord)))
	b.ReportAllocs()
	for b.Loop() {
		if n%backlog == 0 {
			b.StopTimer()
			fill(b, q, backlog)
			b.StartTimer()
		}
		drain()
	}
}

// BenchmarkLoad is what Open does to know a backlog of 300,000 records, in a
// dozen files.
func BenchmarkLoad(b *testing.B) {
	q := benchQueue(b)
	fill(b, q, 300_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := load(q.fs, q.dir); err != nil {
			b.Fatal(err)
		}
	}
}
