package capture

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

// heldDisk is a file whose sync takes until release is closed.
type heldDisk struct {
	mu      sync.Mutex
	content bytes.Buffer
	synced  int
	early   bool // closed during a sync

	syncing bool
	entered chan struct{} // one slot: a sync has begun
	release chan struct{}
	freed   sync.Once
	err     error // of the sync that was held
}

func newHeldDisk(err error) *heldDisk {
	return &heldDisk{entered: make(chan struct{}, 1), release: make(chan struct{}), err: err}
}

func (d *heldDisk) free() { d.freed.Do(func() { close(d.release) }) }

func (d *heldDisk) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.content.Write(b)
}

func (d *heldDisk) Sync() error {
	d.mu.Lock()
	size := d.content.Len()
	d.syncing = true
	d.mu.Unlock()
	select {
	case d.entered <- struct{}{}:
	default:
	}
	<-d.release
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncing = false
	err := d.err
	if d.err = nil; err == nil { // the kernel tells of it once
		d.synced = size
	}
	return err
}

func (d *heldDisk) Close() error {
	d.mu.Lock()
	d.early = d.syncing
	d.mu.Unlock()
	d.free()
	return nil
}

// A file that is followed by the next while it is synced: packets into it did
// not wait, its last ones are synced as well, and a failure is told.
func TestRecorder_NextFileDuringASync(t *testing.T) {
	eio := errors.New("input/output error")
	for _, row := range []struct {
		during int // packets
		broken error
	}{{0, nil}, {0, eio}, {4, nil}, {4, eio}} {
		broken := row.broken
		first, second := newHeldDisk(broken), newHeldDisk(nil)
		second.free()
		disks := []*heldDisk{first, second}
		cfg := RecorderConfig{Path: "night.pcapng", MaxAge: 10 * time.Second, Sync: time.Millisecond}
		cfg.create = func(string) (recordFile, error) {
			d := disks[0]
			disks = disks[1:]
			return d, nil
		}
		r := newRecorder(t, cfg)
		if err := r.Write(chunk(0)); err != nil {
			t.Fatal(err)
		}
		<-first.entered
		for i := range row.during {
			if err := r.Write(chunk(1 + i)); err != nil { // would hang if it waited
				t.Fatal(err)
			}
		}
		timer := time.AfterFunc(20*time.Millisecond, first.free)
		err := r.Write(chunk(10))
		timer.Stop()
		if (err != nil) != (broken != nil) || err != nil && !strings.Contains(err.Error(), "input/output error") {
			t.Errorf("got %v, want %v", err, broken)
		}
		if first.early || broken == nil && first.synced != first.content.Len() {
			t.Errorf("closed during the sync: %v; %d of %d bytes synced", first.early, first.synced, first.content.Len())
		}
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

// A sync that fails when nothing more comes in is told by Close, and once.
func TestRecorder_SyncFailureIsToldOnce(t *testing.T) {
	d := newHeldDisk(errors.New("input/output error"))
	cfg := RecorderConfig{Path: "night.pcapng", Sync: time.Millisecond}
	cfg.create = func(string) (recordFile, error) { return d, nil }
	r := newRecorder(t, cfg)
	if err := r.Write(chunk(0)); err != nil {
		t.Fatal(err)
	}
	<-d.entered
	d.free()
	err := r.Close()
	if err == nil || strings.Count(err.Error(), "input/output error") != 1 {
		t.Errorf("Close: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}
