package cloud

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"serialgw/internal/reading"
)

var (
	// ErrNotReady says that there is no connection that takes posts.
	ErrNotReady = errors.New("not connected to the cloud")
	// ErrWindowFull says that too many posts wait for their verdict, or to be
	// sent.
	ErrWindowFull = errors.New("too many posts without a verdict")
)

// Options are what the program around a client adds to it. The zero value is
// right for production.
type Options struct {
	// OnEvent is called for each event, by one goroutine at a time. It must
	// not block.
	OnEvent func(Event)
	// Dial opens a connection; nil = TCP. Without environment proxies.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Client keeps a connection to the cloud and posts over it. Make one with New.
// Post, Outcomes, LinkUp and Status may be called by any goroutine, from the
// moment Run is called.
type Client struct {
	cfg    Config
	opt    Options
	clock  func() reading.Stamp
	topics Topics
	target string // host:port
	tls    *tls.Config

	linkUp chan struct{} // one slot

	bytesIn, bytesOut atomic.Int64

	mu      sync.Mutex // guards all below
	session *session   // ready to take posts, or nil
	ledger  *ledger
	times   *timeline
	latest  byName[sample] // for property/get
	status  Status
	nextTry time.Time           // the end of the wait for the next attempt; zero = none
	burst   burst               // the posts since the last Flush
	buf     []byte              // the envelope under construction
	seen    map[string]struct{} // scratch

	// Run's own goroutine alone uses these.
	backoff backoff
	expiry  farExpiry
	// historyBan is set when connections died young with a history/post
	// unanswered: perhaps because of it.
	historyBan reading.Stamp
}

// New checks the settings and reads the CA file. It connects to nothing; Run
// does. clock returns the present instant.
func New(cfg Config, clock func() reading.Stamp, opt Options) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	tlsConfig, err := cfg.TLSConfig(func() time.Time { return clock().Time() })
	if err != nil {
		return nil, err
	}
	if opt.Dial == nil {
		opt.Dial = (&net.Dialer{Control: setUserTimeout}).DialContext
	}
	host, port := cfg.Endpoint()
	return &Client{
		cfg: cfg, opt: opt, clock: clock, tls: tlsConfig,
		topics: cfg.Topics(), target: net.JoinHostPort(host, strconv.Itoa(port)),
		linkUp: make(chan struct{}, 1),
		ledger: newLedger(cfg.Window()), times: newTimeline(), latest: newByName[sample](),
		seen: make(map[string]struct{}), status: Status{State: StateStopped},
	}, nil
}

// Outcomes delivers the verdict on each post, and changes of the link. It is
// never closed. Whoever posts must read it: unread verdicts fill the window.
func (c *Client) Outcomes() <-chan reading.Outcome { return c.ledger.outcomes }

// LinkUp says that a network link has come up: a wait for the network ends now,
// as far as the platform's login limit allows.
func (c *Client) LinkUp() {
	select {
	case c.linkUp <- struct{}{}:
	default:
	}
}

// Status returns a snapshot.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.status
	s.BytesIn, s.BytesOut = c.bytesIn.Load(), c.bytesOut.Load()
	s.InFlight = c.ledger.inFlight()
	if !c.nextTry.IsZero() {
		s.NextTryIn = max(time.Until(c.nextTry), 0)
	}
	return s
}

// Post hands the entries over as one message, which Flush sends: a
// property/post, or a history/post when an identifier stands twice. nil
// promises exactly one Outcome, and at most one late Confirmed after a Lost
// one. It keeps nothing of the entries but their numbers. Post and Flush do not
// wait for the network; a post that cannot be sent ends with the connection.
//
// Two kinds of entries are not sent but settled at once: what makes no message,
// or one that is too long, as RefusedForm; what needs a history/post while that
// is off, as Lost with History set.
func (c *Client) Post(entries []reading.Entry) (post uint64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	if s == nil {
		return 0, ErrNotReady
	}
	if c.ledger.inFlight() >= c.cfg.Window() || len(s.outbox) == cap(s.outbox) {
		return 0, ErrWindowFull
	}
	f := c.newFlight(entries)
	payload, unsent := c.encode(s, f, entries)
	c.ledger.open[f.id] = f
	if unsent.Verdict != 0 {
		c.settle(f, unsent)
		return f.id, nil
	}
	c.note(entries)
	s.watchPosts()
	s.post(f, payload)
	return f.id, nil
}

// Flush has the posts sent that were gathered. One that is never flushed goes
// out with the next keepalive at the latest.
func (c *Client) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.burst = burst{}
	if c.session != nil {
		c.session.conn.Flush()
	}
}

// burst is a run of posts that share a stamp: to make one costs a system call.
type burst struct {
	began time.Time
	at    reading.Stamp
}

// burstMost is how far a post may be from its stamp.
const burstMost = 100 * time.Millisecond

func (b *burst) stamp(clock func() reading.Stamp) reading.Stamp {
	if now := time.Now(); now.Sub(b.began) > burstMost {
		*b = burst{now, clock()}
	}
	return b.at
}

func (c *Client) newFlight(entries []reading.Entry) *flight {
	f := &flight{id: c.ledger.nextID(), sent: c.burst.stamp(c.clock)}
	if f.seqs = f.one[:0]; len(entries) > 1 {
		f.seqs = make([]uint64, 0, len(entries))
	}
	f.seqs = f.seqs[:len(entries)]
	for i := range entries {
		f.seqs[i] = entries[i].Seq
	}
	f.history = repeats(entries, c.seen)
	c.status.Posts++
	return f
}

// encode returns the message, or the outcome when there is none to send.
func (c *Client) encode(s *session, f *flight, entries []reading.Entry) ([]byte, reading.Outcome) {
	switch {
	case !sendable(entries):
		return nil, reading.Outcome{Verdict: reading.RefusedForm, Text: "no value that can be sent"}
	case f.history && (!s.history || !allTimed(entries)):
		return nil, reading.Outcome{Verdict: reading.Lost, Text: "history/post is off"}
	case f.history:
		c.buf = AppendHistoryPost(c.buf[:0], f.id, entries, c.times.at)
	default:
		c.buf = AppendPropertyPost(c.buf[:0], f.id, entries, c.times.at)
	}
	if len(c.buf) > messageMost { // [ONENET-14]
		return nil, reading.Outcome{Verdict: reading.RefusedForm, Text: fmt.Sprintf("message of %d bytes, at most %d are allowed", len(c.buf), messageMost)}
	}
	return append([]byte(nil), c.buf...), reading.Outcome{} // c.buf is used again before paho has written it
}

func sendable(entries []reading.Entry) bool {
	for i := range entries {
		for _, p := range entries[i].Reading.Props {
			if p.Value.Finite() {
				return true
			}
		}
	}
	return false
}

func allTimed(entries []reading.Entry) bool {
	for i := range entries {
		if !entries[i].Reading.Stamp.Synced {
			return false
		}
	}
	return true
}

func (c *Client) event(e Event) {
	if c.opt.OnEvent != nil {
		c.opt.OnEvent(e)
	}
}
