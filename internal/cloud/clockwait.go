package cloud

import (
	"net/netip"
	"strings"
	"time"

	"serialgw/internal/reading"
)

const (
	clockWaitAuto = 10 * time.Minute
	clockWaitMost = 24 * time.Hour
)

// ClockWait is how long after the first connection readings wait for a clock
// that is not synchronised before they go without their time. Auto is 10 minutes;
// but a broker at a loopback address reads the same clock as we do, so that
// there it is believed as it is.
type ClockWait struct {
	Auto bool
	For  time.Duration // 0 to 24 h, without Auto
}

// String writes it as in gateway.toml.
func (w ClockWait) String() string {
	if w.Auto {
		return "auto"
	}
	return w.For.String()
}

// BindText takes "auto" or a duration, and returns "" or what it would have taken.
func (w *ClockWait) BindText(text string) (want string) {
	if text == "auto" {
		*w = ClockWait{Auto: true}
		return ""
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > clockWaitMost {
		return `"auto" or a duration from 0s to 24h, for example "10m"`
	}
	*w = ClockWait{For: d}
	return ""
}

// ClockRule returns how long readings wait for the clock, and whether it is
// believed whatever the kernel says of it.
func (c Config) ClockRule() (wait time.Duration, believed bool) {
	switch {
	case !c.ClockWait.Auto:
		return c.ClockWait.For, false
	case c.onLoopback():
		return 0, true
	}
	return clockWaitAuto, false
}

// Plausible reports whether a wall time is not obviously wrong: no copy of this
// program ran before its release. It does not mean that it is right.
func Plausible(s reading.Stamp) bool { return s.Wall >= released*1e9 }

// onLoopback reports whether the broker's address is this machine's own. No name
// but localhost is looked up.
func (c Config) onLoopback() bool {
	host, _ := c.Endpoint()
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
