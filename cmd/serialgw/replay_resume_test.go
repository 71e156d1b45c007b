package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The demo's packets are a frame each and a tenth of a second apart.
const (
	twoSeconds      = 20 // frames
	twoSecondsBytes = 22 * twoSeconds
)

// placeOf returns the place that a verb which was stopped says.
func placeOf(t *testing.T, said string) int {
	t.Helper()
	found := fromFlag.FindStringSubmatch(said)
	if found == nil {
		t.Fatalf("no place to go on: %s", said)
	}
	at, err := strconv.Atoi(strings.TrimSuffix(found[1], "B"))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestReplay_ResumedBehindATime stops one that began at a time: the place is one
// of the whole recording.
func TestReplay_ResumedBehindATime(t *testing.T) {
	dir := t.TempDir()
	if err := recordings(dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "demo.pcapng")
	whole := new(lines)
	if code, said := replayLines(t.Context(), t, whole, file); code != exitOK {
		t.Fatalf("status %d, %s", code, said)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first := &lines{most: 2_000, stop: cancel}
	_, said := replayLines(ctx, t, first, "--from", "2s", "--speed", "1000000x", file)
	at := placeOf(t, said)
	rest := new(lines)
	if code, said := replayLines(t.Context(), t, rest, "--from", fmt.Sprintf("%dB", at), file); code != exitOK {
		t.Fatalf("status %d, %s", code, said)
	}
	if got, want := slices.Concat(first.all(), rest.all()), whole.all()[twoSeconds:]; !slices.Equal(got, want) {
		t.Errorf("%d lines, %d of them behind %d B; want %d", len(got), len(rest.all()), at, len(want))
	}
}

// Stopped before that time is found, it begins there again.
func TestReplay_StoppedBeforeItsTime(t *testing.T) {
	dir := t.TempDir()
	if err := recordings(dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	args := []string{"replay", "--device", filepath.Join(dir, "port"), "--from", "2s", filepath.Join(dir, "demo.pcapng")}
	errs := newScreen()
	if code := run(ctx, args, streams{out: errs, err: errs}); code != exitFailed || !strings.Contains(errs.String(), "with --from 2s\n") {
		t.Errorf("status %d, %s", code, errs)
	}
}

func TestReplay_PublishedBehindATime(t *testing.T) {
	whole := serveBook(t)
	if code, said := whole.publish(t, 0, "--from", "2s"); code != exitOK {
		t.Fatalf("status %d, %s", code, said)
	}
	parts := serveBook(t)
	_, said := parts.publish(t, 3, "--from", "2s")
	if code, said := parts.publish(t, 0, "--from", fmt.Sprintf("%dB", placeOf(t, said))); code != exitOK {
		t.Fatalf("status %d, %s", code, said)
	}
	if len(parts.values) != len(whole.values) {
		t.Errorf("%d different values, want %d", len(parts.values), len(whole.values))
	}
	for value, n := range parts.values {
		if n != 1 || whole.values[value] != 1 {
			t.Fatalf("%s was stored %d times, want %d", value, n, whole.values[value])
		}
	}
}

// devicePlay is a run of replay --device.
type devicePlay struct {
	link  string
	said  *screen
	stop  context.CancelFunc
	ended chan int
}

func playDevice(t *testing.T, args ...string) *devicePlay {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	p := &devicePlay{link: filepath.Join(t.TempDir(), "port"), said: newScreen(), stop: stop, ended: make(chan int, 1)}
	t.Cleanup(stop)
	go func() {
		p.ended <- run(ctx, append([]string{"replay", "--quiet", "--device", p.link}, args...), streams{out: p.said, err: p.said})
	}()
	p.said.await(t, "is a port now")
	return p
}

// open opens the port as another program does.
func (p *devicePlay) open(t *testing.T) *os.File {
	t.Helper()
	port, err := os.OpenFile(p.link, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = port.Close() }) // it may be closed already
	return port
}

// take reads exactly n bytes.
func take(t *testing.T, port *os.File, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	for got := 0; got < n; {
		more, err := port.Read(b[got:])
		if err != nil {
			t.Fatal(err)
		}
		got += more
	}
	return b
}

// TestReplay_DeviceResumesWhatWasNotRead stops while bytes lie in the pty, and
// while some have not even come that far: the place is where the reader is.
func TestReplay_DeviceResumesWhatWasNotRead(t *testing.T) {
	dir := t.TempDir()
	if err := recordings(dir); err != nil {
		t.Fatal(err)
	}
	demo, err := os.ReadFile(filepath.Join(dir, "demo.bin"))
	if err != nil {
		t.Fatal(err)
	}
	long := filepath.Join(dir, "long.bin") // more than a pty holds
	if err := os.WriteFile(long, slices.Repeat(demo, 10), 0o600); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(dir, "short.bin")
	if err := os.WriteFile(short, demo[:440], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		args []string
		read int
		want int
	}{
		{"LiesInThePty", []string{"--speed", "max", filepath.Join(dir, "demo.pcapng")}, 1234, 1234},
		{"BehindATime", []string{"--speed", "max", "--from", "2s", filepath.Join(dir, "demo.pcapng")}, 1234, twoSecondsBytes + 1234},
		{"NotWritten", []string{"--speed", "max", long}, 5000, 5000},
		{"Looped", []string{"--speed", "max", "--loop", short}, 1000, 1000 % 440},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := playDevice(t, row.args...)
			take(t, p.open(t), row.read)
			p.stop()
			if code := endsSoon(t, p.ended); code != exitFailed {
				t.Errorf("status %d", code)
			}
			if got := placeOf(t, p.said.String()); got != row.want {
				t.Errorf("goes on at %d, want %d", got, row.want)
			}
		})
	}
}

// A reader that has left takes nothing any more, and is not waited for.
func TestReplay_DeviceReaderHasLeft(t *testing.T) {
	dir := t.TempDir()
	if err := recordings(dir); err != nil {
		t.Fatal(err)
	}
	demo, err := os.ReadFile(filepath.Join(dir, "demo.bin"))
	if err != nil {
		t.Fatal(err)
	}
	p := playDevice(t, "--speed", "max", filepath.Join(dir, "demo.pcapng"))
	port := p.open(t)
	take(t, port, 1234)
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	code := endsSoon(t, p.ended)
	want := fmt.Sprintf("has left without the last %d bytes; to go on, repeat the command with --from 1234B", len(demo)-1234)
	if took := time.Since(began); code != exitFailed || !strings.Contains(p.said.String(), want) || took > drainLimit/2 {
		t.Errorf("status %d after %v: %s", code, took, p.said)
	}
}

// One that reads all and leaves has got all.
func TestReplay_DeviceReadToTheEnd(t *testing.T) {
	dir := t.TempDir()
	if err := recordings(dir); err != nil {
		t.Fatal(err)
	}
	demo, err := os.ReadFile(filepath.Join(dir, "demo.bin"))
	if err != nil {
		t.Fatal(err)
	}
	p := playDevice(t, "--speed", "max", filepath.Join(dir, "demo.pcapng"))
	port := p.open(t)
	if got := take(t, port, len(demo)); string(got) != string(demo) {
		t.Error("what came is not what was recorded")
	}
	_ = port.Close()
	if code := endsSoon(t, p.ended); code != exitOK {
		t.Errorf("status %d: %s", code, p.said)
	}
}
