package cloud

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// wire is the network's end of a conn: it notes each write, and gives what each
// read is told to.
type wire struct {
	net.Conn
	writes [][]byte
	reads  [][]byte
	room   int   // bytes that are taken before the write that is broken; 0 = no limit
	broken error // of a write without room, and of a read without bytes
	limit  time.Time
	bare   int // writes without a limit
	closed bool
}

func (w *wire) SetWriteDeadline(t time.Time) error { w.limit = t; return nil }

func (w *wire) Close() error { w.closed = true; return nil }

func (w *wire) Write(b []byte) (int, error) {
	if w.limit.IsZero() {
		w.bare++
	}
	if n := w.room - len(w.all()); w.room > 0 && n < len(b) {
		w.writes, w.room = append(w.writes, bytes.Clone(b[:n])), 0 // the next one would find room
		return n, w.broken
	}
	w.writes = append(w.writes, bytes.Clone(b))
	return len(b), nil
}

func (w *wire) Read(b []byte) (int, error) {
	if len(w.reads) == 0 {
		return 0, w.broken
	}
	n := copy(b, w.reads[0])
	if w.reads[0] = w.reads[0][n:]; len(w.reads[0]) == 0 {
		w.reads = w.reads[1:]
	}
	return n, nil
}

func (w *wire) all() []byte { return bytes.Join(w.writes, nil) }

// gathering is a conn on a wire, and what the broker acknowledged through it.
type gathering struct {
	*conn
	wire    *wire
	acks    [][]uint64 // posts, by read
	in, out atomic.Int64
}

func newGathering() *gathering {
	g := &gathering{wire: &wire{broken: io.EOF}}
	g.conn = newConn(g.wire, &g.in, &g.out, func(posts []uint64) { g.acks = append(g.acks, slices.Clone(posts)) })
	return g
}

// publish is a post as the codec writes it, of so many bytes of payload or a
// few more.
func publish(post uint64, packet uint16, payload int) []byte {
	return publishPacket(1, packet, append(appendHead(nil, post), bytes.Repeat([]byte{'x'}, payload)...))
}

func publishPacket(qos byte, packet uint16, payload []byte) []byte {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.Qos, p.MessageID, p.TopicName, p.Payload = qos, packet, "$sys/a/b/thing/property/post", payload
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

func puback(packet uint16) []byte { return []byte{0x40, 2, byte(packet >> 8), byte(packet)} }

var pingreq = []byte{0xC0, 0}

// step does what the sender does when it is told to.
func (g *gathering) step(t *testing.T) {
	t.Helper()
	select {
	case <-g.ready:
		if err := g.send(); err != nil {
			t.Fatalf("send: %v", err)
		}
	default:
	}
}

func (g *gathering) mustWrite(t *testing.T, p []byte) {
	t.Helper()
	if n, err := g.Write(p); n != len(p) || err != nil {
		t.Fatalf("Write = %d of %d, %v", n, len(p), err)
	}
	g.step(t)
}

func (g *gathering) mustFlush(t *testing.T) {
	t.Helper()
	g.Flush()
	g.step(t)
}

// post does what a session does for a post of so many bytes.
func (g *gathering) post(t *testing.T, id uint64, packet uint16, payload int) []byte {
	t.Helper()
	p := publish(id, packet, payload)
	g.expect()
	g.mustWrite(t, p)
	return p
}

func TestConn_GathersPostsIntoOneWrite(t *testing.T) {
	g := newGathering()
	var want []byte
	for i := range uint16(20) {
		want = append(want, g.post(t, uint64(100+i), i+1, 200)...)
	}
	if len(g.wire.writes) != 0 {
		t.Fatalf("%d writes before Flush", len(g.wire.writes))
	}
	if g.mustFlush(t); len(g.wire.writes) != 1 || !bytes.Equal(g.wire.all(), want) {
		t.Errorf("%d writes", len(g.wire.writes))
	}
	if g.mustFlush(t); len(g.wire.writes) != 1 {
		t.Errorf("nothing to flush: %d writes", len(g.wire.writes))
	}
	if g.out.Load() != int64(len(want)) || g.unackedPosts() != 20 {
		t.Errorf("%d bytes out, %d unacknowledged", g.out.Load(), g.unackedPosts())
	}
}

// What is no post does not wait, and nothing overtakes.
func TestConn_OthersGoAtOnceWithThePostsBeforeThem(t *testing.T) {
	for name, other := range map[string][]byte{"PINGREQ": pingreq, "answer": publishPacket(0, 0, []byte("{}")), "no id": publishPacket(1, 2, []byte("{}"))} {
		g := newGathering()
		want := append(g.post(t, 7, 1, 50), other...)
		g.mustWrite(t, other)
		if len(g.wire.writes) != 1 || !bytes.Equal(g.wire.all(), want) {
			t.Errorf("%s: writes % X", name, g.wire.writes)
		}
	}
}

// However many there are, they do not all wait for Flush.
func TestConn_FullGatheringGoesOut(t *testing.T) {
	g := newGathering()
	var want []byte
	for i := uint16(1); len(g.wire.writes) == 0; i++ {
		want = append(want, g.post(t, uint64(i), i, 1000)...)
	}
	if n := len(want); n < gatherMost || n > gatherMost+1100 || !bytes.Equal(g.wire.all(), want) {
		t.Errorf("%d bytes at once, want about %d", len(g.wire.all()), gatherMost)
	}
}

// The codec has its own goroutine: Flush may come before what it is to send.
func TestConn_FlushBeforeTheCodecHasWritten(t *testing.T) {
	g := newGathering()
	g.expect()
	g.expect()
	g.mustFlush(t)
	first, second := publish(1, 1, 10), publish(2, 2, 10)
	g.mustWrite(t, first)
	if len(g.wire.writes) != 0 {
		t.Fatal("sent before the last one has come")
	}
	g.mustWrite(t, second)
	if len(g.wire.writes) != 1 || !bytes.Equal(g.wire.all(), append(first, second...)) {
		t.Fatalf("writes % X", g.wire.writes)
	}
	third := g.post(t, 3, 3, 10) // the wish has been granted: this one waits again
	if len(g.wire.writes) != 1 {
		t.Error("sent without Flush")
	}
	if g.mustFlush(t); !bytes.Equal(g.wire.writes[1], third) {
		t.Errorf("writes % X", g.wire.writes)
	}
}

// A post that the codec does not take holds up none of the others.
func TestConn_FlushBeforeAPostThatFails(t *testing.T) {
	g := newGathering()
	g.expect()
	g.expect()
	g.mustFlush(t)
	first := publish(1, 1, 10)
	g.mustWrite(t, first)
	g.forgo()
	if g.step(t); !bytes.Equal(g.wire.all(), first) {
		t.Fatalf("writes % X", g.wire.writes)
	}
	if g.post(t, 2, 2, 10); len(g.wire.writes) != 1 {
		t.Error("sent without Flush")
	}
}

// Which post a PUBACK is for, the packet itself says: the codec may be given
// posts by several goroutines.
func TestConn_PubacksOfPostsInAnyOrder(t *testing.T) {
	g := newGathering()
	g.expect()
	g.expect()
	g.mustWrite(t, publish(102, 1, 10))
	g.mustWrite(t, publish(101, 2, 10))
	g.wire.reads = [][]byte{puback(1), puback(2)}
	if _, err := io.Copy(io.Discard, g.conn); err != nil {
		t.Fatal(err)
	}
	if want := [][]uint64{{102}, {101}}; !slices.EqualFunc(g.acks, want, slices.Equal) {
		t.Errorf("told %v, want %v", g.acks, want)
	}
}

// Each read tells at once of all posts that it acknowledges, wherever the
// packets are cut.
func TestConn_Pubacks(t *testing.T) {
	ping, other := []byte{0xD0, 0}, []byte{0x30, 6, 0, 1, 'a', 0x40, 2, 0}
	for _, row := range []struct {
		name  string
		reads [][]byte
		want  [][]uint64
	}{
		{"OneRead", [][]byte{slices.Concat(puback(1), puback(3), puback(2))}, [][]uint64{{101, 103, 102}}},
		{"AReadEach", [][]byte{puback(2), puback(1)}, [][]uint64{{102}, {101}}},
		{"CutInThePacket", [][]byte{puback(1)[:3], slices.Concat(puback(1)[3:], puback(2)[:1]), puback(2)[1:]}, [][]uint64{{101}, {102}}},
		{"Twice", [][]byte{slices.Concat(puback(1), puback(1)), puback(1)}, [][]uint64{{101}}},
		{"NeverSent", [][]byte{puback(9), slices.Concat(puback(2), puback(77))}, [][]uint64{{102}}},
		{"AmongOthers", [][]byte{slices.Concat(ping, puback(3), other, puback(1))}, [][]uint64{{103, 101}}},
		{"BeforeABadOne", [][]byte{slices.Concat(puback(1), []byte{0x00, 0}, puback(2))}, [][]uint64{{101}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := newGathering()
			for i := range uint64(3) {
				g.post(t, 101+i, uint16(1+i), 10)
			}
			g.wire.reads = row.reads
			sum := int64(0)
			for _, r := range row.reads {
				sum += int64(len(r))
			}
			_, err := io.Copy(io.Discard, g.conn)
			if bad := row.name == "BeforeABadOne"; (err != nil) != bad || !bad && g.in.Load() != sum {
				t.Errorf("%d of %d bytes, %v", g.in.Load(), sum, err)
			}
			if !slices.EqualFunc(g.acks, row.want, slices.Equal) {
				t.Errorf("told %v, want %v", g.acks, row.want)
			}
		})
	}
}

// A read that fails says so, after what came before it.
func TestConn_ReadFails(t *testing.T) {
	reset := errors.New("connection reset by peer")
	g := newGathering()
	g.wire.reads, g.wire.broken = [][]byte{{0xD0, 0}}, reset
	if got, err := io.ReadAll(g.conn); len(got) != 2 || !errors.Is(err, reset) {
		t.Errorf("% X, %v", got, err)
	}
}

// TestConn_FollowsModel does what a session does in any order. What is on the
// wire is always the beginning of what was written, and all of it after Flush.
func TestConn_FollowsModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		g := newGathering()
		var written []byte // by the codec
		var given []uint64 // to the codec and not yet written
		var sent []uint64  // written, by packet identifier from 1
		acked := map[uint64]int{}
		codec := func() {
			k := rng.IntN(len(given)) // in whatever order
			p := publish(given[k], uint16(len(sent)+1), rng.IntN(3000))
			sent, given = append(sent, given[k]), slices.Delete(given, k, k+1)
			g.mustWrite(t, p)
			written = append(written, p...)
		}
		for range 100 {
			switch rng.IntN(6) {
			case 0, 1:
				id := rng.Uint64()
				given = append(given, id)
				g.expect()
			case 2:
				if len(given) > 0 {
					codec()
				}
			case 3:
				g.mustWrite(t, pingreq)
				if written = append(written, pingreq...); !bytes.Equal(g.wire.all(), written) {
					t.Fatal("something waits behind a PINGREQ")
				}
			case 4:
				g.mustFlush(t)
				for len(given) > 0 {
					codec()
				}
				if !bytes.Equal(g.wire.all(), written) {
					t.Fatalf("%d bytes sent of %d after Flush", len(g.wire.all()), len(written))
				}
			case 5:
				if len(sent) > 0 {
					id := rng.IntN(len(sent))
					g.wire.reads = [][]byte{puback(uint16(id + 1))}
					acked[sent[id]] = 1
					_, _ = g.Read(make([]byte, 4))
				}
			}
			if !bytes.HasPrefix(written, g.wire.all()) {
				t.Fatal("out of order")
			}
		}
		for _, read := range g.acks {
			for _, id := range read {
				acked[id]--
			}
		}
		for id, owed := range acked {
			if owed != 0 {
				t.Fatalf("post %d was told %d times", id, 1-owed)
			}
		}
		if got, want := g.unackedPosts(), len(sent)-len(acked); got != want {
			t.Fatalf("%d unacknowledged, want %d", got, want)
		}
	}
}
