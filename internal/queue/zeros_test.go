package queue

import (
	"slices"
	"testing"
)

// TestZeroAhead_OnlyWhereItPays: one write of zeros serves many small syncs of a
// new file; long syncs, and files that were written before, go without.
func TestZeroAhead_OnlyWhereItPays(t *testing.T) {
	fsys, cfg := newFaultFS(), small(testDir)
	cfg.SegmentBytes, cfg.MaxBytes = 1<<20, 8<<20
	q := mustOpen(t, cfg, fsys)
	mustAppend(t, q, 1)
	writes := func(syncs, records int) int {
		before := fsys.ops["write"]
		for range syncs {
			if _, _, err := q.AppendAll(burst(1, records)); err != nil {
				t.Fatal(err)
			}
			mustSync(t, q)
		}
		return fsys.ops["write"] - before
	}
	if n := writes(2000, 1); n < 2001 || n > 2004 {
		t.Errorf("%d writes for 2000 small syncs of a new file, want two or three more", n)
	}
	if n := writes(5, 300); n != 5 {
		t.Errorf("%d writes for 5 long syncs, want 5", n)
	}
	for q.tail.id == 1 || !q.tail.recycled {
		q.Clear(All)
		writes(1, 300)
	}
	if n := writes(200, 1); n != 200 {
		t.Errorf("%d writes for 200 small syncs of a recycled file, want 200", n)
	}
	q = mustOpen(t, cfg, fsys.crash(0, nil))
	if r := q.Recovery(); r.Damaged() || r.TornBytes > 0 {
		t.Errorf("after a cut: %v", r)
	}
}

// TestZeroAhead_FullDisk: where disk cannot be reserved zeros may be refused that
// nobody needs. It costs no record and no file.
func TestZeroAhead_FullDisk(t *testing.T) {
	fsys, cfg := newFaultFS(), small(testDir)
	cfg.SegmentBytes, cfg.MaxBytes = 256<<10, 4<<20
	fsys.noAllocate = true
	q := mustOpen(t, cfg, fsys)
	for range 12 { // three files and a part of the next
		if _, _, err := q.AppendAll(burst(1, 1000)); err != nil {
			t.Fatal(err)
		}
		mustSync(t, q)
	}
	mustAppend(t, q, 1)
	fsys.free = fsys.used() + 8<<10
	for k := range uint64(20) {
		mustAppend(t, q, k)
		mustSync(t, q)
	}
	s := q.Stats()
	if s.Records != 12_021 || s.Dropped != 0 || s.InMemory || s.WriteErrors+s.SyncErrors > 1 {
		t.Errorf("%+v, %v", s, filesOf(t, fsys))
	}
	q = mustOpen(t, cfg, fsys.crash(0, nil))
	if got := keys(mustDrain(t, q)); len(got) != 12_021 || !slices.Equal(got[12_001:], upTo(0, 19)) {
		t.Errorf("%d records after a cut", len(got))
	}
}
