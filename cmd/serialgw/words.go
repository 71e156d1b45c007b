package main

import (
	"fmt"
	"strings"
	"time"
)

// count writes a number with its noun.
func count[N int | int64 | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// readingsWait says how many readings wait.
func readingsWait(n uint64) string {
	if n == 1 {
		return "1 reading waits"
	}
	return count(n, "reading") + " wait"
}

// span writes a time without what nobody reads: no part of a second, from an
// hour on no seconds, and no zeros at the end.
func span(d time.Duration) string {
	unit := time.Second
	if d >= time.Hour {
		unit = time.Minute
	}
	text := d.Round(unit).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

func ago(t time.Time) string {
	if t.IsZero() {
		return "none yet"
	}
	return max(time.Since(t), 0).Round(time.Second).String() + " ago"
}
