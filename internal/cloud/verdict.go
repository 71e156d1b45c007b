package cloud

import (
	"context"
	"time"

	"serialgw/internal/reading"
)

// count adds a verdict to the counters.
func (c *Client) count(o reading.Outcome) {
	switch {
	case o.Late:
		c.status.LateConfirmed++
	case o.Verdict == reading.Confirmed:
		c.status.Confirmed++
	case o.Verdict == reading.Lost:
		c.status.Lost++
	default:
		c.status.Refused++
	}
}

// settle gives the verdict on an open post. The mutex is held.
func (c *Client) settle(f *flight, o reading.Outcome) {
	c.count(o)
	if o.Verdict == reading.Confirmed {
		c.times.forget(f.seqs)
	}
	c.ledger.settle(f, o)
}

// deliver hands the user what the ledger could not, until ctx ends; then
// whatever still finds room.
func (c *Client) deliver(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		c.mu.Lock()
		o, ok := c.ledger.take()
		held := c.ledger.held
		c.mu.Unlock()
		switch {
		case ok:
			c.hand(ctx, o)
		case ctx.Err() != nil:
			return
		default:
			c.awaitUntold(ctx, timer, held)
		}
	}
}

// hand waits for the user to make room.
func (c *Client) hand(ctx context.Context, o reading.Outcome) {
	select {
	case c.ledger.outcomes <- o:
		c.mu.Lock()
		c.ledger.handed(o)
		c.mu.Unlock()
		return
	case <-ctx.Done():
	}
	select {
	case c.ledger.outcomes <- o:
	default: // nobody reads any more; the records stay in the queue
	}
}

// awaitUntold sleeps until there is something to take, and ends the wait for
// company of what is held.
func (c *Client) awaitUntold(ctx context.Context, timer *time.Timer, held bool) {
	var due <-chan time.Time
	if held {
		timer.Reset(companyMost)
		due = timer.C
	}
	select {
	case <-c.ledger.wake:
	case <-ctx.Done():
	case <-due:
		c.mu.Lock()
		c.ledger.push()
		c.mu.Unlock()
	}
}
