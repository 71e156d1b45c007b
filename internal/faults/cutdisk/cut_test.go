package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	unflushed := 0
	defer func() { t.Logf("%d of %d cuts met unflushed writes", unflushed, rounds) }()
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
		if syncDir {
			freezeAmidNoise(r, dir, 1+int(round*7%40))
		}
		if a := r.do("cut %d", round); a.UnflushedBytes > 0 {
			unflushed++
		}
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

// freezeAmidNoise takes the power away with the n-th write of a program that
// writes and syncs other files: the journal is busy at the cut.
func freezeAmidNoise(r *rig, dir string, n int) {
	r.t.Helper()
	ended := make(chan error)
	go func() {
		for i := uint64(0); ; i++ {
			if err := put(dir, fmt.Sprint("noise", i%5), content(i), true, true); err != nil {
				ended <- err
				return
			}
		}
	}()
	r.do("freeze after %d", n)
	if err := <-ended; !errors.Is(err, syscall.EIO) && !errors.Is(err, syscall.EROFS) {
		r.t.Errorf("without power a write says %v", err)
	}
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
