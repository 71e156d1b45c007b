package gateway

import (
	"context"
	"fmt"
	"time"
)

// runSync makes appended records power-safe, one interval after the first
// unsynced one, and writes down as seldom which ones are acknowledged: else a
// power cut long after a backlog has drained would send all of it again. While
// nothing happens it sleeps.
func (g *Gateway) runSync(ctx context.Context, interval time.Duration) {
	health := newHealthLog(g.deps)
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-health.due():
			health.look()
			continue
		case <-g.dirty:
		}
		timer := time.NewTimer(max(interval, minWait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		err := g.sync()
		if err != nil && !failed {
			g.deps.Log.Error().Err(err).Msg("the queue cannot reach the disk; it is tried again")
		}
		if failed = err != nil; failed {
			signal(g.dirty)
		}
		health.look()
	}
}

func (g *Gateway) sync() error {
	synced, err := g.deps.Queue.Sync()
	if err != nil {
		return fmt.Errorf("cannot sync the queue: %w", err)
	}
	g.ledger.line('S', synced)
	return nil
}
