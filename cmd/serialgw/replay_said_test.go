package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"serialgw/internal/capture"
)

// commented is a recording with notes and comments.
func commented(t *testing.T, comments int) string {
	t.Helper()
	var file bytes.Buffer
	w, err := capture.NewWriter(&file, "pump 3\x1b[31m, the old cable")
	if err != nil {
		t.Fatal(err)
	}
	put := func(after time.Duration, p capture.Packet) {
		t.Helper()
		p.Port, p.Time = usb, demoStart*int64(time.Second)+int64(after)
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	put(0, capture.Packet{Direction: capture.Inbound, Bytes: demoSays(0)})
	for i := range comments {
		put(time.Duration(i+1)*time.Second, capture.Packet{Comment: fmt.Sprintf("lost: for the %d. time", i+1)})
	}
	put(time.Hour, capture.Packet{Direction: capture.Inbound, Bytes: demoSays(1), Comment: "the clock was set"})
	path := filepath.Join(t.TempDir(), "a.pcapng")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReplay_ShowsWhatTheRecordingSays passes on what was noted when it was
// recorded, but for what a terminal would obey, and only so much.
func TestReplay_ShowsWhatTheRecordingSays(t *testing.T) {
	path := commented(t, 2)
	code, said := replayLines(t.Context(), t, new(lines), path)
	want := "note: pump 3 [31m, the old cable\nat 1s: lost: for the 1. time\nat 2s: lost: for the 2. time\nat 1h0m0s: the clock was set\n"
	if code != exitOK || !strings.HasPrefix(said, want) {
		t.Errorf("exit %d:\n%s\nwant\n%s", code, said, want)
	}
	if _, said := replayLines(t.Context(), t, new(lines), "--quiet", path); strings.Contains(said, "lost") || strings.Contains(said, "pump") {
		t.Errorf("quiet:\n%s", said)
	}
	for _, from := range []string{"2s", "22B"} { // behind the first comment, and behind the first frame
		_, said := replayLines(t.Context(), t, new(lines), "--from", from, path)
		if got := strings.Contains(said, "1. time"); got != (from == "22B") || !strings.Contains(said, "2. time") {
			t.Errorf("from %s:\n%s", from, said)
		}
	}
}

func TestReplay_ShowsNotTooMuch(t *testing.T) {
	const comments = 30
	code, said := replayLines(t.Context(), t, new(lines), commented(t, comments))
	if n := strings.Count(said, "lost: for"); code != exitOK || n != newsMost-1 || !strings.Contains(said, fmt.Sprintf("the recording has %d further comments\n", comments+2-newsMost)) {
		t.Errorf("exit %d, %d comments shown:\n%s", code, n, said)
	}
	if got := plainText(strings.Repeat("ä", 300), 3); got != "äää…" {
		t.Errorf("got %q", got)
	}
}

func TestPortNames(t *testing.T) {
	var many []capture.Port
	for i := range 3 * namesMost {
		many = append(many, capture.Port{Name: fmt.Sprintf("/dev/ttyUSB%d", i%(2*namesMost))})
	}
	for _, tt := range []struct {
		ports []capture.Port
		want  string
	}{
		{nil, "no port with a name"},
		{make([]capture.Port, 5), "no port with a name"},
		{[]capture.Port{{Name: "a b"}, {Name: "c"}, {Name: "a b"}, {}}, "'a b', c"},
		{many, "/dev/ttyUSB0, /dev/ttyUSB1, /dev/ttyUSB2, /dev/ttyUSB3, /dev/ttyUSB4, /dev/ttyUSB5, /dev/ttyUSB6, /dev/ttyUSB7 and 8 more"},
	} {
		if got := portNames(tt.ports); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// A gateway that runs and does not answer may be logged in: it is not thrown out.
func TestReplay_RefusesWhereNobodyAnswers(t *testing.T) {
	b := serveBook(t)
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() { // ends with the listener
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	conf := filepath.Join(dir, "gateway.toml")
	text := fmt.Sprintf("[onenet]\nproduct = \"Replay0001\"\ndevice = \"board-01\"\nkey = %q\naddress = %q\n[status]\nsocket = %q\n[[board]]\nport = %q\n", bookKey, b.addr, socket, usb)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	code := run(t.Context(), []string{"replay", "--config", conf, "--speed", "max", commented(t, 0)}, streams{out: &errs, err: &errs})
	if code != exitFailed || !strings.Contains(errs.String(), "may be logged in as Replay0001/board-01") || len(b.values) > 0 {
		t.Errorf("exit %d, %d values: %s", code, len(b.values), &errs)
	}
}
