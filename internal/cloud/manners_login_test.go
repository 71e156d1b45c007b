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

const year = 365 * 24 * time.Hour

// expiries returns the et of each login, in Unix seconds.
func (b *broker) expiries() (all []int64) {
	for _, l := range b.loginsSeen() {
		all = append(all, expiryOf(l))
	}
	return all
}

func expiryOf(l *packets.ConnectPacket) int64 {
	q, _ := url.ParseQuery(string(l.Password))
	et, _ := strconv.ParseInt(q.Get("et"), 10, 64)
	return et
}

// wall returns the Unix seconds of a sound clock at this moment of the bubble.
func wall() int64 { return (time.Now().UnixNano() + epochGap) / 1e9 }

// Each attempt has a token of its own, signed by the clock of that moment:
// also after the clock was set, forward or back.
func TestClient_TokenAfterClockStep_ONENET_5(t *testing.T) {
	lag := int64(year / time.Second)
	for _, tt := range []struct {
		name string
		step time.Duration
		want func(now int64) int64 // the expiry, of a sound clock's seconds
	}{
		{"None", 0, func(now int64) int64 { return now + lag }},
		{"HourForward", time.Hour, func(now int64) int64 { return now + 3600 + lag }},
		{"HourBack", -time.Hour, func(now int64) int64 { return now - 3600 + lag }},
		{"FiftyYearsForward", 50 * year, func(now int64) int64 { return now + 51*lag }},
		{"FiftyYearsBack", -50 * year, func(int64) int64 { return released + lag }}, // no copy can run so early
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &broker{onPost: confirmAll}
				r := start(t, testConfig(), b)
				r.awaitLink(reading.LinkReady)
				first := wall() + lag
				r.pass(soundLife)
				b.set(func() { b.step = tt.step })
				r.post(entry(1, stampAt(0), volt(1)))
				if o := r.next(); o.Verdict != reading.Confirmed {
					t.Errorf("outcome %+v: a step of the clock is no lost reply", o)
				}
				r.pass(time.Hour)
				if n := r.c.Status().Connects; n != 1 {
					t.Errorf("%d connections: a step of the clock must not cost one", n)
				}
				b.cut()
				before := time.Now()
				r.awaitLink(reading.LinkReady)
				if d := time.Since(before); d > 3*time.Second {
					t.Errorf("connected after %v: the wait follows the clock that was set", d)
				}
				if got, want := b.expiries(), tt.want(wall()); len(got) != 2 || got[0] != first || got[1] != want {
					t.Errorf("expiries %v, want %d and %d", got, first, want)
				}
				r.checkNoSecret()
			})
		})
	}
}

// An open post is not given up early, nor late, when the clock is set.
func TestClient_ReplyTimeoutOverClockStep_ONENET_15(t *testing.T) {
	for _, step := range []time.Duration{50 * year, -50 * year} {
		synctest.Test(t, func(t *testing.T) {
			b := &broker{}
			r := start(t, testConfig(), b)
			r.awaitLink(reading.LinkReady)
			posted := time.Now()
			r.post(entry(1, stampAt(0), volt(1)))
			r.pass(5 * time.Second)
			b.set(func() { b.step = step })
			if o := r.next(); o.Verdict != reading.Lost {
				t.Errorf("outcome %+v", o)
			}
			if d := time.Since(posted); d < 10*time.Second || d > 12*time.Second {
				t.Errorf("clock set by %v: given up after %v, want 10 s", step, d)
			}
		})
	}
}

// A wait that has begun is not changed by a clock that is set.
func TestClient_BackoffOverClockStep_ONENET_18(t *testing.T) {
	for _, step := range []time.Duration{50 * year, -50 * year} {
		synctest.Test(t, func(t *testing.T) {
			b := &broker{unreachable: true}
			r := start(t, testConfig(), b)
			for n := range 200 {
				r.pass(500 * time.Millisecond)
				b.set(func() { b.step = time.Duration(n%2) * step })
				r.c.LinkUp()
			}
			b.wantPace(t)
			if n := len(b.dialsSeen()); n < 20 {
				t.Errorf("clock set by %v and back: %d attempts in 100 s of links that come up", step, n)
			}
		})
	}
}

// The platform may cut a session when its token expires. Then a fresh token is
// there, and the connection is back as soon as the pace allows. The platform's
// clock is nearly a year ahead of ours, so that an expiry is near.
func TestClient_SessionCutAtExpiry_ONENET_5(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ahead = year - time.Hour
		b := &broker{onPost: confirmAll}
		platform := func() int64 { return wall() + int64(ahead/time.Second) }
		b.connack = func(n int) byte { // b.mu is held
			if expiryOf(b.logins[n-1]) < platform() {
				return 4
			}
			return 0
		}
		b.onLogin = func(c *brokerConn) {
			logins := b.loginsSeen()
			left := expiryOf(logins[len(logins)-1]) - platform()
			time.AfterFunc(time.Duration(left)*time.Second, func() { _ = c.Close() })
		}
		r := start(t, testConfig(), b)
		for range 3 {
			r.awaitLink(reading.LinkReady)
			r.post(entry(1, stampAt(0), volt(1)))
			if o := r.next(); o.Verdict != reading.Confirmed {
				t.Errorf("outcome %+v", o)
			}
			r.awaitLink(reading.LinkDown)
			cut := time.Now()
			r.pass(3 * time.Second)
			if s := r.c.Status(); s.State != StateReady {
				t.Errorf("%v after the cut: %+v", time.Since(cut), s)
			}
		}
		got := b.expiries()
		for i := 1; i < len(got); i++ {
			if d := got[i] - got[i-1]; d < 3600 || d > 3603 {
				t.Errorf("expiry %d lies %d s after the one before it, want an hour and the pace", i, d)
			}
		}
		if n := len(r.kinds(EventRefused)) + len(r.kinds(EventSuspect)); n > 0 {
			t.Errorf("%d complaints about a session that only expired", n)
		}
	})
}

// A Pi whose clock stands in 1970 gets in at the second attempt, with a token
// until the year 2100, and keeps that until its clock is right.
func TestClient_FarExpiryLogsIn_ONENET_5(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{unsynced: true, step: -epochGap - 30*year}
		b.connack = func(n int) byte { // the platform's year is 2036: b.mu is held
			if expiryOf(b.logins[n-1]) < wall()+int64(9*year/time.Second) {
				return 4
			}
			return 0
		}
		r := start(t, testConfig(), b)
		r.awaitLink(reading.LinkReady)
		r.pass(soundLife)
		b.cut()
		r.awaitLink(reading.LinkReady)
		r.pass(soundLife)
		b.set(func() { b.unsynced, b.step = false, 10*year })
		b.cut()
		r.awaitLink(reading.LinkReady)
		want := []int64{released + int64(year/time.Second), year2100, year2100, wall() + int64(11*year/time.Second)}
		got := b.expiries()
		for i := range want {
			if len(got) != len(want) || got[i] != want[i] {
				t.Fatalf("expiries %v, want %v", got, want)
			}
		}
		r.checkNoSecret()
	})
}

// A broker that does not answer the SUBSCRIBE takes no posts, and is no success,
// however long that lasts: the waits grow.
func TestClient_SubackMissing_ONENET_9(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{noSuback: true}
		r := start(t, testConfig(), b)
		for range 60 {
			r.pass(10 * time.Second)
			if _, err := r.c.Post([]reading.Entry{entry(1, stampAt(0), volt(1))}); !errors.Is(err, ErrNotReady) {
				t.Fatalf("Post: %v, want ErrNotReady", err)
			}
		}
		for i, seconds := range []int{2, 4, 8, 16, 32, 60, 60} {
			want := time.Duration(seconds) * time.Second
			if got := b.waits()[i] - subackTimeout; got < want || got > want*5/4+time.Second {
				t.Errorf("wait %d was %v, want %v and some jitter", i+1, got, want)
			}
		}
		e := r.kinds(EventFailed)
		if len(e) == 0 || !strings.Contains(e[0].Text, "no answer to the subscription") || len(r.kinds(EventSuspect)) > 0 {
			t.Errorf("events %+v, and %+v", e, r.kinds(EventSuspect))
		}
		if n := len(b.postsSeen()); n > 0 {
			t.Errorf("%d posts before the answer", n)
		}
		b.set(func() { b.noSuback = false })
		r.awaitLink(reading.LinkReady)
	})
}
