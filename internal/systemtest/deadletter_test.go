//go:build system

package systemtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDeadLetterRetry_KilledLosesNothing kills the sending again of dead letters
// at random moments, again and again. Each value is always among the letters, or
// in the queue, or, after a kill, in both.
func TestDeadLetterRetry_KilledLosesNothing(t *testing.T) {
	t.Parallel()
	const (
		letters = 15_000
		kills   = 30
	)
	random := seeded(t)
	conf := configure(t, newBoard(t), "127.0.0.1:9", func(c *configuration) { c.queue["dir"] = quoted(c.dir) })
	must(t, os.MkdirAll(filepath.Join(conf.dir, "queue"), 0o700))
	var text strings.Builder
	for i := range letters {
		fmt.Fprintf(&text, `{"letter":%d,"seq":%d,"board":"b","message":"m","time":"2026-08-22T10:00:00Z","synced":true,"boot_ns":%d,"boot_id":"","identifier":"volt","kind":"int","value":%d,"code":2306,"reply":"no"}`+"\n",
			i+1, i+1, i, i)
		if i == letters/2 {
			must(t, os.WriteFile(filepath.Join(conf.dir, "deadletters.jsonl.1"), []byte(text.String()), 0o600))
			text.Reset()
		}
	}
	must(t, os.WriteFile(filepath.Join(conf.dir, "deadletters.jsonl"), []byte(text.String()), 0o600))
	left := letters
	for kill := 0; left > 0; kill++ {
		// What is asked for is a part each time, so that there is always something to do.
		up := min(letters*(kill+1)/kills, letters)
		cmd := exec.Command(program(), "deadletter", "retry", "--config", conf.path, "--confirm", fmt.Sprint(up))
		must(t, cmd.Start())
		if kill < kills {
			wait(t, time.Duration(random.Int64N(int64(300*time.Millisecond))))
			_ = cmd.Process.Signal(syscall.SIGKILL)
		}
		_ = cmd.Wait() // killed, or through already
		seen := make([]bool, letters)
		left = mark(t, conf, seen, "deadletter", "export", "-")
		queued := mark(t, conf, seen, "queue", "export", "-")
		for i, ok := range seen {
			if !ok {
				t.Fatalf("after %d kills letter %d is nowhere; %d letters, %d records", kill+1, i+1, left, queued)
			}
		}
		t.Logf("kill %d: %d letters left, %d records", kill+1, left, queued)
		if kill > kills && left > 0 {
			t.Fatalf("%d letters stay", left)
		}
	}
}

// mark notes the values in an export and returns how many there are.
func mark(t *testing.T, conf *configuration, seen []bool, args ...string) (n int) {
	t.Helper()
	out, complaint, code := verb(t, time.Minute, append(args, "--config", conf.path)...)
	if code != 0 && !strings.Contains(complaint, "there is no queue") {
		t.Fatal(code, complaint)
	}
	for line := range bytes.Lines([]byte(out)) {
		var l struct {
			Value  *int
			Values map[string]int
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		v, ok := l.Values["volt"]
		if l.Value != nil {
			v, ok = *l.Value, true
		}
		if !ok || v < 0 || v >= len(seen) {
			t.Fatalf("what is this: %s", line)
		}
		seen[v] = true
		n++
	}
	return n
}
