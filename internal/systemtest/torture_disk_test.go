//go:build system

package systemtest

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// disk is where the state directory of a schedule lies.
type disk interface {
	dir() string
	// freeze takes the power away: what is written from now on will not have
	// been. cut gives it back, after the process has gone.
	freeze(t *testing.T)
	cut(t *testing.T, seed uint64)
	// fill leaves no room, free gives it back.
	fill(t *testing.T)
	free(t *testing.T)
	// fail lets each write fail for a time; readOnly tells whether the file
	// system has given itself up, and remount brings it back.
	fail(t *testing.T, d time.Duration)
	readOnly(t *testing.T) bool
	remount(t *testing.T)
	// slow makes each flush take so long.
	slow(t *testing.T, d time.Duration)
}

// folder is a plain directory: only the page cache is put to the test.
type folder string

func (f folder) dir() string                        { return string(f) }
func (f folder) freeze(t *testing.T)                { f.none(t) }
func (f folder) cut(t *testing.T, _ uint64)         { f.none(t) }
func (f folder) fill(t *testing.T)                  { f.none(t) }
func (f folder) free(t *testing.T)                  { f.none(t) }
func (f folder) fail(t *testing.T, _ time.Duration) { f.none(t) }
func (f folder) readOnly(t *testing.T) bool         { f.none(t); return false }
func (f folder) remount(t *testing.T)               { f.none(t) }
func (f folder) slow(t *testing.T, _ time.Duration) { f.none(t) }

func (f folder) none(t *testing.T) {
	t.Helper()
	t.Fatalf("%s lies on no disk of our own", f)
}

// small is a tmpfs of its own, of a few segments.
type small struct {
	folder
	filler string
}

const smallSize = "size=2m"

func newSmall(t *testing.T) *small {
	t.Helper()
	at := t.TempDir()
	if err := syscall.Mount("torture", at, "tmpfs", 0, smallSize); err != nil {
		t.Fatalf("cannot mount a small file system: %v; this needs root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return &small{folder: folder(filepath.Join(at, "state")), filler: filepath.Join(at, "filler")}
}

func (s *small) fill(t *testing.T) {
	t.Helper()
	f, err := os.Create(s.filler)
	must(t, err)
	defer func() { _ = f.Close() }()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("cannot fill the disk: %v", err)
	}
}

func (s *small) free(t *testing.T) {
	t.Helper()
	must(t, os.Remove(s.filler))
}

// openDisk returns the disk of a theme.
func openDisk(t *testing.T, p *plan, control bool) disk {
	t.Helper()
	switch p.theme {
	case themeFull:
		return newSmall(t)
	case themePower:
		return newPowered(t, control)
	}
	return folder(filepath.Join(t.TempDir(), "state"))
}
