package cloud

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"go.uber.org/goleak"

	"serialgw/internal/reading"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClient_ConfirmsByReply_ONENET_15(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{onPost: confirmAll})
		r.awaitLink(reading.LinkReady)
		id := r.post(entry(7, stampAt(time.Hour), volt(3300)))
		o := r.next()
		if o.Post != id || o.Verdict != reading.Confirmed || o.Late || o.Code != 200 || len(o.Seqs) != 1 || o.Seqs[0] != 7 {
			t.Errorf("outcome %+v", o)
		}
		login := r.b.loginsSeen()[0]
		if login.ProtocolVersion != 4 || !login.CleanSession || login.WillFlag || login.ClientIdentifier != "board-01" || login.Username != "Abcdef1234" || login.Keepalive != 30 {
			t.Errorf("CONNECT %+v", login)
		}
		p := r.b.postsSeen()[0]
		want := fmt.Sprintf(`{"id":"%d","version":"1.0","params":{"volt":{"value":3.300,"time":%d}}}`, id, released*1000+3600_000)
		if p.TopicName != testThing+"property/post" || p.Qos != 1 || p.Retain || string(p.Payload) != want {
			t.Errorf("PUBLISH %s %s, want %s", p.TopicName, p.Payload, want)
		}
		r.checkNoSecret()
	})
}

func TestClient_Window(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.InFlight = 2
		r := start(t, cfg, &broker{})
		r.awaitLink(reading.LinkReady)
		r.post(entry(1, stampAt(0), volt(1)))
		r.post(entry(2, stampAt(0), volt(2)))
		if _, err := r.c.Post([]reading.Entry{entry(3, stampAt(0), volt(3))}); !errors.Is(err, ErrWindowFull) {
			t.Errorf("third post: %v, want ErrWindowFull", err)
		}
		r.next()
		r.post(entry(3, stampAt(0), volt(3))) // a verdict taken makes room at once
	})
}

func TestClient_LostThenLateConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var held []func()
		b := &broker{onPost: func(c *brokerConn, p *packets.PublishPacket) {
			held = append(held, func() { confirmAll(c, p) })
		}}
		r := start(t, testConfig(), b)
		r.awaitLink(reading.LinkReady)
		first := r.post(entry(1, stampAt(0), volt(1)))
		if o := r.next(); o.Post != first || o.Verdict != reading.Lost || o.Late {
			t.Fatalf("outcome %+v, want Lost", o)
		}
		second := r.post(entry(1, stampAt(0), volt(1)))
		synctest.Wait()
		if first == second {
			t.Error("the second attempt has the id of the first")
		}
		if a, b := paramsOf(b.postsSeen()[0].Payload), paramsOf(b.postsSeen()[1].Payload); a != b {
			t.Errorf("sent again as %s, first as %s: a duplicate must carry the same time", b, a)
		}
		held[0]()
		o := r.next()
		if o.Post != first || o.Verdict != reading.Confirmed || !o.Late || len(o.Seqs) != 1 || o.Seqs[0] != 1 {
			t.Errorf("outcome %+v, want late Confirmed of %d", o, first)
		}
		held[0]() // said twice: unknown now
		held[1]()
		if o := r.next(); o.Post != second || o.Late || o.Verdict != reading.Confirmed {
			t.Errorf("outcome %+v, want Confirmed of %d", o, second)
		}
		if s := r.c.Status(); s.UnknownReplies != 1 || s.LateConfirmed != 1 || s.Lost != 1 || s.Confirmed != 1 || s.InFlight != 0 {
			t.Errorf("status %+v", s)
		}
	})
}

func paramsOf(payload []byte) string {
	_, params, _ := strings.Cut(string(payload), `"params":`)
	return params
}

func TestClient_Refusals_ONENET_16(t *testing.T) {
	for _, tt := range []struct {
		reply string // %s is the id
		want  reading.Verdict
		ident string
	}{
		{`{"id":"%s","code":2306,"msg":"identifier not exist:identifier:volt"}`, reading.RefusedValue, "volt"},
		{`{"id":"%s","code":2402,"msg":"request format error"}`, reading.RefusedForm, ""},
		{`{"id":null,"code":2402,"msg":"request format error"}`, reading.RefusedForm, ""},
		{`{"code":2415,"msg":"invalid time:identifier:volt"}`, reading.RefusedValue, "volt"},
		{`{"id":"%s","code":500,"msg":"busy"}`, reading.Busy, ""},
		{`{"id":null,"code":200,"msg":"success"}`, reading.Lost, ""}, // a success must name its post [ONENET-17]
		{`{"id":"99","code":200,"msg":"success"}`, reading.Lost, ""},
		{`{"id":"%s","code":200`, reading.Lost, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := &broker{onPost: func(c *brokerConn, p *packets.PublishPacket) {
				c.send(p.TopicName+"/reply", strings.ReplaceAll(tt.reply, "%s", postID(p.Payload)))
			}}
			r := start(t, testConfig(), b)
			r.awaitLink(reading.LinkReady)
			r.post(entry(1, stampAt(0), volt(1)))
			if o := r.next(); o.Verdict != tt.want || o.Identifier != tt.ident {
				t.Errorf("%s: outcome %+v, want %v %q", tt.reply, o, tt.want, tt.ident)
			}
		})
	}
}

func TestClient_NullIDWithTwoOpen_ONENET_17(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{})
		r.awaitLink(reading.LinkReady)
		r.post(entry(1, stampAt(0), volt(1)))
		r.post(entry(2, stampAt(0), volt(2)))
		synctest.Wait()
		r.b.conn().send(testThing+"property/post/reply", `{"id":null,"code":2402}`)
		for range 2 {
			if o := r.next(); o.Verdict != reading.Lost {
				t.Errorf("outcome %+v, want Lost: nobody knows which post was meant", o)
			}
		}
		if s := r.c.Status(); s.UnknownReplies != 1 {
			t.Errorf("unknown replies %d, want 1", s.UnknownReplies)
		}
	})
}

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

func TestClient_Puback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Confirm, cfg.Address, cfg.Topic = "puback", "10.0.0.1", "plant/{device}/up"
		r := start(t, cfg, &broker{})
		r.awaitLink(reading.LinkReady)
		id := r.post(entry(4, stampAt(0), volt(1)))
		if o := r.next(); o.Post != id || o.Verdict != reading.Confirmed || o.Seqs[0] != 4 {
			t.Errorf("outcome %+v", o)
		}
		if r.b.postsSeen()[0].TopicName != "plant/board-01/up" || len(r.b.filtersSeen()) != 0 {
			t.Errorf("topic %s, filters %v", r.b.postsSeen()[0].TopicName, r.b.filtersSeen())
		}
		r.b.mu.Lock()
		r.b.noPuback = true
		r.b.mu.Unlock()
		r.post(entry(5, stampAt(0), volt(1)))
		if o := r.next(); o.Verdict != reading.Lost {
			t.Errorf("without PUBACK: %+v, want Lost", o)
		}
	})
}

func TestClient_CustomTopicWithReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Address, cfg.Topic = "10.0.0.1", "plant/{device}/up"
		r := start(t, cfg, &broker{onPost: confirmAll})
		r.awaitLink(reading.LinkReady)
		r.post(entry(4, stampAt(0), volt(1)))
		if o := r.next(); o.Verdict != reading.Confirmed || r.b.filtersSeen()[0] != "plant/board-01/up/reply" {
			t.Errorf("outcome %+v, filters %v", o, r.b.filtersSeen())
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

func TestClient_NeverThreeConnectsInFiveSeconds_ONENET_18(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		b.onPost = func(c *brokerConn, _ *packets.PublishPacket) { _ = c.Close() }
		r := start(t, testConfig(), b)
		for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); {
			r.c.LinkUp() // the worst case: links flap and each post costs the connection
			_, _ = r.c.Post([]reading.Entry{entry(1, stampAt(0), volt(1))})
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
			far := q.Get("et") == strconv.Itoa(year2100)
			if far != (i == 1) {
				t.Errorf("login %d: et %s", i+1, q.Get("et"))
			}
		}
	})
}

func TestClient_HalfOpen_ONENET_23(t *testing.T) {
	for _, name := range []string{"NothingComesBack", "NothingIsRead", "NothingIsReadWhilePosting"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &broker{}
				r := start(t, testConfig(), b)
				r.awaitLink(reading.LinkReady)
				b.mu.Lock()
				if b.mute = true; name != "NothingComesBack" {
					b.stall = make(chan struct{})
					defer close(b.stall)
				}
				b.mu.Unlock()
				before := time.Now()
				if name == "NothingIsReadWhilePosting" {
					r.post(entry(1, stampAt(0), volt(1)))
					r.post(entry(2, stampAt(0), volt(1)))
				}
				r.awaitLink(reading.LinkDown)
				if d := time.Since(before); d > time.Minute {
					t.Errorf("noticed after %v", d)
				}
			})
		})
	}
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

func TestClient_HistoryUnanswered_ONENET_14(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{onPost: func(c *brokerConn, p *packets.PublishPacket) {
			if !strings.Contains(p.TopicName, "history") {
				confirmAll(c, p)
			}
		}})
		r.awaitLink(reading.LinkReady)
		two := []reading.Entry{entry(1, stampAt(0), volt(1)), entry(2, stampAt(time.Second), volt(2))}
		r.post(two...)
		if o := r.next(); o.Verdict != reading.Lost || !o.History || len(o.Seqs) != 2 {
			t.Errorf("outcome %+v", o)
		}
		synctest.Wait()
		if e := r.kinds(EventHistoryOff); len(e) != 1 {
			t.Errorf("events %+v", e)
		}
		r.post(two...)
		if o := r.next(); o.Verdict != reading.Lost || len(r.b.postsSeen()) != 1 {
			t.Errorf("outcome %+v, %d posts, want 1", o, len(r.b.postsSeen()))
		}
		r.post(two[0])
		if o := r.next(); o.Verdict != reading.Confirmed || o.History {
			t.Errorf("outcome %+v", o)
		}
	})
}

func TestClient_HistoryConfirmed_ONENET_14(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{onPost: confirmAll})
		r.awaitLink(reading.LinkReady)
		r.post(entry(1, stampAt(0), volt(1)), entry(2, stampAt(0), volt(2)))
		if o := r.next(); o.Verdict != reading.Confirmed || !o.History || r.b.postsSeen()[0].TopicName != testThing+"history/post" {
			t.Errorf("outcome %+v to %s", o, r.b.postsSeen()[0].TopicName)
		}
	})
}

func TestClient_Downlink_ONENET_22(t *testing.T) {
	const declined = `,"code":400,"msg":"writing to the board is not enabled on this gateway"}`
	for _, tt := range []struct{ topic, payload, answer string }{
		{"property/set", `{"id":"57","version":"1.0","params":{"run":false}}`, `{"id":"57"` + declined},
		{"service/reboot/invoke", `{"id":"59","params":{"delay":3}}`, `{"id":"59"` + declined},
		{"property/get", `{"id":"58","params":["volt","nothing","volt"]}`, `{"id":"58","code":200,"msg":"success","data":{"volt":3.300}}`},
		{"property/set", `{"id":57}`, ""},
		{"property/set", `{"params":{"run":false}}`, ""},
		{"property/get", `{"id":"58","params":{"volt":1}}`, ""},
		{"property/post", `{"id":"1","params":{}}`, ""}, // an echo
	} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, testConfig(), &broker{})
			r.awaitLink(reading.LinkReady)
			r.post(entry(1, stampAt(0), volt(3300)))
			synctest.Wait()
			asked := time.Now()
			r.b.conn().send(testThing+tt.topic, tt.payload)
			synctest.Wait()
			posts := r.b.postsSeen()[1:]
			switch {
			case tt.answer == "" && len(posts) > 0:
				t.Errorf("%s %s: answered %s", tt.topic, tt.payload, posts[0].Payload)
			case tt.answer == "":
			case len(posts) != 1:
				t.Errorf("%s: %d answers after %v", tt.topic, len(posts), time.Since(asked))
			case posts[0].TopicName != testThing+tt.topic+"_reply" || string(posts[0].Payload) != tt.answer:
				t.Errorf("answer %s %s", posts[0].TopicName, posts[0].Payload)
			}
		})
	}
}

func TestClient_NothingToSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{onPost: confirmAll})
		r.awaitLink(reading.LinkReady)
		r.post(entry(1, stampAt(0), reading.Property{Name: "x"}))
		if o := r.next(); o.Verdict != reading.RefusedForm {
			t.Errorf("empty: %+v", o)
		}
		r.post(entry(2, stampAt(0), reading.Property{Name: "x", Value: reading.TextValue(strings.Repeat("y", messageMost))}))
		if o := r.next(); o.Verdict != reading.RefusedForm || len(r.b.postsSeen()) != 0 {
			t.Errorf("too long: %+v, %d posts", o, len(r.b.postsSeen()))
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
