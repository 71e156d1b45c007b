package frame_test

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"serialgw/internal/frame"
)

// recording says which preset decodes a recording, and how many frames it holds.
type recording struct {
	preset string
	frames int
	noise  int // bytes that are no frame: what programs wrote between them, and damage
}

// recordings names the preset for every recording in shared/captures. What the
// frames say is compared in the tests of the other captures_ files.
var recordings = map[string]recording{
	"gpsd/ublox-neo-m8u-hnr.log":                  {"ubx", 46, 635},
	"gpsd/ublox-neo-m8u-hnr.log.chk":              {"nmea0183", 61, 9360},
	"mavlink/capture.mav2.battery_status.tlog":    {"mavlink2", 1, 8 + 14},
	"mavlink/capture.mavlink":                     {"mavlink1", 0, 36764}, // frames cut off
	"pypms/PMS3003.hexdump":                       {"pms3003", 10, 0},
	"pypms/PMSx003.hexdump":                       {"pmsx003", 10, 0},
	"pypms/SDS01x.hexdump":                        {"sds011", 10, 0},
	"pypms/SPS30.hexdump":                         {"sps30", 10, 0},
	"pyubx2/pygpsdata-BADCK2.log":                 {"ubx", 25, 532}, // one more with a bad check
	"pyubx2/pygpsdata-HNR.log":                    {"ubx", 13, 0},
	"sigrok/flowmeter_target_15liter_per_min.bin": {"modbus", 132, 0},
}

// besideRecordings are the files that are no recording of a line: what other
// programs made of one, licences, and single frames, see TestVectors_Verdicts.
var besideRecordings = []string{
	"SOURCES.txt", "vectors.json", "*/COPYING", "*/LICENSE",
	"pypms/*.csv", "pypms/*.txt", "pypms/*.info", "pyubx2/expected_HNR.txt",
	"sigrok/*.sigrok-modbus.txt", "sigrok/*.tsv", // .tsv: the bytes of .bin with their times
}

// TestCaptures_EachByItsPreset: there is no recording without a preset that
// decodes it whole, without a word in gateway.toml but the preset's name.
func TestCaptures_EachByItsPreset(t *testing.T) {
	root := filepath.Dir(capturePath(t, "vectors.json"))
	left := maps.Clone(recordings)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		r, ok := left[name]
		delete(left, name)
		switch {
		case ok:
			t.Run(name, func(t *testing.T) { decodedBy(t, r, name, path) })
		case !slices.ContainsFunc(besideRecordings, func(pattern string) bool { return matches(t, pattern, name) }):
			t.Errorf("%s: no preset is named for it", name)
		}
		return nil
	})
	if err != nil || len(left) > 0 {
		t.Errorf("%v; not there: %v", err, slices.Collect(maps.Keys(left)))
	}
}

func matches(t *testing.T, pattern, name string) bool {
	t.Helper()
	ok, err := filepath.Match(pattern, name)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func decodedBy(t *testing.T, want recording, name, path string) {
	t.Helper()
	if frame.Family(want.preset) == "" {
		t.Fatalf("%s is no preset", want.preset)
	}
	line, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for bytes.HasPrefix(line, []byte("#")) { // gpsd's words about the recording
		_, line, _ = bytes.Cut(line, []byte("\n"))
	}
	if filepath.Ext(path) == ".hexdump" {
		line = slices.Concat(hexdumpLines(t, name)...)
	}
	got, m := replayFile(t, presetPlan(t, want.preset), line)
	if len(got) != want.frames || int(m.Noise) != want.noise {
		t.Errorf("%s: got %d frames and %d bytes of noise, want %d and %d", want.preset, len(got), m.Noise, want.frames, want.noise)
	}
}
