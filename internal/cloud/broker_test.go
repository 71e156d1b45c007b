package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// broker is a scripted MQTT broker on pipes. Its fields are set before the
// client starts, or under mu.
type broker struct {
	mu      sync.Mutex
	dials   []time.Time
	logins  []*packets.ConnectPacket
	filters []string
	posts   []*packets.PublishPacket
	conns   []*brokerConn
	pings   []time.Time
	acked   []uint16 // packets of ours

	unreachable bool
	unsynced    bool                // the client's clock
	step        time.Duration       // of the client's wall clock
	closes      bool                // takes a connection and closes it unread
	connack     func(n int) byte    // for the nth login, from 1
	onLogin     func(c *brokerConn) // after the CONNACK
	onPing      func(c *brokerConn) // instead of the PINGRESP
	noSuback    bool
	suback      func(filter string) byte // 0x80 refuses
	noPuback    bool
	mute        bool          // packets are read and not answered
	stall       chan struct{} // until closed, nothing is read any more
	onPost      func(c *brokerConn, p *packets.PublishPacket)
	wrap        func(net.Conn) net.Conn // around the client's end
}

// silentClose as the CONNACK's code is none: the broker closes the connection.
const silentClose = 0xFF

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
	pipe, far := net.Pipe()
	near := net.Conn(asTCP{pipe})
	c := &brokerConn{far, b}
	b.conns = append(b.conns, c)
	if b.closes {
		_ = far.Close()
	} else {
		go c.serve()
	}
	if b.wrap != nil {
		return b.wrap(near), nil
	}
	return near, nil
}

// asTCP fails as TCP does where the peer has closed: writing, and no earlier.
type asTCP struct{ net.Conn }

func (c asTCP) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if errors.Is(err, io.ErrClosedPipe) {
		err = syscall.EPIPE
	}
	return n, err
}

func (c asTCP) SetReadDeadline(t time.Time) error { return asTCPLimit(c.Conn.SetReadDeadline(t)) }

func (c asTCP) SetWriteDeadline(t time.Time) error { return asTCPLimit(c.Conn.SetWriteDeadline(t)) }

func asTCPLimit(err error) error {
	if errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// What the broker has seen so far.
func (b *broker) dialsSeen() []time.Time               { return seen(b, &b.dials) }
func (b *broker) loginsSeen() []*packets.ConnectPacket { return seen(b, &b.logins) }
func (b *broker) filtersSeen() []string                { return seen(b, &b.filters) }
func (b *broker) postsSeen() []*packets.PublishPacket  { return seen(b, &b.posts) }
func (b *broker) pingsSeen() []time.Time               { return seen(b, &b.pings) }

// set changes the broker's ways while it works.
func (b *broker) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

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
		onLogin := b.onLogin
		b.mu.Unlock()
		ack := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
		ack.ReturnCode = code
		if code == silentClose || ack.Write(c) != nil || code != 0 {
			return false
		}
		if onLogin != nil {
			onLogin(c)
		}
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
		silent := b.noSuback
		b.mu.Unlock()
		return silent || ack.Write(c) == nil
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
		b.mu.Lock()
		b.pings = append(b.pings, time.Now())
		onPing := b.onPing
		b.mu.Unlock()
		if onPing != nil {
			onPing(c)
			return true
		}
		return c.pingresp() == nil
	case *packets.PubackPacket:
		b.set(func() { b.acked = append(b.acked, p.MessageID) })
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

func (c *brokerConn) pingresp() error { return packets.NewControlPacket(packets.Pingresp).Write(c) }

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
