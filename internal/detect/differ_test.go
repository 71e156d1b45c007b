package detect_test

import (
	"testing"

	"serialgw/internal/detect"
)

// TestDiffer: a JY901's temperature is another one as a JY61's; of formats that
// read all they share alike, and of bytes without a frame, there is none.
func TestDiffer(t *testing.T) {
	all, err := detect.Presets()
	if err != nil {
		t.Fatal(err)
	}
	plan := map[string]detect.Candidate{}
	for _, c := range all {
		plan[c.Name] = c
	}
	acc := []byte{0x55, 0x51, 0x0C, 0x00, 0x93, 0x02, 0x6D, 0x08, 0xB7, 0x07, 0x7A}
	for name, row := range map[string]struct {
		stream     []byte
		one, other string
		want       detect.Difference
	}{
		"wit":      {acc, "jy901", "jy61", detect.Difference{Property: "temp", One: "19.75 degC", Other: "42.059 degC"}},
		"itself":   {acc, "jy901", "jy901", detect.Difference{}},
		"no frame": {acc[1:], "jy901", "jy61", detect.Difference{}},
		"foreign":  {acc, "jy901", "tfmini", detect.Difference{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := detect.Differ(row.stream, plan[row.one].Plan, plan[row.other].Plan)
			if got != row.want || ok != (row.want.Property != "") {
				t.Errorf("%+v, %v, want %+v", got, ok, row.want)
			}
		})
	}
}
