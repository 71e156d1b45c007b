//go:build system

package systemtest

import (
	"context"
	"testing"
	"time"
)

const (
	kills     = 50
	killPace  = 20_000 // bytes/s, about 900 frames
	killAfter = 500    // ms at most, from the start of the process
)

// life is one process of a crash test, seen from outside.
type life struct {
	first   uint64   // number of the first frame that was sent to it
	written []uint64 // what it promised
}

// TestKill_NothingWrittenIsLost kills the gateway without warning, 50 times at
// random moments, while frames come in; about every second life has no cloud.
// Every record that its ledger had called written must have been confirmed at
// the end.
//
// Each process gets a fresh pty, and frames only after it has opened it: so
// the n-th record that a process wrote is the n-th frame that it was sent.
func TestKill_NothingWrittenIsLost(t *testing.T) {
	t.Parallel()
	random := seeded(t)
	p := servePlatform(t, unpaced())
	b := newBoard(t)
	conf := configure(t, b, p.addr, func(c *configuration) {
		c.queue["segment_bytes"], c.queue["max_bytes"] = `"64 KiB"`, `"32 MiB"`
	})
	var lives []life
	for range kills {
		after := time.Duration(random.IntN(killAfter)) * time.Millisecond
		if random.IntN(2) == 0 {
			p.RefuseFor(after) // what this life writes only the queue can save
		}
		lives = append(lives, liveAndDie(t, b, conf, after))
	}
	p.RefuseFor(0)
	g := start(t, conf)
	g.ready(10 * time.Second)
	g.wantEmpty()
	if code, took := g.stop(15 * time.Second); code != 0 {
		t.Errorf("exit status %d after %v, want 0", code, took)
	}
	judgeLives(t, lives, p.tally, b.frames())
}

// liveAndDie runs the gateway for a time, feeding it as soon as it listens.
func liveAndDie(t *testing.T, b *board, conf *configuration, after time.Duration) life {
	t.Helper()
	b.plug()
	l := life{first: b.frames()}
	g := start(t, conf)
	deadline := time.Now().Add(after)
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	if _, err := g.log.await(ctx, state("opened")); err == nil {
		must(t, b.send(ctx, mostFrames, killPace))
	}
	<-ctx.Done()
	g.kill()
	b.unplug()
	l.written = g.ledger.records()
	return l
}

// judgeLives holds what was promised against what arrived.
func judgeLives(t *testing.T, lives []life, arrived *tally, sent uint64) {
	t.Helper()
	promised, missing, reused, newest := 0, 0, 0, uint64(0)
	for _, l := range lives {
		for n, record := range l.written {
			if record <= newest {
				reused++
			}
			newest = max(newest, record)
			if !arrived.has(l.first + uint64(n)) {
				missing++
			}
		}
		promised += len(l.written)
	}
	c := arrived.counts(sent)
	t.Logf("%d kills: %d frames sent, %d records promised, %d of them missing; %d arrived, %d doubled",
		len(lives), sent, promised, missing, c.unique, c.doubled)
	if missing > 0 || reused > 0 || c.neverSent > 0 {
		t.Errorf("%d promised records missing, %d numbers given twice, %d values never sent, want 0 of each", missing, reused, c.neverSent)
	}
	if promised < len(lives)*10 {
		t.Errorf("only %d records were promised: the kills hit nothing", promised)
	}
}
