package capture

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// aged is a clock that also says when files were written to.
type aged struct{ now time.Time }

func (a *aged) on(cfg RecorderConfig) RecorderConfig {
	cfg.now = func() time.Time { return a.now }
	cfg.create = func(path string) (recordFile, error) {
		file, err := createRecording(path)
		return agedFile{file, a, path}, err
	}
	return cfg
}

type agedFile struct {
	recordFile
	clock *aged
	path  string
}

func (f agedFile) Write(b []byte) (int, error) {
	n, err := f.recordFile.Write(b)
	return n, errors.Join(err, os.Chtimes(f.path, f.clock.now, f.clock.now))
}

// oldRow makes files of so many bytes that were written to so long ago.
func oldRow(t *testing.T, path string, size int, now time.Time, ages ...time.Duration) {
	t.Helper()
	for i, age := range ages {
		name := rowName(path, i+1)
		if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
}

// numbers returns which files of a row there are.
func numbers(t *testing.T, path string) (numbers []int) {
	t.Helper()
	row, err := listRow(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range row {
		numbers = append(numbers, rowNumber(path, name))
	}
	return numbers
}

// Starts without data change nothing, however many they are: no file is made,
// none is removed, and markers alone are no data.
func TestRecorder_StartsWithoutDataKeepAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wall.pcapng")
	oldRow(t, path, 10, time.Now(), 100*time.Hour, 99*time.Hour, 98*time.Hour)
	for range 5 {
		r := newRecorder(t, RecorderConfig{Path: path, MaxAge: time.Hour, Keep: 3, Sync: time.Hour})
		if err := r.Write(Packet{Port: board.Name, Comment: "recorded from here on"}); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil || len(r.Recorded().Files) > 0 {
			t.Fatalf("%+v, %v", r.Recorded(), err)
		}
	}
	if got := numbers(t, path); !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("left %v", got)
	}
	single := filepath.Join(filepath.Dir(path), "single.pcapng")
	if err := newRecorder(t, RecorderConfig{Path: single}).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(single); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty file stays: %v", err)
	}
}

// What was said of the port before its first bytes stands before them.
func TestRecorder_MarkersWaitForBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcapng")
	r := newRecorder(t, RecorderConfig{Path: path, Sync: time.Hour})
	marker := Packet{Port: board.Name, Time: 1, Comment: "waiting"}
	for range mostEarly + 1 {
		if err := r.Write(marker); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(r.Write(chunk(0)), r.Write(marker), r.Close()); err != nil {
		t.Fatal(err)
	}
	file, err := OpenAny(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	got, err := readAll(file)
	if err != nil {
		t.Fatal(err)
	}
	want := append(slices.Repeat([]Packet{marker}, mostEarly), chunk(0), marker)
	wantPackets(t, got, want)
	if n := r.Recorded().Packets; n != uint64(len(want)) {
		t.Errorf("%d packets, want %d", n, len(want))
	}
}

// Which files of a row stay when another begins.
func TestRecorder_Keep(t *testing.T) {
	const h = time.Hour
	now := time.Unix(1_700_000_000, 0)
	for _, row := range []struct {
		name string
		cfg  RecorderConfig
		ages []time.Duration // of files of 1000 bytes
		want []int
	}{
		{"ByCount", RecorderConfig{MaxBytes: 1000, Keep: 3}, []time.Duration{3, 2, 1, 0}, []int{3, 4, 5}},
		{"CrashLoopCostsNothingYoung", RecorderConfig{MaxAge: h, Keep: 3}, []time.Duration{3 * h, 2 * h, h, 3, 2, 1}, []int{2, 3, 4, 5, 6, 7}},
		{"NeverFewer", RecorderConfig{MaxAge: h, Keep: 3}, []time.Duration{90 * h, 80 * h, 70 * h}, []int{2, 3, 4}},
		{"YoungAndTooMuch", RecorderConfig{MaxAge: h, MaxBytes: 2001, Keep: 3}, []time.Duration{6, 5, 4, 3, 2, 1}, []int{3, 4, 5, 6, 7}},
		{"ClockSetBack", RecorderConfig{MaxAge: h, Keep: 2}, []time.Duration{-900 * h, -800 * h, -700 * h}, []int{3, 4}},
		{"HugeKeep", RecorderConfig{MaxAge: 1 << 62, MaxBytes: 1 << 62, Keep: 1 << 30}, []time.Duration{3, 2, 1}, []int{1, 2, 3, 4}},
		{"One", RecorderConfig{MaxBytes: 1000, Keep: 1}, []time.Duration{2, 1}, []int{3}},
		{"All", RecorderConfig{MaxBytes: 1000}, []time.Duration{900 * h, 2, 1}, []int{1, 2, 3, 4}},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := row.cfg
			cfg.Path = filepath.Join(t.TempDir(), "wall.pcapng")
			cfg.now = func() time.Time { return now }
			oldRow(t, cfg.Path, 1000, now, row.ages...)
			r := newRecorder(t, cfg)
			if got := numbers(t, cfg.Path); len(got) != len(row.ages) {
				t.Fatalf("left %v before anything came in", got)
			}
			if err := errors.Join(r.Write(chunk(0)), r.Close()); err != nil {
				t.Fatal(err)
			}
			if got := numbers(t, cfg.Path); !slices.Equal(got, row.want) {
				t.Errorf("left %v, want %v", got, row.want)
			}
		})
	}
}

// Where no file can be made, the recording does not begin.
func TestNewRecorder_NotWritable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	locked := filepath.Join(dir, "locked")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	for _, age := range []time.Duration{0, time.Hour} {
		for _, in := range []string{file, filepath.Join(dir, "none"), locked} {
			if in == locked && os.Geteuid() == 0 {
				continue // may write everywhere
			}
			if _, err := NewRecorder(RecorderConfig{Path: filepath.Join(in, "a.pcapng"), MaxAge: age}); err == nil {
				t.Errorf("%s, a file each %v: no error", in, age)
			}
		}
	}
}

// Recorded leaves out what somebody has taken away.
func TestRecorder_RecordedIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcapng")
	r := newRecorder(t, RecorderConfig{Path: path, MaxAge: time.Second, Sync: time.Hour})
	for i := range 3 {
		if err := r.Write(chunk(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(r.Close(), os.Remove(rowName(path, 1))); err != nil {
		t.Fatal(err)
	}
	if got, want := r.Recorded().Files, []string{rowName(path, 2), rowName(path, 3)}; !slices.Equal(got, want) {
		t.Errorf("recorded %q, want %q", got, want)
	}
}
