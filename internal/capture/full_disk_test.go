package capture

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cramped is a directory on a disk that holds no more than room bytes.
type cramped struct {
	t    *testing.T
	path string
	room int64
	open int
}

func (c *cramped) on(cfg RecorderConfig) RecorderConfig {
	cfg.Path = c.path
	cfg.create = func(path string) (recordFile, error) {
		if c.left() <= 0 {
			return nil, &os.PathError{Op: "open", Path: path, Err: syscall.ENOSPC}
		}
		file, err := createRecording(path)
		c.open++
		return &crampedFile{file, c}, err
	}
	return cfg
}

func (c *cramped) left() int64 {
	row, err := listRow(c.path)
	if err != nil {
		c.t.Fatal(err)
	}
	left := c.room
	for _, name := range row {
		info, err := os.Stat(name)
		if err != nil {
			c.t.Fatal(err)
		}
		left -= info.Size()
	}
	return left
}

type crampedFile struct {
	recordFile
	disk *cramped
}

func (f *crampedFile) Write(b []byte) (int, error) {
	if left := max(f.disk.left(), 0); int64(len(b)) > left {
		n, err := f.recordFile.Write(b[:left])
		return n, errors.Join(err, syscall.ENOSPC)
	}
	return f.recordFile.Write(b)
}

func (f *crampedFile) Close() error { f.disk.open--; return f.recordFile.Close() }

// Whenever the disk is full, the oldest file makes room: the newest packets are
// there, and none is missing between them.
func TestRecorder_FullDiskKeepsTheNewest(t *testing.T) {
	for room := int64(1000); room < 1400; room += 13 {
		disk := &cramped{t: t, path: filepath.Join(t.TempDir(), "wall.pcapng"), room: room}
		r := newRecorder(t, disk.on(RecorderConfig{MaxBytes: 400, Keep: 50, Sync: time.Hour, Notes: []string{"n"}}))
		const packets = 30
		for i := range packets {
			if err := r.Write(chunk(i)); err != nil {
				t.Fatalf("%d bytes: packet %d: %v", room, i, err)
			}
		}
		if err := r.Close(); err != nil || disk.open != 0 {
			t.Fatalf("%d bytes: %v, %d files open", room, err, disk.open)
		}
		files := r.Recorded().Files
		got := readFiles(t, "n", files...)
		if left, err := listRow(disk.path); err != nil || !slices.Equal(files, left) || len(got) < 5 {
			t.Fatalf("%d bytes: %d packets in %q, left are %q, %v", room, len(got), files, left, err)
		}
		expectChunks(t, got, packets-len(got), packets)
	}
}

// Where not even the first packet fits, no file is left, none is open, and the
// next try meets nothing of it.
func TestRecorder_FullDiskLeavesNoEmptyFile(t *testing.T) {
	for _, row := range []int64{0, 1} { // a single file, or a row
		for room := int64(0); room < 180; room += 9 {
			disk := &cramped{t: t, path: filepath.Join(t.TempDir(), "a.pcapng"), room: room}
			one := disk.path
			if row > 0 {
				one = rowName(disk.path, 1)
			} else {
				disk.path = one
			}
			cfg := disk.on(RecorderConfig{MaxBytes: row * 400, Sync: time.Hour})
			if row == 0 {
				cfg.create = func(path string) (recordFile, error) {
					file, err := createRecording(path)
					disk.open++
					return &tiny{file, disk, room}, err
				}
			}
			for range 2 {
				r := newRecorder(t, cfg)
				err := r.Write(chunk(0))
				if !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "what it holds so far") {
					t.Fatalf("%d bytes: %v", room, err)
				}
				if err := r.Close(); err != nil || disk.open != 0 || len(r.Recorded().Files) > 0 {
					t.Fatalf("%d bytes: Close: %v, %d files open, %+v", room, err, disk.open, r.Recorded())
				}
				if _, err := os.Lstat(one); !errors.Is(err, os.ErrNotExist) {
					t.Fatalf("%d bytes: an empty file stays, %v", room, err)
				}
			}
		}
	}
}

// tiny is a file that takes so many bytes.
type tiny struct {
	recordFile
	disk *cramped
	left int64
}

func (f *tiny) Write(b []byte) (int, error) {
	n, err := f.recordFile.Write(b[:min(f.left, int64(len(b)))])
	if f.left -= int64(n); n < len(b) {
		err = errors.Join(err, syscall.ENOSPC)
	}
	return n, err
}

func (f *tiny) Close() error { f.disk.open--; return f.recordFile.Close() }

// A disk that others fill does not cost the whole row at once.
func TestRecorder_FullByOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wall.pcapng")
	oldRow(t, path, enoughRoom/2, time.Now(), 3, 2, 1)
	cfg := RecorderConfig{Path: path, MaxBytes: enoughRoom, Keep: 9}
	cfg.create = func(string) (recordFile, error) { return nil, syscall.ENOSPC }
	r := newRecorder(t, cfg)
	if err := r.Write(chunk(0)); !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	if got := numbers(t, path); !slices.Equal(got, []int{3}) {
		t.Errorf("left %v, want 3", got)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
