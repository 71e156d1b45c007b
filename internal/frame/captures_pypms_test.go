package frame_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// hexdumpLines returns the bytes of each line of "offset: hex  text"; in these
// recordings a line is one answer of the sensor.
func hexdumpLines(t *testing.T, name string) [][]byte {
	t.Helper()
	var out [][]byte
	for line := range strings.Lines(string(readCapture(t, name))) {
		_, rest, _ := strings.Cut(line, ": ")
		digits, _, _ := strings.Cut(rest, "  ")
		out = append(out, fromHex(t, digits))
	}
	return out
}

// pypmsTable returns PyPMS's own decode: the names of the columns and a row of
// texts for each frame. The first column is the clock of the recording
// computer, which the bytes do not hold.
func pypmsTable(t *testing.T, name string) (names []string, rows [][]string) {
	t.Helper()
	for line := range strings.Lines(string(readCapture(t, name))) {
		columns := strings.Split(strings.TrimSpace(line), ", ")
		if names == nil {
			names = columns[1:]
			continue
		}
		rows = append(rows, columns[1:])
	}
	return names, rows
}

// compareRow compares a frame with one row of PyPMS's table, which must hold
// all that the frame says.
func compareRow(t *testing.T, s sighting, names, row []string) int {
	t.Helper()
	if len(s.values) != len(names) || len(row) != len(names) {
		t.Errorf("got %d values, want %d named and %d given", len(s.values), len(names), len(row))
	}
	for i, name := range names {
		if v, ok := s.values[name]; !ok || !printsAs(v, row[i]) {
			t.Errorf("%s: got %v, want %s", name, v, row[i])
		}
	}
	return len(names)
}

var infoLine = regexp.MustCompile(`(?m)^([a-z][a-z0-9_, ]*?)  .*\[(.+)\]$`)

// compareUnits compares the units with those that PyPMS documents.
func compareUnits(t *testing.T, p *frame.Plan, info string) {
	t.Helper()
	units := map[string]string{}
	for _, match := range infoLine.FindAllStringSubmatch(info, -1) {
		unit := strings.NewReplacer("μ", "u", "#", "1").Replace(match[2])
		for name := range strings.SplitSeq(match[1], ", ") {
			units[name] = unit
		}
	}
	for _, prop := range p.Messages()[0].Properties() {
		if prop.Unit != units[prop.Name] {
			t.Errorf("%s: got unit %q, want %q", prop.Name, prop.Unit, units[prop.Name])
		}
	}
}

var (
	pmText = regexp.MustCompile(`(PM[\d.]+) ([\d.]+)`)
	pmName = map[string]string{"PM1": "pm01", "PM2.5": "pm25", "PM4": "pm04", "PM10": "pm10"}
)

// TestCaptures_PyPMS compares particle sensors with PyPMS: its table holds
// every value, its text the mass concentrations once more.
func TestCaptures_PyPMS(t *testing.T) {
	for _, row := range []struct {
		recording, description string
		frames, values         int
	}{
		{"PMS3003", "pms3003", 10, 90},
		{"PMSx003", "pmsx003", 10, 150},
		{"SDS01x", "sds011", 10, 40},
		{"SPS30", "sps30", 10, 140},
	} {
		t.Run(row.recording, func(t *testing.T) {
			p := describedPlan(t, row.description)
			compareUnits(t, p, string(readCapture(t, "pypms/"+row.recording+".info")))
			got, m := replayFile(t, p, slices.Concat(hexdumpLines(t, "pypms/"+row.recording+".hexdump")...))
			names, rows := pypmsTable(t, "pypms/"+row.recording+".csv")
			text := strings.Split(strings.TrimSpace(string(readCapture(t, "pypms/"+row.recording+".txt"))), "\n")
			if len(got) != row.frames || len(rows) != row.frames || len(text) != row.frames || m.Noise != 0 {
				t.Fatalf("got %d frames and %d bytes of noise, want %d and 0; table %d, text %d", len(got), m.Noise, row.frames, len(rows), len(text))
			}
			compared := 0
			for i, s := range got {
				compared += compareRow(t, s, names, rows[i])
				for _, match := range pmText.FindAllStringSubmatch(text[i], -1) {
					if v, ok := s.values[pmName[match[1]]]; !ok || !printsAs(v, match[2]) {
						t.Errorf("frame %d, %s: got %v, want %s", i, match[1], v, match[2])
					}
					compared++
				}
			}
			if compared != row.values {
				t.Errorf("compared %d values, want %d", compared, row.values)
			}
		})
	}
}
