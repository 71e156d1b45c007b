package sidebyside

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// measureQueue counts syncs, and the memory that a backlog takes.
func measureQueue(t *testing.T, s *session) {
	if _, err := exec.LookPath("strace"); err == nil {
		n := s.syncs(t, 2*time.Minute, strings.Fields(s.replay(t, brokerAddr)+" "+filepath.Join(s.data, "w2.bin"))...)
		s.table.below(6, fmt.Sprintf("syncs for %d records under load", posts), "", float64(n), posts/32)
		const secs = 10
		live := s.liveArgs(115200, secs, s.program(t))
		n = s.syncs(t, time.Minute, append([]string{s.benchref}, live...)...)
		s.table.below(6, "syncs a second, live", "/s", float64(n)/(secs+liveWarm), 10)
	} else {
		s.table.skip(6, "syncs", "strace is not installed")
	}
	few, many := s.backlog(t, 1000), s.backlog(t, 1_000_000)
	s.table.below(6, fmt.Sprintf("RSS with 1M records waiting, over 1k (%.1f MiB)", few), " MiB", many-few, 8)
}

// syncs runs a program and counts what it and its children sync.
func (s *session) syncs(t *testing.T, limit time.Duration, line ...string) int {
	t.Helper()
	log := filepath.Join(t.TempDir(), "strace")
	s.mustRun(t, limit, ".", "strace", append([]string{"-f", "--seccomp-bpf", "-c", "-e", "trace=fsync,fdatasync,sync_file_range", "-o", log}, line...)...)
	text, err := os.ReadFile(log)
	must(t, err)
	return countCalls(string(text))
}

// countCalls adds up the calls of a table of strace -c:
//
//	100.00    0.012345         200        61           fdatasync
var calls = regexp.MustCompile(`(?m)^ *[\d.]+ +[\d.]+ +\d+ +(\d+) .*sync\w*$`)

func countCalls(table string) int {
	sum := 0
	for _, m := range calls.FindAllStringSubmatch(table, -1) {
		n, _ := strconv.Atoi(m[1]) // digits
		sum += n
	}
	return sum
}

// backlog feeds n frames to a gateway whose broker is not there, at the pace of
// a line of 3 Mbaud, and returns its RSS in MiB when all of them wait.
func (s *session) backlog(t *testing.T, n int) float64 {
	t.Helper()
	line := newLine(t)
	config := s.configure(t, "127.0.0.1:1", line.port, 115200, "")
	cmd := s.start(t, io.Discard, s.serialgw, "run", "-c", config)
	defer stop(cmd)
	frames, err := os.ReadFile(filepath.Join(s.data, "w1.bin"))
	must(t, err)
	waiting := func() uint64 {
		out, err := s.run(t, time.Minute, ".", s.serialgw, "status", "--json", "-c", config)
		var status struct{ Queue struct{ Records uint64 } }
		if err != nil || json.Unmarshal([]byte(out), &status) != nil {
			return 0 // it is just starting
		}
		return status.Queue.Records
	}
	// The first frame again and again: what comes before the port is open is lost.
	for range 50 {
		line.write(t, frames[:frameSize])
		if s.pause(t, 100*time.Millisecond); waiting() > 0 {
			break
		}
	}
	for rest := frames[:n*frameSize]; len(rest) > 0; {
		part := min(len(rest), 3000)
		line.write(t, rest[:part])
		rest = rest[part:]
		s.pause(t, 10*time.Millisecond)
	}
	for range 600 {
		if waiting() >= uint64(n) {
			s.pause(t, 3*time.Second) // syncs
			return usageOf(cmd.Process.Pid).rss
		}
		s.pause(t, 100*time.Millisecond)
	}
	t.Fatalf("only %d of %d frames came to the queue", waiting(), n)
	return 0
}

func TestCountCalls(t *testing.T) {
	const table = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 98.10    0.012345         200        61           fdatasync
  1.90    0.000239         119         2         1 fsync
------ ----------- ----------- --------- --------- ----------------
100.00    0.012584         199        63         1 total
`
	if got := countCalls(table); got != 63 {
		t.Errorf("got %d calls, want 63", got)
	}
}
