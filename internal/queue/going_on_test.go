package queue

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// day is what a queue does between two restarts: records, acknowledgements,
// syncs, files that empty and are taken again.
func day(q *Queue, l *ledger, n uint64) error {
	for k := l.highest + 1; k <= n; k++ {
		seq, err := q.Append(payload(k))
		if err != nil {
			return err
		}
		l.seqs[seq], l.highest = k, seq
		if seq > 25 {
			l.acked[seq-25] = true
			q.Ack(seq - 25)
		}
		if k%7 == 0 {
			if safe, err := q.Sync(); err == nil {
				l.synced = safe
			}
		}
	}
	return nil
}

// TestDamage_GoesOnWithoutRestart lets the n-th call of each kind fail, alone
// and with the 20 calls behind it, with the two errors a disk has. What was
// stored is there, the next sync heals, and the day goes on.
func TestDamage_GoesOnWithoutRestart(t *testing.T) {
	cfg := small(testDir)
	cfg.Full, cfg.MaxBytes = "refuse-newest", 1<<20 // nothing may be dropped
	cases := 0
	for _, op := range []string{"create", "allocate", "write", "sync", "syncdir", "rename", "remove"} {
		for _, length := range []int{1, 20} {
			for _, fault := range []error{unix.EIO, unix.ENOSPC} {
				for n := 1; ; n++ {
					hit, err := failing(t, cfg, op, n, length, fault)
					if err != nil {
						t.Errorf("%s %d to %d, %v: %v", op, n, n+length-1, fault, err)
					}
					if !hit {
						break
					}
					cases++
				}
			}
		}
	}
	t.Logf("%d cases", cases)
}

// failing lives a day in which the calls n to n+length-1 of that kind fail, and
// reports whether there were so many.
func failing(t *testing.T, cfg Config, op string, n, length int, fault error) (bool, error) {
	fsys, l := newFaultFS(), newLedger()
	q := mustOpen(t, cfg, fsys)
	if err := day(q, l, 120); err != nil {
		return false, err
	}
	calls := 0
	fsys.fail = func(o, _ string) error {
		if o == op {
			if calls++; calls >= n && calls < n+length {
				return fault
			}
		}
		return nil
	}
	if err := day(q, l, 220); err != nil && !errors.Is(err, ErrFull) { // memory may be full: refused, and told
		return false, err
	}
	hit := calls >= n
	fsys.fail = nil
	safe, err := q.Sync()
	if s := q.Stats(); err != nil || safe != l.highest || s.InMemory || s.DamagedRecords > 0 || s.Dropped > 0 {
		return hit, fmt.Errorf("safe up to %d of %d, %w: %+v", safe, l.highest, err, s)
	}
	l.synced = safe
	if err := day(q, l, 300); err != nil {
		return hit, err
	}
	got, err := drain(q)
	if err != nil || len(got) != len(l.seqs)-len(l.acked) {
		return hit, fmt.Errorf("%d records, want %d: %w", len(got), len(l.seqs)-len(l.acked), err)
	}
	for _, chance := range []float64{0, 1} {
		if err := l.check(fsys.crash(chance, nil), cfg, chance == 1); err != nil {
			return hit, err
		}
	}
	return hit, nil
}

// TestDamage_BlockLostWhileRunning: the disk stops giving a block that had been
// read before. Its records are counted, all others come, and new ones as well.
func TestDamage_BlockLostWhileRunning(t *testing.T) {
	for block := range int64(5) {
		fsys, cfg := newFaultFS(), small(testDir)
		cfg.SegmentBytes, cfg.MaxBytes = 256<<10, 4<<20 // longer than a reader's buffer
		q := mustOpen(t, cfg, fsys)
		for k := range uint64(8000) {
			mustAppend(t, q, k)
		}
		mustSync(t, q)
		if got := len(mustDrain(t, q)); got != 8000 {
			t.Fatalf("%d records", got)
		}
		fsys.badSector = func(name string, b int64) bool { return name == segmentName(2) && b == 20+block }
		got := len(mustDrain(t, q))
		s := q.Stats()
		if lost := uint64(8000 - got); lost < 10 || lost > 60 || s.DamagedRecords != lost || s.Records != uint64(got) || s.ReadErrors == 0 {
			t.Errorf("block %d: %d records left, %+v", block, got, s)
		}
		for k := range uint64(300) {
			mustAppend(t, q, k)
		}
		mustSync(t, q)
		if again := len(mustDrain(t, q)); again != got+300 {
			t.Errorf("block %d: %d records after 300 more, were %d", block, again, got)
		}
	}
}
