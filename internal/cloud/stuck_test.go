package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"serialgw/internal/reading"
)

// ownBroker is the configuration for a broker whose PUBACK counts.
func ownBroker() Config {
	cfg := testConfig()
	cfg.Confirm, cfg.Address, cfg.Topic, cfg.PostInterval = "puback", "10.0.0.1", "plant/up", 0
	return cfg
}

// tearing takes only a part of one write, once armed with its size, and counts
// what comes behind it.
type tearing struct {
	net.Conn
	armed, behind *atomic.Int64
	torn          atomic.Bool
}

func (c *tearing) Write(p []byte) (int, error) {
	if c.torn.Load() {
		n, err := c.Conn.Write(p)
		c.behind.Add(int64(n))
		return n, err
	}
	if k := int(c.armed.Swap(0)); k > 0 && k < len(p) {
		c.torn.Store(true)
		n, _ := c.Conn.Write(p[:k])
		return n, os.ErrDeadlineExceeded
	}
	return c.Conn.Write(p)
}

// A write that tears a packet ends the connection, and confirms nothing.
func TestClient_TornWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var armed, behind atomic.Int64
		b := &broker{wrap: func(c net.Conn) net.Conn { return &tearing{Conn: c, armed: &armed, behind: &behind} }}
		r := start(t, ownBroker(), b)
		r.awaitLink(reading.LinkReady)
		armed.Store(40)
		torn := map[uint64]bool{}
		for seq := range uint64(2) {
			id, err := r.c.Post([]reading.Entry{entry(seq+1, stampAt(0), volt(1))})
			if err != nil {
				t.Fatal(err)
			}
			torn[id] = true
		}
		synctest.Wait() // they are gathered
		r.c.Flush()
		r.awaitLink(reading.LinkDown)
		for len(torn) > 0 {
			o := r.next()
			if !torn[o.Post] || o.Verdict != reading.Lost {
				t.Fatalf("outcome %+v, want Lost", o)
			}
			delete(torn, o.Post)
		}
		r.awaitLink(reading.LinkReady)
		if n := behind.Load(); n > 0 {
			t.Errorf("%d bytes behind it", n)
		}
		for _, p := range b.postsSeen() {
			if !json.Valid(p.Payload) {
				t.Errorf("the broker was sent %q", p.Payload)
			}
		}
	})
}

// stuck is a client whose socket takes nothing any more.
func stuck(t *testing.T, cfg Config) *rig {
	t.Helper()
	b := &broker{}
	r := start(t, cfg, b)
	r.awaitLink(reading.LinkReady)
	b.mu.Lock()
	b.stall = make(chan struct{})
	t.Cleanup(sync.OnceFunc(func() { close(b.stall) }))
	b.mu.Unlock()
	r.post(entry(1, stampAt(0), volt(1))) // is read, and stalls the broker
	synctest.Wait()
	return r
}

func TestClient_StuckSocketHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := stuck(t, testConfig())
		start := time.Now()
		var posts []uint64
		for {
			id, err := r.c.Post([]reading.Entry{entry(2, stampAt(0), volt(1))})
			if r.c.Flush(); errors.Is(err, ErrWindowFull) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			posts = append(posts, id)
		}
		if d := time.Since(start); d != 0 || len(posts) != windowPaced-1 {
			t.Errorf("%d posts took %v", len(posts), d)
		}
		r.b.conn().send(testThing+"property/post/reply", fmt.Sprintf(`{"id":"%d","code":200}`, posts[3]))
		if o := r.next(); o.Post != posts[3] || o.Verdict != reading.Confirmed || time.Since(start) != 0 {
			t.Errorf("after %v, outcome %+v", time.Since(start), o)
		}
		if _, err := r.c.Post([]reading.Entry{entry(3, stampAt(0), volt(1))}); err != nil {
			t.Errorf("with a place free: %v", err)
		}
	})
}

// Requests of the cloud that cannot be answered hold up neither posts nor the
// reply time-out.
func TestClient_StuckAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.ReplyTimeout = time.Second
		r := stuck(t, cfg)
		for range 3 * answersMost {
			r.b.conn().send(testThing+"property/set", `{"id":"57","params":{}}`)
		}
		start := time.Now()
		if o := r.next(); o.Verdict != reading.Lost || time.Since(start) > 1200*time.Millisecond {
			t.Errorf("after %v, outcome %+v", time.Since(start), o)
		}
		if r.post(entry(2, stampAt(0), volt(1))); time.Since(start) > 1200*time.Millisecond {
			t.Errorf("a post waited until %v", time.Since(start))
		}
	})
}

func TestClient_ShutdownWhileStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := stuck(t, testConfig())
		for range windowPaced - 1 {
			r.post(entry(2, stampAt(0), volt(1)))
		}
		start := time.Now()
		if r.stop(); time.Since(start) > time.Second {
			t.Errorf("took %v", time.Since(start))
		}
		if o := r.next(); o.Post != 0 || o.Link != reading.LinkDown {
			t.Errorf("news %+v", o)
		}
		for range windowPaced {
			if o := r.next(); o.Verdict != reading.Lost {
				t.Errorf("outcome %+v", o)
			}
		}
	})
}

// The socket is given up after writeTimeout, and each post has one verdict.
func TestClient_StuckSocketIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.ReplyTimeout = 10 * time.Minute
		r := stuck(t, cfg)
		for range windowPaced - 1 {
			r.post(entry(2, stampAt(0), volt(1)))
		}
		start := time.Now()
		r.awaitLink(reading.LinkDown)
		if d := time.Since(start); d > writeTimeout+time.Second {
			t.Errorf("noticed after %v", d)
		}
		for range windowPaced {
			if o := r.next(); o.Verdict != reading.Lost {
				t.Errorf("outcome %+v", o)
			}
		}
	})
}

// Whoever posts: a PUBACK confirms the post that it is for.
func TestClient_PubacksOfManyPosters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broker{noPuback: true}
		b.onPost = func(c *brokerConn, p *packets.PublishPacket) {
			if even(p.Payload) {
				c.puback(p)
			}
		}
		r := start(t, ownBroker(), b)
		r.awaitLink(reading.LinkReady)
		const posters, each = 8, 100
		var posting sync.WaitGroup
		for g := range uint64(posters) {
			posting.Go(func() {
				for i := range uint64(each) {
					seq := g*each + i
					if _, err := r.c.Post([]reading.Entry{entry(seq, stampAt(0), volt(int64(seq)))}); err != nil {
						t.Error(err)
					}
					r.c.Flush()
				}
			})
		}
		posting.Wait()
		for range posters * each {
			if o := r.next(); (o.Verdict == reading.Confirmed) != (o.Seqs[0]%2 == 0) {
				t.Fatalf("record %d: %v", o.Seqs[0], o.Verdict)
			}
		}
	})
}

// even reports whether the last digit of the value is.
func even(payload []byte) bool {
	var e struct {
		Params map[string]struct {
			Value json.Number `json:"value"`
		} `json:"params"`
	}
	if json.Unmarshal(payload, &e) != nil {
		return false
	}
	v := e.Params["volt"].Value.String()
	return v != "" && (v[len(v)-1]-'0')%2 == 0
}

// A broker that acknowledges some of a full window and then nothing more: the
// user has the verdicts soon all the same.
func TestClient_ConfirmationsOfAStallingBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const acked = 200
		cfg := ownBroker()
		cfg.ReplyTimeout = 10 * time.Minute
		r := start(t, cfg, &broker{noPuback: true})
		r.awaitLink(reading.LinkReady)
		for seq := range uint64(windowFast) {
			if _, err := r.c.Post([]reading.Entry{entry(seq+1, stampAt(0), volt(1))}); err != nil {
				t.Fatal(err)
			}
		}
		r.c.Flush()
		synctest.Wait()
		for _, p := range r.b.postsSeen()[:acked] {
			r.b.conn().puback(p)
		}
		start := time.Now()
		for range acked {
			if o := r.next(); o.Verdict != reading.Confirmed {
				t.Fatalf("outcome %+v", o)
			}
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("told after %v", d)
		}
	})
}

// A post without a Flush between it and an older one has its own time.
func TestClient_ReplyTimeoutRunsFromThePost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, testConfig(), &broker{})
		r.awaitLink(reading.LinkReady)
		if _, err := r.c.Post([]reading.Entry{entry(1, stampAt(0), volt(1))}); err != nil {
			t.Fatal(err)
		}
		r.pass(9 * time.Second)
		second, posted := r.post(entry(2, stampAt(0), volt(1))), time.Now()
		for r.next().Post != second {
		}
		if d := time.Since(posted); d < 9900*time.Millisecond || d > 12*time.Second {
			t.Errorf("given up after %v", d)
		}
	})
}
