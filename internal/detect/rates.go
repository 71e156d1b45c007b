package detect

import (
	"regexp"
	"slices"
	"strconv"

	"serialgw/internal/uart"
)

// namedBefore finds the rates in "at 9600 or 115200 baud".
var namedBefore = regexp.MustCompile(`((?:\d+(?:, | or ))*\d+) baud\b`) //nolint:gochecknoglobals // a constant

var digits = regexp.MustCompile(`\d+`) //nolint:gochecknoglobals // a constant

// RatesNamed returns the baud rates that a title names and a port can
// have, ascending.
func RatesNamed(title string) []int {
	var out []int
	for _, m := range namedBefore.FindAllStringSubmatch(title, -1) {
		for _, text := range digits.FindAllString(m[1], -1) {
			if baud, err := strconv.Atoi(text); err == nil && baud >= uart.MinBaud && baud <= uart.MaxBaud {
				out = append(out, baud)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
