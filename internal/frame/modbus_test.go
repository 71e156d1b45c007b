package frame_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// capturePath looks for shared/captures beside a directory above this one.
func capturePath(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		path := filepath.Join(dir, "shared", "captures", filepath.FromSlash(name))
		if _, err := os.Stat(path); err == nil {
			return path
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Skipf("no shared/captures/%s above the package: recorded data is not part of the project", name)
	}
}

// TestScanner_ModbusBus listens to a recorded 9600-baud bus: 132 frames by
// sigrok's count, no byte left over, requests and replies in turn. [WIRE-11]
func TestScanner_ModbusBus(t *testing.T) {
	lines, err := os.ReadFile(capturePath(t, "sigrok/flowmeter_target_15liter_per_min.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	p := presetPlan(t, "modbus")
	s := frame.NewScanner(p, 9600)
	var turns []string
	for line := range strings.Lines(string(lines)) {
		columns := strings.Fields(line)
		ns, err1 := strconv.ParseInt(columns[0], 10, 64)
		b, err2 := strconv.ParseUint(columns[2], 16, 8)
		if err1 != nil || err2 != nil {
			t.Fatalf("bad line %q", line)
		}
		s.Feed(reading.Chunk{Bytes: []byte{byte(b)}, Stamp: reading.Stamp{Wall: ns, Boot: ns}})
		for s.Scan() {
			f := s.Frame()
			turns = append(turns, f.Message.Turn)
		}
	}
	m := s.Metrics()
	if len(turns) != 132 || m.Noise != 0 {
		t.Errorf("got %d frames and %d bytes of noise, want 132 and 0", len(turns), m.Noise)
	}
	// The recording begins with a request: its third byte would announce a
	// reply of 69 bytes.
	for i, turn := range turns {
		if want := []string{"request", "reply"}[i%2]; turn != want {
			t.Errorf("frame %d: got a %s, want a %s", i, turn, want)
		}
	}
}
