package sidebyside

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"
)

const (
	frameSize = 20
	longest   = 260 // what a length of one byte can announce
)

// frameOf is a frame of the board:
//
//	AA 55 │ 0F │ 01 │ seq u32 │ temp │ volt │ current │ flags │ status │ CRC-16
func frameOf(seq uint32) []byte {
	b := binary.LittleEndian.AppendUint32([]byte{0xAA, 0x55, 0x0F, 0x01}, seq)
	b = append(b, 0xC2, 0x09, 0xF0, 0x0C, 0, 0, 0xC0, 0x3F, 3, 0)
	crc := uint16(0xFFFF)
	for _, x := range b[2:] {
		crc ^= uint16(x)
		for range 8 {
			crc = crc>>1 ^ 0xA001*(crc&1)
		}
	}
	return binary.LittleEndian.AppendUint16(b, crc)
}

// line is a serial line whose other end a gateway opens.
type line struct {
	master, slave *os.File
	port          string
}

func newLine(t *testing.T) *line {
	t.Helper()
	master, slave, err := pty.Open()
	must(t, err)
	t.Cleanup(func() { _, _ = master.Close(), slave.Close() })
	_, err = term.MakeRaw(int(slave.Fd()))
	must(t, err)
	return &line{master, slave, slave.Name()}
}

// write waits until there is room for the bytes.
func (l *line) write(t *testing.T, b []byte) {
	t.Helper()
	must(t, l.master.SetWriteDeadline(time.Now().Add(10*time.Second)))
	_, err := l.master.Write(b)
	must(t, err)
}

// offer gives up when nobody reads, as a UART does.
func (l *line) offer(b []byte) {
	_ = l.master.SetWriteDeadline(time.Now().Add(time.Millisecond))
	_, _ = l.master.Write(b)
}

// subscriber sees what a gateway publishes.
type subscriber struct {
	conn  net.Conn
	posts chan post
	ended chan struct{}
}

type post struct {
	seq uint32
	at  time.Time
}

// newSubscriber is subscribed when it returns.
//
//	CONNECT 10 ─▶ 20 02 00 00      SUBSCRIBE 82 ─▶ 90 03 00 01 00
func newSubscriber(t *testing.T) *subscriber {
	t.Helper()
	c, err := net.DialTimeout("tcp", brokerAddr, time.Second)
	must(t, err)
	hello := append([]byte{0x10, 17, 0, 4}, "MQTT\x04\x02\x00\x00\x00\x05meter"...)
	hello = append(append(hello, 0x82, 11, 0, 1, 0, 6), "$sys/#\x00"...)
	_, err = c.Write(hello)
	must(t, err)
	in := bufio.NewReader(c)
	_, err = io.ReadFull(in, make([]byte, 4+5))
	must(t, err)
	s := &subscriber{conn: c, posts: make(chan post, 1<<16), ended: make(chan struct{})}
	go s.read(in) // close waits for it
	t.Cleanup(s.close)
	return s
}

func (s *subscriber) read(in *bufio.Reader) {
	defer close(s.ended)
	for {
		_, err := in.ReadByte()
		if err != nil {
			return
		}
		size, err := binary.ReadUvarint(in) // MQTT's form of it is the same
		if err != nil {
			return
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		s.posts <- post{seqOf(body), time.Now()}
	}
}

// seqOf finds the board's sequence number in a payload; the references give it
// as the message's id.
func seqOf(payload []byte) uint32 {
	for _, mark := range []string{`"seq":{"value":`, `"id":`} {
		if _, rest, ok := bytes.Cut(payload, []byte(mark)); ok {
			var seq uint32
			if _, err := fmt.Sscanf(strings.TrimLeft(string(rest), ` "`), "%d", &seq); err == nil {
				return seq
			}
		}
	}
	return 0
}

// next returns the next post, if one comes within the time.
func (s *subscriber) next(within time.Duration) (post, bool) {
	select {
	case p := <-s.posts:
		return p, true
	case <-time.After(within):
		return post{}, false
	}
}

func (s *subscriber) drain() {
	for len(s.posts) > 0 {
		<-s.posts
	}
}

func (s *subscriber) close() {
	_ = s.conn.Close()
	<-s.ended
}

// usage is what a process has taken so far.
type usage struct {
	cpu      time.Duration
	switches int     // times that a thread went to sleep, and was woken
	rss      float64 // MiB
}

func usageOf(pid int) usage {
	var u usage
	dir := fmt.Sprintf("/proc/%d/", pid)
	u.rss = number(dir+"status", "VmRSS:") / 1024
	threads, _ := os.ReadDir(dir + "task")
	for _, thread := range threads {
		task := dir + "task/" + thread.Name() + "/"
		u.switches += int(number(task+"status", "voluntary_ctxt_switches:"))
		text, _ := os.ReadFile(task + "schedstat")
		if ns, err := strconv.ParseInt(strings.Fields(string(text) + " 0")[0], 10, 64); err == nil {
			u.cpu += time.Duration(ns)
		}
	}
	return u
}

// number is the first one behind a name at the beginning of a line.
func number(path, name string) float64 {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			x, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return x
		}
	}
	return 0
}
