//go:build system

package systemtest

import (
	"sync"
	"testing"
	"time"
)

// pauses notes when the machine had no time for us: what we say of moments is
// then as much less exact.
type pauses struct {
	mu   sync.Mutex
	list []pause
}

type pause struct {
	at    time.Time
	lasts time.Duration
}

const (
	pauseLook  = 10 * time.Millisecond
	pauseLeast = 50 * time.Millisecond
)

// watchPauses looks until the test ends.
func watchPauses(t *testing.T) *pauses {
	t.Helper()
	p := &pauses{}
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() { // awaited by the clean-up
		defer close(stopped)
		ticker := time.NewTicker(pauseLook)
		defer ticker.Stop()
		for last := time.Now(); ; {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			now := time.Now()
			if lasts := now.Sub(last); lasts > pauseLeast {
				p.mu.Lock()
				p.list = append(p.list, pause{last, lasts})
				p.mu.Unlock()
			}
			last = now
		}
	}()
	t.Cleanup(func() { close(done); <-stopped })
	return p
}

// worst returns the longest pause since a moment.
func (p *pauses) worst(since time.Time) (worst time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.list {
		if one.at.Add(one.lasts).After(since) {
			worst = max(worst, one.lasts)
		}
	}
	return worst
}
