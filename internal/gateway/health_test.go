package gateway

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

func TestHealth_OneLineAnEpisode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var now atomic.Pointer[Health]
		now.Store(&Health{Dropped: 7, Damaged: 3})
		g := New(Deps{Queue: newMemQueue(), Log: zerolog.New(&log), Health: func() Health { return *now.Load() }})
		syncer := start(t.Context(), "", func(ctx context.Context) { g.runSync(ctx, time.Second) })
		defer syncer.stop()
		see := func(h Health, after time.Duration) {
			now.Store(&h)
			signal(g.dirty)
			<-time.After(after)
			synctest.Wait()
		}
		lines := func(text string) int { return bytes.Count(log.Bytes(), []byte(text)) }
		synctest.Wait()
		see(Health{Dropped: 7, Damaged: 3}, 2*time.Second)
		if log.Len() > 0 {
			t.Errorf("what was before is news: %s", &log)
		}
		for i := range uint64(5) {
			see(Health{Dropped: 10 + i, Damaged: 3, InMemory: true}, 30*time.Second)
		}
		if lines("queue is full") != 1 || lines("no longer drops") != 0 || lines("in memory only") != 1 {
			t.Errorf("while it lasts: %s", &log)
		}
		see(Health{Dropped: 14, Damaged: 5}, 2*time.Minute) // and nothing is synced any more
		if lines(`"records":7,"message":"the queue no longer drops`) != 1 || lines("on the disk again") != 1 || lines(`"records":2,"message":"stored records were lost`) != 1 {
			t.Errorf("in the end: %s", &log)
		}
		see(Health{Dropped: 15, Damaged: 5}, 2*time.Second)
		if lines("queue is full") != 2 {
			t.Errorf("a second episode: %s", &log)
		}
	})
}
