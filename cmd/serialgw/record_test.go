package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"serialgw/internal/capture"
	"serialgw/internal/reading"
)

// screen is a standard error that several goroutines write to.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newScreen() *screen { return &screen{more: make(chan struct{}, 1)} }

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until the text has been shown.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for !strings.Contains(s.String(), text) {
		select {
		case <-s.more:
		case <-limit:
			t.Fatalf("%q was not said; so far:\n%s", text, s)
		}
	}
}

// recordRun is a run of the verb.
type recordRun struct {
	screen *screen
	stop   context.CancelFunc
	ended  chan int
}

// startRecord starts the verb in an empty directory's neighbourhood: no
// gateway.toml is found there.
func startRecord(t *testing.T, args ...string) *recordRun {
	t.Helper()
	return startRecordTo(t, io.Discard, args...)
}

func startRecordTo(t *testing.T, out io.Writer, args ...string) *recordRun {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &recordRun{screen: newScreen(), stop: stop, ended: make(chan int, 1)}
	go func() {
		r.ended <- run(ctx, append([]string{"record"}, args...), streams{in: strings.NewReader(""), out: out, err: r.screen})
	}()
	t.Cleanup(stop)
	return r
}

// end stops it as Ctrl-C does and returns the exit status.
func (r *recordRun) end() int {
	r.stop()
	return <-r.ended
}

// recordedBoard is a pty whose port is recorded.
func recordedBoard(t *testing.T) *cable {
	t.Helper()
	t.Chdir(t.TempDir())
	c, err := newCable()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

// say says something and waits until it is in the recording, which is not
// synced meanwhile: that a file grows is not told.
func (c *cable) say(t *testing.T, text, path string) {
	t.Helper()
	size := func() int64 {
		info, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			return 0 // its first bytes make it
		}
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	before, end := size(), time.Now().Add(10*time.Second)
	if _, err := c.board.WriteString(text); err != nil {
		t.Fatal(err)
	}
	for size() == before {
		if time.Now().After(end) {
			t.Fatalf("%q does not come into the recording", text)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// readRecording returns what a file holds.
func readRecording(t *testing.T, path string) (packets []capture.Packet, ports []capture.Port, notes []string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	r := capture.NewReader(file)
	for p, err := range capture.Packets(r) {
		if err != nil {
			t.Fatal(err)
		}
		p.Bytes = slices.Clone(p.Bytes)
		packets = append(packets, p)
	}
	return packets, r.Ports(), r.Notes()
}

// said joins the bytes of one direction.
func said(packets []capture.Packet, d capture.Direction) string {
	var b []byte
	for _, p := range packets {
		if p.Direction == d {
			b = append(b, p.Bytes...)
		}
	}
	return string(b)
}

// demoStream is what the board of the demonstration says.
func demoStream(t *testing.T) []byte {
	t.Helper()
	var b []byte
	for p, err := range capture.Packets(capture.NewReader(bytes.NewReader(demoRecording))) {
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, p.Bytes...)
	}
	return b
}

func TestRecord_PortIntoFile(t *testing.T) {
	c := recordedBoard(t)
	r := startRecord(t, "--port", c.Name(), "--baud", "9600", "--preset", "demo", "--note", "press 3, valve stuck", "a.pcapng")
	r.screen.await(t, "open, 9600 8N1")
	stream := demoStream(t)[:4096]
	for piece := range slices.Chunk(stream, 16) {
		c.say(t, string(piece), "a.pcapng")
	}
	if code := r.end(); code != exitOK {
		t.Fatalf("exit %d:\n%s", code, r.screen)
	}
	packets, ports, notes := readRecording(t, "a.pcapng")
	if got := said(packets, capture.Inbound); got != string(stream) {
		t.Errorf("%d bytes recorded, want the %d that were sent", len(got), len(stream))
	}
	if len(ports) != 1 || ports[0].Name != c.Name() || ports[0].Description != "9600 8N1" || !slices.Equal(notes, []string{"press 3, valve stuck"}) {
		t.Errorf("ports %+v, notes %q", ports, notes)
	}
	for i, p := range packets {
		if i > 0 && p.Time < packets[i-1].Time || time.Since(time.Unix(0, p.Time)).Abs() > time.Minute {
			t.Fatalf("chunk %d has the time %v", i, time.Unix(0, p.Time))
		}
	}
	text := r.screen.String()
	for _, want := range []string{fmt.Sprintf("recorded 4096 bytes from the board in %d chunks, 0 to it", len(packets)), "frames ", "serialgw replay --print --preset demo a.pcapng"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said:\n%s", want, text)
		}
	}
	// What it proposes works.
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"replay", "--print", "--preset", "demo", "a.pcapng"}, streams{out: &out, err: &errs}); code != exitOK || out.Len() == 0 {
		t.Errorf("replay: exit %d, %s", code, &errs)
	}
}

func TestRecord_StandardOutput(t *testing.T) {
	c := recordedBoard(t)
	stream, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errors.Join(stream.Close(), out.Close()) }()
	r := startRecordTo(t, out, "--port", c.Name(), "-")
	live := capture.NewReader(stream)
	r.screen.await(t, "open, 115200 8N1")
	for _, text := range []string{"\x01\x02", "\x00\xff\x0a", "\x11\x13"} {
		if _, err := c.board.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if p, err := live.Next(); err != nil || string(p.Bytes) != text || p.Direction != capture.Inbound {
			t.Errorf("recorded % X, %v, %v; want % X", p.Bytes, p.Direction, err, text)
		}
	}
	if code := r.end(); code != exitOK {
		t.Fatalf("exit %d:\n%s", code, r.screen)
	}
}

// A master that asks, and a board that answers, through a port of its own:
// both directions are recorded, in order.
func TestRecord_BothDirections(t *testing.T) {
	c := recordedBoard(t)
	r := startRecord(t, "--port", c.Name(), "--through", "tool", "a.pcapng")
	r.screen.await(t, "open, 115200 8N1")
	tool, err := os.OpenFile("tool", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tool.Close() }()
	buf := make([]byte, 5)
	for range 20 {
		for _, turn := range []struct {
			from, to *os.File
			bytes    string
		}{{tool, c.board, "ask\x00\r"}, {c.board, tool, "re\x0aly"}} {
			if _, err := turn.from.WriteString(turn.bytes); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(turn.to, buf); err != nil || string(buf) != turn.bytes {
				t.Fatalf("% X came through, %v, want % X", buf, err, turn.bytes)
			}
		}
	}
	if code := r.end(); code != exitOK {
		t.Fatalf("exit %d:\n%s", code, r.screen)
	}
	packets, _, _ := readRecording(t, "a.pcapng")
	if in, out := said(packets, capture.Inbound), said(packets, capture.Outbound); in != strings.Repeat("re\x0aly", 20) || out != strings.Repeat("ask\x00\r", 20) {
		t.Errorf("from the board %q, to it %q", in, out)
	}
	for i, p := range packets[1:] {
		if p.Time < packets[i].Time {
			t.Errorf("chunk %d is earlier than the one before", i+1)
		}
	}
	if _, err := os.Lstat("tool"); !errors.Is(err, os.ErrNotExist) {
		t.Error("the link stays behind")
	}
}

func TestRecord_AsksTheBoard(t *testing.T) {
	c := recordedBoard(t)
	r := startRecord(t, "--port", c.Name(), "--send", "01 03", "--send", "02:03", "--send-every", "1ms", "a.pcapng")
	got := make([]byte, 8)
	if _, err := io.ReadFull(c.board, got); err != nil {
		t.Fatal(err)
	}
	if code := r.end(); code != exitOK {
		t.Fatalf("exit %d:\n%s", code, r.screen)
	}
	const want = "\x01\x03\x02\x03\x01\x03\x02\x03"
	packets, _, _ := readRecording(t, "a.pcapng")
	if out := said(packets, capture.Outbound); string(got) != want || !strings.HasPrefix(out, want) {
		t.Errorf("the board got % X, the recording has % X", got, out)
	}
}

// Unplugged and plugged in again: one port in the recording, and comments at
// the place.
func TestRecord_UnplugIsAComment(t *testing.T) {
	c := recordedBoard(t)
	if err := os.Symlink(c.Name(), "port"); err != nil {
		t.Fatal(err)
	}
	port, err := filepath.Abs("port")
	if err != nil {
		t.Fatal(err)
	}
	r := startRecord(t, "--port", port, "a.pcapng")
	r.screen.await(t, "open, 115200 8N1")
	c.say(t, "before", "a.pcapng")
	again, err := newCable() // while the other exists: their names differ
	if err != nil {
		t.Fatal(err)
	}
	defer again.close()
	if err := os.Remove("port"); err != nil {
		t.Fatal(err)
	}
	c.close()
	r.screen.await(t, "lost")
	if err := os.Symlink(again.Name(), "port"); err != nil {
		t.Fatal(err)
	}
	r.screen.await(t, again.Name()+" open")
	again.say(t, "after", "a.pcapng")
	if code := r.end(); code != exitOK {
		t.Fatalf("exit %d:\n%s", code, r.screen)
	}
	packets, ports, _ := readRecording(t, "a.pcapng")
	var story []string
	for _, p := range packets {
		story = append(story, string(p.Bytes)+p.Comment)
	}
	want := []string{"before", c.Name() + " lost", again.Name() + " open, 115200 8N1", "after"}
	if !slices.Equal(story, want) || len(ports) != 1 {
		t.Errorf("the recording tells %q, want %q; ports %+v", story, want, ports)
	}
	if !strings.Contains(ports[0].Hardware, port) {
		t.Errorf("hardware %q does not name %s", ports[0].Hardware, port)
	}
}

// Nothing came in: no file stays, and it is said what to look at.
func TestRecord_Nothing(t *testing.T) {
	c := recordedBoard(t)
	r := startRecord(t, "--port", c.Name(), "a.pcapng")
	r.screen.await(t, "open, 115200 8N1")
	if code := r.end(); code != exitFailed || !strings.Contains(r.screen.String(), "nothing came in") {
		t.Errorf("exit %d:\n%s", code, r.screen)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A port that may not be opened is an error at once; one that is not there is
// waited for.
func TestRecord_PortThatIsNone(t *testing.T) {
	recordedBoard(t)
	if err := os.WriteFile("file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := filepath.Abs("file")
	if err != nil {
		t.Fatal(err)
	}
	r := startRecord(t, "--port", file, "a.pcapng")
	if code := <-r.ended; code != exitFailed || !strings.Contains(r.screen.String(), "not a serial port") {
		t.Errorf("exit %d:\n%s", code, r.screen)
	}
	r = startRecord(t, "--port", file+"2", "a.pcapng")
	r.screen.await(t, "waiting for it")
	if code := r.end(); code != exitFailed {
		t.Errorf("exit %d:\n%s", code, r.screen)
	}
}

func TestTimebase_ClockThatIsSet(t *testing.T) {
	const start, day = 1_700_000_000_000_000_000, int64(24 * time.Hour)
	var base timebase
	for i, tt := range []struct {
		wall, boot int64
		want       int64
		comment    string
	}{
		{start, 5, start, ""},
		{start + 10, 15, start + 10, ""},
		{start + day, 20, start + 15, "the clock was set by 24h0m0s; the times here go on as before"},
		{start + day + 5, 25, start + 20, ""},
		{start + 25, 30, start + 25, "the clock was set by -24h0m0s; the times here go on as before"},
	} {
		p := base.packet("p", capture.Inbound, reading.Stamp{Wall: tt.wall, Boot: tt.boot}, nil)
		if p.Time != tt.want || p.Comment != tt.comment {
			t.Errorf("%d: time +%d, %q; want +%d, %q", i, p.Time-start, p.Comment, tt.want-start, tt.comment)
		}
	}
}

// A recorder that does not keep up costs itself bytes, and never the gateway;
// the recording says where.
func TestTap_SlowRecorder(t *testing.T) {
	var tp tap
	tp.hear(heard{stamp: reading.Stamp{Wall: 1}}, []byte("nobody listens"))
	e := tp.listen()
	chunk := bytes.Repeat([]byte{7}, 1<<20)
	fits := 0
	for ; fits*(len(chunk)+heardSize) <= earRoom-len(chunk)-heardSize; fits++ {
		tp.hear(heard{stamp: reading.Stamp{Wall: int64(2 + fits)}}, chunk)
	}
	tp.hear(heard{stamp: reading.Stamp{Wall: 98}}, chunk)
	tp.hear(heard{stamp: reading.Stamp{Wall: 99}}, []byte("too late, too"))
	<-e.news
	order, all, missed := e.take(nil, nil)
	if len(order) < fits || len(all) < fits*len(chunk) || missed < len("too late, too") {
		t.Fatalf("%d chunks, %d bytes, %d missed", len(order), len(all), missed)
	}
	var out bytes.Buffer
	rec, err := capture.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeHeard(rec, &timebase{}, "p", order, all, missed); err != nil {
		t.Fatal(err)
	}
	last := capture.Packet{}
	for p, err := range capture.Packets(capture.NewReader(&out)) {
		if err != nil {
			t.Fatal(err)
		}
		last = p
	}
	if !strings.HasPrefix(last.Comment, missedText) {
		t.Errorf("the last chunk's comment is %q", last.Comment)
	}
	tp.hear(heard{stamp: reading.Stamp{Wall: 100}}, []byte("again"))
	if order, all, missed = e.take(order, all); len(order) != 1 || string(all) != "again" || missed != 0 {
		t.Errorf("afterwards %d chunks, %q, %d missed", len(order), all, missed)
	}
	tp.leave(e)
	tp.hear(heard{stamp: reading.Stamp{Wall: 101}}, []byte("nobody listens"))
	if order, _, _ := e.take(nil, nil); len(order) != 0 || tp.listened.Load() {
		t.Error("one that left still hears")
	}
}
