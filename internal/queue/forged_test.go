package queue

import (
	"bytes"
	"path/filepath"
	"testing"
)

// forged is a record at each fourth byte of which begins what looks like the head
// of a frame of 128 KiB.
func forged(n int) []byte { return bytes.Repeat([]byte{frameMarker, frameRecord, 2, 0}, n/4) }

func forgedConfig() Config {
	cfg := small(testDir)
	cfg.SegmentBytes, cfg.MaxBytes = 1<<20, 8<<20
	return cfg
}

// TestForged_OpenIsBounded: a file that is full of forged heads was taken again,
// and they stand behind its end. Opening it must not check each of them.
func TestForged_OpenIsBounded(t *testing.T) {
	for _, clean := range []bool{true, false} {
		fsys, cfg := newFaultFS(), forgedConfig()
		q := mustOpen(t, cfg, fsys)
		for q.tail == nil || !q.tail.recycled {
			seq, err := q.Append(forged(1000))
			if err != nil {
				t.Fatal(err)
			}
			q.Ack(seq)
			if seq%100 == 0 {
				mustSync(t, q)
			}
		}
		last := mustAppend(t, q, 1)
		mustSync(t, q)
		disk := fsys.crash(1, nil)
		if clean {
			if err := q.Close(); err != nil {
				t.Fatal(err)
			}
			disk = fsys.crash(0, nil)
		}
		q = mustOpen(t, cfg, disk)
		if n := disk.ops["read"]; n > 500 {
			t.Errorf("clean %v: %d reads to open one file of 1 MiB", clean, n)
		}
		if r := q.Recovery(); r.Damaged() || r.TornBytes > 0 || r.Clean != clean {
			t.Errorf("clean %v: %+v", clean, r)
		}
		if got := mustDrain(t, q); len(got) != 1 || got[0].seq != last {
			t.Errorf("clean %v: stored %v, want %d alone", clean, got, last)
		}
	}
}

// TestForged_DamageAmongThem: what is behind a damaged record is found, however
// many forged heads stand in it.
func TestForged_DamageAmongThem(t *testing.T) {
	fsys, cfg := newFaultFS(), forgedConfig()
	q := mustOpen(t, cfg, fsys)
	if _, err := q.Append(forged(200 << 10)); err != nil {
		t.Fatal(err)
	}
	start := q.tail.end
	for k := range uint64(20) {
		mustAppend(t, q, k)
	}
	mustSync(t, q)
	disk := fsys.crash(0, nil)
	disk.names[filepath.Join(q.dir, segmentName(q.tail.id))].data[start-200<<10] ^= 1
	q = mustOpen(t, cfg, disk)
	if n := disk.ops["read"]; n > 500 {
		t.Errorf("%d reads", n)
	}
	if got, r := mustDrain(t, q), q.Recovery(); len(got) != 20 || r.Lost+r.Torn != 1 {
		t.Errorf("%d records of 20; %+v", len(got), r)
	}
}
