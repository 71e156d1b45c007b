package queue

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"
)

const testDir = "/state"

// small makes segments of 4 KiB and at most 16 of them.
func small(dir string) Config {
	c := Defaults()
	c.Dir, c.SegmentBytes, c.MaxBytes, c.KeepFree = dir, 4<<10, 64<<10, 0
	return c
}

func mustOpen(t testing.TB, cfg Config, fsys FS) *Queue {
	t.Helper()
	q, err := Open(cfg, Options{FS: fsys})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return q
}

// payload is the record a test stores as the k-th: it says its own number, so
// that a wrong one is seen. Lengths vary from 8 to 200.
func payload(k uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, k)
	return append(b, bytes.Repeat([]byte{byte(k)}, int(k*37%193))...)
}

func mustAppend(t testing.TB, q *Queue, k uint64) uint64 {
	t.Helper()
	seq, err := q.Append(payload(k))
	if err != nil {
		t.Fatalf("Append: %v", err)
	}
	return seq
}

func mustSync(t testing.TB, q *Queue) uint64 {
	t.Helper()
	n, err := q.Sync()
	if err != nil {
		t.Fatalf("Sync: %v", err)
	}
	return n
}

type stored struct{ seq, k uint64 }

// drain reads all records in order and checks that each is whole.
func drain(q *Queue) ([]stored, error) {
	var out []stored
	for from := uint64(0); ; {
		seq, rec, err := q.Read(from)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if seq < from {
			return out, fmt.Errorf("Read(%d) went back to %d", from, seq)
		}
		if len(rec) < 8 || !bytes.Equal(rec, payload(binary.BigEndian.Uint64(rec))) {
			return out, fmt.Errorf("record %d has wrong bytes %x", seq, rec)
		}
		out = append(out, stored{seq, binary.BigEndian.Uint64(rec)})
		from = seq + 1
	}
}

func mustDrain(t testing.TB, q *Queue) []stored {
	t.Helper()
	got, err := drain(q)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func keys(s []stored) []uint64 {
	var out []uint64
	for _, r := range s {
		out = append(out, r.k)
	}
	return out
}

func upTo(from, to uint64) []uint64 {
	var out []uint64
	for k := from; k <= to; k++ {
		out = append(out, k)
	}
	return out
}
