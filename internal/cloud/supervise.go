package cloud

import (
	"context"
	"fmt"
	"sync"
	"time"

	"serialgw/internal/reading"
)

// Run connects, and connects again, until ctx ends. It returns nil, when
// everything it started has ended; posts still open then come out as Lost.
func (c *Client) Run(ctx context.Context) error {
	telling, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { c.deliver(telling) })
	for ctx.Err() == nil {
		c.step(ctx)
	}
	c.setState(StateStopped)
	stop()
	wg.Wait()
	return nil
}

// step is one connection, from the first packet to the end of the wait that
// follows it.
func (c *Client) step(ctx context.Context) {
	now := c.clock()
	c.backoff.began(now)
	c.setState(StateConnecting)
	c.mu.Lock()
	c.status.Connects++
	c.mu.Unlock()
	c.event(Event{Kind: EventConnecting, Text: "connecting to " + c.target})

	end := c.connection(ctx, now)
	if end.kind == endStopped || ctx.Err() != nil {
		return
	}
	c.expiry.after(end, c.clock())
	wait, network := c.backoff.after(end)
	wait = max(wait, c.backoff.pace(c.clock()))
	e := c.backoff.explain(end, c.target)
	e.Wait = wait
	c.mu.Lock()
	c.status.LastError = e.Text
	c.mu.Unlock()
	c.setState(StateWaiting)
	c.event(e)
	c.pause(ctx, wait, network)
}

// connection returns how the connection ended.
func (c *Client) connection(ctx context.Context, now reading.Stamp) ending {
	s, end := c.connect(ctx, now)
	if s == nil {
		return end
	}
	defer s.close()
	if err := s.subscribe(ctx); err != nil {
		return s.failed(ctx, err)
	}
	c.ready(s)
	err := s.serve(ctx)
	c.down(s, err)
	return s.failed(ctx, err)
}

// ready opens the client for posts.
func (c *Client) ready(s *session) {
	select { // a link that came up before has done its work
	case <-c.linkUp:
	default:
	}
	if !c.historyBan.IsZero() && c.clock().Since(c.historyBan) > historyBanned {
		c.historyBan = reading.Stamp{}
	}
	s.history = s.historyGranted && c.cfg.HistoryUsable() && c.historyBan.IsZero()
	c.setState(StateReady)
	c.mu.Lock()
	c.session = s
	c.ledger.tell(reading.Outcome{Link: reading.LinkReady})
	c.mu.Unlock()
	c.event(Event{Kind: EventReady, Text: "connected to " + c.target})
}

// down closes the client for posts and gives up those without a verdict, each
// exactly once. The change of the link is told first.
func (c *Client) down(s *session, err error) {
	text := "shut down before the reply"
	if err != nil {
		text = fmt.Sprintf("connection lost before the reply: %v", err)
	}
	now := c.clock()
	c.mu.Lock()
	c.session = nil
	c.ledger.tell(reading.Outcome{Link: reading.LinkDown})
	unanswered := false
	for _, f := range c.ledger.overdue(func(*flight) bool { return true }) {
		unanswered = unanswered || f.history && !s.historyHeard
		c.settle(f, reading.Outcome{Verdict: reading.Lost, Text: text})
	}
	c.mu.Unlock()
	if again := c.backoff.short > 0; err != nil && unanswered && again && now.Since(s.began) < soundLife {
		c.historyBan = now
		c.event(Event{Kind: EventHistoryOff, Text: fmt.Sprintf(
			"connections end just after a history/post, which this product may not allow; it is not used for %v", historyBanned)})
	}
}

// pause waits. A link that comes up ends a wait for the network.
func (c *Client) pause(ctx context.Context, wait time.Duration, network bool) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	c.waitUntil(time.Now().Add(wait))
	defer c.waitUntil(time.Time{})
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-c.linkUp:
			if network {
				c.backoff.network = 0
				wait = c.backoff.pace(c.clock())
				timer.Reset(wait)
				c.waitUntil(time.Now().Add(wait))
			}
		}
	}
}

// waitUntil notes when the next attempt begins; zero = none is waited for.
func (c *Client) waitUntil(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nextTry = t
}

func (c *Client) setState(state State) {
	now := c.clock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.State, c.status.Since = state, now
}

// farExpiry decides when a token is signed until the year 2100: once a login
// was refused while the clock is not synchronised, for the clock may be years
// behind. It is tried once, and kept as long as it works. [ONENET-5]
type farExpiry struct{ on, tried bool }

func (f *farExpiry) after(end ending, now reading.Stamp) {
	refused := end.kind == endLogin && (end.code == 4 || end.code == 5)
	switch {
	case now.Synced:
		*f = farExpiry{}
	case refused && f.on:
		*f = farExpiry{tried: true}
	case refused && !f.tried:
		f.on = true
	case end.kind == endDropped && !f.on:
		f.tried = false
	}
}
