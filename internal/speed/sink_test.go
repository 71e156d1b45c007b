package speed

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
)

// sink is an MQTT broker on loopback that only acknowledges: it shows what a
// client costs when the broker is not the limit. It allocates nothing for a
// packet, so that what a test counts is the client's.
//
//	CONNECT 1_ ─▶ 20 02 00 00      SUBSCRIBE 8_ ─▶ 90 03 id 00
//	PUBLISH 3_ ─▶ 40 02 id         PINGREQ   C_ ─▶ D0 00
type sink struct {
	listener net.Listener
	serving  sync.WaitGroup
}

// newSink serves until the test ends; its clients must have ended before.
func newSink(tb testing.TB) *sink {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &sink{listener: l}
	s.serving.Go(s.accept)
	tb.Cleanup(func() {
		_ = l.Close()
		s.serving.Wait()
	})
	return s
}

func (s *sink) addr() string { return s.listener.Addr().String() }

func (s *sink) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		s.serving.Go(func() { serveSink(c) })
	}
}

func serveSink(c net.Conn) {
	defer func() { _ = c.Close() }()
	in := bufio.NewReaderSize(c, 64<<10)
	var out []byte
	for {
		head, body, err := readPacket(in)
		if err != nil || head>>4 == 14 { // DISCONNECT
			return
		}
		out = appendAnswer(out, head, body)
		if _, err := in.Discard(len(body)); err != nil {
			return
		}
		if in.Buffered() > 0 || len(out) == 0 {
			continue
		}
		if _, err := c.Write(out); err != nil {
			return
		}
		out = out[:0]
	}
}

// readPacket returns a packet's first byte and its body, which stays in the
// buffer. A packet that does not fit there is an error.
func readPacket(in *bufio.Reader) (head byte, body []byte, err error) {
	if head, err = in.ReadByte(); err != nil {
		return 0, nil, err
	}
	length, err := binary.ReadUvarint(in) // MQTT's form of it is the same
	if err != nil {
		return 0, nil, err
	}
	body, err = in.Peek(int(min(length, 1<<20)))
	return head, body, err
}

func appendAnswer(out []byte, head byte, body []byte) []byte {
	switch head >> 4 {
	case 1:
		return append(out, 0x20, 2, 0, 0)
	case 3:
		id := body[2+binary.BigEndian.Uint16(body):] // behind the topic
		return append(out, 0x40, 2, id[0], id[1])
	case 8:
		return append(out, 0x90, 3, body[0], body[1], 0)
	case 12:
		return append(out, 0xD0, 0)
	}
	return out
}

// TestSink_AllocatesNothing: else its garbage would count as the client's.
func TestSink_AllocatesNothing(t *testing.T) {
	post := []byte{0x32, 9, 0, 1, 'a', 0, 7, '1', '2', '3', '4'}
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", newSink(t).addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	answer := make([]byte, 4)
	step := func() {
		if _, err := c.Write(post); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "\x40\x02\x00\x07" {
			t.Fatalf("% X, %v", answer, err)
		}
	}
	if n := testing.AllocsPerRun(1000, step); n != 0 {
		t.Errorf("%v allocations a PUBLISH", n)
	}
}
