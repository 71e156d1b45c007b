package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// appended is what one call of AppendAll said of the records k, k+1 ...
type appended struct {
	k, first uint64
	stored   int
}

// appendAtOnce lets several boards append bursts, each from its own million on,
// while somebody else syncs.
func appendAtOnce(q store, boards, bursts int) []appended {
	var mu sync.Mutex
	var all []appended
	var wg sync.WaitGroup
	for board := range boards {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(board), 4))
			k := uint64(board+1) * 1_000_000
			for range bursts {
				n := 1 + rng.IntN(100)
				first, stored, _ := q.AppendAll(burst(k, n))
				mu.Lock()
				all = append(all, appended{k, first, stored})
				mu.Unlock()
				k += uint64(n)
			}
		})
	}
	done := make(chan struct{})
	syncing := make(chan struct{})
	go func() { // awaited below
		defer close(syncing)
		for {
			select {
			case <-done:
				return
			default:
				_, _ = q.Sync() // a disk that refuses is part of the test
				runtime.Gosched()
			}
		}
	}()
	wg.Wait()
	close(done)
	<-syncing
	return all
}

// consecutive holds what is stored against what AppendAll said. With all set,
// nothing said to be stored may be missing.
func consecutive(q store, said []appended, all bool) error {
	want := map[uint64]uint64{}
	for _, a := range said {
		for i := range uint64(a.stored) {
			want[a.first+i] = a.k + i
		}
	}
	found := 0
	for from := uint64(0); ; found++ {
		seq, record, err := q.Read(from)
		if err != nil {
			break
		}
		if k := binary.BigEndian.Uint64(record); want[seq] != k {
			return fmt.Errorf("number %d has record %d, want %d", seq, k, want[seq])
		}
		from = seq + 1
	}
	if all && found != len(want) {
		return fmt.Errorf("%d of %d records are there", found, len(want))
	}
	return nil
}

// TestAppendAll_ConsecutiveAmongSeveral: whatever makes an append wait, no
// number within a burst is another board's.
func TestAppendAll_ConsecutiveAmongSeveral(t *testing.T) {
	dropping, refusing := small(testDir), small(testDir)
	refusing.Full = "refuse-newest"
	sick := newFaultFS()
	sick.fail = func(op, _ string) error {
		if n := sick.ops[op]; op != "read" && op != "open" && op != "lock" && n%50 > 40 {
			return unix.EIO
		}
		return nil
	}
	for _, row := range []struct {
		name string
		open func() store
		all  bool
	}{
		{"Roomy", func() store { return mustOpen(t, roomy(), newFaultFS()) }, true},
		{"Drops", func() store { return mustOpen(t, dropping, newFaultFS()) }, false},
		{"Refuses", func() store { return mustOpen(t, refusing, newFaultFS()) }, true},
		{"SickDisk", func() store { return mustOpen(t, roomy(), sick) }, false},
		{"Memory", func() store { return NewMemory() }, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			q := row.open()
			said := appendAtOnce(q, 4, 100)
			if err := consecutive(q, said, row.all); err != nil {
				t.Error(err)
			}
			if err := q.Close(); err != nil && !errors.Is(err, unix.EIO) {
				t.Error(err)
			}
		})
	}
}
