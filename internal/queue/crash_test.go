package queue

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// ledger is what the queue has promised, kept outside it.
type ledger struct {
	seqs    map[uint64]uint64 // number -> k, all ever returned
	acked   map[uint64]bool
	synced  uint64 // highest number a Sync returned
	highest uint64
}

func newLedger() *ledger { return &ledger{seqs: map[uint64]uint64{}, acked: map[uint64]bool{}} }

// check opens the crashed disk and compares. killed says that only the
// process died: then every written record must be there, synced or not.
func (l *ledger) check(fsys *faultFS, cfg Config, killed bool) error {
	q, err := Open(cfg, Options{FS: fsys})
	if err != nil {
		return fmt.Errorf("refused to open: %w", err)
	}
	got, err := drain(q)
	if err != nil {
		return err
	}
	have := map[uint64]bool{}
	for _, r := range got {
		if k, known := l.seqs[r.seq]; known && k != r.k {
			return fmt.Errorf("number %d was record %d and is %d", r.seq, k, r.k)
		}
		have[r.seq] = true
	}
	for seq := range l.seqs {
		if !have[seq] && !l.acked[seq] && (killed || seq <= l.synced) {
			return fmt.Errorf("record %d of %d is gone, synced to %d; recovery: %v; stats %+v", seq, l.highest, l.synced, q.Recovery(), q.Stats())
		}
	}
	if lost := q.Stats().DamagedRecords; lost > 0 {
		return fmt.Errorf("%d records called damaged after a mere crash: %v", lost, q.Recovery())
	}
	seq, err := q.Append(payload(1 << 40))
	if err != nil || seq <= l.highest {
		return fmt.Errorf("Append after the crash = %d, %w; %d was given before", seq, err, l.highest)
	}
	if err := q.Close(); err != nil {
		return err
	}
	q, err = Open(cfg, Options{FS: fsys})
	if err != nil {
		return err
	}
	again, err := drain(q)
	if err != nil || len(again) != len(got)+1 {
		return fmt.Errorf("after one more append %d records, want %d: %w", len(again), len(got)+1, err)
	}
	return q.Close()
}

// story runs appends, acks, syncs and re-opens, and updates the ledger.
func (l *ledger) story(t *testing.T, fsys *faultFS, cfg Config, steps int, rng *rand.Rand) {
	q := mustOpen(t, cfg, fsys)
	var k uint64
	for range steps {
		switch n := rng.IntN(20); {
		case n < 13:
			k++
			if seq, err := q.Append(payload(k)); err == nil {
				if seq <= l.highest {
					t.Fatalf("number %d after %d", seq, l.highest)
				}
				l.seqs[seq], l.highest = k, seq
			}
		case n < 17:
			if seq, _, err := q.Read(uint64(rng.Int64N(int64(l.highest) + 1))); err == nil {
				l.acked[seq] = true // before the call: the promise ends here
				q.Ack(seq)
			}
		case n < 19:
			if synced, err := q.Sync(); err == nil {
				l.synced = synced
			}
		default:
			if err := q.Close(); err == nil {
				l.synced = l.highest
			}
			q = mustOpen(t, cfg, fsys)
		}
	}
}

// TestCrash_AfterEveryOperation cuts the power, and kills, after each single
// call that changes the disk.
func TestCrash_AfterEveryOperation(t *testing.T) {
	cuts := 0
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 1))
		fsys, l, cfg := newFaultFS(), newLedger(), small(testDir)
		cfg.Full, cfg.MaxBytes = "refuse-newest", 1<<20 // no drops: each record must be there
		var failed error
		fsys.after = func() {
			for _, chance := range []float64{0, 0.5, 1} {
				cuts++
				if err := l.check(fsys.crash(chance, rng), cfg, chance == 1); err != nil && failed == nil {
					failed = fmt.Errorf("cut %d, %v survives: %w", cuts, chance, err)
				}
			}
		}
		l.story(t, fsys, cfg, 150, rng)
		if failed != nil {
			t.Fatalf("seed %d: %v", seed, failed)
		}
	}
	t.Logf("%d cuts", cuts)
}

// TestSync_PowerCutLosesNothingSynced has a control: with either sync left
// out the same check must fail, or it proves nothing.
func TestSync_PowerCutLosesNothingSynced(t *testing.T) {
	for _, tt := range []struct {
		name              string
		lazySync, lazyDir bool
		wantLoss          bool
	}{
		{name: "AsBuilt"},
		{name: "NoFileSync", lazySync: true, wantLoss: true},
		{name: "NoDirectorySync", lazyDir: true, wantLoss: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fsys, l := newFaultFS(), newLedger()
			fsys.lazySync, fsys.lazyDir = tt.lazySync, tt.lazyDir
			q := mustOpen(t, small(testDir), fsys)
			for k := range uint64(100) {
				l.highest = mustAppend(t, q, k)
				l.seqs[l.highest] = k
			}
			l.synced = mustSync(t, q)
			if l.synced != l.highest {
				t.Errorf("Sync = %d, want %d", l.synced, l.highest)
			}
			err := l.check(fsys.crash(0, nil), small(testDir), false)
			if (err != nil) != tt.wantLoss {
				t.Errorf("after the cut: %v, want a loss: %v", err, tt.wantLoss)
			}
		})
	}
}

// TestSync_FailedSyncIsNotTrustedAgain: the second sync of a descriptor whose
// first one failed returns nil and has written nothing. [QUEUE-10]
func TestSync_FailedSyncIsNotTrustedAgain(t *testing.T) {
	for _, op := range []string{"sync", "syncdir", "write"} {
		t.Run(op, func(t *testing.T) {
			fsys, l := newFaultFS(), newLedger()
			q := mustOpen(t, small(testDir), fsys)
			failures := 0
			fsys.fail = func(o, _ string) error {
				if o == op && failures == 0 {
					failures++
					return unix.EIO
				}
				return nil
			}
			for k := range uint64(60) { // more than one segment: a directory sync is due too
				l.highest = mustAppend(t, q, k)
				l.seqs[l.highest] = k
			}
			l.synced = mustSync(t, q)
			if failures != 1 || l.synced != l.highest {
				t.Fatalf("%d failures, synced %d of %d", failures, l.synced, l.highest)
			}
			if s := q.Stats(); s.WriteErrors+s.SyncErrors != 1 || s.InMemory {
				t.Errorf("stats %+v, want one error and no memory mode", s)
			}
			for _, chance := range []float64{0, 1} {
				if err := l.check(fsys.crash(chance, nil), small(testDir), chance == 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestCrash_WithFailingCalls lets random calls fail; what a Sync then calls
// safe must be safe all the same.
func TestCrash_WithFailingCalls(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 7))
		errs := []error{unix.EIO, unix.ENOSPC}
		rate := rapid.SampledFrom([]int{3, 10, 40}).Draw(rt, "one in")
		fsys, l, cfg := newFaultFS(), newLedger(), small(testDir)
		cfg.MaxBytes, cfg.Full = 1<<20, "refuse-newest"
		broken := false
		fsys.fail = func(op, _ string) error {
			if broken && op != "read" && op != "open" && rng.IntN(rate) == 0 {
				return errs[rng.IntN(2)]
			}
			return nil
		}
		q, k := mustOpen(t, cfg, fsys), uint64(0)
		for step := range rapid.IntRange(20, 200).Draw(rt, "steps") {
			broken = step%50 > 10
			switch n := rng.IntN(12); {
			case n < 9:
				k++
				seq, err := q.Append(payload(k))
				if err != nil && !errors.Is(err, ErrFull) {
					rt.Fatalf("Append: %v", err)
				}
				if err == nil {
					l.seqs[seq], l.highest = k, seq
				}
			case n < 11:
				synced, _ := q.Sync()
				l.synced = max(l.synced, synced)
			default:
				if seq, _, err := q.Read(uint64(rng.Int64N(int64(l.highest) + 1))); err == nil {
					l.acked[seq] = true
					q.Ack(seq)
				}
			}
		}
		got, err := drain(q)
		if err != nil || len(got) != len(l.seqs)-len(l.acked) {
			rt.Fatalf("%d readable, %d given, %d acked, %v: %+v", len(got), len(l.seqs), len(l.acked), err, q.Stats())
		}
		if err := l.check(fsys.crash(rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(rt, "survives"), rng), cfg, false); err != nil {
			rt.Fatal(err)
		}
		broken = false
		l.synced = mustSync(t, q)
		if s := q.Stats(); s.InMemory || l.synced != l.highest && l.highest > 0 {
			rt.Fatalf("did not recover: synced %d of %d, %+v", l.synced, l.highest, s)
		}
		if err := l.check(fsys.crash(0, rng), cfg, false); err != nil {
			rt.Fatal(err)
		}
	})
}
