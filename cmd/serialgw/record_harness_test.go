package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"serialgw/internal/capture"
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
	before, limit := size(), time.After(10*time.Second)
	if _, err := c.board.WriteString(text); err != nil {
		t.Fatal(err)
	}
	look := time.NewTicker(100 * time.Microsecond)
	defer look.Stop()
	for size() == before {
		select {
		case <-look.C:
		case <-limit:
			t.Fatalf("%q does not come into the recording", text)
		}
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
