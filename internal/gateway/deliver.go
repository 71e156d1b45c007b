package gateway

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"serialgw/internal/reading"
)

const (
	// postRetry is the wait after the connection would not take a post.
	postRetry = 5 * time.Second
	// historyAgain is the wait after a history/post went unanswered.
	historyAgain = 5 * time.Minute
	// withholdMost is how many picks without one value to send are dealt with
	// before the loop looks at verdicts again.
	withholdMost = 64
	// readAgain is the wait after the queue could not be read.
	readAgain = time.Second
	// drainMost caps the wait for verdicts, whatever the configuration says.
	drainMost = 10 * time.Second
)

// deliver empties the queue. Its loop owns everything here; counters that
// other goroutines read are behind d.status.
type deliver struct {
	cfg   Uplink
	deps  Deps
	wake  <-chan struct{}
	dirty chan<- struct{}
	drain time.Duration

	renewed chan struct{} // one slot: the configuration was read again
	abort   chan struct{} // one slot: the drain is to end now
	lifts   chan lifting  // identifiers that are to be sent again
	ended   chan struct{} // closed when run has

	pick    picker
	limiter *rate.Limiter // nil = no pace
	link    reading.LinkState
	posts   map[uint64]batch // without a verdict
	history time.Time        // when history/post may be tried again
	again   bool             // next stopped early
	unsent  bool             // something was posted and not yet flushed
	now     time.Time        // when the present step or burst began
	burst   bool             // verdicts are being taken
	acks    []uint64         // records that their verdicts take out of the queue

	refusals
	undertaker
	status uplinkCounters
}

func newDeliver(cfg Uplink, deps Deps, wake <-chan struct{}, dirty chan<- struct{}, drain time.Duration) *deliver {
	d := &deliver{
		cfg: cfg, deps: deps, wake: wake, dirty: dirty, drain: min(drain, drainMost),
		renewed: make(chan struct{}, 1), abort: make(chan struct{}, 1),
		lifts: make(chan lifting), ended: make(chan struct{}),
		posts: make(map[uint64]batch), refusals: newRefusals(), undertaker: newUndertaker(),
	}
	if cfg.PostInterval > 0 {
		d.limiter = rate.NewLimiter(rate.Every(cfg.PostInterval), 1)
	}
	d.pick = picker{
		queue: deps.Queue, cfg: cfg, taken: make(map[uint64]bool), lost: d.unreadable, gone: d.forget,
		hold: newHold(cfg, deps, &d.status), display: newDisplay(),
	}
	return d
}

// run posts until ctx ends, then waits for outstanding verdicts up to the
// drain limit.
func (d *deliver) run(ctx context.Context) {
	defer close(d.ended)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wait := d.stepOrIdle()
		var due <-chan time.Time
		if wait > 0 {
			timer.Reset(wait)
			due = timer.C
		}
		select {
		case <-ctx.Done():
			d.drainVerdicts()
			return
		case o := <-d.cfg.Publisher.Outcomes():
			d.settleBurst(o)
		case <-d.renewed:
			d.renew()
		case l := <-d.lifts:
			d.lift(l.names)
			close(l.done)
		case <-d.wake:
		case <-due:
		}
	}
}

// stepOrIdle is step, and tells who wants to know that nothing is left to do.
func (d *deliver) stepOrIdle() time.Duration {
	if d.deps.Idle == nil {
		return d.step()
	}
	next := d.deps.Queue.NextSeq() // before the look: what comes meanwhile may be missed
	wait := d.step()
	if wait == 0 && len(d.posts) == 0 {
		d.deps.Idle(next)
	}
	return wait
}

// step posts whatever link, pause, window and pace allow, and sends it. It
// returns how long to wait before posting is allowed again; 0 = until something
// happens.
func (d *deliver) step() time.Duration {
	d.now = time.Now()
	wait := d.postAll()
	if d.unsent {
		d.cfg.Publisher.Flush()
		d.unsent = false
	}
	return wait
}

func (d *deliver) postAll() time.Duration {
	for d.link == reading.LinkReady && len(d.posts) < d.cfg.InFlight {
		if wait := d.paused(); wait > 0 {
			return wait
		}
		if d.limiter != nil && d.limiter.Tokens() < 1 {
			return max(time.Duration((1-d.limiter.Tokens())*float64(d.cfg.PostInterval)), minWait)
		}
		b, ok := d.next()
		if !ok {
			return d.nothing()
		}
		if !d.post(b) {
			return postRetry
		}
	}
	return 0
}

// nothing returns how long to wait after there was nothing to post.
func (d *deliver) nothing() time.Duration {
	switch {
	case d.again:
		d.again = false
		return minWait
	case d.pick.unread != nil:
		d.status.setError(d.pick.unread.Error())
		return readAgain
	}
	if wait := d.pick.hold.rest(); wait > 0 {
		return wait
	}
	return max(d.paused(), d.probeIn())
}

// paused returns how long nothing may be posted yet.
func (d *deliver) paused() time.Duration {
	if d.resume.IsZero() {
		return 0
	}
	return max(time.Until(d.resume), 0)
}

// next makes the next post: the records picked, without what is quarantined.
func (d *deliver) next() (batch, bool) {
	if d.pick.historyOff && time.Now().After(d.history) {
		d.pick.historyOff = false
	}
	d.pick.unread = nil
	d.pick.hold.begin()
	var proven batch
	defer func() {
		if len(proven.withheld) > 0 {
			d.finish(proven) // their letters together: each writing of some is synced
		}
	}()
	for range withholdMost {
		picked := d.choose()
		if len(picked) == 0 {
			return batch{}, false
		}
		b := d.strip(picked)
		if len(b.entries) > 0 {
			return b, true
		}
		if !d.withholdAll(b, &proven) {
			return batch{}, false
		}
	}
	d.again = true
	return batch{}, false
}

// choose returns what is to be sent next. In trouble one post at a time finds
// out whether anything gets through again; what was refused before is tried
// once nothing else is waiting, or may be.
func (d *deliver) choose() []reading.Entry {
	if d.troubled() && len(d.posts) > 0 {
		return nil
	}
	if entries := d.pick.next(); len(entries) > 0 || len(d.posts) > 0 || d.pick.unread != nil {
		return entries
	}
	return d.probe()
}

// post sends one batch. false means that the connection would not take it.
func (d *deliver) post(b batch) bool {
	id, err := d.cfg.Publisher.Post(b.entries)
	if err != nil {
		d.release(b)
		d.status.setError(fmt.Sprintf("cannot post: %v", err))
		return false
	}
	if d.limiter != nil {
		d.limiter.Allow()
	}
	d.posts[id], d.unsent = b, true
	d.status.posted(len(d.posts), d.now)
	return true
}
