package queue

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestQueue_NumbersNeverRepeat(t *testing.T) {
	cfg := small(t.TempDir())
	var last uint64
	for range 5 {
		q := mustOpen(t, cfg, nil)
		for k := range uint64(80) {
			seq := mustAppend(t, q, k)
			if seq != last+1 {
				t.Fatalf("number %d after %d", seq, last)
			}
			last = seq
			q.Ack(seq)
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestQueue_NumbersNeverRepeatAfterPowerCut: records that were sent and
// acknowledged before any sync leave no trace. [QUEUE-16]
func TestQueue_NumbersNeverRepeatAfterPowerCut(t *testing.T) {
	fsys := newFaultFS()
	var last uint64
	for range 5 {
		q := mustOpen(t, small(testDir), fsys)
		for range 150 {
			seq, err := q.Append([]byte{1})
			if err != nil || seq <= last {
				t.Fatalf("Append = %d, %v after %d", seq, err, last)
			}
			last = seq
			q.Ack(seq)
		}
		fsys = fsys.crash(0, nil)
	}
}

func TestAppend_RefusesWhatItCannotKeep(t *testing.T) {
	cfg := Defaults()
	cfg.Dir = t.TempDir()
	q := mustOpen(t, cfg, nil)
	for _, tt := range []struct {
		n    int
		want error
	}{{0, ErrSize}, {1, nil}, {MaxRecord, nil}, {MaxRecord + 1, ErrSize}} {
		if _, err := q.Append(make([]byte, tt.n)); !errors.Is(err, tt.want) {
			t.Errorf("%d bytes: %v, want %v", tt.n, err, tt.want)
		}
	}
	if err := errors.Join(q.Close(), q.Close()); err != nil {
		t.Errorf("Close twice: %v", err)
	}
	if _, err := q.Append([]byte{1}); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
	if _, err := q.Sync(); !errors.Is(err, ErrClosed) {
		t.Errorf("Sync after Close: %v", err)
	}
	if _, _, err := q.Read(0); !errors.Is(err, ErrClosed) {
		t.Errorf("Read after Close: %v", err)
	}
}

func TestOpen_LockedByAnother(t *testing.T) {
	cfg := small(t.TempDir())
	q := mustOpen(t, cfg, nil)
	if _, err := Open(cfg, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("second Open: %v, want ErrLocked", err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if err := mustOpen(t, cfg, nil).Close(); err != nil {
		t.Error(err)
	}
}

func TestConfig_Check(t *testing.T) {
	for _, tt := range []struct {
		change func(*Config)
		want   string
	}{
		{func(*Config) {}, ""},
		{func(c *Config) { c.MaxBytes = 8 * c.SegmentBytes }, ""},
		{func(c *Config) { c.MaxBytes = 8*c.SegmentBytes - 1 }, "max_bytes = 33554431: at least 8 times segment_bytes (4194304)"},
		{func(c *Config) { c.SegmentBytes = 4095 }, "segment_bytes = 4095: at least 4096"},
		{func(c *Config) { c.KeepFree = -1 }, "keep_free = -1: not below 0"},
		{func(c *Config) { c.Full = "panic" }, `full = "panic": "drop-oldest" or "refuse-newest"`},
	} {
		c := Defaults()
		tt.change(&c)
		got := ""
		if err := c.Check(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// TestSync_NothingToDoCostsNothing counts calls of the file system.
func TestSync_NothingToDoCostsNothing(t *testing.T) {
	fsys := newFaultFS()
	q := mustOpen(t, small(testDir), fsys)
	mustAppend(t, q, 1)
	mustSync(t, q)
	before := fsys.calls()
	for range 10 {
		mustSync(t, q)
	}
	if n := fsys.calls() - before; n != 0 {
		t.Errorf("10 idle syncs made %d calls", n)
	}
}

// TestSync_AcknowledgedInTimeIsSpared: no fsync while verdicts are quick.
func TestSync_AcknowledgedInTimeIsSpared(t *testing.T) {
	fsys, cfg := newFaultFS(), small(testDir)
	cfg.SegmentBytes, cfg.MaxBytes = 64<<10, 1<<20
	q := mustOpen(t, cfg, fsys)
	before := fsys.ops["sync"]
	var last uint64
	for k := range uint64(200) {
		last = mustAppend(t, q, k)
		q.Ack(last)
		if q.Unsynced() {
			t.Fatal("unsynced after the acknowledgement")
		}
		if synced := mustSync(t, q); synced != last {
			t.Fatalf("Sync = %d, want %d", synced, last)
		}
	}
	if n := fsys.ops["sync"] - before; n != 0 {
		t.Errorf("%d syncs for records that were acknowledged in time", n)
	}
	q = mustOpen(t, cfg, fsys.crash(1, nil)) // killed: the acknowledgements were written
	if got := mustDrain(t, q); len(got) != 0 {
		t.Errorf("%d acknowledged records came back", len(got))
	}
}

// TestLimit_ExactlyMaxBytesIsKept: the file that reaches the bound stays, the
// next one costs exactly the oldest. [QUEUE-15]
func TestLimit_ExactlyMaxBytesIsKept(t *testing.T) {
	fsys, cfg := newFaultFS(), small(testDir)
	q, k := mustOpen(t, cfg, fsys), uint64(0)
	for q.Stats().Bytes < cfg.MaxBytes {
		k++
		mustAppend(t, q, k)
		if q.Dropped() > 0 {
			t.Fatalf("dropped at %d bytes of %d", q.Stats().Bytes, cfg.MaxBytes)
		}
	}
	if got := len(fsys.names); got != 16 {
		t.Fatalf("%d files at the bound, want 16", got)
	}
	oldest, _ := inspect(fsys, cfg)
	for q.Dropped() == 0 {
		k++
		mustAppend(t, q, k)
	}
	s := q.Stats()
	if s.Dropped != oldest.Segments[0].Records || s.Records+s.Dropped != k || s.Bytes != cfg.MaxBytes || s.DropEpisodes != 1 {
		t.Errorf("dropped %d, want %d; %d appended; %+v", s.Dropped, oldest.Segments[0].Records, k, s)
	}
	if got := mustDrain(t, q); !slices.Equal(keys(got), upTo(s.Dropped+1, k)) {
		t.Errorf("%d records left, want %d to %d", len(got), s.Dropped+1, k)
	}
	q = mustOpen(t, cfg, fsys.crash(0, nil)) // the count outlives a power cut
	if got := q.Dropped(); got != s.Dropped || q.Recovery().Lost > 0 {
		t.Errorf("after a power cut %d dropped, want %d: %v", got, s.Dropped, q.Recovery())
	}
}

func TestLimit_DropDoesNotCountAcknowledged(t *testing.T) {
	q := mustOpen(t, small(testDir), newFaultFS())
	var k, acked uint64
	for q.Dropped() == 0 {
		k++
		if seq := mustAppend(t, q, k); seq%3 == 0 && seq < 30 {
			q.Ack(seq)
			acked++
		}
	}
	if s := q.Stats(); s.Records+s.Dropped+acked != k || s.Acked != acked {
		t.Errorf("%d appended, %d acked, %+v", k, acked, s)
	}
}

func TestLimit_RefuseNewest(t *testing.T) {
	cfg := small(testDir)
	cfg.Full = "refuse-newest"
	q := mustOpen(t, cfg, newFaultFS())
	var k uint64
	for {
		if _, err := q.Append(payload(k + 1)); errors.Is(err, ErrFull) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		k++
	}
	got := mustDrain(t, q)
	if s := q.Stats(); s.Dropped != 0 || s.Bytes != cfg.MaxBytes || uint64(len(got)) != k {
		t.Fatalf("%d of %d stored, %+v", len(got), k, s)
	}
	for _, r := range got[:60] { // more than the oldest segment
		q.Ack(r.seq)
	}
	mustAppend(t, q, k+1)
}

// TestLimit_KeepFree: others fill the disk; the queue shrinks to two
// segments, goes on, and grows again when they leave.
func TestLimit_KeepFree(t *testing.T) {
	fsys, cfg := newFaultFS(), small(testDir)
	cfg.KeepFree = 20 << 10
	fsys.free = 1 << 20
	q, k := mustOpen(t, cfg, fsys), uint64(0)
	for range 300 {
		k++
		mustAppend(t, q, k)
	}
	if q.Dropped() > 0 || q.Stats().Segments < 8 {
		t.Fatalf("%+v", q.Stats())
	}
	fsys.free = fsys.used() + 10<<10
	for range 300 {
		k++
		mustAppend(t, q, k)
	}
	s := q.Stats()
	if s.Records+s.Dropped != k || s.InMemory || fsys.free-fsys.used() < cfg.KeepFree {
		t.Errorf("%d free, %+v", fsys.free-fsys.used(), s)
	}
	fsys.free = 0 // nothing at all: two segments are its own
	for range 300 {
		k++
		mustAppend(t, q, k)
	}
	fsys.free = 1 << 20
	mustSync(t, q)
	if s = q.Stats(); s.Records+s.Dropped != k || s.InMemory {
		t.Errorf("%+v, %d appended", s, k)
	}
	mustDrain(t, q)
}

// TestRoom_IsWhatFitsIn: as many bytes as it says, and then the bound is there.
func TestRoom_IsWhatFitsIn(t *testing.T) {
	for _, tt := range []struct {
		name   string
		free   int64 // of the disk
		keep   int64
		filled int // records before
	}{
		{"Empty", -1, 0, 0}, {"HalfFull", -1, 0, 250}, {"TheDiskEndsFirst", 60 << 10, 20 << 10, 40}, {"NoDiskLeft", 10 << 10, 20 << 10, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fsys, cfg := newFaultFS(), small(testDir)
			fsys.free, cfg.KeepFree, cfg.Full = tt.free, tt.keep, "refuse-newest"
			q := mustOpen(t, cfg, fsys)
			for k := range uint64(tt.filled) {
				mustAppend(t, q, k)
			}
			mustSync(t, q)
			seen, err := inspect(fsys, cfg)
			room, before := q.Room(), q.Stats().AppendedBytes
			if err != nil || seen.Room != room {
				t.Errorf("Inspect: %d, %v; the owner says %d", seen.Room, err, room)
			}
			for k := uint64(0); ; k++ {
				if _, err = q.Append(payload(k)); err != nil {
					break
				}
			}
			fits := int64(q.Stats().AppendedBytes - before)
			// Each file loses the end that its next frame did not fit into, and
			// the state that it begins with.
			if slack := int64(q.Stats().Segments) * 300; !errors.Is(err, ErrFull) || fits > room || fits < room-slack {
				t.Errorf("%d bytes of room, %d fitted in, then %v", room, fits, err)
			}
			if left := q.Room(); left > 300 {
				t.Errorf("full, and %d bytes of room", left)
			}
		})
	}
}

// TestDiskFull_ResumesWithoutRestart: nothing stored is lost, the loss is
// counted, and room is used when it comes back. [QUEUE-11]
func TestDiskFull_ResumesWithoutRestart(t *testing.T) {
	for _, full := range []string{"drop-oldest", "refuse-newest"} {
		t.Run(full, func(t *testing.T) {
			fsys, cfg := newFaultFS(), small(testDir)
			cfg.Full, fsys.free = full, 30<<10
			q := mustOpen(t, cfg, fsys)
			var accepted, refused uint64
			for range 1000 {
				if _, err := q.Append(payload(accepted + 1)); errors.Is(err, ErrFull) {
					refused++
				} else if err != nil {
					t.Fatal(err)
				} else {
					accepted++
				}
			}
			s := q.Stats()
			if s.Records+s.Dropped != accepted || (refused > 0) != (full == "refuse-newest") || (s.Dropped > 0) != (full == "drop-oldest") {
				t.Fatalf("%d accepted, %d refused, %+v", accepted, refused, s)
			}
			mustSync(t, q)
			fsys.free = 1 << 20
			for range 200 {
				accepted++
				mustAppend(t, q, accepted)
			}
			mustSync(t, q)
			q = mustOpen(t, cfg, fsys.crash(0, nil))
			if got := keys(mustDrain(t, q)); !slices.Equal(got, upTo(s.Dropped+1, accepted)) {
				t.Errorf("%d records after the cut, want %d: %v", len(got), accepted-s.Dropped, q.Recovery())
			}
		})
	}
}

// TestDiskFull_KeepsTheLastStateThatWasSynced: files whose sync failed are no
// reason to give up the one before them when space is short.
func TestDiskFull_KeepsTheLastStateThatWasSynced(t *testing.T) {
	fsys, l, cfg := newFaultFS(), newLedger(), small(testDir)
	q := mustOpen(t, cfg, fsys)
	for k := range uint64(20) {
		l.highest = mustAppend(t, q, k)
		l.seqs[l.highest] = k
	}
	l.synced = mustSync(t, q)
	broken := "sync"
	fsys.fail = func(op, _ string) error {
		switch {
		case op == broken && op == "sync":
			return unix.EIO
		case op == broken:
			return unix.ENOSPC
		}
		return nil
	}
	seq := mustAppend(t, q, 20)
	l.seqs[seq], l.highest = 20, seq
	for range 3 { // each tries two new files
		if _, err := q.Sync(); err == nil {
			t.Fatal("the sync did not fail")
		}
	}
	broken = "allocate"
	if _, err := q.Sync(); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("Sync = %v", err)
	}
	for _, chance := range []float64{0, 1} {
		if err := l.check(fsys.crash(chance, nil), cfg, false); err != nil {
			t.Error(err)
		}
	}
	broken = ""
	if l.synced = mustSync(t, q); l.synced != l.highest || q.Stats().InMemory {
		t.Errorf("synced %d of %d: %+v", l.synced, l.highest, q.Stats())
	}
	if err := l.check(fsys.crash(0, nil), cfg, false); err != nil {
		t.Error(err)
	}
}

// TestDiskBroken_RunsFromMemoryAndComesBack. [QUEUE-14]
func TestDiskBroken_RunsFromMemoryAndComesBack(t *testing.T) {
	fsys, cfg := newFaultFS(), small(testDir)
	q := mustOpen(t, cfg, fsys)
	var k uint64
	for range 50 {
		k++
		mustAppend(t, q, k)
	}
	mustSync(t, q)
	broken := true
	fsys.fail = func(op, _ string) error {
		if broken && op != "read" && op != "open" {
			return unix.EIO
		}
		return nil
	}
	for range 200 {
		k++
		mustAppend(t, q, k)
	}
	if _, err := q.Sync(); !errors.Is(err, unix.EIO) {
		t.Errorf("Sync = %v, want EIO", err)
	}
	s := q.Stats()
	if !s.InMemory || s.PendingBytes > cfg.SegmentBytes || s.Dropped == 0 || s.Records+s.Dropped != k || s.DropEpisodes != 1 {
		t.Errorf("in memory: %+v", s)
	}
	want := append(upTo(1, 50), upTo(k-s.Records+51, k)...)
	if got := keys(mustDrain(t, q)); !slices.Equal(got, want) {
		t.Errorf("in memory: stored %v\nwant %v", got, want)
	}
	broken = false
	if synced := mustSync(t, q); synced != q.Stats().NextSeq-1 || q.Stats().InMemory {
		t.Errorf("healed: synced %d, %+v", synced, q.Stats())
	}
	q = mustOpen(t, cfg, fsys.crash(0, nil))
	if got := keys(mustDrain(t, q)); !slices.Equal(got, want) {
		t.Errorf("after a cut: stored %v\nwant %v", got, want)
	}
}

// TestRead_TwoCursors: the live and the backlog reader do not disturb each
// other, and going back finds the same record again.
func TestRead_TwoCursors(t *testing.T) {
	fsys, cfg := newFaultFS(), small(testDir)
	cfg.SegmentBytes, cfg.MaxBytes = 1<<20, 8<<20
	q := mustOpen(t, cfg, fsys)
	const n = 6000
	for k := uint64(1); k <= n; k++ {
		mustAppend(t, q, k)
	}
	mustSync(t, q)
	before := fsys.ops["read"]
	backlog, live := uint64(1), uint64(n/2)
	for live <= n {
		for _, at := range []uint64{backlog, live, backlog} {
			if seq, _, err := q.Read(at); err != nil || seq != at {
				t.Fatalf("Read(%d) = %d, %v", at, seq, err)
			}
		}
		backlog, live = backlog+1, live+1
	}
	if reads := fsys.ops["read"] - before; reads > n {
		t.Errorf("%d reads of the disk for %d records", reads, n)
	}
	if opens := fsys.ops["open"]; opens > 10 {
		t.Errorf("%d opens", opens)
	}
}

func TestInspect_WhileRunning(t *testing.T) {
	cfg := small(t.TempDir())
	q := mustOpen(t, cfg, nil)
	for k := range uint64(200) {
		mustAppend(t, q, k)
	}
	q.Ack(1, 2, 3, 5)
	mustSync(t, q)
	got, err := Inspect(cfg)
	s := q.Stats()
	if err != nil || got.Records != s.Records || got.Bytes != s.Bytes || got.OldestSeq != 4 || got.NewestSeq != 200 || got.Room != q.Room() || got.NextSeq != 201 || len(got.Segments) != s.Segments {
		t.Errorf("Inspect = %+v, %v; the owner says %+v", got, err, s)
	}
	var seqs []uint64
	for rec, err := range Records(cfg.Dir, 0, All) {
		if err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, rec.Seq)
	}
	if want := append([]uint64{4}, upTo(6, 200)...); !slices.Equal(seqs, want) {
		t.Errorf("Records = %v", seqs)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := Inspect(cfg); err != nil || !got.Recovery.Clean || got.SyncedTo != 200 {
		t.Errorf("after Close: %+v, %v", got, err)
	}
	if _, err := Inspect(small(cfg.Dir + "/none")); err == nil {
		t.Error("no error for a directory that is not there")
	}
}

func TestRecovery_String(t *testing.T) {
	r := Recovery{Segments: 2, Records: 10, Lost: 3, TornBytes: 17, SetAside: []string{"x.seg.bad"}}
	want := "10 records in 2 segments, 3 synced records lost to damage, 17 torn bytes at the end, set aside: x.seg.bad"
	if got := r.String(); got != want || !r.Damaged() {
		t.Errorf("got %q\nwant %q", got, want)
	}
	r = Recovery{Segments: 1, Records: 1, Lost: 1, Torn: 1, TornBytes: 1, DamagedBytes: 1, ReadErrors: 1}
	want = "1 record in 1 segment, 1 synced record lost to damage, 1 record not whole, and not yet synced when the last run ended, " +
		"1 torn byte at the end, 1 damaged byte skipped, 1 read error"
	if got := r.String(); got != want {
		t.Errorf("one of each: got %q\nwant %q", got, want)
	}
	if got := (Recovery{}).String(); strings.Contains(got, ",") || (Recovery{}).Damaged() {
		t.Errorf("nothing found: %q", got)
	}
}

// TestQueue_Concurrent is for the race detector, and counts in the end.
func TestQueue_Concurrent(t *testing.T) {
	cfg := small(t.TempDir())
	q := mustOpen(t, cfg, nil)
	const writers, each = 4, 500
	var writing, others sync.WaitGroup
	stop := make(chan struct{})
	for w := range uint64(writers) {
		writing.Go(func() {
			for k := range uint64(each) {
				if _, err := q.Append(payload(w*each + k)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	others.Go(func() {
		for from := uint64(0); ; {
			seq, _, err := q.Read(from)
			if err == nil {
				q.Ack(seq)
				from = seq + 1
				continue
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	others.Go(func() {
		for {
			if _, err := q.Sync(); err != nil {
				t.Error(err)
			}
			q.Stats()
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	writing.Wait()
	close(stop)
	others.Wait()
	if s := q.Stats(); s.Records+s.Acked+s.Dropped != writers*each || s.DamagedRecords > 0 {
		t.Errorf("%+v", s)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}
