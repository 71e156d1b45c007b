package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"serialgw/internal/reading"
)

const (
	testKey   = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	testThing = "$sys/Abcdef1234/board-01/thing/"
)

func testConfig() Config {
	cfg := Defaults()
	cfg.Product, cfg.Device, cfg.Key = "Abcdef1234", "board-01", testKey
	return cfg
}

// broker is a scripted MQTT broker on pipes. Its fields are set before the
// client starts, or under mu.
type broker struct {
	mu      sync.Mutex
	dials   []time.Time
	logins  []*packets.ConnectPacket
	filters []string
	posts   []*packets.PublishPacket
	conns   []*brokerConn

	unreachable bool
	unsynced    bool                     // the client's clock
	connack     func(n int) byte         // for the nth login, from 1
	suback      func(filter string) byte // 0x80 refuses
	noPuback    bool
	mute        bool          // packets are read and not answered
	stall       chan struct{} // until closed, nothing is read any more
	onPost      func(c *brokerConn, p *packets.PublishPacket)
	wrap        func(net.Conn) net.Conn // around the client's end
}

type brokerConn struct {
	net.Conn
	b *broker
}

func (b *broker) dial(context.Context, string, string) (net.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dials = append(b.dials, time.Now())
	if b.unreachable {
		return nil, errors.New("network is unreachable")
	}
	near, far := net.Pipe()
	c := &brokerConn{far, b}
	b.conns = append(b.conns, c)
	go c.serve()
	if b.wrap != nil {
		return b.wrap(near), nil
	}
	return near, nil
}

// What the broker has seen so far.
func (b *broker) dialsSeen() []time.Time               { return seen(b, &b.dials) }
func (b *broker) loginsSeen() []*packets.ConnectPacket { return seen(b, &b.logins) }
func (b *broker) filtersSeen() []string                { return seen(b, &b.filters) }
func (b *broker) postsSeen() []*packets.PublishPacket  { return seen(b, &b.posts) }

func seen[T any](b *broker, list *[]T) []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(*list)
}

// conn returns the newest connection, cut ends it.
func (b *broker) conn() *brokerConn {
	conns := seen(b, &b.conns)
	return conns[len(conns)-1]
}

func (b *broker) cut() { _ = b.conn().Close() }

func (c *brokerConn) serve() {
	defer func() { _ = c.Close() }()
	for {
		p, err := packets.ReadPacket(c)
		if err != nil {
			return
		}
		if !c.handle(p) {
			return
		}
	}
}

func (c *brokerConn) handle(p packets.ControlPacket) bool {
	b := c.b
	b.mu.Lock()
	mute, stall := b.mute, b.stall
	b.mu.Unlock()
	if stall != nil {
		<-stall
	}
	if mute {
		return true
	}
	switch p := p.(type) {
	case *packets.ConnectPacket:
		b.mu.Lock()
		b.logins = append(b.logins, p)
		code := byte(0)
		if b.connack != nil {
			code = b.connack(len(b.logins))
		}
		b.mu.Unlock()
		ack := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
		ack.ReturnCode = code
		return ack.Write(c) == nil && code == 0
	case *packets.SubscribePacket:
		ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
		ack.MessageID = p.MessageID
		b.mu.Lock()
		b.filters = append(b.filters, p.Topics...)
		for _, f := range p.Topics {
			code := byte(0)
			if b.suback != nil {
				code = b.suback(f)
			}
			ack.ReturnCodes = append(ack.ReturnCodes, code)
		}
		b.mu.Unlock()
		return ack.Write(c) == nil
	case *packets.PublishPacket:
		b.mu.Lock()
		b.posts = append(b.posts, p)
		onPost, puback := b.onPost, !b.noPuback
		b.mu.Unlock()
		if p.Qos == 1 && puback && !c.puback(p) {
			return false
		}
		if onPost != nil {
			onPost(c, p)
		}
	case *packets.PingreqPacket:
		return packets.NewControlPacket(packets.Pingresp).Write(c) == nil
	case *packets.DisconnectPacket:
		return false
	}
	return true
}

func (c *brokerConn) puback(p *packets.PublishPacket) bool {
	ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
	ack.MessageID = p.MessageID
	return ack.Write(c) == nil
}

func (c *brokerConn) send(topic, payload string) {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload = topic, []byte(payload)
	_ = p.Write(c)
}

// confirmAll answers each post with 200.
func confirmAll(c *brokerConn, p *packets.PublishPacket) { replyWith(200, "success")(c, p) }

func replyWith(code int, msg string) func(*brokerConn, *packets.PublishPacket) {
	return func(c *brokerConn, p *packets.PublishPacket) {
		c.send(p.TopicName+"/reply", fmt.Sprintf(`{"id":%q,"code":%d,"msg":%q}`, postID(p.Payload), code, msg))
	}
}

func postID(payload []byte) string {
	var e struct{ ID string }
	_ = json.Unmarshal(payload, &e)
	return e.ID
}

// rig is a running client with its broker and everything it has said.
type rig struct {
	t      *testing.T
	b      *broker
	c      *Client
	cancel context.CancelFunc
	ended  chan struct{}

	mu     sync.Mutex
	events []Event
}

func start(t *testing.T, cfg Config, b *broker) *rig {
	t.Helper()
	r := &rig{t: t, b: b, ended: make(chan struct{})}
	c, err := New(cfg, r.clock, Options{Dial: b.dial, OnEvent: r.onEvent})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	r.c = c
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() {
		defer close(r.ended)
		if err := c.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	t.Cleanup(r.stop)
	return r
}

func (r *rig) stop() {
	r.cancel()
	<-r.ended
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	for _, c := range r.b.conns {
		_ = c.Close()
	}
}

// stampAt is a trusted stamp that many seconds after the release date.
func stampAt(d time.Duration) reading.Stamp {
	return reading.Stamp{Wall: released*1e9 + int64(d), Boot: int64(d), Synced: true}
}

func (r *rig) clock() reading.Stamp {
	now := time.Now().UnixNano()
	return reading.Stamp{Wall: now + 27*365*24*3600*1e9, Boot: now, Synced: !r.b.unsynced}
}

func (r *rig) onEvent(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *rig) kinds(kind EventKind) (found []Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// pass lets virtual time go by.
func (r *rig) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// next returns the next outcome; a day of silence fails the test.
func (r *rig) next() reading.Outcome {
	r.t.Helper()
	select {
	case o := <-r.c.Outcomes():
		return o
	case <-time.After(24 * time.Hour):
		r.t.Fatalf("no outcome; status %+v", r.c.Status())
		return reading.Outcome{}
	}
}

func (r *rig) awaitLink(want reading.LinkState) {
	r.t.Helper()
	for {
		if o := r.next(); o.Post == 0 && o.Link == want {
			return
		}
	}
}

func (r *rig) post(entries ...reading.Entry) uint64 {
	r.t.Helper()
	id, err := r.c.Post(entries)
	if err != nil {
		r.t.Fatalf("Post: %v", err)
	}
	r.c.Flush()
	return id
}

func entry(seq uint64, at reading.Stamp, props ...reading.Property) reading.Entry {
	return reading.Entry{Seq: seq, Reading: reading.Reading{Board: "b", Message: "m", Stamp: at, Props: props}}
}

func volt(mv int64) reading.Property {
	return reading.Property{Name: "volt", Value: reading.DecimalValue(mv, 3)}
}

// checkNoSecret fails when the key or a signature is to be seen in text.
func (r *rig) checkNoSecret() {
	r.t.Helper()
	r.mu.Lock()
	text := fmt.Sprintf("%+v %+v", r.events, r.c.cfg)
	r.mu.Unlock()
	text += fmt.Sprintf("%+v %#v", r.c.Status(), r.c.cfg)
	secrets := []string{testKey}
	r.b.mu.Lock()
	for _, l := range r.b.logins {
		_, sign, _ := bytes.Cut(l.Password, []byte("sign="))
		if len(sign) == 0 {
			r.t.Error("a login without a signature")
		}
		secrets = append(secrets, string(sign), "sign=")
	}
	r.b.mu.Unlock()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			r.t.Errorf("the secret %q is to be seen", s)
		}
	}
}
