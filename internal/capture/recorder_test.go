package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var board = Port{Name: "/dev/ttyUSB0", Description: "115200 8N1", Hardware: "usb:1a86:7523"}

// chunk is what the board says at second i.
func chunk(i int) Packet {
	return Packet{
		Port: board.Name, Direction: Inbound, Time: 1_700_000_000_123_456_789 + int64(i)*int64(time.Second),
		Bytes: []byte(fmt.Sprintf("chunk %04d", i)),
	}
}

func newRecorder(t *testing.T, cfg RecorderConfig) *Recorder {
	t.Helper()
	r, err := NewRecorder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.AddPort(board); err != nil {
		t.Fatal(err)
	}
	return r
}

// readFiles returns the packets of all files, each of which must be a whole
// recording that describes the port and carries the note.
func readFiles(t *testing.T, note string, files ...string) (all []Packet) {
	t.Helper()
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		r := NewReader(file)
		for p, err := range Packets(r) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			p.Bytes = slices.Clone(p.Bytes)
			all = append(all, p)
		}
		_ = file.Close()
		if ports, notes := r.Ports(), r.Notes(); len(ports) != 1 || ports[0] != board || len(notes) != 1 || notes[0] != note {
			t.Errorf("%s: ports %+v, notes %q", name, ports, notes)
		}
	}
	return all
}

func expectChunks(t *testing.T, got []Packet, from, to int) {
	t.Helper()
	if len(got) != to-from {
		t.Fatalf("%d packets, want %d", len(got), to-from)
	}
	for i, p := range got {
		want := chunk(from + i)
		if !bytes.Equal(p.Bytes, want.Bytes) || p.Time != want.Time || p.Direction != want.Direction || p.Port != want.Port {
			t.Fatalf("packet %d: %+v, want %+v", i, p, want)
		}
	}
}

func TestRecorder_OneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "night.pcapng")
	r := newRecorder(t, RecorderConfig{Path: path, Sync: time.Hour, Notes: []string{"press 3"}})
	for i := range 5 {
		if err := r.Write(chunk(i)); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.Recorded(); got.Packets != 5 || !slices.Equal(got.Files, []string{path}) {
		t.Errorf("recorded %+v", got)
	}
	expectChunks(t, readFiles(t, "press 3", path), 0, 5) // before it is closed, as after a power cut
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	expectChunks(t, readFiles(t, "press 3", path), 0, 5)
	if _, err := NewRecorder(RecorderConfig{Path: path}); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("a second recording into the file: %v", err)
	}
	if _, err := NewRecorder(RecorderConfig{Path: filepath.Join(path, "x.pcapng")}); err == nil {
		t.Error("a directory that is none was taken")
	}
}

func TestRecorder_RowBySize(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "night.pcapng")
	const most = 600
	r := newRecorder(t, RecorderConfig{Path: path, MaxBytes: most, Sync: time.Hour, Notes: []string{"n"}})
	for i := range 40 {
		if err := r.Write(chunk(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	files := r.Recorded().Files
	if len(files) < 4 || files[0] != filepath.Join(dir, "night-0001.pcapng") {
		t.Fatalf("files %q", files)
	}
	for _, name := range files {
		if info, err := os.Stat(name); err != nil || info.Size() > most {
			t.Errorf("%s: %d bytes, %v", name, info.Size(), err)
		}
	}
	expectChunks(t, readFiles(t, "n", files...), 0, 40)
	// The next recording continues the row and touches nothing of it.
	r = newRecorder(t, RecorderConfig{Path: path, MaxBytes: most, Sync: time.Hour, Notes: []string{"n"}})
	if err := errors.Join(r.Write(chunk(40)), r.Close()); err != nil {
		t.Fatal(err)
	}
	expectChunks(t, readFiles(t, "n", files...), 0, 40)
	if got, want := r.Recorded().Files, []string{rowName(path, len(files)+1)}; !slices.Equal(got, want) {
		t.Errorf("continued with %q, want %q", got, want)
	}
}

// A packet that is larger than the limit has a file of its own.
func TestRecorder_LargePacket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcapng")
	r := newRecorder(t, RecorderConfig{Path: path, MaxBytes: 300, Sync: time.Hour})
	for i := range 3 {
		p := chunk(i)
		p.Bytes = bytes.Repeat([]byte{byte(i)}, 4000)
		if err := r.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil || len(r.Recorded().Files) != 3 {
		t.Errorf("files %q, %v", r.Recorded().Files, err)
	}
}

func TestRecorder_RowByAgeKeepsTheNewest(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "wall.pcapng")
	stranger := filepath.Join(dir, "wall-2.pcapng") // not of the row: too few digits
	if err := os.WriteFile(stranger, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	var time0 aged
	r := newRecorder(t, time0.on(RecorderConfig{Path: path, MaxAge: 10 * time.Second, Keep: 2, Sync: time.Hour, Notes: []string{"n"}}))
	for i := range 55 {
		time0.now = time.Unix(0, chunk(i).Time)
		if err := r.Write(chunk(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	// Those that were written to within 20 s when the last began, and the last.
	want := []string{rowName(path, 4), rowName(path, 5), rowName(path, 6)}
	if got := r.Recorded().Files; !slices.Equal(got, want) {
		t.Errorf("recorded %q, want %q", got, want)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if want := append(want, stranger); err != nil || !slices.Equal(left, want) {
		t.Fatalf("left %q, want %q", left, want)
	}
	expectChunks(t, readFiles(t, "n", left[:3]...), 30, 55)
}

// A power cut may leave the length of a file without its last bytes: they read
// as zeros.
func TestReader_ZerosAtTheEndAreACut(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := w.Write(chunk(i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, zeros := range []int{1, 8, 12, 13, 4096, 1 << 20} {
		r := NewReader(io.MultiReader(bytes.NewReader(b.Bytes()), bytes.NewReader(make([]byte, zeros))))
		n := 0
		for _, last := range Packets(r) {
			if err = last; err == nil {
				n++
			}
		}
		if n != 3 || !errors.Is(err, ErrCut) {
			t.Errorf("%d zeros: %d packets, %v", zeros, n, err)
		}
	}
	r := NewReader(io.MultiReader(bytes.NewReader(b.Bytes()), bytes.NewReader(make([]byte, 4096)), strings.NewReader("x")))
	for _, err = range Packets(r) {
	}
	if errors.Is(err, ErrCut) || err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("zeros with something behind them: %v", err)
	}
}
