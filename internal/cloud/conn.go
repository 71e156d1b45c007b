package cloud

import (
	"bufio"
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	writeTimeout = 10 * time.Second
	// userTimeout is how long sent bytes may stay unacknowledged before the
	// kernel gives the connection up.
	userTimeout = 20 * time.Second
)

// setUserTimeout is a net.Dialer.Control.
func setUserTimeout(_, _ string, raw syscall.RawConn) error {
	var err error
	ctlErr := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout/time.Millisecond))
	})
	if ctlErr != nil {
		return ctlErr
	}
	return err
}

const (
	readMost = 16 << 10 // bytes read ahead
	// gatherMost is how many bytes of posts wait for Flush: enough to make a
	// system call worth its price, few enough to keep the broker busy meanwhile.
	gatherMost = 32 << 10
)

// conn stands between the MQTT codec and the network. The codec writes each
// packet by itself and reads each in three pieces; conn makes one write of many
// posts and one read of many acknowledgements.
//
// Inbound, it follows the packets and stops with an error before the codec
// believes a bad one; it tells which posts are acknowledged:
//
//	type+flags │ length, 1 to 4 bytes │ body
//	30           0B                     00 03 61 2F 62 ...    PUBLISH
//	40           02                     00 07                 PUBACK of packet 7
//
// Outbound, every write has a time limit: without one a peer that stopped
// reading would block the keepalive itself. A post waits for Flush, or for
// gatherMost bytes; every other packet goes out at once, and the posts with it.
// One goroutine may read while others write.
type conn struct {
	net.Conn
	in    *bufio.Reader
	check inspector
	acked func(posts []uint64) // called by the reading goroutine

	bytesIn, bytesOut *atomic.Int64

	news []uint64 // acknowledged, of the present read; the reading goroutine's

	mu      sync.Mutex        // never held while the network is waited for
	out     []byte            // posts gathered
	coming  []uint64          // posts handed to the codec that it has not written yet
	wanted  bool              // Flush was called, and coming holds it up
	unacked map[uint16]uint64 // post by packet identifier

	sending chan struct{} // holds a token while a write runs: one at a time, in order
	sent    []byte        // the memory of the last one
}

func newConn(c net.Conn, in, out *atomic.Int64, acked func([]uint64)) *conn {
	n := &conn{Conn: c, bytesIn: in, bytesOut: out, acked: acked, unacked: make(map[uint16]uint64), sending: make(chan struct{}, 1)}
	n.check.puback = n.puback
	n.in = bufio.NewReaderSize(readerFunc(n.readChecked), readMost)
	return n
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// Read returns buffered bytes that have been checked.
func (c *conn) Read(p []byte) (int, error) { return c.in.Read(p) }

// readChecked reads from the network. A packet that the platform never sends
// ends the connection.
func (c *conn) readChecked(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	good, bad := c.check.pass(p[:n])
	c.bytesIn.Add(int64(good))
	if len(c.news) > 0 {
		c.acked(c.news)
		c.news = c.news[:0]
	}
	if bad != nil {
		return good, bad
	}
	return n, err
}

// puback notes that a packet of ours was acknowledged.
func (c *conn) puback(packet uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if post, ok := c.unacked[packet]; ok {
		delete(c.unacked, packet)
		c.news = append(c.news, post)
	}
}

// expect says that the codec is about to be given a post. Posts are given to it
// in one order, and it keeps that order.
func (c *conn) expect(post uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.coming = append(c.coming, post)
}

// unackedPosts returns how many posts the broker has not acknowledged.
func (c *conn) unackedPosts() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.unacked)
}

// Write takes one whole packet of the codec.
func (c *conn) Write(p []byte) (int, error) {
	if c.gather(p) {
		return len(p), nil
	}
	return len(p), c.send()
}

// gather adds a packet to what is to be sent, and reports whether it may wait.
func (c *conn) gather(p []byte) bool {
	packet, isPost := postPacket(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if isPost && len(c.coming) > 0 {
		c.unacked[packet] = c.coming[0]
		c.coming = append(c.coming[:0], c.coming[1:]...)
	}
	c.out = append(c.out, p...)
	return isPost && len(c.out) < gatherMost && (!c.wanted || len(c.coming) > 0)
}

// postPacket returns the packet identifier of a PUBLISH with QoS 1.
func postPacket(p []byte) (packet uint16, ok bool) {
	if len(p) < 2 || p[0]>>4 != 3 || p[0]>>1&3 != 1 {
		return 0, false
	}
	i := 1
	for i < len(p) && p[i]&0x80 != 0 { // the length of the packet
		i++
	}
	if i += 1; i+2 > len(p) {
		return 0, false
	}
	i += 2 + int(binary.BigEndian.Uint16(p[i:])) // the topic
	if i+2 > len(p) {
		return 0, false
	}
	return binary.BigEndian.Uint16(p[i:]), true
}

// Flush sends the posts gathered so far, and those that the codec has still to
// write as soon as it has.
func (c *conn) Flush() error {
	c.mu.Lock()
	c.wanted = len(c.coming) > 0
	later := c.wanted
	c.mu.Unlock()
	if later {
		return nil
	}
	return c.send()
}

func (c *conn) send() error {
	c.sending <- struct{}{} // a writer gives up within writeTimeout
	defer func() { <-c.sending }()
	c.mu.Lock()
	c.out, c.sent = c.sent[:0], c.out
	c.wanted = c.wanted && len(c.coming) > 0
	c.mu.Unlock()
	if len(c.sent) == 0 {
		return nil
	}
	if err := c.Conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	n, err := c.Conn.Write(c.sent)
	c.bytesOut.Add(int64(n))
	return err
}

// SetWriteDeadline does nothing: the codec would take away the limit that
// another goroutine's write is under.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
