package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestEnd_LeavesNothingBehind ends it in each way, also with a full, slow and
// failing disk and right after a cut.
func TestEnd_LeavesNothingBehind(t *testing.T) {
	for _, c := range []struct {
		name   string
		end    func(r *rig) error
		within time.Duration // the janitor cleans up after a SIGKILL
		exit   bool          // whether it ends in order
	}{
		{"quit", func(r *rig) error { _, err := r.in.Write([]byte("quit\n")); return err }, 0, true},
		{"stdin closes", func(r *rig) error { return r.in.Close() }, 0, true},
		{"SIGTERM", func(r *rig) error { return r.cmd.Process.Signal(syscall.SIGTERM) }, 0, true},
		{"SIGKILL", func(r *rig) error { return r.cmd.Process.Kill() }, 10 * time.Second, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.do("cut 1")
			if err := put(r.dir, "file", content(1), false, false); err != nil {
				t.Fatal(err)
			}
			r.do("fill 0")
			r.do("slow 500")
			r.do("eio write for 1m")
			r.closed = true
			if r.leftovers() == "" {
				t.Fatal("nothing is there before the end: the check sees nothing")
			}
			if err := c.end(r); err != nil {
				t.Fatal(err)
			}
			if err := r.cmd.Wait(); (err == nil) != c.exit {
				t.Errorf("it ended with %v", err)
			}
			r.demandNothingLeft(c.within)
		})
	}
}

// TestStart_SweepsWhatADeadOneLeft kills process and janitor, then starts
// another while a third one runs.
func TestStart_SweepsWhatADeadOneLeft(t *testing.T) {
	dead, living := newRig(t), newRig(t)
	dead.closed = true
	if err := syscall.Kill(janitorOf(t, dead), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := dead.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = dead.cmd.Wait() // killed
	if dead.leftovers() == "" {
		t.Fatal("nothing was left to sweep")
	}
	newRig(t)
	dead.demandNothingLeft(0)
	if err := put(living.dir, "file", content(1), true, true); err != nil {
		t.Errorf("the living one suffered: %v", err)
	}
}

func janitorOf(t *testing.T, r *rig) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(text), "janitor\x00"+r.tmp) {
			var pid int
			if _, err := fmt.Sscanf(f, "/proc/%d/", &pid); err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	t.Fatal("there is no janitor")
	return 0
}

// TestStart_SaysWhatIsMissing runs it as somebody who may nothing.
func TestStart_SaysWhatIsMissing(t *testing.T) {
	if err := missing(); err != nil {
		t.Fatalf("%v: run this test as root on a machine that has it", err)
	}
	base, err := os.MkdirTemp("", "cutdisk-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(base, "cutdisk")
	if err := errors.Join(os.Chmod(base, 0o755), os.WriteFile(copied, text, 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(copied, "-dir", base)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ended with %v", err)
	}
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	for _, want := range []string{"needs root", "/dev/fuse", "/dev/loop-control", "no power cut was tested"} {
		if a.OK || !strings.Contains(a.Error, want) || !strings.Contains(string(exit.Stderr), want) {
			t.Errorf("%q does not say %q", a.Error, want)
		}
	}
}
