package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

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
