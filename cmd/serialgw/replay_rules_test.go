package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"serialgw/internal/capture"
)

// fifty is how far apart the frames of a board at 50 Hz are, in milliseconds.
const fifty = 20

// ruledConfig thins a demo board in every way there is.
const ruledConfig = `[onenet]
product       = "Replay0001"
device        = "board-01"
key           = %q
address       = %q
post_interval = "0s"
[[board]]
port   = "/dev/ttyUSB0"
health = "5s"
[[board.rule]]
property = "temp"
deadband = 0.5
[[board.rule]]
property  = "voltage"
window    = "2s"
aggregate = ["mean", "max"]
[[board.rule]]
property     = ["current", "running"]
on_change    = true
min_interval = "1s"
[[board.rule]]
property    = ["humidity", "state"]
on_change   = true
max_silence = "4s"
`

// TestReplay_BoardAtFiftyHertzWithRules: ten seconds of a board, and each value
// that arrives in the cloud, with its time.
func TestReplay_BoardAtFiftyHertzWithRules(t *testing.T) {
	b := serveBook(t)
	dir := t.TempDir()
	conf := filepath.Join(dir, "gateway.toml")
	if err := os.WriteFile(conf, fmt.Appendf(nil, ruledConfig, bookKey, b.addr), 0o600); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w, err := capture.NewWriter(&file, "")
	if err != nil {
		t.Fatal(err)
	}
	for n := range 500 {
		p := capture.Packet{Port: usb, Direction: capture.Inbound, Bytes: demoSays(n)}
		p.Time = demoStart*int64(time.Second) + int64(n)*fifty*int64(time.Millisecond)
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "a.pcapng")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_RUNTIME_DIR", dir)
	t.Setenv("STATE_DIRECTORY", dir)
	var said bytes.Buffer
	args := []string{"replay", "--config", conf, "--original-time", "--speed", "max", "--quiet", path}
	if code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &said, err: &said}); code != exitOK {
		t.Fatalf("status %d: %s", code, &said)
	}
	got := slices.Sorted(maps.Keys(b.values))
	if want := ruledValues(); !slices.Equal(got, want) {
		t.Errorf("got  %d: %q\nwant %d: %q", len(got), got, len(want), want)
	}
	for value, n := range b.values {
		if n != 1 {
			t.Errorf("%s arrived %d times", value, n)
		}
	}
}

// ruledValues is what must arrive, reckoned from what demoSays says.
func ruledValues() (want []string) {
	add := func(name string, frame int, value string) {
		want = append(want, fmt.Sprintf("%s %d %s", name, demoStart*1000+int64(frame)*fifty, value))
	}
	for n := 0; n < 500; n += 51 { // a hundredth of a degree a frame, more than 0.5 once in 51
		add("temp", n, fmt.Sprintf("%.2f", 25+float64(n)/100))
	}
	for n := 0; n < 500; n += 100 { // a window
		add("voltage_max", n, "11.842")
		add("voltage_mean", n+99, "11.8420")
	}
	add("current", 0, "-0.125")
	for n := 49; n < 500; n += 50 { // the newest of a second
		add("current", n, fmt.Sprintf("%.3f", float64(-125+10*n)/1000))
	}
	add("running", 0, "true")
	for _, n := range []int{0, 199, 399} { // unchanged: the newest after four seconds
		add("humidity", n, "48.5")
		add("state", n, "1")
	}
	add("speed", 0, "0.0") // no rule takes it: the newest of a second
	for n := 49; n < 500; n += 50 {
		add("speed", n, fmt.Sprintf("%.1f", float64(int16(1000*n))/10))
	}
	add("link_ok", 250, "true")
	add("link_explained", 250, "1.000")
	add("link_frames", 250, "251")
	for _, name := range []string{"link_check_failed", "link_noise", "link_lost", "link_repeated"} {
		add(name, 250, "0")
	}
	slices.Sort(want)
	return want
}
