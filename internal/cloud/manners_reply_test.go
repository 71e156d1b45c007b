package cloud

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"serialgw/internal/reading"
)

// holding is a broker that PUBACKs, and keeps its replies until it is told.
type holding struct {
	broker
	held []*packets.PublishPacket
}

func newHolding() *holding {
	h := &holding{}
	h.onPost = func(_ *brokerConn, p *packets.PublishPacket) { h.set(func() { h.held = append(h.held, p) }) }
	return h
}

// confirm replies to the nth post, from 0.
func (h *holding) confirm(n int) {
	synctest.Wait()
	confirmAll(h.conn(), seen(&h.broker, &h.held)[n])
	synctest.Wait()
}

// wantQuiet fails if an outcome comes within an hour, or the counters differ.
func (r *rig) wantQuiet(want Status) {
	r.t.Helper()
	select {
	case o := <-r.c.Outcomes():
		r.t.Errorf("another outcome: %+v", o)
	case <-time.After(time.Hour):
	}
	s := r.c.Status()
	got := Status{
		Confirmed: s.Confirmed, Refused: s.Refused, Lost: s.Lost, LateConfirmed: s.LateConfirmed,
		UnknownReplies: s.UnknownReplies, BadMessages: s.BadMessages, InFlight: s.InFlight,
	}
	if got != want {
		r.t.Errorf("counted %+v, want %+v", got, want)
	}
}

// A reply says by its id what it is about. Whatever it says about another id
// changes nothing for the post that is open.
func TestClient_ReplyIDs_ONENET_15_17(t *testing.T) {
	confirmed := Status{Confirmed: 1}
	refused := Status{Refused: 1}
	unknown := Status{Lost: 1, UnknownReplies: 1}
	bad := Status{Lost: 1, BadMessages: 1}
	for _, tt := range []struct {
		name, reply string // %s is the post's id
		verdict     reading.Verdict
		counted     Status
	}{
		{"Own", `{"id":"%s","code":200}`, reading.Confirmed, confirmed},
		{"OwnAsNumber", `{"id":%s,"code":200}`, reading.Confirmed, confirmed},
		{"OwnAsNumberRefused", `{"id":%s,"code":2402}`, reading.RefusedForm, refused},
		{"Foreign", `{"id":"1%s","code":200}`, reading.Lost, unknown},
		{"ForeignRefused", `{"id":"1%s","code":2402}`, reading.Lost, unknown},
		{"ForeignRefusedValue", `{"id":"1%s","code":2306,"msg":"identifier not exist:identifier:volt"}`, reading.Lost, unknown},
		{"ForeignBusy", `{"id":"1%s","code":500}`, reading.Lost, unknown},
		{"NoneWithSuccess", `{"code":200}`, reading.Lost, unknown},
		{"NullWithSuccess", `{"id":null,"code":200}`, reading.Lost, unknown},
		{"EmptyWithSuccess", `{"id":"","code":200}`, reading.Lost, unknown},
		{"NoneRefused", `{"code":2402}`, reading.RefusedForm, refused},
		{"NullRefused", `{"id":null,"code":2402}`, reading.RefusedForm, refused},
		{"NullBusy", `{"id":null,"code":500}`, reading.Busy, refused},
		{"Fraction", `{"id":%s.5,"code":200}`, reading.Lost, bad},
		{"Exponent", `{"id":1e3,"code":200}`, reading.Lost, bad},
		{"Letters", `{"id":"a%s","code":200}`, reading.Lost, bad},
		{"Array", `{"id":["%s"],"code":200}`, reading.Lost, bad},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &broker{onPost: func(c *brokerConn, p *packets.PublishPacket) {
					c.send(p.TopicName+"/reply", strings.ReplaceAll(tt.reply, "%s", postID(p.Payload)))
				}}
				r := start(t, testConfig(), b)
				r.awaitLink(reading.LinkReady)
				r.c.mu.Lock()
				r.c.ledger.lastID = 123_456 // so that a longer id is no other post's
				r.c.mu.Unlock()
				id := r.post(entry(1, stampAt(0), volt(1)))
				if o := r.next(); o.Post != id || o.Verdict != tt.verdict || o.Late {
					t.Errorf("outcome %+v, want %v of %d", o, tt.verdict, id)
				}
				r.wantQuiet(tt.counted)
			})
		})
	}
}

func TestClient_ReplyLost_ONENET_15(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHolding() // PUBACKs, and says nothing more
		r := start(t, testConfig(), &h.broker)
		r.awaitLink(reading.LinkReady)
		posted := time.Now()
		id := r.post(entry(1, stampAt(0), volt(1)))
		o := r.next()
		if d := time.Since(posted); d < 10*time.Second || d > 11*time.Second+100*time.Millisecond {
			t.Errorf("given up after %v, want 10 s", d)
		}
		if o.Post != id || o.Verdict != reading.Lost || !slices.Equal(o.Seqs, []uint64{1}) {
			t.Errorf("outcome %+v, want Lost", o)
		}
		r.wantQuiet(Status{Lost: 1})
		if s := r.c.Status(); s.Connects != 1 {
			t.Errorf("%d connections: a missing reply must not cost the connection", s.Connects)
		}
	})
}

func TestClient_ReplyDoubled_ONENET_15(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{onPost: func(c *brokerConn, p *packets.PublishPacket) {
			confirmAll(c, p)
			confirmAll(c, p)
			replyWith(2402, "request format error")(c, p) // nor can it be taken back
		}}
		r := start(t, testConfig(), b)
		r.awaitLink(reading.LinkReady)
		id := r.post(entry(1, stampAt(0), volt(1)))
		if o := r.next(); o.Post != id || o.Verdict != reading.Confirmed || o.Late {
			t.Errorf("outcome %+v, want Confirmed", o)
		}
		r.wantQuiet(Status{Confirmed: 1, UnknownReplies: 2})
	})
}

// The first attempt is answered after the second was: both name their record,
// and each is said once.
func TestClient_ReplyLateAfterTheSecondAttempt_ONENET_15(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHolding()
		r := start(t, testConfig(), &h.broker)
		r.awaitLink(reading.LinkReady)
		first := r.post(entry(1, stampAt(0), volt(1)))
		if o := r.next(); o.Post != first || o.Verdict != reading.Lost {
			t.Fatalf("outcome %+v, want Lost", o)
		}
		second := r.post(entry(1, stampAt(0), volt(1)))
		h.confirm(1)
		if o := r.next(); o.Post != second || o.Verdict != reading.Confirmed || o.Late {
			t.Errorf("outcome %+v, want Confirmed of %d", o, second)
		}
		h.confirm(0)
		if o := r.next(); o.Post != first || o.Verdict != reading.Confirmed || !o.Late || !slices.Equal(o.Seqs, []uint64{1}) {
			t.Errorf("outcome %+v, want late Confirmed of %d", o, first)
		}
		h.confirm(0)
		h.confirm(1)
		r.wantQuiet(Status{Confirmed: 1, Lost: 1, LateConfirmed: 1, UnknownReplies: 2})
	})
}

// A refusal that comes too late is no verdict: the record is under way again,
// and may be stored.
func TestClient_RefusalLate_ONENET_15(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHolding()
		r := start(t, testConfig(), &h.broker)
		r.awaitLink(reading.LinkReady)
		r.post(entry(1, stampAt(0), volt(1)))
		r.next()
		replyWith(2402, "request format error")(h.conn(), seen(&h.broker, &h.held)[0])
		r.wantQuiet(Status{Lost: 1})
	})
}

// The connection that a post was lost with is not the one that its reply comes
// on.
func TestClient_ReplyLateOnTheNextConnection_ONENET_15(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHolding()
		r := start(t, testConfig(), &h.broker)
		r.awaitLink(reading.LinkReady)
		id := r.post(entry(1, stampAt(0), volt(1)))
		synctest.Wait()
		h.cut()
		r.awaitLink(reading.LinkDown)
		if o := r.next(); o.Post != id || o.Verdict != reading.Lost {
			t.Errorf("outcome %+v, want Lost", o)
		}
		r.awaitLink(reading.LinkReady)
		h.confirm(0)
		if o := r.next(); o.Post != id || o.Verdict != reading.Confirmed || !o.Late {
			t.Errorf("outcome %+v, want late Confirmed", o)
		}
		r.wantQuiet(Status{Lost: 1, LateConfirmed: 1})
	})
}

func TestClient_RepliesOutOfOrder_ONENET_15(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHolding()
		r := start(t, testConfig(), &h.broker)
		r.awaitLink(reading.LinkReady)
		var posts []uint64
		for seq := range uint64(6) {
			posts = append(posts, r.post(entry(seq, stampAt(time.Duration(seq)*time.Second), volt(1))))
		}
		for _, n := range []int{5, 0, 3, 4, 2, 1} {
			h.confirm(n)
			if o := r.next(); o.Post != posts[n] || o.Verdict != reading.Confirmed || !slices.Equal(o.Seqs, []uint64{uint64(n)}) {
				t.Errorf("outcome %+v, want Confirmed of record %d", o, n)
			}
		}
		r.wantQuiet(Status{Confirmed: 6})
	})
}

// A process that ended left a post unanswered. The next one hears the reply,
// with a post of its own open.
func TestClient_ReplyToAnEarlierProcess_ONENET_11(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHolding()
		earlier := start(t, testConfig(), &h.broker)
		earlier.awaitLink(reading.LinkReady)
		earlier.post(entry(1, stampAt(0), volt(1)))
		synctest.Wait()
		earlier.stop()

		r := start(t, testConfig(), &h.broker)
		r.awaitLink(reading.LinkReady)
		own := r.post(entry(1, stampAt(0), volt(1)))
		h.confirm(0)
		replyWith(2402, "request format error")(h.conn(), seen(&h.broker, &h.held)[0])
		h.confirm(1)
		if o := r.next(); o.Post != own || o.Verdict != reading.Confirmed {
			t.Errorf("outcome %+v, want Confirmed of %d", o, own)
		}
		r.wantQuiet(Status{Confirmed: 1, UnknownReplies: 2})
	})
}

func TestClient_IDsOnTheWire_ONENET_11(t *testing.T) {
	form := regexp.MustCompile(`^{"id":"([1-9][0-9]{0,12})",`)
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{onPost: confirmAll})
		r.awaitLink(reading.LinkReady)
		r.c.mu.Lock()
		r.c.ledger.lastID = idMost - 3
		r.c.mu.Unlock()
		for seq := range uint64(6) {
			r.post(entry(seq, stampAt(0), volt(1)))
			r.next()
		}
		for n, want := range []uint64{idMost - 2, idMost - 1, idMost, 1, 2, 3} {
			found := form.FindSubmatch(r.b.postsSeen()[n].Payload)
			if found == nil || string(found[1]) != strconv.FormatUint(want, 10) {
				t.Errorf("post %d: %s, want the id %d", n, r.b.postsSeen()[n].Payload, want)
			}
		}
	})
}
