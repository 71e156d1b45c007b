//go:build system

package systemtest

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"
)

// tally counts the sequence numbers that arrived in confirmed posts.
type tally struct {
	mu    sync.Mutex
	seen  map[uint64]int
	first map[uint64]time.Time // when each arrived for the first time
	news  bell
}

func newTally() *tally { return &tally{seen: map[uint64]int{}, first: map[uint64]time.Time{}} }

func (y *tally) add(seq uint64) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.seen[seq]++; y.seen[seq] == 1 {
		y.first[seq] = time.Now()
	}
	y.news.ring()
}

// await waits until so many different numbers have arrived.
func (y *tally) await(ctx context.Context, unique int) error {
	for {
		y.mu.Lock()
		have, news := len(y.seen), y.news.wait()
		y.mu.Unlock()
		if have >= unique {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("%w: %d of %d sequence numbers arrived", context.Cause(ctx), have, unique)
		}
	}
}

// counts compares what arrived with the numbers 0 to sent-1.
type counts struct{ unique, missing, doubled, neverSent int }

func (y *tally) counts(sent uint64) (c counts) {
	y.mu.Lock()
	defer y.mu.Unlock()
	c.unique = len(y.seen)
	for seq, n := range y.seen {
		c.doubled += n - 1
		if seq >= sent {
			c.neverSent++
		}
	}
	for seq := range sent {
		if y.seen[seq] == 0 {
			c.missing++
		}
	}
	return c
}

func (y *tally) has(seq uint64) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.seen[seq] > 0
}

// arrivals returns when each number arrived for the first time.
func (y *tally) arrivals() map[uint64]time.Time {
	y.mu.Lock()
	defer y.mu.Unlock()
	return maps.Clone(y.first)
}

// wantAll fails unless every number arrived and at most so many came again.
func (y *tally) wantAll(t *testing.T, sent uint64, doubles int) {
	t.Helper()
	c := y.counts(sent)
	t.Logf("%d sent: %d unique, %d missing, %d doubled (bound %d), %d never sent", sent, c.unique, c.missing, c.doubled, doubles, c.neverSent)
	if c.missing != 0 || c.neverSent != 0 || c.doubled > doubles {
		t.Errorf("got %d missing, %d never sent, %d doubled, want 0, 0 and at most %d", c.missing, c.neverSent, c.doubled, doubles)
	}
}
