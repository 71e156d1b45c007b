package detect_test

import (
	"slices"
	"testing"

	"serialgw/internal/detect"
)

// TestRatesNamed reads the rates of titles.
func TestRatesNamed(t *testing.T) {
	for title, want := range map[string][]int{
		"WIT (维特) JY61P, JY901, WT901 ...: inertial sensors at 9600 or 115200 baud": {9600, 115200},
		"receivers (NEO-6M, L76K ...), 4800, 9600 or 115200 baud":                   {4800, 9600, 115200},
		"Futaba S.BUS: receivers, 100000 baud 8E2, inverted":                        {100000},
		"serialgw demo board, and a good pattern for your own":                      nil,
		"with 9600 bauds":         nil,
		"0, 9600 or 9999999 baud": {9600},
	} {
		if got := detect.RatesNamed(title); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", title, got, want)
		}
	}
}
