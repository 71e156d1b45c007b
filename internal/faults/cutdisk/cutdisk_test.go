package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
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

// content is what the file of a round holds; it spans several blocks.
func content(round uint64) []byte {
	rng := rand.New(rand.NewPCG(round, 2))
	data := make([]byte, 1000+rng.IntN(20_000))
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	return data
}

// cutRounds writes a file in a new directory of each round, cuts, and returns
// in how many rounds it was there whole afterwards, and in how many otherwise.
// Lost is not there, or not whole.
func cutRounds(t *testing.T, r *rig, rounds uint64, syncFile, syncDir bool) (kept, lost int) {
	t.Helper()
	for round := range rounds {
		dir := filepath.Join(r.dir, fmt.Sprint("round", round))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		want := content(round)
		if err := put(dir, "file", want, syncFile, syncDir); err != nil {
			t.Fatal(err)
		}
		if syncDir { // its own name in the top directory
			if err := put(r.dir, "top", nil, true, true); err != nil {
				t.Fatal(err)
			}
		}
		r.do("cut %d", round)
		got, err := os.ReadFile(filepath.Join(dir, "file"))
		switch {
		case err == nil && bytes.Equal(got, want):
			kept++
		case err == nil || errors.Is(err, os.ErrNotExist):
			lost++
		default:
			t.Fatal(err)
		}
		if err := os.RemoveAll(dir); err != nil { // not synced: no matter
			t.Fatal(err)
		}
	}
	return kept, lost
}

func TestCut_LeavesWhatWasSynced(t *testing.T) {
	for _, block := range []string{"0", "4096"} {
		t.Run("block="+block, func(t *testing.T) {
			if kept, lost := cutRounds(t, newRig(t, "-block", block), 50, true, true); lost > 0 || kept != 50 {
				t.Errorf("of 50 synced files %d are lost", lost)
			}
		})
	}
}

func TestCut_TakesWhatWasNotSynced(t *testing.T) {
	kept, lost := cutRounds(t, newRig(t), 20, false, false)
	t.Logf("files never synced: %d kept, %d lost", kept, lost)
	if lost == 0 {
		t.Error("no file was lost that nobody synced: this disk shows no loss")
	}
}

// TestCut_FileSyncedDirectoryNot has no promise to hold: it tells what this
// ext4 does, and that nothing but the two is there.
func TestCut_FileSyncedDirectoryNot(t *testing.T) {
	kept, lost := cutRounds(t, newRig(t), 20, true, false)
	t.Logf("files synced, their directory not: %d kept, %d lost", kept, lost)
	if kept+lost != 20 {
		t.Errorf("%d rounds of 20", kept+lost)
	}
}

// TestCut_WithoutFlushLosesSynced is the control of all the others.
func TestCut_WithoutFlushLosesSynced(t *testing.T) {
	kept, lost := cutRounds(t, newRig(t, "-no-flush"), 20, true, true)
	t.Logf("synced files on a disk that does not flush: %d kept, %d lost", kept, lost)
	if lost == 0 {
		t.Error("the control lost nothing: it proves nothing")
	}
}

// TestFreeze_NoSyncSucceedsWithoutPower holds a file open over the cut.
func TestFreeze_NoSyncSucceedsWithoutPower(t *testing.T) {
	r := newRig(t)
	f, err := os.Create(filepath.Join(r.dir, "file"))
	if err != nil {
		t.Fatal(err)
	}
	r.do("freeze")
	if _, err := f.WriteString("too late"); err == nil {
		if err := f.Sync(); err == nil {
			t.Error("a sync succeeded without power")
		}
	}
	if a := r.do("cut 1"); !a.Held {
		t.Errorf("nobody holds the old disk: %+v", a)
	}
	if err := f.Sync(); err == nil {
		t.Error("a sync of the old disk succeeded")
	}
	if err := f.Close(); err != nil && !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	if err := put(r.dir, "next", []byte("life"), true, true); err != nil {
		t.Error(err)
	}
}

// TestCut_ReleasesTheDiskInOtherMountNamespaces makes one while the disk is
// mounted: it has a copy of the mount, which would hold each life for ever.
func TestCut_ReleasesTheDiskInOtherMountNamespaces(t *testing.T) {
	r := newRig(t)
	apart := exec.Command("sleep", "120")
	apart.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if err := apart.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = apart.Process.Kill()
		_ = apart.Wait() // killed
	}()
	table, err := mountTable(fmt.Sprintf("/proc/%d/mounts", apart.Process.Pid))
	if err != nil || !slices.ContainsFunc(table, func(m mounted) bool { return m.dir == r.dir }) {
		t.Fatalf("the other namespace has no copy: %v, %v", err, table)
	}
	if a := r.do("cut 1"); a.Held {
		t.Error("the old disk is held")
	}
	r.do("remount")
	r.quit()
}

func TestFill_FullAndBack(t *testing.T) {
	r := newRig(t)
	r.do("fill 0")
	if err := put(r.dir, "file", content(1), true, true); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("full: %v", err)
	}
	r.do("cut 2") // the filler is synced
	if err := put(r.dir, "file", content(1), true, true); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("full after a cut: %v", err)
	}
	if a := r.do("free"); a.Free < 40<<20 || freeOf(t, r.dir) < a.Free {
		t.Errorf("free says %d, statfs %d", a.Free, freeOf(t, r.dir))
	}
	if err := put(r.dir, "file", content(1), true, true); err != nil {
		t.Errorf("free again: %v", err)
	}
	if a := r.do("fill 5000000"); a.Free < 4_900_000 || a.Free > 5_000_512 {
		t.Errorf("%d bytes are free", a.Free)
	}
}

// TestEIO_ReachesTheWriter checks that each kind of failure comes to a
// program, and that a remount brings the disk back.
func TestEIO_ReachesTheWriter(t *testing.T) {
	for _, c := range []struct{ fault, symptom string }{
		{"write 1", "sync"}, {"write for 10s", "sync"}, {"sync 1", "sync"}, {"read for 10s", "read"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			r := newRig(t)
			if err := put(r.dir, "old", content(1), true, true); err != nil {
				t.Fatal(err)
			}
			r.do("remount") // nothing of it is cached
			r.do("eio %s", c.fault)
			var err error
			if c.symptom == "read" {
				_, err = os.ReadFile(filepath.Join(r.dir, "old"))
			} else {
				err = put(r.dir, "new", content(2), true, true)
			}
			if !errors.Is(err, syscall.EIO) && !errors.Is(err, syscall.EROFS) {
				t.Errorf("the program saw %v", err)
			}
			r.do("eio off")
			a := r.do("stat")
			t.Logf("afterwards: program saw %v, read_only %v, ext4_errors %d, failed operations %d", err, a.ReadOnly, a.Errors, a.Failed)
			if a.Failed == 0 {
				t.Error("no operation failed")
			}
			if a := r.do("remount"); a.ReadOnly {
				t.Error("still read-only after a remount")
			}
			if got, err := os.ReadFile(filepath.Join(r.dir, "old")); err != nil || !bytes.Equal(got, content(1)) {
				t.Errorf("the synced file: %v, %d bytes", err, len(got))
			}
			if err := put(r.dir, "new", content(2), true, true); err != nil {
				t.Errorf("after a remount: %v", err)
			}
		})
	}
}

// TestEIO_EndsTheJournal lets a commit fail: ext4 then takes no writes until a
// remount, and the answers say so.
func TestEIO_EndsTheJournal(t *testing.T) {
	r := newRig(t)
	r.do("eio write for 1m")
	if err := os.Mkdir(filepath.Join(r.dir, "directory"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syncAll(r.dir); err == nil {
		t.Error("the sync saw no failure")
	}
	r.do("eio off")
	if err := put(r.dir, "file", content(1), true, true); !errors.Is(err, syscall.EROFS) && !errors.Is(err, syscall.EIO) {
		t.Errorf("a write after the failure: %v", err)
	}
	if a := r.do("stat"); !a.ReadOnly {
		t.Errorf("ext4 refuses writes and the answer does not say so: %+v", a)
	}
	if a := r.do("remount"); a.ReadOnly || a.Errors != 0 {
		t.Errorf("after a remount: %+v", a)
	}
	if err := put(r.dir, "file", content(1), true, true); err != nil {
		t.Errorf("after a remount: %v", err)
	}
}

// TestRemount_RefusesWhileSomebodyUsesTheDisk refuses to pull the disk from a program.
func TestRemount_RefusesWhileSomebodyUsesTheDisk(t *testing.T) {
	r := newRig(t)
	f, err := os.Create(filepath.Join(r.dir, "file"))
	if err != nil {
		t.Fatal(err)
	}
	if a := r.try("remount"); a.OK || !strings.Contains(a.Error, "busy") {
		t.Errorf("%+v", a)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r.do("remount")
	if _, err := os.Stat(filepath.Join(r.dir, "file")); err != nil {
		t.Errorf("a remount is no cut: %v", err)
	}
}

func TestSlow_DelaysEachSync(t *testing.T) {
	r := newRig(t)
	r.do("slow 150")
	began := time.Now()
	if err := put(r.dir, "file", content(1), true, false); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("a sync took %v", took)
	}
	before := r.do("stat")
	r.do("slow 0")
	if err := put(r.dir, "file", content(2), true, false); err != nil {
		t.Fatal(err)
	}
	if after := r.do("stat"); after.Flushes <= before.Flushes || after.Writes <= before.Writes {
		t.Errorf("a sync wrote nothing: %+v, then %+v", before, after)
	}
}

func TestCommands_RefuseWhatTheyDoNotKnow(t *testing.T) {
	r := newRig(t)
	for _, line := range []string{"cut", "cut x", "fill -1", "fill", "eio", "eio write", "eio write 0", "eio erase 1", "eio write for ever", "slow x", "stat 1", "nonsense"} {
		if a := r.try("%s", line); a.OK || a.Error == "" {
			t.Errorf("%q: %+v", line, a)
		}
	}
	r.do("stat")
}

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

// TestRate_EightAtOnce runs eight disks at once and tells how fast they cut.
func TestRate_EightAtOnce(t *testing.T) {
	const disks, cuts = 8, 15
	rigs := make([]*rig, disks)
	for i := range rigs {
		rigs[i] = newRig(t)
	}
	began := time.Now()
	var wait sync.WaitGroup
	for i, r := range rigs {
		wait.Go(func() {
			for round := range uint64(cuts) {
				if err := put(r.dir, fmt.Sprint("file", round), content(round), true, true); err != nil {
					t.Errorf("disk %d: %v", i, err)
					return
				}
				if a := r.try("cut %d", round); !a.OK {
					t.Errorf("disk %d: %+v", i, a)
					return
				}
				for n := range round + 1 {
					got, err := os.ReadFile(filepath.Join(r.dir, fmt.Sprint("file", n)))
					if err != nil || !bytes.Equal(got, content(n)) {
						t.Errorf("disk %d lost the synced file %d in cut %d: %v", i, n, round, err)
						return
					}
				}
			}
		})
	}
	wait.Wait()
	t.Logf("%d disks: %.1f cuts/s each", disks, cuts/time.Since(began).Seconds())
}
