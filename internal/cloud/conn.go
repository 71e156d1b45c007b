package cloud

import (
	"bufio"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// inboundMost is the longest packet taken from a broker, in bytes. The
	// codec believes any length up to 256 MiB and allocates it. [ONENET-25]
	inboundMost = 64 << 10

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

// conn stands between the MQTT codec and the network. Inbound, it follows the
// packets and stops with an error before the codec believes a bad one:
//
//	type+flags │ length, 1 to 4 bytes │ body
//	30           0B                     00 03 61 2F 62 ...
//
// Outbound, every write has a time limit: without one a peer that stopped
// reading would block the keepalive itself. One goroutine may read while
// others write.
type conn struct {
	net.Conn
	in    *bufio.Reader
	check inspector

	bytesIn, bytesOut *atomic.Int64
}

func newConn(c net.Conn, in, out *atomic.Int64) *conn {
	return &conn{Conn: c, in: bufio.NewReaderSize(c, 4096), bytesIn: in, bytesOut: out}
}

// Read returns buffered bytes, checked and counted; a packet that the platform
// never sends ends the connection.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	good, bad := c.check.pass(p[:n])
	c.bytesIn.Add(int64(good))
	if bad != nil {
		return good, bad
	}
	return n, err
}

// Write is the place where packets are gathered, should that ever pay.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(p)
	c.bytesOut.Add(int64(n))
	return n, err
}

// SetWriteDeadline does nothing: the codec would take away the limit that
// another goroutine's write is under.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

// inspector follows packets through a byte stream. Once it has found a bad one
// it lets nothing pass.
type inspector struct {
	kind   byte // of the packet whose header is being read
	state  headerState
	shift  uint
	length int // of the body so far, later what is left of it
	err    error
}

type headerState uint8

const (
	atType headerState = iota
	atLength
	atBody
)

// pass returns how many of the bytes may go on, and the error that stops the
// rest.
func (s *inspector) pass(p []byte) (int, error) {
	for i := 0; i < len(p) && s.err == nil; {
		switch s.state {
		case atType:
			s.kind, s.state, s.length, s.shift = p[i], atLength, 0, 0
			i++
		case atLength:
			if s.take(p[i]); s.err != nil {
				return i, s.err
			}
			i++
		case atBody:
			n := min(s.length, len(p)-i)
			s.length -= n
			i += n
			if s.length == 0 {
				s.state = atType
			}
		}
	}
	if s.err != nil {
		return 0, s.err
	}
	return len(p), nil
}

func (s *inspector) take(b byte) {
	s.length |= int(b&0x7f) << s.shift
	s.shift += 7
	if b&0x80 != 0 {
		if s.shift > 21 {
			s.err = fmt.Errorf("the broker sent a packet length of more than four bytes")
		}
		return
	}
	if s.err = checkPacket(s.kind, s.length); s.err != nil {
		return
	}
	s.state = atBody
	if s.length == 0 {
		s.state = atType
	}
}

// checkPacket refuses what no broker may send us, so that the codec sees only
// shapes that it handles: a SUBACK with more answers than questions would make
// it panic. Each of our SUBSCRIBEs carries one filter. [ONENET-25]
func checkPacket(head byte, length int) error {
	kind, ok := head>>4, false
	switch kind {
	case 2, 4: // CONNACK, PUBACK
		ok = length == 2
	case 3: // PUBLISH; QoS 2 is never granted
		ok = length >= 2 && head>>1&3 < 2
	case 9: // SUBACK
		ok = length == 3
	case 13: // PINGRESP
		ok = length == 0
	}
	if length > inboundMost {
		return fmt.Errorf("the broker sent a packet of %d bytes, at most %d are taken", length, inboundMost)
	}
	if !ok {
		return fmt.Errorf("the broker sent a malformed packet: type %d, %d bytes", kind, length)
	}
	return nil
}
