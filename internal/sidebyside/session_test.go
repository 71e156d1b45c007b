package sidebyside

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	brokerAddr = "127.0.0.1:18830" // as the references know them
	sinkAddr   = "127.0.0.1:18831"
	python     = "/usr/bin/python3"
	root       = "../.." // of the project
)

// session is what all goals share.
type session struct {
	ctx      context.Context // ends with the test, or with Ctrl-C
	table    table
	ref      string // the directory of the references
	dir      string // for everything that is made
	data     string // the recordings
	serialgw string // the program
	benchref string // the reference program
	node     bool   // there is Node with its modules
	env      []string
}

func newSession(t *testing.T) *session {
	t.Helper()
	ref := *reference
	if !filepath.IsAbs(ref) {
		ref = filepath.Join(root, ref)
	}
	ref, err := filepath.Abs(ref)
	must(t, err)
	ctx, cancel := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	t.Cleanup(cancel)
	s := &session{ctx: ctx, ref: ref, dir: t.TempDir(), data: os.Getenv("BENCH_DATA")}
	s.serialgw, s.benchref = filepath.Join(s.dir, "serialgw"), filepath.Join(s.dir, "benchref")
	s.env = append(os.Environ(), "CGO_ENABLED=0")
	s.mustRun(t, 5*time.Minute, root, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", s.serialgw, "./cmd/serialgw")
	s.mustRun(t, 5*time.Minute, filepath.Join(ref, "ref"), "go", "build", "-o", s.benchref, ".")
	if s.data == "" {
		s.data = s.dir
		s.record(t, "w1", "--frames", "1000000", "--seed", "1")
		s.record(t, "w1n", "--frames", "1000000", "--noise", ".01", "--seed", "2")
		s.record(t, "w2", "--frames", "200000", "--seed", "3")
	}
	s.env = append(s.env, "BENCH_DATA="+s.data, "BENCHREF="+s.benchref)
	_, err = s.run(t, time.Minute, ref, "node", "-e", "require('mqtt'); require('serialport')")
	s.node = err == nil
	s.startBroker(t)
	return s
}

// record makes one of the recordings that all programs read.
func (s *session) record(t *testing.T, name string, args ...string) {
	t.Helper()
	file := filepath.Join(s.data, name)
	s.mustRun(t, 5*time.Minute, s.ref, python, append([]string{"gen.py", "--out", file + ".bin", "--truth", file + ".json"}, args...)...)
}

// repeated makes a recording of so many bytes, the same ones again and again,
// or random ones, with one frame at the end: without any, decode fails.
func (s *session) repeated(t *testing.T, name string, size int, unit ...byte) string {
	t.Helper()
	b := bytes.Repeat(unit, size/max(len(unit), 1))
	if len(unit) == 0 {
		b = make([]byte, size)
		_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	}
	path := filepath.Join(s.dir, name)
	must(t, os.WriteFile(path, append(b, frameOf(0)...), 0o600))
	return path
}

// startBroker runs mosquitto until the test ends.
func (s *session) startBroker(t *testing.T) {
	t.Helper()
	if c, err := net.DialTimeout("tcp", brokerAddr, time.Second); err == nil {
		_ = c.Close()
		t.Fatalf("something listens on %s already", brokerAddr)
	}
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
	}
	cmd := s.start(t, io.Discard, path, "-c", filepath.Join(s.ref, "mosquitto.conf"))
	s.env = append(s.env, fmt.Sprintf("BROKER_PID=%d", cmd.Process.Pid))
	for range 100 {
		if c, err := net.DialTimeout("tcp", brokerAddr, time.Second); err == nil {
			_ = c.Close()
			return
		}
		s.pause(t, 50*time.Millisecond)
	}
	t.Fatal("mosquitto does not start")
}

// command is a program in a process group of its own, which ends with ctx.
func (s *session) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = s.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second // then it is killed
	return cmd
}

// run waits for a program, at most so long, and returns what it said.
func (s *session) run(t *testing.T, limit time.Duration, dir, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, limit)
	defer cancel()
	cmd := s.command(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func (s *session) mustRun(t *testing.T, limit time.Duration, dir, name string, args ...string) string {
	t.Helper()
	out, err := s.run(t, limit, dir, name, args...)
	must(t, err)
	return out
}

// start runs a program until the test, or stop, ends it.
func (s *session) start(t *testing.T, stderr io.Writer, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := s.command(s.ctx, name, args...)
	cmd.Stderr = stderr
	must(t, cmd.Start())
	t.Cleanup(func() { stop(cmd) })
	return cmd
}

// stop ends a program that start began; again it does nothing.
func stop(cmd *exec.Cmd) {
	if cmd.ProcessState != nil {
		return
	}
	_ = cmd.Cancel()
	late := time.AfterFunc(10*time.Second, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer late.Stop()
	_ = cmd.Wait()
}

// pause waits unless all is to end.
func (s *session) pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
		t.Fatal("stopped")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
