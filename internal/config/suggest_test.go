package config

import (
	"testing"

	"serialgw/internal/frame"
)

func TestNearestFrame(t *testing.T) {
	for word, want := range map[string]string{
		"tfmini-cmd": "tfmini-command", "jy90": "jy901", "jy902": "jy901", "JY-901": "jy901", "tfmin": "tfmini",
		"whel": "wheeltec", "wheel-command": "wheeltec-command", "robomster": "robomaster", "dlt": "dlt645",
		"mavlink": "mavlink1", "ab": "", "car": "", "xyzzy": "",
	} {
		if got := NearestFrame(word, frame.PresetNames()); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
