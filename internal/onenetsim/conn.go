package onenetsim

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// conn is one connection. Three goroutines share it:
//
//	read ──work──▶ process (pace, judge) ──out, later──▶ write
//	  └───────────────out (PUBACK, SUBACK ...)───────────▶
//
// A client that leaves has its waiting publishes processed; a connection that
// the platform ends, by a rule or by kill, loses them.
type conn struct {
	srv *Server
	nc  net.Conn
	br  *bufio.Reader

	work   chan *packets.PublishPacket // closed when reading ends
	out    chan packets.ControlPacket
	later  chan delayed
	done   chan struct{} // closed by kill
	finish chan struct{} // closed when nothing new is worth writing: write what is left
	once   sync.Once
	mute   atomic.Bool // the write side is closed

	peerLeft bool // read only: the peer ended the connection, not a rule

	slot time.Time // process only: when the pace lets the next publish through

	// set by login, constant afterwards
	dev       *device
	keepAlive time.Duration
	expires   int64 // Unix seconds

	// guarded by Server.mu
	info *ConnInfo // outlives the connection
}

// delayed is a packet that must not be written before its time.
type delayed struct {
	packet packets.ControlPacket
	due    time.Time
}

func newConn(s *Server, nc net.Conn) *conn {
	return &conn{
		srv: s, nc: nc, br: bufio.NewReader(nc),
		work: make(chan *packets.PublishPacket, queued), out: make(chan packets.ControlPacket, queued),
		later: make(chan delayed, queued), done: make(chan struct{}), finish: make(chan struct{}),
		info: &ConnInfo{},
	}
}

// run serves the connection until it ends, and closes it.
func (c *conn) run() {
	var processing, writing sync.WaitGroup
	processing.Go(c.process)
	writing.Go(c.write)
	reason := c.read()
	c.srv.ended(c, reason)
	close(c.work)
	if c.peerLeft {
		processing.Wait()
	}
	close(c.finish)
	writing.Wait()
	c.kill(reason)
	processing.Wait()
}

// kill ends the connection at once; the first reason counts.
func (c *conn) kill(reason string) {
	c.once.Do(func() {
		c.srv.ended(c, reason)
		close(c.done)
		_ = c.nc.Close() // nothing is left to say to the peer
	})
}

// read serves packets until a rule, the peer or kill ends the connection, and
// returns why.
func (c *conn) read() (reason string) {
	p, reason := c.next(connectWait)
	if reason != "" {
		return reason
	}
	hello, ok := p.(*packets.ConnectPacket)
	if !ok {
		return "first packet is not CONNECT"
	}
	if reason := c.connect(hello); reason != "" {
		return reason
	}
	for {
		p, reason := c.next(c.keepAlive + c.keepAlive/2)
		if reason != "" {
			return reason
		}
		if reason := c.handle(p); reason != "" {
			return reason
		}
	}
}

// next reads one packet that must come within wait.
func (c *conn) next(wait time.Duration) (p packets.ControlPacket, reason string) {
	if !c.srv.awaitVoice(c) { // a black hole does not even shake hands for TLS
		return nil, "killed"
	}
	_ = c.nc.SetReadDeadline(time.Now().Add(wait)) // fails only on a closed connection, and then the read does too
	p, err := c.readPacket()
	if !c.srv.awaitVoice(c) {
		return nil, "killed"
	}
	switch {
	case err == nil:
		return p, ""
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fmt.Sprintf("nothing received for %v", wait)
	case errors.Is(err, io.EOF):
		c.peerLeft = true
		return nil, "closed by peer"
	}
	var broken *net.OpError // a reset, mostly
	c.peerLeft = errors.As(err, &broken)
	return nil, err.Error()
}

// readPacket reads one packet. The codec allocates whatever length it is
// told, so the length is looked at first.
func (c *conn) readPacket() (packets.ControlPacket, error) {
	size := 0
	for i := 1; ; i++ {
		head, err := c.br.Peek(i + 1)
		if err != nil {
			return nil, err
		}
		size |= int(head[i]&0x7f) << (7 * (i - 1))
		if head[i]&0x80 == 0 {
			break
		}
		if i == 4 {
			return nil, errors.New("malformed length")
		}
	}
	if size > maxPayload+maxTopic+4 {
		return nil, fmt.Errorf("packet of %d bytes is larger than 256 KB", size)
	}
	p, err := packets.ReadPacket(c.br)
	if p != nil && err != nil { // all of it came, and it does not decode
		err = errors.New("malformed packet: " + err.Error()) // not wrapped: an EOF inside is not the peer's
	}
	return p, err
}

// send queues a packet for writing; it waits while the peer does not read.
func (c *conn) send(p packets.ControlPacket) {
	select {
	case c.out <- p:
	case <-c.done:
	case <-c.finish:
	}
}

// sendAfter is send with a delay that holds up nothing else.
func (c *conn) sendAfter(p packets.ControlPacket, delay time.Duration) {
	if delay <= 0 {
		c.send(p)
		return
	}
	select {
	case c.later <- delayed{p, time.Now().Add(delay)}:
	case <-c.done:
	}
}

// write is the only writer of the connection.
func (c *conn) write() {
	var held delayed
	var timer <-chan time.Time // runs while a delayed packet is held
	for {
		later := c.later
		if timer != nil {
			later = nil
		}
		select {
		case p := <-c.out:
			c.put(p)
		case held = <-later:
			timer = time.After(time.Until(held.due))
		case <-timer:
			timer = nil
			c.put(held.packet)
		case <-c.finish:
			c.flush()
			return
		case <-c.done:
			return
		}
	}
}

// flush writes what is queued; delayed packets come too late.
func (c *conn) flush() {
	for {
		select {
		case p := <-c.out:
			c.put(p)
		default:
			return
		}
	}
}

func (c *conn) put(p packets.ControlPacket) {
	if !c.srv.awaitVoice(c) || c.mute.Load() {
		return
	}
	_ = c.nc.SetWriteDeadline(time.Now().Add(writeWait)) // fails only on a closed connection
	if err := p.Write(c.nc); err != nil && !c.mute.Load() {
		c.kill("cannot write: " + err.Error())
	}
}

// wait sleeps for d, or until the connection is killed.
func (c *conn) wait(d time.Duration) (alive bool) {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.done:
		return false
	}
}
