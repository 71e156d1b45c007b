package cloud

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"serialgw/internal/reading"
)

func TestClient_ConnectionLostInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{})
		r.awaitLink(reading.LinkReady)
		want := map[uint64]bool{}
		for seq := range uint64(5) {
			want[r.post(entry(seq+1, stampAt(0), volt(1)))] = true
		}
		synctest.Wait()
		r.b.cut()
		if o := r.next(); o.Post != 0 || o.Link != reading.LinkDown {
			t.Fatalf("first news %+v, want the change of the link", o)
		}
		for len(want) > 0 {
			o := r.next()
			if !want[o.Post] || o.Verdict != reading.Lost {
				t.Fatalf("outcome %+v, want Lost, once, for one of %v", o, want)
			}
			delete(want, o.Post)
		}
		r.awaitLink(reading.LinkReady)
		if s := r.c.Status(); s.Lost != 5 || s.InFlight != 0 || s.Connects != 2 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestClient_SubscribeFallback_ONENET_9(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{onPost: confirmAll, suback: func(f string) byte {
			if strings.HasSuffix(f, "#") || strings.Contains(f, "history") {
				return 0x80
			}
			return 0
		}})
		r.awaitLink(reading.LinkReady)
		if len(r.b.filtersSeen()) != 5 {
			t.Errorf("filters %v", r.b.filtersSeen())
		}
		r.post(entry(1, stampAt(0), volt(1)))
		if o := r.next(); o.Verdict != reading.Confirmed {
			t.Errorf("outcome %+v", o)
		}
		// Replies to history/post would not reach us: it is not used.
		r.post(entry(2, stampAt(0), volt(1)), entry(3, stampAt(time.Second), volt(2)))
		if o := r.next(); o.Verdict != reading.Lost || !o.History || len(r.b.postsSeen()) != 1 {
			t.Errorf("outcome %+v, %d posts", o, len(r.b.postsSeen()))
		}
	})
}

func TestClient_SubscribeRefused_ONENET_9(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{suback: func(string) byte { return 0x80 }})
		r.pass(29 * time.Second)
		if n := len(r.b.dialsSeen()); n != 1 {
			t.Errorf("%d attempts in 29 s, want 1", n)
		}
		if e := r.kinds(EventRefused); len(e) != 1 || e[0].Wait < 30*time.Second || !strings.Contains(e[0].Text, "subscription") {
			t.Errorf("events %+v", e)
		}
		if _, err := r.c.Post([]reading.Entry{entry(1, stampAt(0), volt(1))}); !errors.Is(err, ErrNotReady) {
			t.Errorf("Post: %v", err)
		}
	})
}

func TestClient_Backoff_ONENET_18(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{unreachable: true}
		r := start(t, testConfig(), b)
		r.pass(time.Hour)
		if n := len(b.dialsSeen()); n < 48 || n > 66 {
			t.Errorf("%d attempts in an hour of no network, want about one a minute", n)
		}
		for i, want := range []int{2, 4, 8, 16, 32, 60, 60} {
			wait, want := b.dialsSeen()[i+1].Sub(b.dialsSeen()[i]), time.Duration(want)*time.Second
			if wait < want || wait > want*5/4+5*time.Second {
				t.Errorf("wait %d was %v, want %v and some jitter upward", i+1, wait, want)
			}
		}
		b.mu.Lock()
		b.unreachable = false
		b.mu.Unlock()
		before := time.Now()
		r.c.LinkUp()
		r.awaitLink(reading.LinkReady)
		if d := time.Since(before); d > 3*time.Second {
			t.Errorf("connected %v after the link came up", d)
		}
	})
}

// The status says how long it is until the next attempt, also when a link that
// comes up has shortened the wait.
func TestClient_StatusSaysWhenTheNextTryIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{unreachable: true}
		r := start(t, testConfig(), b)
		r.pass(10 * time.Minute) // the waits have grown to a minute
		for len(b.dialsSeen()) > 0 && time.Since(b.dialsSeen()[len(b.dialsSeen())-1]) > time.Second {
			r.pass(time.Second) // to the beginning of a wait
		}
		said, dials := r.c.Status().NextTryIn, len(b.dialsSeen())
		if said < 50*time.Second || said > 75*time.Second {
			t.Errorf("next try in %v, want about a minute", said)
		}
		r.pass(said - time.Second)
		if left := r.c.Status().NextTryIn; left != time.Second || len(b.dialsSeen()) != dials {
			t.Errorf("a second before: next try in %v, %d attempts more", left, len(b.dialsSeen())-dials)
		}
		r.pass(2 * time.Second)
		if n := len(b.dialsSeen()) - dials; n != 1 {
			t.Errorf("%d attempts more, want 1", n)
		}
		b.mu.Lock()
		b.unreachable = false
		b.mu.Unlock()
		r.c.LinkUp()
		synctest.Wait()
		if left := r.c.Status().NextTryIn; left > 5*time.Second {
			t.Errorf("after a link came up: next try in %v", left)
		}
		r.awaitLink(reading.LinkReady)
		if left := r.c.Status().NextTryIn; left != 0 {
			t.Errorf("connected: next try in %v", left)
		}
	})
}

func TestClient_NeverThreeConnectsInFiveSeconds_ONENET_18(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		b.onPost = func(c *brokerConn, _ *packets.PublishPacket) { _ = c.Close() }
		r := start(t, testConfig(), b)
		for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); {
			r.c.LinkUp() // the worst case: links flap and each post costs the connection
			_, _ = r.c.Post([]reading.Entry{entry(1, stampAt(0), volt(1))})
			r.c.Flush()
			select {
			case <-r.c.Outcomes():
			case <-time.After(50 * time.Millisecond):
			}
		}
		for i := 2; i < len(b.dialsSeen()); i++ {
			if d := b.dialsSeen()[i].Sub(b.dialsSeen()[i-2]); d <= 5*time.Second {
				t.Fatalf("attempts %d to %d within %v", i-2, i, d)
			}
		}
		if e := r.kinds(EventSuspect); len(e) == 0 || e[0].Wait < time.Minute || !strings.Contains(e[0].Text, "same device name") {
			t.Errorf("no word about a second program with the same name: %+v", e) // [ONENET-20]
		}
		r.checkNoSecret()
	})
}

func TestClient_LoginRefused_ONENET_19(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{connack: func(int) byte { return 4 }})
		r.pass(2 * time.Hour)
		want := 30 * time.Second
		for i := 1; i < len(r.b.dialsSeen()); i++ {
			if wait := r.b.dialsSeen()[i].Sub(r.b.dialsSeen()[i-1]); wait < want || wait > want*5/4+time.Second {
				t.Errorf("wait %d was %v, want %v and some jitter upward", i, wait, want)
			}
			want = min(2*want, 10*time.Minute)
		}
		e := r.kinds(EventRefused)
		if len(e) == 0 || e[0].Code != 4 || !strings.Contains(e[0].Text, "onenet.key") {
			t.Errorf("events %+v", e)
		}
		seen := map[string]bool{}
		for _, l := range r.b.loginsSeen() {
			seen[string(l.Password)] = true
		}
		if len(seen) != len(r.b.loginsSeen()) {
			t.Errorf("%d tokens for %d attempts", len(seen), len(r.b.loginsSeen())) // [ONENET-5]
		}
		r.checkNoSecret()
	})
}

func TestClient_FarExpiryOnce_ONENET_5(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{connack: func(int) byte { return 4 }, unsynced: true})
		r.pass(time.Hour)
		for i, l := range r.b.loginsSeen() {
			q, _ := url.ParseQuery(string(l.Password))
			far := q.Get("et") == strconv.FormatInt(year2100, 10)
			if far != (i == 1) {
				t.Errorf("login %d: et %s", i+1, q.Get("et"))
			}
		}
	})
}

func TestClient_OversizePacket_ONENET_25(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{})
		r.awaitLink(reading.LinkReady)
		_, _ = r.b.conn().Write([]byte{0x30, 0xFF, 0xFF, 0xFF, 0x7F})
		r.awaitLink(reading.LinkDown)
		r.awaitLink(reading.LinkReady)
		if s := r.c.Status(); !strings.Contains(s.LastError, "268435455 bytes") {
			t.Errorf("last error %q", s.LastError)
		}
	})
}

func TestClient_ShutdownWhileBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{})
		r.awaitLink(reading.LinkReady)
		id := r.post(entry(1, stampAt(0), volt(1)))
		r.stop()
		if o := r.next(); o.Post != 0 || o.Link != reading.LinkDown {
			t.Errorf("news %+v", o)
		}
		if o := r.next(); o.Post != id || o.Verdict != reading.Lost {
			t.Errorf("news %+v", o)
		}
		if _, err := r.c.Post([]reading.Entry{entry(1, stampAt(0), volt(1))}); !errors.Is(err, ErrNotReady) {
			t.Errorf("Post after the end: %v", err)
		}
	})
}

// A product without history/post may end the connection at each one: it is
// then left alone for a while instead of costing every connection.
func TestClient_HistoryCostsTheConnection_ONENET_14(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{onPost: func(c *brokerConn, p *packets.PublishPacket) {
			if strings.HasSuffix(p.TopicName, "history/post") {
				_ = c.Close()
				return
			}
			confirmAll(c, p)
		}})
		two := []reading.Entry{entry(1, stampAt(0), volt(1)), entry(2, stampAt(time.Second), volt(2))}
		for range 2 {
			r.awaitLink(reading.LinkReady)
			r.post(two...)
		}
		r.awaitLink(reading.LinkReady)
		synctest.Wait()
		if e := r.kinds(EventHistoryOff); len(e) != 1 {
			t.Errorf("events %+v", e)
		}
		id := r.post(two...)
		if o := r.next(); o.Post != id || o.Verdict != reading.Lost || !o.History {
			t.Errorf("outcome %+v, want Lost at once", o)
		}
		r.post(two[0])
		if o := r.next(); o.Verdict != reading.Confirmed {
			t.Errorf("outcome %+v", o)
		}
	})
}

// Nobody reads the outcomes while the connection comes and goes: the connection
// does not stall, nothing piles up, and each post still has one verdict.
func TestClient_SlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.InFlight = 4
		r := start(t, cfg, &broker{})
		want := map[uint64]bool{}
		for range 200 {
			r.pass(20 * time.Second)
			if id, err := r.c.Post([]reading.Entry{entry(1, stampAt(0), volt(1))}); err == nil {
				want[id] = true
			}
			synctest.Wait()
			r.b.cut()
		}
		if n := r.c.Status().Connects; n < 150 {
			t.Errorf("%d connections, the reader held them up", n)
		}
		if n := len(want); n < 4 || n > 2*cfg.InFlight+2*16 {
			t.Errorf("%d posts without a verdict read, the window is %d", n, cfg.InFlight)
		}
		for len(want) > 0 {
			o := r.next()
			if o.Post == 0 {
				continue
			}
			if !want[o.Post] || o.Verdict != reading.Lost {
				t.Fatalf("outcome %+v, of %v", o, want)
			}
			delete(want, o.Post)
		}
	})
}

// Replies come, PUBACKs do not: the library would keep something of each post
// for ever. One too many ends the connection at once.
func TestClient_NeverAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.ReplyTimeout = 10 * time.Minute
		r := start(t, cfg, &broker{onPost: confirmAll, noPuback: true})
		r.awaitLink(reading.LinkReady)
		for range unackedMost {
			r.post(entry(1, stampAt(0), volt(1)))
			if o := r.next(); o.Verdict != reading.Confirmed {
				t.Fatalf("outcome %+v", o)
			}
		}
		before := time.Now()
		r.post(entry(1, stampAt(0), volt(1)))
		r.awaitLink(reading.LinkDown)
		if d := time.Since(before); d > time.Second || len(r.b.postsSeen()) != unackedMost {
			t.Errorf("%d posts sent, ended after %v", len(r.b.postsSeen()), d)
		}
		r.awaitLink(reading.LinkReady)
	})
}

func TestLedger_IDs_ONENET_11(t *testing.T) {
	l := newLedger(16)
	if l.lastID >= idMost || newLedger(16).lastID == l.lastID {
		t.Errorf("seed %d is out of range or not random", l.lastID)
	}
	l.lastID = idMost - 1
	l.open[1] = &flight{id: 1}
	l.givenUp[2] = &flight{id: 2}
	for _, want := range []uint64{9_999_999_999_999, 3, 4} { // wraps, and leaves out what is outstanding
		if got := l.nextID(); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
}

func TestLedger_ForgetsTheOldest(t *testing.T) {
	l := newLedger(16)
	for id := range uint64(3 * rememberMost) {
		l.giveUp(&flight{id: id + 1})
	}
	if len(l.givenUp) != rememberMost {
		t.Errorf("%d remembered, want %d", len(l.givenUp), rememberMost)
	}
	if _, ok := l.late(rememberMost); ok {
		t.Error("an old one is still known")
	}
	if _, ok := l.late(3 * rememberMost); !ok {
		t.Error("the newest is not known")
	}
}
