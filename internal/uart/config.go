package uart

import "time"

// Config says which port to open and how. It is the serial half of a
// [[board]] table.
type Config struct {
	// Port is a path ("/dev/ttyUSB0", "/dev/serial/by-path/..."), or a USB
	// identity "usb:VVVV:PPPP" or "usb:VVVV:PPPP:SERIAL" in hex.
	Port     string        `toml:"port"`
	Baud     int           `toml:"baud"`      // bits/s, 50 to 4000000; default 115200
	DataBits int           `toml:"data_bits"` // 5 to 8; default 8
	Parity   string        `toml:"parity"`    // "none", "odd", "even"; default "none"
	StopBits int           `toml:"stop_bits"` // 1 or 2; default 1
	OnOpen   string        `toml:"on_open"`   // DTR and RTS: "keep", "assert", "clear"; default "keep"
	Silence  time.Duration `toml:"silence"`   // no valid frame for so long: reopen; 0 = never
}

// Defaults returns the configuration of a board that names only its port.
func Defaults() Config {
	return Config{Baud: 115200, DataBits: 8, Parity: "none", StopBits: 1, OnOpen: "keep", Silence: 30 * time.Second}
}
