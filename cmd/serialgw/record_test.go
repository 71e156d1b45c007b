package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"serialgw/internal/capture"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

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

// What another program says to a board whose port is away is not in the
// recording as if the board had heard it, and it is told.
func TestRecord_BytesThatGoAstray(t *testing.T) {
	c := recordedBoard(t)
	if err := os.Symlink(c.Name(), "port"); err != nil {
		t.Fatal(err)
	}
	port, err := filepath.Abs("port")
	if err != nil {
		t.Fatal(err)
	}
	r := startRecord(t, "--port", port, "--through", "tool", "a.pcapng")
	r.screen.await(t, "open, 115200 8N1")
	c.say(t, "before", "a.pcapng")
	if err := os.Remove("port"); err != nil {
		t.Fatal(err)
	}
	c.close()
	r.screen.await(t, "lost")
	tool, err := os.OpenFile("tool", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tool.Close() }()
	if _, err := tool.WriteString("nobody hears this"); err != nil {
		t.Fatal(err)
	}
	r.screen.await(t, "bytes for the board come while its port is away")
	if code := r.end(); code != exitOK {
		t.Fatalf("exit %d:\n%s", code, r.screen)
	}
	packets, _, _ := readRecording(t, "a.pcapng")
	last := packets[len(packets)-1]
	const want = "17 bytes for the board came while its port was away, and went lost"
	if out := said(packets, capture.Outbound); out != "" || last.Comment != want || !strings.Contains(r.screen.String(), want) {
		t.Errorf("to the board %q, last comment %q:\n%s", out, last.Comment, r.screen)
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
	for _, file := range []string{"a.pcapng", "-"} {
		r := startRecord(t, "--port", c.Name(), file)
		r.screen.await(t, "open, 115200 8N1")
		if code := r.end(); code != exitFailed || !strings.Contains(r.screen.String(), "nothing came in") {
			t.Errorf("%s: exit %d:\n%s", file, code, r.screen)
		}
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
	if code := r.end(); code != exitFailed || !strings.Contains(r.screen.String(), "file2 is not there") {
		t.Errorf("exit %d:\n%s", code, r.screen)
	}
}
