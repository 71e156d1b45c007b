package cloud

import (
	"bufio"
	"crypto/tls"
	"errors"
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
// Outbound, Write only gathers, so that nobody waits for the network but one
// goroutine, the sender, that calls send whenever ready says so. A post waits
// for Flush, or for gatherMost bytes; every other packet goes out at once, and
// the posts with it. The first error is the last: nothing may follow a packet
// that has gone out in part.
type conn struct {
	net.Conn
	in    *bufio.Reader
	check inspector
	acked func(posts []uint64) // called by the reading goroutine

	keepAlive uint16 // seconds, for the CONNECT; 0 leaves it as the codec wrote it

	bytesIn, bytesOut *atomic.Int64

	born         time.Time
	heard, spoke atomic.Int64 // ns since born: the last acknowledgement, the last write

	acks []uint64 // posts, of the present read; the reading goroutine's
	sent []byte   // the memory of the last write; the sender's

	ready chan struct{} // something is to be sent; one slot
	over  chan struct{} // closed when nothing is sent any more

	mu      sync.Mutex        // guards all below; never held while the network is waited for
	err     error             // the first one
	out     []byte            // gathered
	parting bool              // out ends with a DISCONNECT
	coming  int               // posts that the codec has still to write
	wanted  bool              // Flush was called, and coming holds it up
	unacked map[uint16]uint64 // post by packet identifier
}

func newConn(c net.Conn, in, out *atomic.Int64, acked func([]uint64)) *conn {
	n := &conn{
		Conn: c, bytesIn: in, bytesOut: out, acked: acked, unacked: make(map[uint16]uint64),
		ready: make(chan struct{}, 1), over: make(chan struct{}), born: time.Now(),
	}
	n.check.puback = n.puback
	n.in = bufio.NewReaderSize(readerFunc(n.readChecked), readMost)
	return n
}

type readerFunc func([]byte) (int, error)

// Read calls f.
func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// Read returns buffered bytes that have been checked.
func (c *conn) Read(p []byte) (int, error) { return c.in.Read(p) }

// readChecked reads from the network. A packet that the platform never sends
// ends the connection.
func (c *conn) readChecked(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	good, bad := c.check.pass(p[:n])
	c.bytesIn.Add(int64(good))
	if c.check.answered {
		c.check.answered = false
		c.heard.Store(int64(time.Since(c.born)))
	}
	if len(c.acks) > 0 {
		c.acked(c.acks)
		c.acks = c.acks[:0]
	}
	if bad != nil {
		return good, c.fail(bad)
	}
	if err != nil {
		return n, c.fail(err)
	}
	return n, nil
}

// puback notes that a packet of ours was acknowledged.
func (c *conn) puback(packet uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if post, ok := c.unacked[packet]; ok {
		delete(c.unacked, packet)
		c.acks = append(c.acks, post)
	}
}

// unackedPosts returns how many posts the broker has not acknowledged.
func (c *conn) unackedPosts() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.unacked)
}

// expect says that the codec will be given a post.
func (c *conn) expect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.coming++
}

// forgo says that the codec has not taken a post. One that the codec took and
// could not write needs no forgo, and does no harm: the connection is over.
func (c *conn) forgo() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.coming--
	if c.wanted && c.coming <= 0 {
		c.signal()
	}
}

// Flush has the posts sent that were gathered so far, and those that the codec
// has still to write as soon as it has.
func (c *conn) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted = c.coming > 0
	if !c.wanted && len(c.out) > 0 {
		c.signal()
	}
}

// Write takes one whole packet of the codec. A nil error promises that it goes
// out after all before it, or that Read fails. The codec closes the connection
// behind a DISCONNECT, so that one waits until it has gone out or never will.
func (c *conn) Write(p []byte) (int, error) {
	parting := p[0]>>4 == 14
	if err := c.gather(p, parting); err != nil {
		return 0, err
	}
	if parting {
		<-c.over
	}
	return len(p), nil
}

func (c *conn) gather(p []byte, parting bool) error {
	packet, post, isPost := postPacket(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	start := len(c.out)
	c.out = append(c.out, p...)
	if p[0]>>4 == 1 && c.keepAlive > 0 {
		setKeepAlive(c.out[start:], c.keepAlive)
	}
	c.parting = c.parting || parting
	if isPost {
		c.unacked[packet] = post
		c.coming--
	}
	if !isPost || len(c.out) >= gatherMost || c.wanted && c.coming <= 0 {
		c.signal()
	}
	return nil
}

// ping asks the broker for a sign of life.
func (c *conn) ping() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = append(c.out, 12<<4, 0)
	c.signal()
}

// lastHeard and lastSpoke return when the last acknowledgement came in, and
// when the last write began that succeeded.
func (c *conn) lastHeard() time.Time { return c.born.Add(time.Duration(c.heard.Load())) }
func (c *conn) lastSpoke() time.Time { return c.born.Add(time.Duration(c.spoke.Load())) }

func (c *conn) signal() {
	select {
	case c.ready <- struct{}{}:
	default: // it has still to be read
	}
}

// send writes to the network what was gathered. One goroutine may call it.
func (c *conn) send() error {
	c.mu.Lock()
	c.out, c.sent = c.sent[:0], c.out
	c.wanted = c.wanted && c.coming > 0
	parting, err := c.parting, c.err
	c.mu.Unlock()
	if err != nil || len(c.sent) == 0 {
		return err
	}
	// Without a limit, a peer that stopped reading would hold the keepalive up.
	now := time.Now()
	if err := c.Conn.SetWriteDeadline(now.Add(writeTimeout)); err != nil {
		return c.fail(err)
	}
	n, err := c.Conn.Write(c.sent)
	c.bytesOut.Add(int64(n))
	if err != nil {
		return c.fail(err)
	}
	c.spoke.Store(int64(now.Sub(c.born)))
	// TLS writes from its reader, too, at times of its own.
	if err := c.Conn.SetWriteDeadline(time.Time{}); err != nil {
		return c.fail(err)
	}
	if parting {
		_ = c.end(net.ErrClosed)
	}
	return nil
}

// end lets nothing pass any more, and returns the first reason for that.
func (c *conn) end(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		close(c.over)
	}
	return c.err
}

// fail ends a broken connection and returns what broke it. TLS would say
// goodbye first, behind a record that may have gone out in part.
func (c *conn) fail(err error) error {
	err = c.end(err)
	raw := c.Conn
	if secure, ok := raw.(*tls.Conn); ok {
		raw = secure.NetConn()
	}
	_ = raw.Close()
	return err
}

// reason returns what broke the connection, where something did, else err.
func (c *conn) reason(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil && !errors.Is(c.err, net.ErrClosed) {
		return c.err
	}
	return err
}

// Close ends the connection, and the wait of whoever is in the network.
func (c *conn) Close() error {
	_ = c.end(net.ErrClosed)
	return c.Conn.Close()
}

// SetDeadline limits reading alone, and SetWriteDeadline does nothing: the codec
// would take away the limit that the sender's write is under.
func (c *conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetWriteDeadline does nothing.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
