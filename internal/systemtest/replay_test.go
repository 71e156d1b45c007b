//go:build system

package systemtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"serialgw/internal/capture"
)

// player is one `serialgw replay --device`.
type player struct {
	t     *testing.T
	cmd   *exec.Cmd
	said  *journal
	ended chan struct{}
}

// replayDevice plays a recording onto a port, which is there when it returns.
func replayDevice(t *testing.T, port string, args ...string) *player {
	t.Helper()
	p := &player{t: t, said: &journal{}, ended: make(chan struct{})}
	p.cmd = exec.Command(program(), append([]string{"replay", "--quiet", "--device", port}, args...)...)
	stderr, err := p.cmd.StderrPipe()
	must(t, err)
	must(t, p.cmd.Start())
	go func() { // awaited through ended
		defer close(p.ended)
		p.said.fill(stderr)
		_ = p.cmd.Wait() // the exit status tells
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may be gone
		<-p.ended
		if t.Failed() {
			t.Logf("replay said:\n%s", p.said)
		}
	})
	_, err = p.said.await(within(t, 10*time.Second), saying("is a port now"))
	must(t, err)
	return p
}

// wait returns the exit status.
func (p *player) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-within(p.t, deliverLimit).Done():
		p.t.Fatal("replay does not end")
		return 0
	}
}

// recordings are so many demo frames as raw bytes, and as a recording with
// times, five milliseconds apart.
func recordings(t *testing.T, frames int) (raw, timed string) {
	t.Helper()
	var all, file bytes.Buffer
	w, err := capture.NewWriter(&file)
	must(t, err)
	for seq := range frames {
		frame := demoFrame(nil, uint64(seq))
		all.Write(frame)
		must(t, w.Write(capture.Packet{
			Port: "/dev/ttyUSB0", Direction: capture.Inbound, Bytes: frame,
			Time: 1_767_225_600_000_000_000 + int64(seq)*int64(5*time.Millisecond),
		}))
	}
	raw, timed = filepath.Join(t.TempDir(), "frames.bin"), filepath.Join(t.TempDir(), "frames.pcapng")
	must(t, os.WriteFile(raw, all.Bytes(), 0o600))
	must(t, os.WriteFile(timed, file.Bytes(), 0o600))
	return raw, timed
}

// TestReplay_OntoADevice lets a gateway read a recording as it reads a board:
// each frame arrives once, whoever of the two is there first.
func TestReplay_OntoADevice(t *testing.T) {
	t.Parallel()
	const frames = 2000
	raw, timed := recordings(t, frames)
	for _, row := range []struct {
		name         string
		args         []string
		gatewayFirst bool
	}{
		// A piece is what comes in 10 ms: ten whole frames. A player that the
		// machine holds up in the middle of one would be a silent board.
		{"RawAtItsBaud", []string{"--baud", "220000", raw}, false},
		{"TenTimesAsFast", []string{"--speed", "10x", timed}, false},
		{"GatewayWaits", []string{"--speed", "10x", timed}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p, b := servePlatform(t, unpaced()), newBoard(t) // its link is the device
			conf := configure(t, b, p.addr, nil)
			var g *gateway
			var player *player
			if row.gatewayFirst {
				g = start(t, conf)
				g.ready(10 * time.Second)
				player = replayDevice(t, b.link, row.args...)
			} else {
				player = replayDevice(t, b.link, row.args...)
				g = start(t, conf)
			}
			g.opened()
			if code := player.wait(); code != 0 {
				t.Errorf("replay ends with status %d", code)
			}
			g.mustDeliver(p.tally, frames)
			s := g.wantEmpty()
			p.tally.wantAll(t, frames, 0)
			if m := s.Gateway.Boards[0].Metrics; m.Frames != frames || m.CheckFailed+m.Noise+m.Expired != 0 {
				t.Errorf("the line gave %+v, want %d frames and no damage", m, frames)
			}
		})
	}
}

// TestReplay_DeviceInParts stops the player in the middle; what the command it
// says plays is the rest.
func TestReplay_DeviceInParts(t *testing.T) {
	t.Parallel()
	const frames = 2000
	_, timed := recordings(t, frames)
	p, b := servePlatform(t, unpaced()), newBoard(t)
	first := replayDevice(t, b.link, timed) // takes 10 s
	g := start(t, configure(t, b, p.addr, nil))
	g.opened()
	must(t, p.tally.await(within(t, deliverLimit), frames/20))
	must(t, first.cmd.Process.Signal(syscall.SIGINT))
	if code := first.wait(); code != 1 {
		t.Errorf("a player that was stopped ends with status %d, want 1", code)
	}
	l, err := first.said.await(within(t, 10*time.Second), saying("to go on"))
	must(t, err)
	var from string
	_, rest, _ := strings.Cut(l.text, "--from ")
	_, err = fmt.Sscan(rest, &from)
	must(t, err)
	if code := replayDevice(t, b.link, "--speed", "10x", "--from", from, timed).wait(); code != 0 {
		t.Errorf("the rest ends with status %d", code)
	}
	g.mustDeliver(p.tally, frames)
	g.wantEmpty()
	p.tally.wantAll(t, frames, 0)
}
