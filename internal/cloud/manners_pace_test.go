package cloud

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"serialgw/internal/reading"
)

// waits returns how long passed between one attempt and the next.
func (b *broker) waits() (all []time.Duration) {
	dials := b.dialsSeen()
	for i := 1; i < len(dials); i++ {
		all = append(all, dials[i].Sub(dials[i-1]))
	}
	return all
}

// wantPace fails if more than two attempts lie in any five seconds.
func (b *broker) wantPace(t *testing.T) {
	t.Helper()
	dials := b.dialsSeen()
	for i := 2; i < len(dials); i++ {
		if d := dials[i].Sub(dials[i-2]); d <= 5*time.Second {
			t.Fatalf("attempts %d to %d of %d within %v", i-2, i, len(dials), d)
		}
	}
}

// Whatever fails, in whatever order, and however often a link comes up: any five
// seconds see two attempts at most.
func TestClient_PaceOverRandomFailures_ONENET_18(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 18))
				b := &broker{}
				r := start(t, testConfig(), b)
				for end := time.Now().Add(24 * time.Hour); time.Now().Before(end); {
					b.set(func() { b.misbehave(rng) })
					if rng.IntN(3) > 0 {
						r.c.LinkUp()
					}
					if _, err := r.c.Post([]reading.Entry{entry(1, stampAt(0), volt(1))}); err == nil {
						r.c.Flush()
					}
					if rng.IntN(8) == 0 && len(seen(b, &b.conns)) > 0 {
						b.cut()
					}
					select {
					case <-r.c.Outcomes():
					case <-time.After(time.Duration(rng.ExpFloat64() * float64(5*time.Second))):
					}
				}
				b.wantPace(t)
				if n := len(b.dialsSeen()); n < 100 {
					t.Errorf("%d attempts in a day: the failures were too few to show anything", n)
				}
			})
		})
	}
}

// misbehave draws what the broker does next. Its lock is held.
func (b *broker) misbehave(rng *rand.Rand) {
	b.unreachable, b.closes, b.noSuback, b.noPuback = rng.IntN(6) == 0, rng.IntN(6) == 0, rng.IntN(12) == 0, rng.IntN(6) == 0
	code := byte(0)
	if rng.IntN(10) == 0 {
		code = byte(1 + rng.IntN(6))
	}
	b.connack = func(int) byte { return code }
	refused := rng.IntN(20) == 0
	b.suback = func(string) byte {
		if refused {
			return 0x80
		}
		return 0
	}
	b.onLogin, b.onPost = nil, confirmAll
	if rng.IntN(8) == 0 {
		b.onLogin = func(c *brokerConn) { _ = c.Close() }
	}
	if rng.IntN(4) == 0 {
		b.onPost = func(c *brokerConn, _ *packets.PublishPacket) { _ = c.Close() }
	}
}

// A connection that lived has the back-off begin anew.
func TestClient_BackoffResets_ONENET_18(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{unreachable: true}
		r := start(t, testConfig(), b)
		r.pass(10 * time.Minute)
		b.set(func() { b.unreachable = false })
		r.awaitLink(reading.LinkReady)
		if waits := b.waits(); waits[len(waits)-1] < time.Minute {
			t.Fatalf("waits %v: the last one has not grown", waits)
		}
		r.pass(soundLife)
		b.cut()
		r.awaitLink(reading.LinkReady)
		if e := r.kinds(EventLost); len(e) != 1 || e[0].Wait < 2*time.Second || e[0].Wait > 2500*time.Millisecond {
			t.Errorf("events %+v, want a wait of 2 s and some jitter", e)
		}
	})
}

// One that did not live has it grow on.
func TestClient_BackoffGrowsOverShortLives_ONENET_18(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{unreachable: true}
		r := start(t, testConfig(), b)
		r.pass(10 * time.Minute)
		b.set(func() { b.unreachable = false })
		r.awaitLink(reading.LinkReady)
		r.pass(soundLife - time.Second)
		b.cut()
		r.pass(time.Second)
		if e := r.kinds(EventLost); len(e) != 1 || e[0].Wait < time.Minute {
			t.Errorf("events %+v, want a wait of a minute", e)
		}
	})
}

func TestBackoff_JitterUpward_ONENET_18(t *testing.T) {
	var b backoff
	low, high := time.Hour, time.Duration(0)
	for range 1000 {
		b.network = networkMost
		wait, _ := b.after(ending{kind: endNetwork})
		low, high = min(low, wait), max(high, wait)
	}
	if low < networkMost || low > networkMost*101/100 || high < networkMost*124/100 || high >= networkMost*5/4 {
		t.Errorf("waits from %v to %v, want them spread over %v to %v", low, high, networkMost, networkMost*5/4)
	}
}

// A link that comes up ends a wait for the network, and no other: not after a
// refused login, nor when something kicks or bans us.
func TestClient_LinkUp_ONENET_18_19_20(t *testing.T) {
	refuse := func(int) byte { return 4 }
	kick := func(c *brokerConn) { _ = c.Close() }
	for _, tt := range []struct {
		name  string
		b     *broker
		after time.Duration // the wait has begun by then
		wait  time.Duration // at least; 0: none
	}{
		{"Network", &broker{unreachable: true}, 10 * time.Minute, 0},
		{"LoginRefused", &broker{connack: refuse}, time.Second, 30 * time.Second},
		{"SubscriptionRefused", &broker{suback: func(string) byte { return 0x80 }}, time.Second, 30 * time.Second},
		{"Kicked", &broker{onLogin: kick}, 15 * time.Second, time.Minute},
		{"Banned", &broker{closes: true}, 45 * time.Second, 5 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, testConfig(), tt.b)
				r.pass(tt.after)
				before := tt.b.dialsSeen()
				last := before[len(before)-1]
				up := time.Now()
				r.c.LinkUp()
				for len(tt.b.dialsSeen()) == len(before) {
					r.pass(100 * time.Millisecond)
					r.c.LinkUp()
				}
				wait := tt.b.dialsSeen()[len(before)].Sub(last)
				most := tt.wait*5/4 + time.Second
				if tt.wait == 0 { // of which the pace may want 5 s
					wait, most = time.Since(up), 5*time.Second+200*time.Millisecond
				}
				if wait < tt.wait || wait > most {
					t.Errorf("the next attempt came after %v, want %v to %v", wait, tt.wait, most)
				}
				tt.b.wantPace(t)
			})
		})
	}
}
