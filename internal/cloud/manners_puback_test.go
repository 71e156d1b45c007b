package cloud

import (
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"serialgw/internal/reading"
)

// Replies come and PUBACKs do not: the replies count, and the connection lives
// on, for the broker answers its pings.
func TestClient_PubackLost_ONENET_15(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{onPost: confirmAll, noPuback: true})
		r.awaitLink(reading.LinkReady)
		const posts = 600
		for seq := range uint64(posts) {
			r.post(entry(seq, stampAt(0), volt(1)))
			if o := r.next(); o.Verdict != reading.Confirmed || !slices.Equal(o.Seqs, []uint64{seq}) {
				t.Fatalf("outcome %+v, want Confirmed", o)
			}
			r.pass(time.Second)
		}
		r.wantQuiet(Status{Confirmed: posts})
		if s := r.c.Status(); s.Connects != 1 {
			t.Errorf("%d connections", s.Connects)
		}
	})
}

// Where the PUBACK is the confirmation, one that is lost has its records sent
// again, and one that is late still counts.
func TestClient_PubackLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{noPuback: true}
		r := start(t, ownBroker(), b)
		r.awaitLink(reading.LinkReady)
		first := r.post(entry(7, stampAt(0), volt(1)))
		if o := r.next(); o.Post != first || o.Verdict != reading.Lost {
			t.Fatalf("outcome %+v, want Lost", o)
		}
		second := r.post(entry(7, stampAt(0), volt(1)))
		synctest.Wait()
		b.conn().puback(b.postsSeen()[0])
		if o := r.next(); o.Post != first || o.Verdict != reading.Confirmed || !o.Late || !slices.Equal(o.Seqs, []uint64{7}) {
			t.Errorf("outcome %+v, want late Confirmed of %d", o, first)
		}
		b.conn().puback(b.postsSeen()[1])
		if o := r.next(); o.Post != second || o.Verdict != reading.Confirmed || o.Late {
			t.Errorf("outcome %+v, want Confirmed of %d", o, second)
		}
		b.conn().puback(b.postsSeen()[0]) // twice: the packet is not known any more
		r.wantQuiet(Status{Confirmed: 1, Lost: 1, LateConfirmed: 1})
		if was, is := paramsOf(b.postsSeen()[0].Payload), paramsOf(b.postsSeen()[1].Payload); was != is {
			t.Errorf("sent again as %s, first as %s", is, was)
		}
	})
}

// Where replies come with QoS 1, each is acknowledged, whatever it is: a broker
// that waits for too many would send no more.
func TestClient_AcknowledgesReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Address, cfg.Topic = "10.0.0.1", "plant/up"
		r := start(t, cfg, &broker{})
		r.awaitLink(reading.LinkReady)
		id := r.post(entry(1, stampAt(0), volt(1)))
		synctest.Wait()
		for n, payload := range []string{`{"id":"1","code":200}`, `nonsense`, `{"id":"` + strconv.FormatUint(id, 10) + `","code":200}`} {
			p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
			p.TopicName, p.Qos, p.MessageID, p.Payload = "plant/up/reply", 1, uint16(n+1), []byte(payload)
			if err := p.Write(r.b.conn()); err != nil {
				t.Fatal(err)
			}
		}
		if o := r.next(); o.Verdict != reading.Confirmed {
			t.Errorf("outcome %+v", o)
		}
		synctest.Wait()
		if got := seen(r.b, &r.b.acked); !slices.Equal(got, []uint16{1, 2, 3}) {
			t.Errorf("acknowledged %v, want 1 to 3", got)
		}
	})
}
