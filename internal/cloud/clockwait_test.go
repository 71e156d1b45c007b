package cloud

import (
	"testing"
	"time"
)

func TestClockRule(t *testing.T) {
	auto, ten := ClockWait{Auto: true}, ClockWait{For: 3 * time.Second}
	for _, tt := range []struct {
		address  string
		wait     ClockWait
		want     time.Duration
		believed bool
	}{
		{"", auto, 10 * time.Minute, false},
		{"mqtts.heclouds.com", auto, 10 * time.Minute, false},
		{"192.168.1.5:1883", auto, 10 * time.Minute, false},
		{"0.0.0.0:1883", auto, 10 * time.Minute, false},
		{"localhost.example.com", auto, 10 * time.Minute, false},
		{"localhost:1883", auto, 0, true},
		{"LocalHost.", auto, 0, true},
		{"broker.localhost", auto, 0, true},
		{"127.0.0.1:1883", auto, 0, true},
		{"127.1.2.3", auto, 0, true},
		{"[::1]:1883", auto, 0, true},
		{"::ffff:127.0.0.1", auto, 0, true},
		{"127.0.0.1:1883", ten, 3 * time.Second, false},
		{"127.0.0.1:1883", ClockWait{}, 0, false},
		{"", ten, 3 * time.Second, false},
	} {
		c := Config{Product: "abcdef", Address: tt.address, ClockWait: tt.wait}
		if got, believed := c.ClockRule(); got != tt.want || believed != tt.believed {
			t.Errorf("%q with clock_wait = %q: got %v, believed %v, want %v, %v", tt.address, tt.wait, got, believed, tt.want, tt.believed)
		}
	}
}

func TestClockWait_BindText(t *testing.T) {
	for text, want := range map[string]ClockWait{
		"auto": {Auto: true}, "0s": {}, "10m": {For: 10 * time.Minute}, "24h": {For: 24 * time.Hour},
	} {
		w := ClockWait{For: 7}
		if refused := w.BindText(text); refused != "" || w != want {
			t.Errorf("%q: got %v, %q, want %v", text, w, refused, want)
		}
	}
	for _, text := range []string{"", "Auto", "-1s", "24h1ns", "10", "ten"} {
		w := ClockWait{For: 7}
		if refused := w.BindText(text); refused == "" || w != (ClockWait{For: 7}) {
			t.Errorf("%q was taken as %v", text, w)
		}
	}
}
