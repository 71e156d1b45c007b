package cloud

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"go.uber.org/goleak"

	"serialgw/internal/reading"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClient_LoginAndPost_ONENET_1_2_15(t *testing.T) {
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
		want := fmt.Sprintf(`{"id":"%d","version":"1.0","params":{"volt":{"value":3.300,"time":%d}}}`, id, int64(released*1000+3600_000))
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
