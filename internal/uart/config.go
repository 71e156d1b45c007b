package uart

import (
	"errors"
	"fmt"
	"time"
)

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

// Limits of Config.Baud, bits/s. The upper one is the fastest rate that Linux
// has a name for; no board reaches it over a Pi's own UART.
const (
	MinBaud = 50
	MaxBaud = 4000000
)

// Defaults returns the configuration of a board that names only its port.
func Defaults() Config {
	return Config{Baud: 115200, DataBits: 8, Parity: "none", StopBits: 1, OnOpen: "keep", Silence: 30 * time.Second}
}

// Validate reports every key that cannot be used, each by its name. Whether
// the port exists is not its business: it may be plugged in later.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, err := parsePort(c.Port); err != nil {
		bad("port: %w", err)
	}
	if c.Baud < MinBaud || c.Baud > MaxBaud {
		bad("baud: %d is not between %d and %d", c.Baud, MinBaud, MaxBaud)
	}
	if c.DataBits < 5 || c.DataBits > 8 {
		bad("data_bits: %d is not 5, 6, 7 or 8", c.DataBits)
	}
	switch c.Parity {
	case "none", "odd", "even":
	default:
		bad("parity: %q is not \"none\", \"odd\" or \"even\"", c.Parity)
	}
	if c.StopBits != 1 && c.StopBits != 2 {
		bad("stop_bits: %d is not 1 or 2", c.StopBits)
	}
	switch c.OnOpen {
	case "keep", "assert", "clear":
	default:
		bad("on_open: %q is not \"keep\", \"assert\" or \"clear\"", c.OnOpen)
	}
	if c.Silence < 0 {
		bad("silence: %v is negative; 0 means never", c.Silence)
	}
	return errors.Join(errs...)
}

// String returns the line settings as people write them: "115200 8N1".
func (c Config) String() string {
	parity := map[string]string{"none": "N", "odd": "O", "even": "E"}[c.Parity]
	return fmt.Sprintf("%d %d%s%d", c.Baud, c.DataBits, parity, c.StopBits)
}
