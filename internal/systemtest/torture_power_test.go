//go:build system

package systemtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// cutdiskBuild is the program that serves disks with a power switch, built once.
var cutdiskBuild = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // once a run
	dir, err := os.MkdirTemp("", "serialgw-cutdisk-")
	if err != nil {
		return "", err
	}
	cutdiskDir = dir
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "cutdisk"), ".")
	cmd.Dir = "../faults/cutdisk"
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build cutdisk: %w\n%s", err, out)
	}
	return filepath.Join(dir, "cutdisk"), nil
})

var cutdiskDir string //nolint:gochecknoglobals // removed by TestMain

// powered is a directory on an ext4 of its own, whose power can be cut. See
// internal/faults/cutdisk.
type powered struct {
	folder
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Reader
}

// newPowered starts the disk. With control set it forgets what was flushed.
func newPowered(t *testing.T, control bool) *powered {
	t.Helper()
	path, err := cutdiskBuild()
	must(t, err)
	at := t.TempDir()
	args := []string{"-dir", at, "-size", "32", "-tmp", t.TempDir()}
	if control {
		args = append(args, "-no-flush")
	}
	p := &powered{folder: folder(filepath.Join(at, "state")), cmd: exec.Command(path, args...)}
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	must(t, err)
	out, err := p.cmd.StdoutPipe()
	must(t, err)
	must(t, p.cmd.Start())
	p.in, p.out = in, bufio.NewReader(out)
	t.Cleanup(func() {
		_ = in.Close() // the end of stdin ends it
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("cutdisk: %v", err)
		}
	})
	p.answer(t)
	return p
}

// tell gives a command and waits for its answer.
func (p *powered) tell(t *testing.T, format string, args ...any) diskAnswer {
	t.Helper()
	if _, err := fmt.Fprintf(p.in, format+"\n", args...); err != nil {
		t.Fatalf("cutdisk takes no command: %v", err)
	}
	return p.answer(t)
}

// diskAnswer is what cutdisk says.
type diskAnswer struct {
	OK       bool
	Command  string
	Error    string
	ReadOnly bool `json:"read_only"`
}

func (p *powered) answer(t *testing.T) (a diskAnswer) {
	t.Helper()
	stuck := time.AfterFunc(60*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer stuck.Stop()
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("cutdisk does not answer: %v", err)
	}
	if err := json.Unmarshal(line, &a); err != nil || !a.OK {
		t.Fatalf("cutdisk: %s: %s %v", a.Command, a.Error, err)
	}
	return a
}

func (p *powered) freeze(t *testing.T)           { t.Helper(); p.tell(t, "freeze") }
func (p *powered) cut(t *testing.T, seed uint64) { t.Helper(); p.tell(t, "cut %d", seed) }
func (p *powered) fill(t *testing.T)             { t.Helper(); p.tell(t, "fill 0") }
func (p *powered) free(t *testing.T)             { t.Helper(); p.tell(t, "free") }
func (p *powered) remount(t *testing.T)          { t.Helper(); p.tell(t, "remount") }

func (p *powered) fail(t *testing.T, d time.Duration) { t.Helper(); p.tell(t, "eio write for %v", d) }

func (p *powered) readOnly(t *testing.T) bool { t.Helper(); return p.tell(t, "stat").ReadOnly }

func (p *powered) slow(t *testing.T, d time.Duration) {
	t.Helper()
	p.tell(t, "slow %d", d.Milliseconds())
}
