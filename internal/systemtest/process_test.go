//go:build system

package systemtest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// deliverLimit bounds the wait for the last frame: a busy machine, not a slow
// program.
const deliverLimit = 60 * time.Second

// gateway is one `serialgw run`.
type gateway struct {
	t      *testing.T
	conf   *configuration
	cmd    *exec.Cmd
	log    *journal
	ledger *ledger
	ended  chan struct{} // closed when the process is gone and everything read
	err    error         // how it ended; after ended
}

// start runs the gateway on a configuration. Its log is shown if the test
// fails, and is searched for secrets in any case.
func start(t *testing.T, conf *configuration) *gateway {
	t.Helper()
	pipe, ledgerEnd, err := os.Pipe()
	must(t, err)
	g := &gateway{t: t, conf: conf, log: &journal{}, ledger: &ledger{}, ended: make(chan struct{})}
	args := append(slices.Clone(conf.through), cmp.Or(conf.program, program()), "run", "--config", conf.path, "--ledger-fd", "3")
	g.cmd = exec.Command(args[0], args[1:]...)
	g.cmd.Env = append(append(os.Environ(), "STATE_DIRECTORY="+conf.dir), conf.env...)
	g.cmd.ExtraFiles = []*os.File{ledgerEnd}
	if conf.unledgered {
		g.cmd.Args, g.cmd.ExtraFiles = g.cmd.Args[:4], nil
	}
	if conf.isolated {
		g.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	}
	stderr, err := g.cmd.StderrPipe()
	must(t, err)
	must(t, g.cmd.Start())
	_ = ledgerEnd.Close() // the child's now
	go func() {           // awaited through ended
		defer close(g.ended)
		var reading sync.WaitGroup
		reading.Go(func() { g.log.fill(stderr) })
		reading.Go(func() { g.ledger.fill(pipe); _ = pipe.Close() })
		reading.Wait()
		g.err = g.cmd.Wait()
	}()
	t.Cleanup(g.finish)
	return g
}

func (g *gateway) finish() {
	g.kill()
	if text := g.log.String(); g.t.Failed() {
		g.t.Logf("log of %s:\n%s", g.conf.path, text)
	}
	g.wantNoSecrets()
}

// wantNoSecrets fails if key, password or any token is in the log.
func (g *gateway) wantNoSecrets() {
	g.t.Helper()
	text := g.log.String()
	for _, secret := range []string{testKey, wrongKey, strings.TrimRight(testKey, "="), "sign=", "method=sha256", "et="} {
		if strings.Contains(text, secret) {
			g.t.Errorf("the log holds the secret %q", secret)
		}
	}
}

// kill ends the process as a power cut would, but for the page cache.
func (g *gateway) kill() {
	_ = g.cmd.Process.Signal(syscall.SIGKILL) // fails on a process that is gone, which is what we want
	<-g.ended
}

func (g *gateway) signal(s os.Signal) {
	g.t.Helper()
	must(g.t, g.cmd.Process.Signal(s))
}

// stop asks the process to end and returns its exit status and how long it
// took.
func (g *gateway) stop(limit time.Duration) (code int, took time.Duration) {
	g.t.Helper()
	begun := time.Now()
	g.signal(syscall.SIGTERM)
	select {
	case <-g.ended:
		return g.cmd.ProcessState.ExitCode(), time.Since(begun)
	case <-within(g.t, limit).Done():
		g.t.Fatalf("the gateway does not end within %v of SIGTERM", limit)
		return 0, 0
	}
}

// expect waits for a log line that matches and that was not expected before.
func (g *gateway) expect(limit time.Duration, what string, match func(line) bool) line {
	g.t.Helper()
	l, err := g.log.await(within(g.t, limit), match)
	if err != nil {
		g.t.Fatalf("no log line %q: %v", what, err)
	}
	return l
}

// opened waits until the port is in use.
func (g *gateway) opened() line {
	g.t.Helper()
	return g.expect(10*time.Second, "port opened", state("opened"))
}

// ready waits until the cloud takes posts.
func (g *gateway) ready(limit time.Duration) line {
	g.t.Helper()
	return g.expect(limit, "cloud ready", state("ready"))
}

// status is what we look at of the gateway's own.
type status struct {
	Gateway struct {
		Boards []struct {
			FramesPerSecond float64 `json:"frames_per_second"`
			Stored          uint64  `json:"stored"`
			Metrics         struct {
				BytesIn     uint64 `json:"bytes_in"`
				Frames      uint64 `json:"frames"`
				CheckFailed uint64 `json:"check_failed"`
				Noise       uint64 `json:"noise"`
				Expired     uint64 `json:"expired"`
			}
		}
		Uplink struct {
			Ready       bool   `json:"ready"`
			InFlight    int    `json:"in_flight"`
			Confirmed   uint64 `json:"confirmed_posts"`
			Records     uint64 `json:"confirmed_records"`
			Lost        uint64 `json:"unanswered_posts"`
			DeadLetters uint64 `json:"dead_letters"`
			Untimed     uint64 `json:"untimed_records"`
			Corrected   uint64 `json:"corrected_records"`
			Unclocked   uint64 `json:"waiting_for_clock"`
			Quarantine  map[string]struct {
				Code int
				Text string
			}
		}
	}
	Queue struct {
		Records, Dropped, Appended uint64
		Damaged                    uint64 `json:"damaged_records"`
		InMemory                   bool   `json:"in_memory"`
	}
	Goroutines int
	Link       struct {
		State    string
		Connects uint64
	}
}

// ask puts the question "status" to the status socket.
func (g *gateway) ask() (s status, err error) {
	conn, err := net.DialTimeout("unix", filepath.Join(g.conf.dir, "serialgw.sock"), time.Second)
	if err != nil {
		return s, fmt.Errorf("cannot reach the gateway: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return s, fmt.Errorf("cannot bound the question: %w", err)
	}
	if _, err := fmt.Fprintln(conn, "status"); err != nil {
		return s, fmt.Errorf("cannot ask the gateway: %w", err)
	}
	return s, json.NewDecoder(conn).Decode(&s)
}

// awaitStatus asks until the answer satisfies. There is no event to wait for:
// the last verdict is on its way when the platform has given it.
func (g *gateway) awaitStatus(limit time.Duration, what string, ok func(status) bool) status {
	g.t.Helper()
	ctx := within(g.t, limit)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		s, err := g.ask()
		if err == nil && ok(s) {
			return s
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			g.t.Fatalf("%s: %v; last status %+v, %v", what, context.Cause(ctx), s, err)
		}
	}
}

// mustDeliver waits until so many different frames have arrived. If they do
// not, the status tells on which side of the queue they are missing.
func (g *gateway) mustDeliver(arrived *tally, frames int) {
	g.t.Helper()
	if err := arrived.await(within(g.t, deliverLimit), frames); err != nil {
		s, askErr := g.ask()
		g.t.Fatalf("%v; the gateway says %+v, %v", err, s, askErr)
	}
}

// wantEmpty waits for the last verdicts and fails unless the queue is empty.
func (g *gateway) wantEmpty() status {
	g.t.Helper()
	return g.awaitStatus(15*time.Second, "queue empty", func(s status) bool { return s.Queue.Records == 0 })
}

// ledger is what the gateway promised, as told through fd 3.
type ledger struct {
	mu      sync.Mutex
	written []uint64    // "W n", in order
	heard   []time.Time // when each was read here
	synced  uint64      // the last "S n"
	syncs   []syncLine  // all of them
	news    bell
}

// syncLine is an "S n", and when it was read here.
type syncLine struct {
	at  time.Time
	seq uint64
	had int // records written before it
}

func (l *ledger) fill(pipe *os.File) {
	in := bufio.NewScanner(pipe)
	for in.Scan() {
		var what string
		var seq uint64
		if n, _ := fmt.Sscan(in.Text(), &what, &seq); n != 2 {
			continue // the line that the kill cut
		}
		l.mu.Lock()
		if what == "W" {
			l.written, l.heard = append(l.written, seq), append(l.heard, time.Now())
		} else {
			l.synced = seq
			l.syncs = append(l.syncs, syncLine{time.Now(), seq, len(l.written)})
		}
		l.news.ring()
		l.mu.Unlock()
	}
}

// safe returns the last "S n".
func (l *ledger) safe() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.synced
}

// marks returns every "S n" so far.
func (l *ledger) marks() []syncLine {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.syncs)
}

func (l *ledger) records() []uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]uint64(nil), l.written...)
}

// times returns when each of the records was heard of.
func (l *ledger) times() []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]time.Time(nil), l.heard...)
}

// await waits until so many records have been written.
func (l *ledger) await(ctx context.Context, n int) error {
	for {
		l.mu.Lock()
		have, news := len(l.written), l.news.wait()
		l.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("%w: %d of %d records written", context.Cause(ctx), have, n)
		}
	}
}

// verb runs another verb of the program to its end.
func verb(t *testing.T, limit time.Duration, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(within(t, limit), program(), args...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("cannot run %v: %v", args, err)
	}
	return out.String(), complaints.String(), cmd.ProcessState.ExitCode()
}
