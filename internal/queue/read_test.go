package queue

import (
	"errors"
	"io"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRead_NotNowIsNotTheEnd: what cannot be read for a moment is neither lost
// nor said to be absent, and is there afterwards.
func TestRead_NotNowIsNotTheEnd(t *testing.T) {
	for _, short := range []error{unix.EMFILE, unix.ENFILE, unix.ENOMEM} {
		fsys := newFaultFS()
		q := mustOpen(t, roomy(), fsys)
		if _, n, err := q.AppendAll(burst(1, 200)); n != 200 || err != nil {
			t.Fatal(n, err)
		}
		mustSync(t, q)
		fsys.fail = func(op, _ string) error {
			if op == "open" {
				return short
			}
			return nil
		}
		if seq, _, err := q.Read(0); !errors.Is(err, short) {
			t.Fatalf("Read = %d, %v, want %v", seq, err, short)
		}
		if _, _, err := q.Read(q.NextSeq()); !errors.Is(err, io.EOF) {
			t.Fatalf("Read behind the last record: %v", err)
		}
		if s := q.Stats(); s.Records != 200 || s.DamagedRecords != 0 || s.ReadErrors != 1 {
			t.Fatalf("%v: %+v", short, s)
		}
		fsys.fail = nil
		if got := keys(mustDrain(t, q)); !slices.Equal(got, upTo(1, 200)) {
			t.Fatalf("%v: %d records left", short, len(got))
		}
	}
}
