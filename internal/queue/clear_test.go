package queue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestClear_EndsWhereItWasTold: what came in later stays, and a number that was
// never given takes no more than there is.
func TestClear_EndsWhereItWasTold(t *testing.T) {
	q, m := mustOpen(t, small(t.TempDir()), nil), NewMemory()
	for k := range uint64(100) {
		mustAppend(t, q, k)
	}
	if _, _, err := m.AppendAll(slices.Repeat([][]byte{{1}}, 100)); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]interface {
		Ack(...uint64)
		Clear(uint64) uint64
		Stats() Stats
	}{"Queue": q, "Memory": m} {
		s.Ack(2, 3, 100)
		for _, tt := range []struct{ last, want, oldest, newest uint64 }{
			{0, 0, 1, 99}, {1, 1, 4, 99}, {3, 0, 4, 99}, {50, 47, 51, 99}, {50, 0, 51, 99}, {All, 49, 101, 0},
		} {
			n, got := s.Clear(tt.last), s.Stats()
			if n != tt.want || got.OldestSeq != tt.oldest || got.NewestSeq != tt.newest {
				t.Errorf("%s: Clear(%d) = %d, oldest %d, newest %d; want %+v", name, tt.last, n, got.OldestSeq, got.NewestSeq, tt)
			}
		}
		if got := s.Stats(); got.Cleared != 97 || got.Acked != 3 || got.Records != 0 || got.Appended != 100 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

// TestClear_SurvivesAPowerCutAfterSync, though nothing else asks for an fsync:
// the records were synced before, and none of their files goes.
func TestClear_SurvivesAPowerCutAfterSync(t *testing.T) {
	fsys, cfg := newFaultFS(), small(testDir)
	q := mustOpen(t, cfg, fsys)
	for k := range uint64(20) {
		mustAppend(t, q, k)
	}
	mustSync(t, q)
	if n := q.Clear(10); n != 10 {
		t.Fatalf("%d cleared", n)
	}
	mustSync(t, q)
	before := fsys.calls()
	mustSync(t, q)
	if n := fsys.calls() - before; n != 0 {
		t.Errorf("the sync after it made %d calls", n)
	}
	fsys = fsys.crash(0, nil)
	if seen, err := inspect(fsys, cfg); err != nil || seen.Cleared != 10 || seen.Records != 10 {
		t.Errorf("Inspect after the cut: %+v, %v", seen, err)
	}
	q = mustOpen(t, cfg, fsys)
	if got := keys(mustDrain(t, q)); !slices.Equal(got, upTo(10, 19)) {
		t.Errorf("after the cut %v", got)
	}
	q.Clear(15)
	if err := q.Close(); err != nil {
		t.Error(err)
	}
	if got := mustOpen(t, cfg, fsys).Stats().Cleared; got != 15 {
		t.Errorf("%d cleared after a restart, want 15", got)
	}
}

// TestClear_CrashAfterEveryOperation: once a Sync has returned, no power cut and
// no kill brings a cleared record back, and none takes one that was not cleared.
func TestClear_CrashAfterEveryOperation(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 5))
		fsys, l, cfg := newFaultFS(), newLedger(), small(testDir)
		cfg.Full, cfg.MaxBytes = "refuse-newest", 1<<20
		q := mustOpen(t, cfg, fsys)
		var cleared uint64 // up to here, and synced
		fsys.after = func() {
			for _, chance := range []float64{0, 0.5, 1} {
				disk := fsys.crash(chance, rng)
				again := mustOpen(t, cfg, disk)
				if seq, _, err := again.Read(0); err == nil && seq <= cleared {
					t.Fatalf("seed %d: record %d came back, cleared up to %d", seed, seq, cleared)
				}
				if err := again.Close(); err != nil {
					t.Fatal(err)
				}
				if err := l.check(disk, cfg, false); err != nil {
					t.Fatal(fmt.Errorf("seed %d, %v survives: %w", seed, chance, err))
				}
			}
		}
		for k := range uint64(150) {
			l.highest = mustAppend(t, q, k)
			l.seqs[l.highest] = k
			if rng.IntN(4) > 0 {
				continue
			}
			last := rng.Uint64N(l.highest + 1)
			if rng.IntN(4) > 0 {
				last = 0
			}
			for seq := range last {
				l.acked[seq+1] = true // before the call: the promise ends here
			}
			q.Clear(last)
			l.synced = mustSync(t, q)
			cleared = max(cleared, last)
		}
	}
}
