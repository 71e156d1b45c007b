package main

import (
	"testing"
	"time"
)

func TestSpan_WithoutWhatNobodyReads(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                "0s",
		400 * time.Millisecond:           "0s",
		20 * time.Second:                 "20s",
		10 * time.Minute:                 "10m",
		97100 * time.Millisecond:         "1m37s",
		time.Hour:                        "1h",
		90*time.Minute + 10*time.Second:  "1h30m",
		24*time.Hour - 20*time.Second:    "24h",
		24*time.Hour - 80*time.Second:    "23h59m",
		10*time.Hour + 20*time.Second:    "10h",
		59*time.Minute + 59*time.Second:  "59m59s",
		20*time.Minute + 1*time.Second/3: "20m",
	} {
		if got := span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestReadingsWait_OneIsSingular(t *testing.T) {
	for n, want := range map[uint64]string{1: "1 reading waits", 69: "69 readings wait"} {
		if got := readingsWait(n); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
