package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// program is the built command.
var program string

func TestMain(m *testing.M) {
	if dir := os.Getenv(queueDir); dir != "" {
		fmt.Fprintln(os.Stderr, queueProgram(dir))
		os.Exit(1)
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "cutdisk-test-")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		program = filepath.Join(dir, "cutdisk")
		if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
			panic(fmt.Sprintf("%v: %s", err, out))
		}
		return m.Run()
	}())
}

// answer has the fields of all answers.
type answer struct {
	OK      bool
	Command string
	Error   string
	Free    int64
	Cut
	State
	Life   int
	Failed int64
}

// rig is a running cutdisk.
type rig struct {
	t      testing.TB
	cmd    *exec.Cmd
	dir    string
	tmp    string
	in     io.WriteCloser
	out    *bufio.Reader
	closed bool
}

// newRig starts one with a directory of its own; it is quit with the test.
func newRig(t testing.TB, args ...string) *rig {
	t.Helper()
	if err := missing(); err != nil {
		t.Fatalf("%v: run this test as root on a machine that has it", err)
	}
	base := t.TempDir()
	r := &rig{t: t, dir: filepath.Join(base, "disk"), tmp: filepath.Join(base, "tmp")}
	for _, dir := range []string{r.dir, r.tmp} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.cmd = exec.Command(program, append([]string{"-dir", r.dir, "-tmp", r.tmp}, args...)...)
	r.cmd.Stderr = os.Stderr
	var err error
	if r.in, err = r.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.out = bufio.NewReader(out)
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.quit)
	if a := r.answer(); !a.OK || a.Command != "start" {
		t.Fatalf("%+v", a)
	}
	return r
}

func (r *rig) answer() answer {
	r.t.Helper()
	line, err := r.out.ReadString('\n')
	if err != nil {
		r.t.Fatalf("cutdisk ended: %v", err)
	}
	var a answer
	if err := json.Unmarshal([]byte(line), &a); err != nil {
		r.t.Fatalf("%v: %q", err, line)
	}
	return a
}

// try gives a command; do demands that it works.
func (r *rig) try(format string, args ...any) answer {
	r.t.Helper()
	if _, err := fmt.Fprintf(r.in, format+"\n", args...); err != nil {
		r.t.Fatal(err)
	}
	return r.answer()
}

func (r *rig) do(format string, args ...any) answer {
	r.t.Helper()
	a := r.try(format, args...)
	if !a.OK {
		r.t.Fatalf(format+": %s", append(args, a.Error)...)
	}
	return a
}

// quit ends it in order, once, and demands that nothing is left.
func (r *rig) quit() {
	r.t.Helper()
	if r.closed {
		return
	}
	r.closed = true
	if _, err := io.WriteString(r.in, "quit\n"); err != nil {
		r.t.Errorf("cutdisk is gone: %v", err)
	}
	if err := r.cmd.Wait(); err != nil {
		r.t.Error(err)
	}
	r.demandNothingLeft(0)
}

// demandNothingLeft looks for mounts, loop devices, files and processes of the rig.
func (r *rig) demandNothingLeft(within time.Duration) {
	r.t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
		left := r.leftovers()
		if left == "" {
			return
		}
		if time.Now().After(end) {
			r.t.Errorf("left behind:\n%s", left)
			return
		}
	}
}

func (r *rig) leftovers() string {
	r.t.Helper()
	var left []string
	table, err := mountTable(ourMounts)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, m := range table {
		if m.dir == r.dir || strings.HasPrefix(m.dir, r.tmp) {
			left = append(left, fmt.Sprint("mount ", m))
		}
	}
	left = append(left, loopsOn(r.tmp)...)
	files, err := os.ReadDir(r.tmp)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range files {
		left = append(left, "file "+f.Name())
	}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range lines {
		if text, err := os.ReadFile(f); err == nil && strings.Contains(string(text), r.tmp) {
			left = append(left, "process "+strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return strings.Join(left, "\n")
}

// put writes a file below the disk, and syncs it and its directory if asked.
func put(dir, name string, data []byte, syncFile, syncDir bool) error {
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if syncFile && err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if !syncDir || err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// freeOf returns what statfs says is left.
func freeOf(t *testing.T, dir string) int64 {
	t.Helper()
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return int64(s.Bfree) * s.Bsize
}
