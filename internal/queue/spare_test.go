package queue

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// turnOver appends n records, each acknowledged lag records later, with a sync
// each 20: files fill, empty and are taken again.
func turnOver(t testing.TB, q *Queue, n int, lag uint64) {
	t.Helper()
	for range n {
		k := q.NextSeq() // here a record's key is its number
		if seq := mustAppend(t, q, k); seq > lag {
			q.Ack(seq - lag)
		}
		if k%20 == 0 {
			mustSync(t, q)
		}
	}
}

// untilSpare goes on until one file waits to be taken again.
func untilSpare(t testing.TB, q *Queue, lag uint64) {
	t.Helper()
	for q.spare == nil {
		turnOver(t, q, 1, lag)
	}
}

func filesOf(t testing.TB, fsys FS) []string {
	t.Helper()
	names, err := fsys.ReadDir(filepath.Join(testDir, "queue"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestSpare_TakesTurnsWithTheTail: where verdicts come in time there are two
// files, and no further one is ever made.
func TestSpare_TakesTurnsWithTheTail(t *testing.T) {
	fsys := newFaultFS()
	q := mustOpen(t, small(testDir), fsys)
	turnOver(t, q, 200, 1)
	created := fsys.ops["create"]
	turnOver(t, q, 2000, 1)
	if fsys.ops["create"] != created || fsys.ops["rename"] < 40 || fsys.ops["remove"] > 0 {
		t.Errorf("%d files made, then %v", created, fsys.ops)
	}
	if got := len(filesOf(t, fsys)); got != 2 || q.Stats().Segments != 2 || q.Stats().Bytes != 2*4<<10 {
		t.Errorf("%d files, %+v", got, q.Stats())
	}
}

// TestSpare_OneIsLeftOfMany: a drained backlog leaves two files, also after
// another Open, and the spare one is taken then.
func TestSpare_OneIsLeftOfMany(t *testing.T) {
	fsys, cfg := newFaultFS(), small(testDir)
	q := mustOpen(t, cfg, fsys)
	turnOver(t, q, 300, 1000) // nothing is acknowledged
	before := len(filesOf(t, fsys))
	q.Clear(All)
	mustSync(t, q)
	if got := len(filesOf(t, fsys)); before < 8 || got != 2 {
		t.Errorf("%d files before, %d after", before, got)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	q = mustOpen(t, cfg, fsys)
	if r := q.Recovery(); r.Damaged() || r.TornBytes > 0 || !r.Clean || r.Segments != 1 {
		t.Errorf("%+v", r)
	}
	created := fsys.ops["create"]
	turnOver(t, q, 40, 1000)
	if got := filesOf(t, fsys); fsys.ops["create"] != created || len(got) != 2 {
		t.Errorf("%v after more", got)
	}
}

// TestSpare_StaleBytesAreNotTorn: after a kill the end of a recycled file is
// found, and what stands behind it is neither damage nor torn.
func TestSpare_StaleBytesAreNotTorn(t *testing.T) {
	for n := range 60 {
		fsys, cfg := newFaultFS(), small(testDir)
		q := mustOpen(t, cfg, fsys)
		turnOver(t, q, 300+n, 10)
		next := q.NextSeq()
		q = mustOpen(t, cfg, fsys.crash(1, nil))
		r, got := q.Recovery(), keys(mustDrain(t, q))
		if r.Damaged() || r.TornBytes > 0 || r.Torn > 0 || got[len(got)-1] != next-1 || got[0] > next-10 {
			t.Fatalf("%d: %v; stored %v of %d", n, r, got, next)
		}
	}
}

// TestSpare_CrashAfterEveryOperation is TestCrash_AfterEveryOperation for a
// queue whose files take turns.
func TestSpare_CrashAfterEveryOperation(t *testing.T) {
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 6))
		fsys, l, cfg := newFaultFS(), newLedger(), small(testDir)
		cfg.Full, cfg.MaxBytes = "refuse-newest", 1<<20
		fsys.after = func() {
			for _, chance := range []float64{0, 0.5, 0.5, 1} {
				if err := l.check(fsys.crash(chance, rng), cfg, chance == 1); err != nil {
					t.Fatal(fmt.Errorf("seed %d, %v survives: %w", seed, chance, err))
				}
			}
		}
		q, lag := mustOpen(t, cfg, fsys), rng.Uint64N(60)
		for k := range uint64(400) {
			seq := mustAppend(t, q, k)
			l.seqs[seq], l.highest = k, seq
			if seq > lag {
				l.acked[seq-lag] = true // before the call: the promise ends here
				q.Ack(seq - lag)
			}
			if rng.IntN(12) == 0 {
				l.synced = mustSync(t, q)
			}
		}
		if n := fsys.ops["rename"]; n < 5 {
			t.Errorf("seed %d: only %d files were taken again", seed, n)
		}
	}
}

// TestSpare_NeedsTheDirectorySync: with it left out after the rename the records
// must be lost, or the other tests prove nothing.
func TestSpare_NeedsTheDirectorySync(t *testing.T) {
	for _, lazy := range []bool{false, true} {
		fsys, l, cfg := newFaultFS(), newLedger(), small(testDir)
		q := mustOpen(t, cfg, fsys)
		turnOver(t, q, 200, 1)
		mustSync(t, q)
		fsys.lazyDir = lazy
		for renamed := fsys.ops["rename"]; fsys.ops["rename"] == renamed; {
			k := q.NextSeq()
			l.highest = mustAppend(t, q, k)
			l.seqs[l.highest] = k
		}
		l.synced = mustSync(t, q)
		err := l.check(fsys.crash(0, nil), cfg, false)
		if l.synced != l.highest || (err != nil) != lazy {
			t.Errorf("without the directory's sync: %v: %v", lazy, err)
		}
	}
}

// TestSpare_HalfBegun: the file has its new name and not its new header, or the
// other way round. The numbers of its earlier life count for nothing. [QUEUE-17]
func TestSpare_HalfBegun(t *testing.T) {
	for _, tt := range []struct {
		name string
		half func(disk *faultFS, spare string, next string)
	}{
		{"OnlyRenamed", func(disk *faultFS, spare, next string) {
			disk.names[next] = disk.names[spare]
			delete(disk.names, spare)
		}},
		{"BothNames", func(disk *faultFS, spare, next string) {
			disk.names[next] = &faultInode{data: slices.Clone(disk.names[spare].data)}
		}},
		{"OnlyTheHeader", func(disk *faultFS, spare, _ string) {
			copy(disk.names[spare].data, newHeader(99, 7).append(nil))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fsys, cfg := newFaultFS(), small(testDir)
			q := mustOpen(t, cfg, fsys)
			turnOver(t, q, 300, 10)
			untilSpare(t, q, 10)
			mustSync(t, q)
			want, path := keys(mustDrain(t, q)), func(id uint64) string { return filepath.Join(q.dir, segmentName(id)) }
			disk := fsys.crash(1, nil)
			tt.half(disk, path(q.spare.id), path(q.nextID))
			q = mustOpen(t, cfg, disk)
			if got, r := keys(mustDrain(t, q)), q.Recovery(); !slices.Equal(got, want) || r.Damaged() || len(r.Removed) != 1 {
				t.Errorf("stored %v, want %v; %+v", got, want, r)
			}
			turnOver(t, q, 100, 1000)
			if got := keys(mustDrain(t, q)); len(got) != len(want)+100 {
				t.Errorf("%d records after 100 more, want %d", len(got), len(want)+100)
			}
		})
	}
}

// TestSpare_OfTheFirstVersion: files of minor version 0 name no id. They are
// read as ever, and never taken again.
func TestSpare_OfTheFirstVersion(t *testing.T) {
	cfg, all := build(t, 120, 4<<10)
	for i, f := range all {
		if i > 0 && all[i-1].file == f.file {
			continue
		}
		edit(t, f.file, func(b []byte) []byte {
			b[5] = 0
			clear(b[24:28])
			copy(b[28:], appendChecksum(b[:28]))
			return b
		})
	}
	q := mustOpen(t, cfg, nil)
	if got := keys(mustDrain(t, q)); !slices.Equal(got, upTo(1, 120)) || q.Recovery().Damaged() {
		t.Fatalf("stored %v: %v", got, q.Recovery())
	}
	old := q.tail.id
	q.Clear(All)
	mustSync(t, q)
	if q.spare != nil {
		t.Error("a file that names no id was kept")
	}
	turnOver(t, q, 60, 1)
	untilSpare(t, q, 1)
	if q.spare.id <= old {
		t.Errorf("the spare is %+v", q.spare)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

// TestSpare_IsGivenBack: it counts, and goes when others need the room.
func TestSpare_IsGivenBack(t *testing.T) {
	fsys, cfg := newFaultFS(), small(testDir)
	cfg.KeepFree, fsys.free = 20<<10, 1<<20
	q := mustOpen(t, cfg, fsys)
	turnOver(t, q, 300, 1000)
	fsys.free = fsys.used() + 10<<10 // others have taken it
	before := len(filesOf(t, fsys))
	q.Ack(upTo(1, 100)...)
	mustSync(t, q)
	if got := q.Stats(); q.spare != nil || got.Segments >= before || got.Segments != len(filesOf(t, fsys)) {
		t.Errorf("kept below keep_free: %+v, %d files before", got, before)
	}
	q.Clear(All)
	mustSync(t, q)
	if q.spare == nil || len(filesOf(t, fsys)) != 2 {
		t.Errorf("two files are its own: %v", filesOf(t, fsys))
	}
	fsys.free = -1
	turnOver(t, q, 1000, 10_000) // to max_bytes, which it is a part of
	if got := fsys.used(); got > cfg.MaxBytes || got != q.Stats().Bytes {
		t.Errorf("%d bytes on disk, %+v", got, q.Stats())
	}
}

// TestSpare_OfAnotherSize: a file of longer segments than are set now is counted as
// long as it is, and not taken again.
func TestSpare_OfAnotherSize(t *testing.T) {
	fsys, cfg := newFaultFS(), small(testDir)
	cfg.SegmentBytes, cfg.MaxBytes = 32<<10, 512<<10
	q := mustOpen(t, cfg, fsys)
	turnOver(t, q, 40, 1)
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.SegmentBytes = 4 << 10
	q = mustOpen(t, cfg, fsys)
	if got := q.Stats().Bytes; got != fsys.used() {
		t.Errorf("%d bytes are told of, %d are on disk", got, fsys.used())
	}
	turnOver(t, q, 400, 1)
	if got := fsys.used(); got != 2*cfg.SegmentBytes || got != q.Stats().Bytes {
		t.Errorf("%d bytes on disk, %+v", got, q.Stats())
	}
}

// TestSpare_ThatCannotBeTaken is done without.
func TestSpare_ThatCannotBeTaken(t *testing.T) {
	for _, op := range []string{"rename", "open", "write"} {
		fsys, l, cfg := newFaultFS(), newLedger(), small(testDir)
		q := mustOpen(t, cfg, fsys)
		turnOver(t, q, 200, 1)
		renames, failed := fsys.ops["rename"], false
		fsys.fail = func(o, _ string) error {
			if o == op && (op == "rename" || fsys.ops["rename"] > renames) && !failed {
				failed = true
				return unix.EIO
			}
			return nil
		}
		for k := q.NextSeq(); k < 260; k++ {
			l.highest = mustAppend(t, q, k)
			if l.seqs[l.highest] = k; k%10 == 0 {
				mustSync(t, q) // memory holds one segment, where it must
			}
		}
		l.synced = mustSync(t, q)
		if s := q.Stats(); !failed || s.InMemory || s.Segments != len(filesOf(t, fsys)) {
			t.Errorf("%s: %+v, %v", op, s, filesOf(t, fsys))
		}
		for _, chance := range []float64{0, 1} {
			if err := l.check(fsys.crash(chance, nil), cfg, chance == 1); err != nil {
				t.Errorf("%s: %v", op, err)
			}
		}
	}
}

// TestSpare_UnderAReader: a walk stands in a file while the owner empties it and
// writes a new life into it. It shows no record of that life under an old number,
// calls nothing lost, and sees each record that stays.
func TestSpare_UnderAReader(t *testing.T) {
	for _, tt := range []struct {
		segment  int64
		n, steps int
	}{{4 << 10, 300, 30}, {256 << 10, 8000, 8}} { // within a buffer's length, and beyond
		for stop := range tt.steps {
			fsys, cfg := newFaultFS(), small(testDir)
			cfg.SegmentBytes, cfg.MaxBytes = tt.segment, 16*tt.segment
			q := mustOpen(t, cfg, fsys)
			turnOver(t, q, tt.n, 40)
			turnOver(t, q, tt.n/4+stop*tt.n/20, 100_000) // more than a buffer, or less
			last, n := q.NextSeq()-1, 0
			stays := []uint64{last - 1, last}
			for rec, err := range records(fsys, q.dir, 0, All) {
				if err != nil || rec.Lost > 0 || rec.Seq > last || !slices.Equal(rec.Data, payload(rec.Seq)) {
					t.Fatalf("stopped at %d: %+v, %v", stop, rec, err)
				}
				if n == stop { // all but the last two are done with, and overwritten
					renames := fsys.ops["rename"]
					q.Clear(last - 2)
					for range tt.n {
						k := q.NextSeq()
						if mustAppend(t, q, k); k > last+100 {
							q.Ack(k - 100)
						}
						if k%20 == 0 {
							mustSync(t, q)
						}
					}
					if fsys.ops["rename"]-renames < 2 {
						t.Fatal("no file was taken again")
					}
				}
				stays = slices.DeleteFunc(stays, func(seq uint64) bool { return seq == rec.Seq })
				n++
			}
			if n <= stop || len(stays) > 0 {
				t.Fatalf("stopped at %d: %d records seen; passed over %v", stop, n, stays)
			}
		}
	}
}

// TestSpare_OldNonceReadsNothing: who knows a file by its old header finds no
// frame of its new life, wherever he looks.
func TestSpare_OldNonceReadsNothing(t *testing.T) {
	fsys := newFaultFS()
	q := mustOpen(t, small(testDir), fsys)
	turnOver(t, q, 300, 10)
	untilSpare(t, q, 10)
	old := *q.spare
	f, err := fsys.Open(filepath.Join(q.dir, segmentName(old.id)), false)
	if err != nil {
		t.Fatal(err)
	}
	for taken := old.id; q.spare == nil || q.spare.id == taken; {
		turnOver(t, q, 1, 10)
	}
	turnOver(t, q, 30, 1000) // the new life is in full
	sc := old.scanner(f)
	for fr, ok := sc.next(); ok; fr, ok = sc.next() {
		if fr.kind == frameRecord && fr.seq >= old.limit {
			t.Errorf("number %d of the new life", fr.seq)
		}
	}
}
