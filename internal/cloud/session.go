package cloud

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"syscall"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"serialgw/internal/reading"
)

const (
	connectTimeout = 10 * time.Second
	goodbye        = 250 // ms for the DISCONNECT

	answersMost = 32 // downlink answers that may wait

	// handOverMost is how long paho may take to accept a packet. It never waits
	// for the network, but it does not notice its own end.
	handOverMost = 2 * time.Second

	// unackedMost is how many posts may be without a PUBACK: a broker that does
	// not acknowledge gets a new connection.
	unackedMost = 2 * inFlightMost

	// historyBanned is how long history/post stays unused when it is suspected
	// of costing us the connection.
	historyBanned = time.Hour
)

// session is one connection. Its paho client is used once and thrown away.
type session struct {
	c      *Client
	ctx    context.Context
	client mqtt.Client
	conn   *conn         // set by open, before the client is connected
	began  reading.Stamp // the login
	before uint64        // posts confirmed before it

	reached bool           // the peer took the connection
	openErr error          // of the network, better worded than paho's
	abort   func() bool    // stops what closes the connection when ctx ends
	lost    chan error     // one slot: the connection is gone, or must go
	outbox  chan outgoing  // posts
	answers chan outgoing  // to the cloud's own requests
	sending sync.WaitGroup // the sender
	watch   chan struct{}  // one slot: serve is to look after the open posts
	done    chan struct{}  // closed at the end: the sender takes no more messages

	historyGranted bool // replies to history/post reach us
	// The client's mutex guards these.
	history      bool // history/post is in use
	historyHeard bool // one was answered
	watched      bool // serve looks after the open posts, or has been told to
}

// connect logs in. Without a session the ending says why.
func (c *Client) connect(ctx context.Context, now reading.Stamp) (*session, ending) {
	password, err := c.cfg.password(now, c.expiry.on) // signed anew for each attempt [ONENET-5]
	if err != nil {
		return nil, ending{kind: endNetwork, err: err} // Validate has decoded the key
	}
	s := &session{
		c: c, ctx: ctx, abort: func() bool { return true }, historyGranted: true,
		lost: make(chan error, 1), watch: make(chan struct{}, 1), done: make(chan struct{}),
		outbox: make(chan outgoing, c.cfg.Window()), answers: make(chan outgoing, answersMost),
	}
	s.client = mqtt.NewClient(s.options(password))
	token := s.client.Connect().(*mqtt.ConnectToken)
	<-token.Done() // bounded: the dial, the deadline on the handshake, and ctx
	if !s.abort() && token.Error() == nil {
		s.close()
		return nil, ending{kind: endStopped}
	}
	if err := token.Error(); err != nil {
		s.end()
		if code := token.ReturnCode(); code >= 1 && code <= 5 && code != 3 { // 3: try again later
			return nil, ending{kind: endLogin, err: err, code: code}
		}
		if s.openErr != nil {
			err = s.openErr
		}
		return nil, ending{kind: s.unanswered(), err: err}
	}
	s.began = c.clock()
	s.before = c.Status().Confirmed
	return s, ending{}
}

// unanswered returns what a login without a CONNACK may mean: a peer that takes
// the connection and closes it is there, and does not want us. Only OneNET is
// known to do so for a purpose. [ONENET-18]
func (s *session) unanswered() endKind {
	err := s.openErr
	if s.conn != nil {
		err = s.conn.reason(err)
	}
	closed := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	if s.reached && closed && s.c.topics.Thing != "" {
		return endClosed
	}
	return endNetwork
}

// options: MQTT 3.1.1, clean session, no will, nothing retried or resumed by
// paho [ONENET-1]. Handlers run in order, in paho's own goroutine, so that none
// outlives the connection; they must not block, and do not.
func (s *session) options(password string) *mqtt.ClientOptions {
	o := mqtt.NewClientOptions()
	o.AddBroker("tcp://" + s.c.target)
	o.SetProtocolVersion(4) // or a refused login is repeated at once as MQTT 3.1
	o.SetCleanSession(true)
	o.SetAutoReconnect(false)
	o.SetConnectRetry(false)
	o.SetKeepAlive(0) // serve does it: paho looks at a connection every 5 s only, which is too late
	o.SetWriteTimeout(handOverMost)
	o.SetConnectTimeout(connectTimeout)
	o.SetOrderMatters(true)
	o.SetClientID(s.c.cfg.ClientID()) // [ONENET-2]
	o.SetUsername(s.c.cfg.UserName())
	o.SetPassword(password)
	o.SetStore(forgetful{})
	o.SetDefaultPublishHandler(s.onMessage)
	o.SetConnectionLostHandler(func(_ mqtt.Client, err error) { s.fail(err) })
	o.SetCustomOpenConnectionFn(s.open)
	return o
}

// forgetful is the store of a library that resumes nothing: what was not
// acknowledged is in the queue.
type forgetful struct{}

func (forgetful) Open()                             {}
func (forgetful) Put(string, packets.ControlPacket) {}
func (forgetful) Get(string) packets.ControlPacket  { return nil }
func (forgetful) All() []string                     { return nil }
func (forgetful) Del(string)                        {}
func (forgetful) Close()                            {}
func (forgetful) Reset()                            {}

// open dials. Until the login is through, the end of ctx closes the connection.
func (s *session) open(*url.URL, mqtt.ClientOptions) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(s.ctx, connectTimeout)
	defer cancel()
	raw, err := s.c.opt.Dial(ctx, "tcp", s.c.target)
	if err != nil {
		s.openErr = err
		return nil, err
	}
	s.reached = true
	if s.c.tls != nil {
		secure := tls.Client(raw, s.c.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			s.openErr = fmt.Errorf("cannot agree on TLS: %w", err)
			return nil, s.openErr
		}
		raw = secure
	}
	s.conn = newConn(raw, &s.c.bytesIn, &s.c.bytesOut, s.acked)
	s.conn.keepAlive = uint16(s.c.cfg.KeepAlive / time.Second)
	s.sending.Go(s.send)
	s.abort = context.AfterFunc(s.ctx, func() { _ = s.conn.Close() })
	return s.conn, nil
}

// serve watches the connection until it is lost (the error) or ctx ends (nil).
// While no post is open it sleeps until the connection needs a sign of life.
func (s *session) serve(ctx context.Context) error {
	period := max(s.c.cfg.ReplyTimeout/10, 100*time.Millisecond)
	timer := time.NewTimer(period)
	defer timer.Stop()
	life := pulse{keepAlive: s.c.cfg.KeepAlive}
	beat := time.NewTimer(0)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-s.lost:
			return err
		case <-beat.C:
			ping, rest, err := life.step(time.Now(), s.conn.lastHeard(), s.conn.lastSpoke())
			if err != nil {
				return err
			}
			if ping {
				s.conn.ping()
			}
			beat.Reset(rest)
		case <-s.watch:
			timer.Reset(period)
		case <-timer.C:
			if s.expire() {
				timer.Reset(period)
			}
		}
	}
}

// watchPosts wakes serve where it sleeps. The client's mutex is held.
func (s *session) watchPosts() {
	if s.watched {
		return
	}
	s.watched = true
	select {
	case s.watch <- struct{}{}:
	default: // it has still to be read
	}
}

// expire gives up the posts whose reply is overdue, and reports whether others
// are open.
func (s *session) expire() bool {
	now, limit := s.c.clock(), s.c.cfg.ReplyTimeout
	historyOff := false
	s.c.mu.Lock()
	for _, f := range s.c.ledger.overdue(func(f *flight) bool { return now.Since(f.sent) >= limit }) {
		if f.history && s.history && !s.historyHeard {
			s.history, historyOff = false, true
		}
		s.c.settle(f, reading.Outcome{Verdict: reading.Lost, Text: fmt.Sprintf("no reply within %v", limit)})
	}
	s.watched = len(s.c.ledger.open) > 0
	watched := s.watched
	s.c.mu.Unlock()
	if historyOff {
		s.c.event(Event{Kind: EventHistoryOff, Text: "history/post was not answered; until the next connection each message carries one sample of a property"})
	}
	return watched
}

// acked confirms posts by their PUBACK alone, where that is the rule.
// [ONENET-15]
func (s *session) acked(posts []uint64) {
	if s.c.cfg.Confirm == confirmReply {
		return
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	for _, id := range posts {
		s.c.confirm(id, reading.Outcome{Verdict: reading.Confirmed, Text: "acknowledged by the broker"})
	}
}

// fail ends the session soon; the first reason counts.
func (s *session) fail(err error) {
	select {
	case s.lost <- err:
	default:
	}
}

// failed turns an error of a logged-in session into an ending.
func (s *session) failed(ctx context.Context, err error) ending {
	switch {
	case ctx.Err() != nil:
		return ending{kind: endStopped}
	case errors.Is(err, errTopics):
		return ending{kind: endTopics, err: err}
	case errors.Is(err, errNoSuback): // however long that took, it was no success
		return ending{kind: endNetwork, err: err}
	}
	return ending{
		kind: endDropped, err: err,
		life: s.c.clock().Since(s.began), confirmed: s.c.Status().Confirmed - s.before,
	}
}

// close takes leave and waits for the sender.
func (s *session) close() {
	close(s.done)
	s.client.Disconnect(goodbye)
	s.end()
}

// end closes the connection, where there is one, and waits for the sender.
func (s *session) end() {
	if s.conn != nil {
		_ = s.conn.Close()
	}
	s.sending.Wait()
}
