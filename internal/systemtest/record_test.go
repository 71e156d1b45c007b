//go:build system

package systemtest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"serialgw/internal/capture"
)

// process is another verb of the program, at work beside a gateway.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr *journal
	ended  chan struct{}
}

// startVerb starts a verb that runs until it is told to stop.
func startVerb(t *testing.T, conf *configuration, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(program(), args...), stderr: &journal{}, ended: make(chan struct{})}
	if conf != nil {
		p.cmd.Env = append(os.Environ(), "STATE_DIRECTORY="+conf.dir)
	}
	stderr, err := p.cmd.StderrPipe()
	must(t, err)
	must(t, p.cmd.Start())
	go func() { // awaited through ended
		defer close(p.ended)
		p.stderr.fill(stderr)
		_ = p.cmd.Wait() // how it ended is in ProcessState
	}()
	t.Cleanup(func() {
		p.end(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("%v said:\n%s", args, p.stderr)
		}
	})
	return p
}

// end sends a signal and returns the exit status.
func (p *process) end(s syscall.Signal) int {
	p.t.Helper()
	_ = p.cmd.Process.Signal(s) // fails on a process that is gone, which is what we want
	return p.wait()
}

func (p *process) wait() int {
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) says(text string) {
	p.t.Helper()
	if _, err := p.stderr.await(within(p.t, 10*time.Second), saying(text)); err != nil {
		p.t.Fatalf("%q is not said: %v", text, err)
	}
}

// recorded returns the chunks that a recording has of a direction.
func recorded(t *testing.T, path string, d capture.Direction) (chunks []capture.Packet, all []byte, cut error) {
	t.Helper()
	file, err := os.Open(path)
	must(t, err)
	defer func() { _ = file.Close() }()
	for p, err := range capture.Packets(capture.NewReader(file)) {
		if err != nil {
			return chunks, all, err
		}
		if p.Direction == d {
			p.Bytes = bytes.Clone(p.Bytes)
			chunks, all = append(chunks, p), append(all, p.Bytes...)
		}
	}
	return chunks, all, nil
}

// said returns all the bytes of a board's first frames.
func said(frames uint64) (all []byte) {
	for seq := range frames {
		all = demoFrame(all, seq)
	}
	return all
}

// awaitSize waits until a file has grown to a size: nothing tells of it.
func awaitSize(t *testing.T, path string, size int64) {
	t.Helper()
	ctx := within(t, 20*time.Second)
	for {
		info, err := os.Stat(path)
		if err == nil && info.Size() >= size {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%s does not grow to %d bytes: %v", path, size, err)
		}
		wait(t, 2*time.Millisecond)
	}
}

// TestRecord_OfARunningGateway records a port while a gateway reads it at the
// full pace of 921600 baud: the recording has every byte, the platform has
// every reading once. A second recorder that never reads disturbs neither.
func TestRecord_OfARunningGateway(t *testing.T) {
	t.Parallel()
	p := servePlatform(t, unpaced())
	b := pluggedBoard(t)
	g := start(t, configure(t, b, p.addr, nil))
	g.opened()
	g.ready(10 * time.Second)

	file := filepath.Join(t.TempDir(), "night.pcapng")
	recorder := startVerb(t, g.conf, "record", "--config", g.conf.path, file)
	recorder.says("recorded from here on")
	stuck := startVerb(t, g.conf, "record", "--config", g.conf.path, filepath.Join(t.TempDir(), "stuck.pcapng"))
	stuck.says("recorded from here on")
	must(t, stuck.cmd.Process.Signal(syscall.SIGSTOP))

	const frames = 20_000
	b.mustSend(frames, fullPace)
	g.mustDeliver(p.tally, frames)
	g.wantEmpty()
	awaitSize(t, file, frames*demoSize)
	if code := recorder.end(syscall.SIGINT); code != 0 {
		t.Errorf("record: exit status %d", code)
	}
	p.tally.wantAll(t, frames, 0)
	chunks, all, err := recorded(t, file, capture.Inbound)
	if err != nil || !bytes.Equal(all, said(frames)) {
		t.Errorf("%d bytes in %d chunks recorded, %v; want the %d that the board sent", len(all), len(chunks), err, frames*demoSize)
	}
	for i := 1; i < len(chunks); i++ {
		if chunks[i].Time < chunks[i-1].Time {
			t.Fatalf("chunk %d is earlier than the one before", i)
		}
	}
}

// TestRecord_AcrossARestart records through a gateway that is killed and
// started again: what was recorded before stays, and it goes on by itself.
func TestRecord_AcrossARestart(t *testing.T) {
	t.Parallel()
	p := servePlatform(t, unpaced())
	b := pluggedBoard(t)
	g := start(t, configure(t, b, p.addr, nil))
	g.opened()
	file := filepath.Join(t.TempDir(), "night.pcapng")
	recorder := startVerb(t, g.conf, "record", "--config", g.conf.path, file)
	recorder.says("recorded from here on")
	b.mustSend(100, fullPace)
	must(t, p.tally.await(within(t, 10*time.Second), 100))
	awaitSize(t, file, 100*demoSize)

	g.kill()
	recorder.says("the gateway does not send any more")
	g = start(t, g.conf)
	g.opened()
	recorder.says("the gateway was started again")
	recorder.says("recorded from here on")
	b.mustSend(100, fullPace)
	must(t, p.tally.await(within(t, 10*time.Second), 200))
	awaitSize(t, file, 200*demoSize)
	if code := recorder.end(syscall.SIGINT); code != 0 {
		t.Errorf("record: exit status %d", code)
	}
	if _, all, err := recorded(t, file, capture.Inbound); err != nil || !bytes.Equal(all, said(200)) {
		t.Errorf("%d bytes recorded, %v; want %d", len(all), err, 200*demoSize)
	}
}

// TestRecord_Kill kills the recorder at a random moment: what it has written
// can be read, and is what the board said.
func TestRecord_Kill(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	b := pluggedBoard(t)
	file := filepath.Join(t.TempDir(), "a.pcapng")
	recorder := startVerb(t, nil, "record", "--port", b.link, "--baud", "921600", file)
	recorder.says("open, 921600 8N1")
	b.mustSend(1+r.IntN(5000), fullPace)
	awaitSize(t, file, 1) // its first bytes make it
	recorder.end(syscall.SIGKILL)
	_, all, err := recorded(t, file, capture.Inbound)
	if err != nil && !errors.Is(err, capture.ErrCut) {
		t.Errorf("the recording cannot be read: %v", err)
	}
	if want := said(b.frames()); len(all) == 0 || !bytes.HasPrefix(want, all) {
		t.Errorf("%d bytes recorded, not the beginning of the %d that the board sent", len(all), len(want))
	}
}

// TestReplay_Device plays a recording onto a pty and records it there: every
// byte comes through. How well the chunks and their times are kept depends on
// the machine; it is said, and measured for docs/performance.md.
func TestReplay_Device(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	dir := t.TempDir()
	original, link, again := filepath.Join(dir, "a.pcapng"), filepath.Join(dir, "port"), filepath.Join(dir, "b.pcapng")
	played := writeRecording(t, original, r, 300)
	player := startVerb(t, nil, "replay", "--device", link, original)
	player.says("is a port now")
	recorder := startVerb(t, nil, "record", "--port", link, again)
	if code := player.wait(); code != 0 {
		t.Errorf("replay: exit status %d", code)
	}
	recorder.says("lost")
	recorder.end(syscall.SIGINT)
	chunks, all, err := recorded(t, again, capture.Inbound)
	if want := joined(played); err != nil || !bytes.Equal(all, want) {
		t.Errorf("%d bytes came through, %v; want %d", len(all), err, len(want))
	}
	t.Log(likeness(played, chunks))
}

// writeRecording records chunks of random sizes and bytes, 2 to 20 ms apart.
func writeRecording(t *testing.T, path string, r *rand.Rand, chunks int) (packets []capture.Packet) {
	t.Helper()
	file, err := os.Create(path)
	must(t, err)
	defer func() { must(t, file.Close()) }()
	w, err := capture.NewWriter(file)
	must(t, err)
	at := time.Date(2021, 11, 4, 20, 0, 0, 0, time.UTC).UnixNano()
	for range chunks {
		p := capture.Packet{Port: "/dev/ttyUSB0", Direction: capture.Inbound, Time: at, Bytes: make([]byte, 1+r.IntN(200))}
		for i := range p.Bytes {
			p.Bytes[i] = byte(r.Uint32())
		}
		must(t, w.Write(p))
		packets = append(packets, p)
		at += int64(2*time.Millisecond) + r.Int64N(int64(18*time.Millisecond))
	}
	return packets
}

func joined(packets []capture.Packet) (all []byte) {
	for _, p := range packets {
		all = append(all, p.Bytes...)
	}
	return all
}

// likeness says how well chunks and times were kept.
func likeness(want, got []capture.Packet) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d chunks came as %d", len(want), len(got))
	}
	var off []time.Duration
	for i := range want {
		if !bytes.Equal(want[i].Bytes, got[i].Bytes) {
			return fmt.Sprintf("chunk %d has other borders", i)
		}
		off = append(off, time.Duration((got[i].Time-got[0].Time)-(want[i].Time-want[0].Time)).Abs())
	}
	slices.Sort(off)
	return fmt.Sprintf("all %d chunks kept; off in time by %v in the middle, %v at most", len(want), off[len(off)/2], off[len(off)-1])
}

// TestRecord_Tshark lets Wireshark's own reader read a recording of ours:
// nanoseconds, directions, ports, bytes and comments are exact.
func TestRecord_Tshark(t *testing.T) {
	t.Parallel()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Fatal("tshark is not installed: apt install tshark")
	}
	file := filepath.Join(t.TempDir(), "a.pcapng")
	packets := []capture.Packet{
		{Port: "/dev/ttyUSB0", Direction: capture.Inbound, Time: 1_636_027_200_000_000_001, Bytes: []byte{0xAA, 0x55, 0x00}},
		{Port: "/dev/ttyUSB0", Direction: capture.Outbound, Time: 1_636_027_200_123_456_789, Bytes: []byte{1, 3, 0, 0}},
		{Port: "/dev/ttyAMA0", Direction: capture.Inbound, Time: 1_636_027_201_999_999_999, Bytes: bytes.Repeat([]byte{0xFF}, 4096)},
		{Port: "/dev/ttyUSB0", Time: 1_636_027_202_000_000_000, Comment: "/dev/ttyUSB0 lost"},
	}
	out, err := os.Create(file)
	must(t, err)
	w, err := capture.NewWriter(out, "press 3")
	must(t, err)
	for _, p := range packets {
		must(t, w.Write(p))
	}
	must(t, out.Close())

	cmd := exec.CommandContext(within(t, time.Minute), tshark, "-n", "-r", file, "-T", "fields", "-E", "separator=|",
		"-e", "frame.time_epoch", "-e", "frame.packet_flags_direction", "-e", "frame.interface_name", "-e", "frame.comment", "-e", "frame.len", "-e", "data.data")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	told, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v %s", err, &complaints)
	}
	lines := strings.Split(strings.TrimSpace(string(told)), "\n")
	if len(lines) != len(packets) {
		t.Fatalf("tshark sees %d packets, want %d:\n%s", len(lines), len(packets), told)
	}
	for i, p := range packets {
		want := fmt.Sprintf("%d.%09d|%s|%s|%s|%d|%s", p.Time/1e9, p.Time%1e9, tsharkDirection[p.Direction], p.Port, p.Comment, len(p.Bytes), hex.EncodeToString(p.Bytes))
		if lines[i] != want {
			t.Errorf("packet %d: tshark says\n%.120s, want\n%.120s", i, lines[i], want)
		}
	}
}

// tsharkDirection is how tshark writes a direction.
var tsharkDirection = map[capture.Direction]string{capture.Inbound: "0x00000001", capture.Outbound: "0x00000002"}
