package cloud

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// inbound packets, good rows beside malformed twins; the fuzzer's seeds.
var inbound = []struct {
	name  string
	bytes []byte
	good  int // packets that the codec sees
	err   bool
}{
	{"CONNACK", []byte{0x20, 2, 0, 0}, 1, false},
	{"CONNACK of a refusal", []byte{0x20, 2, 0, 5}, 1, false},
	{"CONNACK with an unknown code", []byte{0x20, 2, 0, 6}, 0, true}, // to the codec a success
	{"CONNACK with an unknown code behind a packet", []byte{0xD0, 0, 0x20, 2, 0, 0xFF}, 1, true},
	{"CONNACK too short", []byte{0x20, 1, 0}, 0, true},
	{"PUBLISH", []byte{0x30, 5, 0, 1, 'a', 'h', 'i'}, 1, false},
	{"PUBLISH QoS 1", []byte{0x32, 5, 0, 1, 'a', 0, 9}, 1, false},
	{"PUBLISH QoS 2", []byte{0x34, 5, 0, 1, 'a', 0, 9}, 0, true},
	{"PUBLISH QoS 3", []byte{0x36, 5, 0, 1, 'a', 0, 9}, 0, true},
	{"PUBLISH without a topic", []byte{0x30, 0}, 0, true},
	{"PUBLISH topic longer than the packet", []byte{0x30, 3, 0, 9, 'a'}, 0, false}, // the codec's own error
	{"two packets", []byte{0xD0, 0, 0x40, 2, 0, 1}, 2, false},
	{"PUBACK too long", []byte{0x40, 3, 0, 1, 0}, 0, true},
	{"SUBACK", []byte{0x90, 3, 0, 1, 0x80}, 1, false},
	{"SUBACK with two answers", []byte{0x90, 4, 0, 1, 0, 0}, 0, true},
	{"PINGRESP with a body", []byte{0xD0, 1, 0}, 0, true},
	{"SUBSCRIBE from a broker", []byte{0x82, 6, 0, 1, 0, 1, 'a', 0}, 0, true},
	{"CONNECT from a broker", []byte{0x10, 0}, 0, true},
	{"type 0", []byte{0x00, 0}, 0, true},
	{"length padded", []byte{0xD0, 0x80, 0x00}, 1, false},
	{"length of five bytes", []byte{0x30, 0x80, 0x80, 0x80, 0x80, 0x01}, 0, true},
	{"64 KiB and one byte", []byte{0x30, 0x81, 0x80, 0x04}, 0, true},
	{"256 MiB", []byte{0x30, 0xFF, 0xFF, 0xFF, 0x7F}, 0, true},
}

// readConn is a connection that only reads.
type readConn struct {
	net.Conn
	r io.Reader
}

func (c readConn) Read(b []byte) (int, error) { return c.r.Read(b) }
func (c readConn) Close() error               { return nil }

// readAll feeds the codec through a conn, in reads of at most size bytes.
func readAll(stream []byte, oneByte bool) (good int, err error) {
	var in, out atomic.Int64
	c := newConn(nil, &in, &out, func([]uint64) {})
	var source io.Reader = bytes.NewReader(stream)
	if oneByte {
		source = iotest.OneByteReader(source)
	}
	c.Conn = readConn{r: source}
	for {
		p, err := packets.ReadPacket(c)
		if err != nil {
			return good, c.check.err
		}
		if pub, ok := p.(*packets.PublishPacket); ok && len(pub.Payload) > inboundMost {
			return good, errors.New("a payload above the cap came through")
		}
		good++
	}
}

func TestConn_Inbound_ONENET_25(t *testing.T) {
	for _, tt := range inbound {
		for _, oneByte := range []bool{false, true} {
			good, err := readAll(tt.bytes, oneByte)
			if good != tt.good || (err != nil) != tt.err {
				t.Errorf("%s: %d packets, %v; want %d, error %t", tt.name, good, err, tt.good, tt.err)
			}
		}
	}
	largest := append([]byte{0x30, 0x80, 0x80, 0x04, 0, 1, 'a'}, make([]byte, inboundMost-3)...)
	if good, err := readAll(largest, false); good != 1 || err != nil {
		t.Errorf("exactly 64 KiB: %d packets, %v", good, err)
	}
}

func FuzzInbound(f *testing.F) {
	for _, row := range inbound {
		f.Add(row.bytes)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole, errWhole := readAll(stream, false)
		pieces, errPieces := readAll(stream, true)
		// Of a whole stream the conn has looked ahead, behind a packet that the
		// codec itself may refuse.
		if whole != pieces || errPieces != nil && errWhole == nil {
			t.Errorf("%d packets and %v at once, %d and %v byte by byte", whole, errWhole, pieces, errPieces)
		}
	})
}

func TestConn_CountsBytes(t *testing.T) {
	near, far := net.Pipe()
	defer func() { _ = far.Close() }()
	var in, out atomic.Int64
	c := newConn(near, &in, &out, func([]uint64) {})
	defer func() { _ = c.Close() }()
	go func() {
		_, _ = io.CopyN(io.Discard, far, 2)
		_, _ = far.Write([]byte{0xD0, 0})
	}()
	if _, err := c.Write([]byte{0xC0, 0}); err != nil {
		t.Fatal(err)
	}
	if err := c.send(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 2)); err != nil || in.Load() != 2 || out.Load() != 2 {
		t.Errorf("in %d, out %d, %v", in.Load(), out.Load(), err)
	}
}

func TestDialer_SetsUserTimeout(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c, err := (&net.Dialer{Control: setUserTimeout}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}
