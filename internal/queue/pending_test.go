package queue

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// heap is what is reachable.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// tiny is a record of 30 bytes that says its number.
func tiny(k uint64) []byte { return append(binary.BigEndian.AppendUint64(nil, k), make([]byte, 22)...) }

// TestPending_HoldsWhatItCounts: while the disk refuses, one record of five
// hundred stays unacknowledged; what they need is counted, and it is what the
// heap has.
func TestPending_HoldsWhatItCounts(t *testing.T) {
	const records, step, most = 500_000, 500, 1 << 20
	cfg := Defaults()
	cfg.Dir, cfg.KeepFree = testDir, 0
	dead := newFaultFS()
	dead.fail = func(op, _ string) error {
		if op == "create" || op == "write" {
			return unix.EIO
		}
		return nil
	}
	for name, q := range map[string]store{"File": mustOpen(t, cfg, dead), "Memory": NewMemory()} {
		t.Run(name, func(t *testing.T) {
			before := heap()
			for k := uint64(1); k <= records; k++ {
				if _, n, err := q.AppendAll([][]byte{tiny(k)}); n != 1 || err != nil {
					t.Fatal(n, err)
				}
				if k%step != 0 {
					q.Ack(k)
				}
			}
			if s := q.Stats(); s.Records != records/step || !s.InMemory || s.Dropped != 0 {
				t.Fatalf("%+v", s)
			}
			if n := heap() - before; n > most {
				t.Errorf("%d records of 30 bytes hold %d bytes of memory, want %d at most", records/step, n, most)
			}
			from := uint64(0)
			for k := uint64(step); k <= records; k += step {
				seq, record, err := q.Read(from)
				if err != nil || seq != k || !bytes.Equal(record, tiny(k)) {
					t.Fatalf("Read(%d) = %d, %x, %v", from, seq, record, err)
				}
				from = seq + 1
			}
		})
	}
}

// TestPending_FollowsModel pushes and removes records of all lengths in any
// order: those left are whole, those handed out stay as they are, and the
// memory is what it says it is.
func TestPending_FollowsModel(t *testing.T) {
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, 5))
		var p pending
		var live, out []uint64
		var given [][]byte
		k := uint64(0)
		length := func(k uint64) int {
			if k%100 == 0 {
				return slabBytes - 100 + int(k%200)
			}
			return int(k * 37 % 300)
		}
		size := func(k uint64) int64 { return frameHeader + 8 + int64(length(k)) }
		record := func(k uint64) []byte {
			return append(binary.BigEndian.AppendUint64(nil, k), bytes.Repeat([]byte{byte(k)}, length(k))...)
		}
		for range 20_000 {
			switch rng.IntN(20) {
			case 0: // a sync covers what was there before it
				to := uint64(rng.Int64N(int64(k) + 2))
				if rng.IntN(10) > 0 {
					to = min(to, k/2)
				}
				p.remove(0, to)
				live = slices.DeleteFunc(live, func(n uint64) bool { return n < to })
			case 1, 2, 3, 4, 5, 6, 7, 8, 9:
				if len(live) > 0 {
					i := rng.IntN(len(live))
					p.remove(live[i], live[i]+1)
					live = slices.Delete(live, i, i+1)
				}
			default:
				k++
				p.push(k, record(k))
				live = append(live, k)
			}
			if rng.IntN(100) == 0 && len(live) > 0 {
				n := live[rng.IntN(len(live))]
				b, ok := p.get(n)
				if !ok {
					t.Fatalf("record %d is missing", n)
				}
				out, given = append(out, n), append(given, b)
			}
			held, frames := int64(0), int64(0)
			for _, b := range p.slabs {
				held += b.size
			}
			for _, n := range live {
				frames += size(n)
			}
			if p.live != len(live) || p.bytes != frames || p.held != held || held > 2*frames+idleBytes+2*slabBytes || len(p.entries) > 2*p.live+idleEntries+1 {
				t.Fatalf("%d records of %d bytes, want %d of %d; %d bytes held, counted as %d; %d entries", p.live, p.bytes, len(live), frames, held, p.held, len(p.entries))
			}
		}
		for _, n := range live {
			if b, ok := p.get(n); !ok || !bytes.Equal(b, record(n)) {
				t.Fatalf("record %d: %x, %v", n, b, ok)
			}
		}
		for i, n := range out {
			if !bytes.Equal(given[i], record(n)) {
				t.Fatalf("record %d has changed since it was handed out", n)
			}
		}
	}
}
