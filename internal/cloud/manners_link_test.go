package cloud

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

// keepAlives are the limits, the default, and what lies between.
func keepAlives() []time.Duration {
	var all []time.Duration
	for _, seconds := range []int{10, 11, 15, 19, 20, 30, 45, 60, 120, 299, 300} {
		all = append(all, time.Duration(seconds)*time.Second)
	}
	return all
}

// cable drops what goes through it, in one direction or both, as a network does
// that is gone: no error, no end, and the kernel takes what is written.
type cable struct {
	net.Conn
	up, down *atomic.Bool // dropped: ours, theirs
}

func (c *cable) Write(p []byte) (int, error) {
	if c.up.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *cable) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.down.Load() {
			return n, err
		}
	}
}

// cabled returns a rig whose link can be cut in each direction.
func cabled(t *testing.T, cfg Config, b *broker) (r *rig, up, down *atomic.Bool) {
	t.Helper()
	up, down = &atomic.Bool{}, &atomic.Bool{}
	b.wrap = func(c net.Conn) net.Conn { return &cable{c, up, down} }
	r = start(t, cfg, b)
	r.awaitLink(reading.LinkReady)
	return r, up, down
}

// A link that carries nothing any more is noticed within 1.5 times the
// keepalive, whatever it is, in whatever direction it is cut, with posts open or
// none, and even when the cloud goes on talking.
func TestClient_HalfOpen_ONENET_23(t *testing.T) {
	for _, tt := range []struct {
		name     string
		up, down bool // what is cut
		posting  bool // one post a second, before and after
		chatter  bool // the cloud has a request every two seconds
	}{
		{"Both", true, true, false, false},
		{"BothWhilePosting", true, true, true, false},
		{"Ours", true, false, false, false},
		{"OursWhilePosting", true, false, true, false},
		{"OursWhileTheCloudTalks", true, false, false, true},
		{"OursWhileBothTalk", true, false, true, true},
		{"Theirs", false, true, false, false},
		{"TheirsWhilePosting", false, true, true, false},
	} {
		for _, keepAlive := range keepAlives() {
			t.Run(tt.name+"/"+keepAlive.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cfg := testConfig()
					cfg.KeepAlive = keepAlive
					r, up, down := cabled(t, cfg, &broker{onPost: confirmAll})
					life := &life{rig: r, posting: tt.posting, chatter: tt.chatter}
					life.last(keepAlive*7/3, true) // the cut comes at an odd moment of the keepalive's
					up.Store(tt.up)
					down.Store(tt.down)
					cut := time.Now()
					life.last(2*keepAlive, false)
					life.wantSettled()
					r.pass(time.Second) // it takes leave
					lost := r.kinds(EventLost)
					if len(lost) != 1 || !strings.Contains(lost[0].Text, "no answer to a ping") {
						t.Fatalf("events %+v", lost)
					}
					if took := life.ended.Sub(cut); took > keepAlive*3/2 || took < keepAlive/2 {
						t.Errorf("noticed %v after the cut, want %v at most, and not at once", took, keepAlive*3/2)
					}
				})
			})
		}
	}
}

// life is what goes on over a link until it ends.
type life struct {
	*rig
	posting, chatter bool
	seq              uint64
	open             map[uint64]bool // posts without a verdict
	ended            time.Time       // the link
}

// last has the link live for so long; confirmed says whether posts must be.
func (l *life) last(d time.Duration, confirmed bool) {
	l.t.Helper()
	if l.open == nil {
		l.open = map[uint64]bool{}
	}
	end := time.After(d)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-end:
			synctest.Wait()
			return
		case o := <-l.c.Outcomes():
			switch {
			case o.Post == 0:
				if l.ended = time.Now(); confirmed {
					l.t.Fatalf("the link is %v: %+v", o.Link, l.kinds(EventLost))
				}
				return
			case !l.open[o.Post] || confirmed && o.Verdict != reading.Confirmed:
				l.t.Fatalf("outcome %+v", o)
			}
			delete(l.open, o.Post)
		case <-tick.C:
			l.beat()
		}
	}
}

func (l *life) beat() {
	l.seq++
	if l.chatter && l.seq%2 == 0 {
		l.b.conn().send(testThing+"property/set", `{"id":"57","params":{}}`)
	}
	if !l.posting {
		return
	}
	if id, err := l.c.Post([]reading.Entry{entry(l.seq, stampAt(time.Duration(l.seq)*time.Second), volt(1))}); err == nil {
		l.open[id] = true
		l.c.Flush()
	}
}

// wantSettled fails unless each open post has a verdict, of being lost, now.
func (l *life) wantSettled() {
	l.t.Helper()
	for len(l.open) > 0 {
		o := l.next()
		if o.Post == 0 {
			l.t.Fatalf("%d posts without a verdict when the link is %v", len(l.open), o.Link)
		}
		if !l.open[o.Post] || o.Verdict != reading.Lost {
			l.t.Errorf("outcome %+v", o)
		}
		delete(l.open, o.Post)
	}
}

// A peer that reads nothing any more makes writes wait, which is noticed no
// later.
func TestClient_HalfOpenStuck_ONENET_23(t *testing.T) {
	for _, keepAlive := range keepAlives() {
		t.Run(keepAlive.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig()
				cfg.KeepAlive = keepAlive
				r := start(t, cfg, &broker{})
				r.awaitLink(reading.LinkReady)
				stall := make(chan struct{})
				defer close(stall)
				r.b.set(func() { r.b.stall = stall })
				before := time.Now()
				r.awaitLink(reading.LinkDown)
				if d := time.Since(before); d > keepAlive*3/2 {
					t.Errorf("noticed after %v, want %v at most", d, keepAlive*3/2)
				}
			})
		})
	}
}

// An idle connection shows the platform a sign of life each keepalive, and not
// more often; one that posts needs no other.
func TestClient_Pings_ONENET_23(t *testing.T) {
	for _, keepAlive := range keepAlives() {
		t.Run(keepAlive.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig()
				cfg.KeepAlive = keepAlive
				r := start(t, cfg, &broker{onPost: confirmAll})
				r.awaitLink(reading.LinkReady)
				if got := r.b.loginsSeen()[0].Keepalive; time.Duration(got)*time.Second != keepAlive {
					t.Errorf("the CONNECT says %d s", got)
				}
				last := time.Now()
				r.pass(10*keepAlive + time.Second)
				if n := len(r.b.pingsSeen()); n != 10 {
					t.Errorf("%d pings in ten keepalives and a second, want 10", n)
				}
				for n, at := range r.b.pingsSeen() {
					if d := at.Sub(last); d > keepAlive {
						t.Errorf("ping %d came %v after the sign before it", n, d)
					}
					last = at
				}
				before := len(r.b.pingsSeen())
				for end := time.Now().Add(5 * keepAlive); time.Now().Before(end); r.pass(keepAlive / 3) {
					r.post(entry(1, stampAt(0), volt(1)))
					r.next()
				}
				if n := len(r.b.pingsSeen()) - before; n > 0 {
					t.Errorf("%d pings beside posts that are acknowledged", n)
				}
				if s := r.c.Status(); s.Connects != 1 {
					t.Errorf("%d connections", s.Connects)
				}
			})
		})
	}
}

// An answer that is late, but not too late, keeps the link; a moment more ends
// it.
func TestClient_PingAnsweredLate_ONENET_23(t *testing.T) {
	for _, keepAlive := range keepAlives() {
		for _, tt := range []struct {
			name  string
			after time.Duration
			lives bool
		}{
			{"InTime", keepAlive*2/5 - time.Millisecond, true},
			{"TooLate", keepAlive*2/5 + time.Millisecond, false},
		} {
			t.Run(tt.name+"/"+keepAlive.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cfg := testConfig()
					cfg.KeepAlive = keepAlive
					b := &broker{onPing: func(c *brokerConn) { time.AfterFunc(tt.after, func() { _ = c.pingresp() }) }}
					r := start(t, cfg, b)
					r.awaitLink(reading.LinkReady)
					r.pass(20 * keepAlive)
					if lives := r.c.Status().Connects == 1; lives != tt.lives {
						t.Errorf("the link lives on: %v; events %+v", lives, r.kinds(EventLost))
					}
				})
			})
		}
	}
}

// TestPulse_Step walks through the moments of one connection.
func TestPulse_Step(t *testing.T) {
	begin := time.Now()
	at := func(seconds float64) time.Time { return begin.Add(time.Duration(seconds * float64(time.Second))) }
	p := pulse{keepAlive: 10 * time.Second}
	for _, tt := range []struct {
		now, heard, spoke float64
		ping              bool
		rest              float64
		dead              bool
	}{
		{now: 0, rest: 10},
		{now: 10, heard: 9, spoke: 8, rest: 8},
		{now: 18, heard: 17, spoke: 8, ping: true, rest: 4}, // the platform has heard nothing for 10 s
		{now: 23, heard: 18.1, spoke: 18, rest: 5},          // answered
		{now: 28, heard: 18.1, spoke: 27, rest: 0.1},        // we speak, and nobody answers
		{now: 28.1, heard: 18.1, spoke: 27, ping: true, rest: 4},
		{now: 30, heard: 18.1, spoke: 29.5, rest: 2.1},
		{now: 32, heard: 31.9, spoke: 29.5, rest: 7.5}, // answered at the last moment
		{now: 39.5, heard: 38, spoke: 29.5, ping: true, rest: 4},
		{now: 43.5, heard: 39.4, spoke: 43, dead: true},
	} {
		ping, rest, err := p.step(at(tt.now), at(tt.heard), at(tt.spoke))
		want := time.Duration(tt.rest * float64(time.Second))
		if ping != tt.ping || (err != nil) != tt.dead || (rest-want).Abs() > time.Microsecond {
			t.Errorf("at %v s: ping %v, rest %v, %v; want %v, %v, dead %v", tt.now, ping, rest, err, tt.ping, want, tt.dead)
		}
	}
}
