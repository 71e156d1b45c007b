//go:build system

package systemtest

import (
	"bufio"
	"bytes"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// road says what becomes of bytes on their way.
type road uint8

const (
	open     road = iota
	refuse        // new connections are reset; the old ones were cut
	hold          // nothing arrives until the road is open again, then everything
	loseUp        // what the gateway says vanishes: a half-open connection
	loseDown      // what the cloud says vanishes
	loseBoth
)

// cable is a TCP connection's way to the cloud, and all that can go wrong on
// it. It knows where packets begin and end, and notes in traffic what passes.
//
//	gateway ──▶ cable ──▶ cloud
//	        ◀──  replies lost, doubled, late
type cable struct {
	addr, target string
	traffic      *traffic

	mu      sync.Mutex
	road    road
	change  bell          // road has changed
	delay   time.Duration // of every packet, one way
	rate    int           // bytes/s; 0 = no limit
	tear    bool          // cut in the middle of the gateway's next post
	replies []fate        // of the next replies
	pairs   map[*pair]struct{}
	all     sync.WaitGroup
}

// pair is one connection through the cable.
type pair struct {
	c        *cable
	number   int // in traffic
	in, out  net.Conn
	closed   chan struct{}
	once     sync.Once
	down     sync.Mutex // held by who writes to the gateway
	poisoned bool       // bytes have vanished; under c.mu
}

// cargo is a packet on its way.
type cargo struct {
	bytes []byte
	id    string    // of the post or its reply
	read  time.Time // when it came out of the sender
	due   time.Time
}

// serveCable listens at addr, on this machine or, by listen, elsewhere.
func serveCable(t *testing.T, l net.Listener, target string, log *traffic) *cable {
	t.Helper()
	c := &cable{addr: l.Addr().String(), target: target, traffic: log, pairs: map[*pair]struct{}{}}
	c.all.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			c.all.Go(func() { c.carry(in) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); c.set(refuse); c.cut(); c.all.Wait() })
	return c
}

// set changes the road.
func (c *cable) set(r road) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.road = r
	c.change.ring()
}

// heal ends every fault. Connections that lost bytes are reset: TCP would not
// have gone on with them.
func (c *cable) heal() {
	c.mu.Lock()
	c.road, c.delay, c.rate, c.replies, c.tear = open, 0, 0, nil, false
	c.change.ring()
	var bad []*pair
	for p := range c.pairs {
		if p.poisoned {
			bad = append(bad, p)
		}
	}
	c.mu.Unlock()
	for _, p := range bad {
		p.reset()
	}
}

// cut resets every connection now; what is under way is lost.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for p := range c.pairs {
		p.reset()
	}
}

// slow delays every packet and limits the bytes a second.
func (c *cable) slow(delay time.Duration, rate int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.delay, c.rate = delay, rate
}

// tearNext cuts in the middle of the gateway's next post.
func (c *cable) tearNext() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tear = true
}

func (c *cable) carry(in net.Conn) {
	c.mu.Lock()
	refused := c.road == refuse
	c.mu.Unlock()
	out, err := net.Conn(nil), error(nil)
	if !refused {
		out, err = net.DialTimeout("tcp", c.target, 5*time.Second)
	}
	if refused || err != nil {
		abort(in)
		return
	}
	p := &pair{c: c, in: in, out: out, closed: make(chan struct{}), number: c.traffic.connected()}
	c.mu.Lock()
	c.pairs[p] = struct{}{}
	if c.road == refuse {
		p.reset() // refused meanwhile
	}
	c.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.pump(in, p.upward) })
	both.Go(func() { p.pump(out, p.downward) })
	both.Wait()
	c.traffic.disconnected(p.number)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pairs, p)
}

// reset ends the connection on both sides.
func (p *pair) reset() {
	p.once.Do(func() {
		close(p.closed)
		abort(p.in)
		abort(p.out)
	})
}

// abort closes with a reset: nothing of what waits is delivered.
func abort(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// finish is reset for a connection that one side has ended in order.
func (p *pair) finish() {
	p.once.Do(func() {
		close(p.closed)
		_ = p.in.Close()
		_ = p.out.Close()
	})
}

// pump takes packets from one side and has them passed on in order.
func (p *pair) pump(from net.Conn, pass func(cargo, packets.ControlPacket) bool) {
	type item struct {
		cargo
		packet packets.ControlPacket
	}
	line := make(chan item, 1024)
	var passing sync.WaitGroup
	passing.Go(func() {
		for i := range line {
			if !p.travel(i.cargo) || !pass(i.cargo, i.packet) {
				p.finish()
			}
		}
	})
	for in := bufio.NewReader(from); ; {
		packet, err := packets.ReadPacket(in)
		if err != nil {
			break
		}
		var b bytes.Buffer
		if packet.Write(&b) != nil {
			break
		}
		now := time.Now()
		p.c.mu.Lock()
		due := now.Add(p.c.delay)
		p.c.mu.Unlock()
		line <- item{cargo{bytes: b.Bytes(), read: now, due: due}, packet}
	}
	close(line)
	passing.Wait()
	p.finish()
}

// travel takes the time that the road needs. false: the connection has ended.
func (p *pair) travel(i cargo) bool {
	for {
		p.c.mu.Lock()
		rate, held, change := p.c.rate, p.c.road == hold, p.c.change.wait()
		p.c.mu.Unlock()
		if !held {
			if rate > 0 {
				i.due = later(i.due, time.Now().Add(time.Duration(len(i.bytes))*time.Second/time.Duration(rate)))
			}
			return p.until(i.due)
		}
		select {
		case <-change:
		case <-p.closed:
			return false
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// until waits. false: the connection has ended.
func (p *pair) until(due time.Time) bool {
	d := time.Until(due)
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.closed:
		return false
	}
}

// vanishes reports whether a packet in one direction is lost now.
func (p *pair) vanishes(direction road) bool {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	lost := p.c.road == direction || p.c.road == loseBoth
	p.poisoned = p.poisoned || lost
	return lost || p.poisoned && p.c.road != open
}
