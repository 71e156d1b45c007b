package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"serialgw/internal/capture"
	"serialgw/internal/onenetsim"
)

// TestScript_Replay gives the scripts the demo's recording in every format.
func TestScript_Replay(t *testing.T) {
	params := scripts("testdata/replay", "sim", "stop")
	params.Setup = func(env *testscript.Env) error { return recordings(env.WorkDir) }
	testscript.Run(t, params)
}

// recordings writes the demo's recording in every format, and damaged.
func recordings(dir string) error {
	var raw, text bytes.Buffer
	var packets []capture.Packet
	for p, err := range capture.Packets(capture.NewReader(bytes.NewReader(demoRecording))) {
		if err != nil {
			return err
		}
		p.Bytes = bytes.Clone(p.Bytes)
		raw.Write(p.Bytes)
		fmt.Fprintf(&text, "% X # packet %d\n", p.Bytes, len(packets))
		packets = append(packets, p)
	}
	other := packets[10]
	other.Port = "/dev/ttyUSB1"
	short, ports := pcapng(packets[:20]...), pcapng(packets[0], other, packets[1])
	damaged := bytes.Clone(short)
	damaged[bytes.LastIndex(damaged, packets[19].Bytes)-blockHead+7] = 0x7F // the high byte of its length
	ethernet := pcapng(packets[:2]...)
	ethernet[int(binary.LittleEndian.Uint32(ethernet[4:]))+8] = 1 // the link type of the interface behind the section
	for i := range packets {
		packets[i].Direction = capture.Outbound
	}
	imu, err := os.ReadFile("../../testdata/captures/jy901.pcapng")
	if err != nil {
		return err
	}
	for name, file := range map[string][]byte{
		"jy901.pcapng":    imu,
		"ethernet.pcapng": ethernet, "asked.pcapng": pcapng(packets[:2]...),
		"demo.pcapng": demoRecording, "demo.bin": raw.Bytes(), "demo.hex": text.Bytes(),
		"cut.pcapng": short[:len(short)-1], "damaged.pcapng": damaged, "ports.pcapng": ports,
		"bad.hex": append(bytes.Clone(text.Bytes()), "oops\n"...),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), file, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// blockHead is how much of a packet's block stands before its bytes.
const blockHead = 28

func pcapng(packets ...capture.Packet) []byte {
	var file bytes.Buffer
	w, err := capture.NewWriter(&file)
	for i := 0; i < len(packets) && err == nil; i++ {
		err = w.Write(packets[i])
	}
	if err != nil {
		panic(err) // a buffer takes everything
	}
	return file.Bytes()
}

// replayLines runs the verb as a process would and returns what it printed, line
// by line, and what it said.
func replayLines(ctx context.Context, t *testing.T, out *lines, args ...string) (code int, said string) {
	t.Helper()
	var errs bytes.Buffer
	args = append([]string{"replay", "--print", "--preset", "demo"}, args...)
	code = run(ctx, args, streams{in: strings.NewReader(""), out: out, err: &errs})
	return code, errs.String()
}

// lines takes what is printed, and calls stop once that is so much.
type lines struct {
	text strings.Builder
	most int
	stop func()
}

func (l *lines) Write(b []byte) (int, error) {
	n, err := l.text.Write(b)
	if l.stop != nil && l.text.Len() >= l.most {
		l.stop()
	}
	return n, err
}

func (l *lines) all() []string { return strings.Split(strings.TrimSuffix(l.text.String(), "\n"), "\n") }

var fromFlag = regexp.MustCompile(`(?m)^stopped; to go on, repeat the command with --from (\d+B)$`)

// TestReplay_StoppedAndResumedIsOneRun stops a recording again and again and
// goes on from where it says: all its readings are printed, and each once.
func TestReplay_StoppedAndResumedIsOneRun(t *testing.T) {
	dir := t.TempDir()
	if err := recordings(dir); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for _, row := range []struct{ file, speed, format string }{
		{"demo.pcapng", "1000000x", "json"},
		{"demo.bin", "1000000x", "json"},
		{"demo.hex", "1000000x", "json"},
		{"demo.pcapng", "max", "csv"}, // printed by the page, so that far more was played than is seen
		{"demo.hex", "max", "csv"},
	} {
		t.Run(row.file+row.speed, func(t *testing.T) {
			args := []string{"--format", row.format, "--speed", row.speed, filepath.Join(dir, row.file)}
			whole := new(lines)
			if code, said := replayLines(t.Context(), t, whole, args...); code != exitOK {
				t.Fatalf("status %d, %s", code, said)
			}
			var got []string
			stops, from := 0, "0B"
			for stops < 100 {
				ctx, cancel := context.WithCancel(t.Context())
				part := &lines{most: 1 + rng.IntN(8_000), stop: cancel}
				code, said := replayLines(ctx, t, part, append(slices.Clone(args), "--from", from)...)
				cancel()
				printed := part.all()
				if row.format == "csv" && len(got) > 0 {
					printed = printed[1:] // the names again
				}
				got = append(got, printed...)
				if code == exitOK {
					break
				}
				place := fromFlag.FindStringSubmatch(said)
				if place == nil {
					t.Fatalf("status %d, and no place to go on: %s", code, said)
				}
				stops, from = stops+1, place[1]
			}
			if want := whole.all(); !slices.Equal(got, want) {
				t.Errorf("%d lines in %d parts, want %d", len(got), stops+1, len(want))
			}
			if stops < 4 {
				t.Errorf("stopped %d times only", stops)
			}
		})
	}
}

// TestReplay_StoppedBeforeTheFirstFrame: whoever stops it early is told how to
// go on as well.
func TestReplay_StoppedBeforeTheFirstFrame(t *testing.T) {
	dir := t.TempDir()
	if err := recordings(dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code, said := replayLines(ctx, t, new(lines), "--from", "220B", filepath.Join(dir, "demo.bin"))
	if place := fromFlag.FindStringSubmatch(said); code != exitFailed || place == nil || place[1] != "220B" {
		t.Errorf("status %d, %s", code, said)
	}
}

// TestReplay_UnknownBaud: where nothing says how fast the line was, the pauses of
// a slow one end no frame. The recording is of 9600 baud through an adapter that
// holds bytes back, and does not say so.
func TestReplay_UnknownBaud(t *testing.T) {
	file := filepath.Join("..", "..", "testdata", "captures", "jy901.pcapng")
	for _, row := range []struct {
		args   []string
		frames int
	}{
		{[]string{"--print"}, 13},
		{[]string{"--print", "--baud", "9600"}, 13},
		{[]string{"--print", "--baud", "115200"}, 9},
		{[]string{"--sim", "--speed", "max"}, 13},
		{[]string{"--sim", "--speed", "max", "--baud", "115200"}, 9},
	} {
		args := append([]string{"replay", "--preset", "jy901"}, append(row.args, file)...)
		var out, errs bytes.Buffer
		code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errs})
		said := out.String() + errs.String()
		if want := fmt.Sprintf("frames %d,", row.frames); code != exitOK || !strings.Contains(said, want) {
			t.Errorf("%v: status %d, want %q in %s", row.args, code, want, said)
		}
	}
}

// TestReplay_FromIsExact begins at bytes and at times: what is printed is what
// one whole run prints of the frames that begin there.
func TestReplay_FromIsExact(t *testing.T) {
	dir := t.TempDir()
	if err := recordings(dir); err != nil {
		t.Fatal(err)
	}
	const frameSize, intact = 22, 75 // no damage before
	rng := rand.New(rand.NewPCG(2, 2))
	for _, file := range []string{"demo.pcapng", "demo.bin", "demo.hex"} {
		path := filepath.Join(dir, file)
		whole := new(lines)
		if code, said := replayLines(t.Context(), t, whole, path); code != exitOK {
			t.Fatalf("status %d, %s", code, said)
		}
		check := func(from string, skipped int) {
			t.Helper()
			part := new(lines)
			if code, said := replayLines(t.Context(), t, part, "--from", from, path); code != exitOK {
				t.Fatalf("%s --from %s: status %d, %s", file, from, code, said)
			}
			if got, want := part.all(), whole.all()[skipped:]; !slices.Equal(got, want) {
				t.Errorf("%s --from %s: %d lines, the first %s\nwant %d, the first %s", file, from, len(got), got[0], len(want), want[0])
			}
		}
		for _, n := range []int{0, 1, frameSize - 1, frameSize, frameSize + 1, rng.IntN(intact * frameSize), rng.IntN(intact * frameSize)} {
			check(fmt.Sprintf("%dB", n), (n+frameSize-1)/frameSize)
		}
		if file == "demo.pcapng" { // a packet each tenth of a second
			check("2s", 20)
			check("2050ms", 21)
			check("1.999999999s", 20)
		}
	}
}

// cloudBook is a simulated OneNET that notes each value it stored.
type cloudBook struct {
	addr string

	mu     sync.Mutex
	values map[string]int // "identifier time value", how often
	posts  int
	onPost func(posts int)
}

const bookKey = "c3lzdGVtdGVzdC1rZXktMDEyMzQ1Njc4OWFiY2RlZjA="

func serveBook(t *testing.T) *cloudBook {
	t.Helper()
	b := &cloudBook{values: map[string]int{}}
	sim := onenetsim.New(onenetsim.Config{
		Products: []onenetsim.Product{{ID: "Replay0001", Devices: map[string]string{"board-01": bookKey}}},
		OnPost:   b.note,
	})
	addr, err := sim.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.addr = addr.String()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- sim.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *cloudBook) note(p onenetsim.Post) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range p.Values {
		b.values[fmt.Sprintf("%s %d %s", v.Identifier, v.Time, v.Raw)]++
	}
	b.posts++
	if b.onPost != nil {
		b.onPost(b.posts)
	}
}

// publish replays the demo's recording into the book and returns what the
// verb said. It is stopped after so many posts; 0 = never.
func (b *cloudBook) publish(t *testing.T, stopAfter int, args ...string) (code int, said string) {
	t.Helper()
	dir := t.TempDir()
	if err := recordings(dir); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "gateway.toml")
	text := fmt.Sprintf("[onenet]\nproduct = \"Replay0001\"\ndevice = \"board-01\"\nkey = %q\naddress = %q\npost_interval = \"0s\"\nin_flight = 4\n"+
		"[[board]]\nport = \"/dev/ttyUSB0\"\nreport = \"all\"\n", bookKey, b.addr)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_RUNTIME_DIR", dir)
	t.Setenv("STATE_DIRECTORY", dir)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b.mu.Lock()
	b.posts, b.onPost = 0, func(n int) {
		if n == stopAfter {
			cancel()
		}
	}
	b.mu.Unlock()
	var errs bytes.Buffer
	args = append([]string{"replay", "--config", conf, "--original-time", "--speed", "max", "--quiet"}, args...)
	code = run(ctx, append(args, filepath.Join(dir, "demo.pcapng")), streams{in: strings.NewReader(""), out: &errs, err: &errs})
	return code, errs.String()
}

// TestReplay_PublishedInPartsIsOneRun stops while the uplink is behind the
// recording: what waits is not lost, because it is played again.
func TestReplay_PublishedInPartsIsOneRun(t *testing.T) {
	whole := serveBook(t)
	if code, said := whole.publish(t, 0); code != exitOK {
		t.Fatalf("status %d, %s", code, said)
	}
	if n := len(whole.values); n != 596*demoValues {
		t.Fatalf("%d different values, want %d", n, 596*demoValues)
	}
	parts := serveBook(t)
	from, stops := "0B", 0
	// A post carries 14 readings at most and 4 are on their way: there are
	// enough for all three.
	for _, after := range []int{1, 5, 12, 0} {
		code, said := parts.publish(t, after, "--from", from)
		if code == exitOK {
			break
		}
		place := fromFlag.FindStringSubmatch(said)
		if place == nil {
			t.Fatalf("status %d, and no place to go on: %s", code, said)
		}
		from, stops = place[1], stops+1
	}
	if stops != 3 {
		t.Errorf("stopped %d times, want 3", stops)
	}
	for value := range whole.values {
		if n := parts.values[value]; n != 1 {
			t.Fatalf("%s was stored %d times, want once", value, n)
		}
	}
	if len(parts.values) != len(whole.values) {
		t.Errorf("%d different values, want %d", len(parts.values), len(whole.values))
	}
}

// demoValues is how many properties a demo frame has.
const demoValues = 7
