package cloud

import (
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"serialgw/internal/reading"
)

// resetting closes as a peer does that resets the connection.
type resetting struct{ net.Conn }

func (c resetting) Read([]byte) (int, error) { return 0, syscall.ECONNRESET }

// A peer that takes each connection and closes it unanswered may have banned us:
// after five of them we wait as long as a ban lasts, and say so.
func TestClient_SuspectedBan_ONENET_18(t *testing.T) {
	for name, b := range map[string]*broker{
		"Closed":         {closes: true},
		"ClosedAtLogin":  {connack: func(int) byte { return silentClose }},
		"Reset":          {wrap: func(c net.Conn) net.Conn { return resetting{c} }},
		"ResetOnWriting": {wrap: func(c net.Conn) net.Conn { return broken{c} }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, testConfig(), b)
				r.pass(time.Hour)
				for i, seconds := range []int{2, 4, 8, 16, 300, 300, 300} {
					want := time.Duration(seconds) * time.Second
					if got := b.waits()[i]; got < want || got > want*5/4+time.Second {
						t.Errorf("wait %d was %v, want %v and some jitter", i+1, got, want)
					}
				}
				e := r.kinds(EventSuspect)
				if len(e) == 0 || e[0].Wait < 5*time.Minute || !strings.Contains(e[0].Text, "locks a device out for 5 minutes") ||
					!strings.Contains(e[0].Text, "onenet.tls") {
					t.Errorf("events %+v", e)
				}
				b.set(func() { b.closes, b.connack, b.wrap = false, nil, nil })
				r.awaitLink(reading.LinkReady)
				r.pass(soundLife)
				b.set(func() { b.closes = true })
				b.cut()
				r.pass(10 * time.Second)
				if n := len(r.kinds(EventSuspect)); n != len(e) {
					t.Error("one close after a sound connection is suspected of being a ban")
				}
			})
		})
	}
}

// The same where the peer closes during the TLS handshake.
func TestClient_SuspectedBanUnderTLS_ONENET_18(t *testing.T) {
	cfg := testConfig()
	cfg.TLS, cfg.CAFile = true, newAuthority(t).file(t)
	synctest.Test(t, func(t *testing.T) {
		r := start(t, cfg, &broker{closes: true})
		r.pass(10 * time.Minute)
		if e := r.kinds(EventSuspect); len(e) != 2 || e[0].Wait < 5*time.Minute || !strings.Contains(e[0].Text, "TLS") {
			t.Errorf("events %+v, want two in ten minutes", e)
		}
	})
}

// broken takes no write.
type broken struct{ net.Conn }

func (c broken) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// No ban: closes that other failures interrupt, and a broker of one's own.
func TestClient_NoBanSuspected_ONENET_18(t *testing.T) {
	t.Run("NetworkBetween", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &broker{closes: true}
			r := start(t, testConfig(), b)
			for range 60 { // every third attempt does not reach the peer at all
				n := len(b.dialsSeen())
				b.set(func() { b.unreachable = n%3 == 0 })
				for len(b.dialsSeen()) == n {
					r.pass(time.Second)
				}
			}
			if e := r.kinds(EventSuspect); len(e) > 0 {
				t.Errorf("events %+v", e)
			}
		})
	})
	t.Run("OwnBroker", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &broker{closes: true}
			r := start(t, ownBroker(), b)
			r.pass(time.Hour)
			for i, wait := range b.waits() {
				if wait > networkMost*5/4 {
					t.Errorf("wait %d was %v", i+1, wait)
				}
			}
			if e := r.kinds(EventSuspect); len(e) > 0 {
				t.Errorf("events %+v", e)
			}
		})
	})
}

// Every code of the CONNACK: which wait it brings, and whether its text names
// what to check. Code 3 says that the server is away for now.
func TestClient_ConnackCodes_ONENET_19(t *testing.T) {
	for _, tt := range []struct {
		code   byte
		kind   EventKind
		first  time.Duration
		most   time.Duration
		causes bool
	}{
		{1, EventRefused, 30 * time.Second, 10 * time.Minute, false},
		{2, EventRefused, 30 * time.Second, 10 * time.Minute, false},
		{3, EventFailed, 2 * time.Second, time.Minute, false},
		{4, EventRefused, 30 * time.Second, 10 * time.Minute, true},
		{5, EventRefused, 30 * time.Second, 10 * time.Minute, true},
		{6, EventFailed, 2 * time.Second, time.Minute, false},
	} {
		t.Run(fmt.Sprint(tt.code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, testConfig(), &broker{connack: func(int) byte { return tt.code }})
				r.pass(3 * time.Hour)
				want := tt.first
				for i, wait := range r.b.waits() {
					if wait < want || wait > want*5/4+5*time.Second {
						t.Errorf("wait %d was %v, want %v and some jitter", i+1, wait, want)
					}
					want = min(2*want, tt.most)
				}
				e := r.kinds(tt.kind)
				if len(e) != len(r.b.dialsSeen()) {
					t.Fatalf("%d events of %d attempts: %+v", len(e), len(r.b.dialsSeen()), e)
				}
				if tt.kind == EventRefused && (e[0].Code != int(tt.code) || !strings.Contains(e[0].Text, fmt.Sprintf("code %d", tt.code))) {
					t.Errorf("the text does not name the code: %+v", e[0])
				}
				for _, cause := range []string{"onenet.product", "onenet.device", "onenet.key", "clock", "thing model", "onenet.address", "device log"} {
					if strings.Contains(e[0].Text, cause) != tt.causes {
						t.Errorf("%q is named: %v, want %v: %s", cause, !tt.causes, tt.causes, e[0].Text)
					}
				}
				if r.c.Status().State != StateWaiting {
					t.Errorf("status %+v", r.c.Status())
				}
				r.checkNoSecret()
			})
		})
	}
}

// Two programs with one device name end each other's connection. Each login
// costs the other one its own; soon one of them says why and waits a minute, so
// that the other one lives.
func TestClient_KickedByTwin_ONENET_20(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{onPost: confirmAll}
		var session *brokerConn
		b.onLogin = func(c *brokerConn) { // the newer login wins
			b.set(func() { session, c = c, session })
			if c != nil {
				_ = c.Close()
			}
		}
		twins := [2]*rig{start(t, testConfig(), b), start(t, testConfig(), b)}
		for range 600 {
			for _, r := range twins {
				if id, err := r.c.Post([]reading.Entry{entry(1, stampAt(0), volt(1))}); err == nil && id > 0 {
					r.c.Flush()
				}
				for len(r.c.Outcomes()) > 0 {
					<-r.c.Outcomes()
				}
			}
			twins[0].pass(time.Second)
		}
		said := append(twins[0].kinds(EventSuspect), twins[1].kinds(EventSuspect)...)
		if len(said) == 0 {
			t.Fatal("ten minutes, and none of them has said a word")
		}
		for _, e := range said {
			if e.Wait < time.Minute || !strings.Contains(e.Text, "a second program is logged in with the same device name") {
				t.Errorf("event %+v", e)
			}
		}
		if n := len(b.loginsSeen()); n > 40 {
			t.Errorf("%d logins in ten minutes: they fight on", n)
		}
		for i, r := range twins {
			if s := r.c.Status(); s.Confirmed < 5 {
				t.Errorf("twin %d: %+v", i, s)
			}
		}
	})
}

// A platform that ends the connection at each post does not allow the topic:
// after three of them that is said, with a wait of a minute, and no post is
// taken for delivered.
func TestClient_IllegalTopic_ONENET_8_20(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{onPost: func(c *brokerConn, _ *packets.PublishPacket) {
			time.AfterFunc(300*time.Millisecond, func() { _ = c.Close() }) // the PUBACK comes before the end
		}}
		r := start(t, testConfig(), b)
		for range 4 {
			r.awaitLink(reading.LinkReady)
			id := r.post(entry(1, stampAt(0), volt(1)))
			r.awaitLink(reading.LinkDown)
			if o := r.next(); o.Post != id || o.Verdict != reading.Lost {
				t.Errorf("outcome %+v, want Lost", o)
			}
		}
		r.pass(time.Second)
		e := r.kinds(EventSuspect)
		if len(e) != 2 || e[0].Wait < time.Minute || !strings.Contains(e[0].Text, "does not allow a topic that we post to") {
			t.Errorf("events %+v, want one after the third and one after the fourth", e)
		}
		if waits := b.waits(); waits[1] > 10*time.Second || waits[2] < time.Minute {
			t.Errorf("waits %v", waits)
		}
	})
}
