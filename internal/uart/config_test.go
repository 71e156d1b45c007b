package uart

import (
	"strings"
	"testing"

	"go.bug.st/serial"
)

func TestMode(t *testing.T) {
	cfg := Defaults()
	if got := *mode(cfg); got != (serial.Mode{BaudRate: 115200, DataBits: 8}) {
		t.Errorf("default mode %+v", got)
	}
	cfg.Parity, cfg.StopBits, cfg.DataBits = "odd", 2, 7
	want := serial.Mode{BaudRate: 115200, DataBits: 7, Parity: serial.OddParity, StopBits: serial.TwoStopBits}
	if got := *mode(cfg); got != want {
		t.Errorf("mode %+v, want %+v", got, want)
	}
}

func TestValidate(t *testing.T) {
	good := configFor("/dev/ttyUSB0")
	if err := good.Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	if got := good.String(); got != "115200 8N1" {
		t.Errorf("String = %q", got)
	}
	bad := Config{Port: "COM3", Baud: -1, DataBits: 9, Parity: "mark", StopBits: 3, OnOpen: "up", Silence: -1}
	err := bad.Validate()
	if err == nil {
		t.Fatal("nothing wrong")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, key := range []string{"port", "baud", "data_bits", "parity", "stop_bits", "on_open", "silence"} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], key+": ") {
			t.Errorf("line %d of %q does not name %s", i, err, key)
		}
	}
}
