package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/capture"
	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestDecode_TellsWhereACheckFails: the command that it prints explains the
// first frame whose check fails, wherever the reads cut the bytes; detect prints
// the same.
func TestDecode_TellsWhereACheckFails(t *testing.T) {
	good := slices.Repeat(witSays(0x51, 1, 2, 3, 4), 40)
	bad := witSays(0x53, 1, 2, 3, 4)
	bad[5]++
	line := "$GPGLL,4916.45,N,12311.12,W,225444,A*31\r\n"
	for _, row := range []struct {
		about, preset string
		bytes         []byte
		at            int
	}{
		{"first", "jy901", slices.Concat(bad, good), 0},
		{"between good ones", "jy901", slices.Concat(good, bad, good), 440},
		{"last", "jy901", slices.Concat(good, bad), 440},
		{"the first of two", "jy901", slices.Concat(good, bad, bad, good), 440},
		{"behind noise", "jy901", slices.Concat(good, bytes.Repeat([]byte{0x77}, 3*noiseHeld), bad, good), 440 + 3*noiseHeld},
		{"a line", "nmea0183", []byte(line + line + strings.Replace(line, "*31", "*32", 1) + line), 2 * len(line)},
	} {
		path := filepath.Join(t.TempDir(), "x.bin")
		if err := os.WriteFile(path, row.bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("serialgw explain %s %s --at %d\n", row.preset, path, row.at)
		if _, _, errs := verb("decode", "--preset", row.preset, "--in", path); !strings.Contains(errs, "why a check fails: "+want) {
			t.Errorf("%s: want %s in\n%s", row.about, want, errs)
		}
		if _, out, errs := verb("detect", path); row.about != "behind noise" && row.preset == "jy901" && !strings.HasSuffix(out, "\nWhy a check fails:\n  "+want) {
			t.Errorf("%s: detect: want %s in\n%s%s", row.about, want, out, errs)
		}
		if code, out, _ := verb("explain", row.preset, path, "--at", fmt.Sprint(row.at)); code != exitFailed || !strings.Contains(out, "the check fails") {
			t.Errorf("%s: explain: exit %d\n%s", row.about, code, out)
		}
	}
}

// slowly hands out a few bytes at a time.
type slowly struct {
	b    []byte
	step int
}

func (s *slowly) Read(b []byte) (int, error) {
	if len(s.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.b[:min(s.step, len(s.b))])
	s.b = s.b[n:]
	return n, nil
}

// unread is a sink whose readings nobody looks at.
type unread struct{}

func (unread) write(*reading.Reading) error { return nil }
func (unread) flush() error                 { return nil }

// TestBadFinder_InPieces: a byte at a time as all at once, of every preset with a
// check whose example one changed bit makes a frame of a wrong one.
func TestBadFinder_InPieces(t *testing.T) {
	seen := 0
	for _, name := range frame.PresetNames() {
		description, err := (&config.Config{}).Description(name)
		if err != nil {
			t.Fatal(err)
		}
		plan, errs := frame.Compile(name, description)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		good, err := capture.ParseHex(description.Examples[0].Hex)
		if err != nil || len(good) == 0 {
			continue // of text
		}
		bad := slices.Clone(good)
		bad[len(bad)-len(bad)/3-1] ^= 1
		if !plan.FailsCheckOnly(bad) {
			continue
		}
		stream := slices.Concat(good, good, bad, good)
		for _, step := range []int{1, 7, len(stream)} {
			f := &badFinder{plan: plan}
			m, err := decodeStream(t.Context(), plan, &slowly{b: stream, step: step}, unread{}, f)
			if err != nil || m.CheckFailed == 0 {
				continue // as where a request and a reply take turns
			}
			seen++
			lead := len(bad) - len(f.frame) // a delimiter, which may belong to the frame before
			if f.at != int64(2*len(good)+lead) || lead > 1 || !bytes.Equal(f.frame, bad[lead:]) {
				t.Errorf("%s by %d: found % X at %d, want % X at %d", name, step, f.frame, f.at, bad, 2*len(good))
			}
		}
	}
	if seen < 60 {
		t.Errorf("only %d streams had a failed check", seen)
	}
}
