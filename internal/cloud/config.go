package cloud

import "time"

// Config is the [onenet] table. Secrets are resolved (file, environment)
// before it gets here.
type Config struct {
	Product string `toml:"product"`  // product id, 6 to 32 letters and digits
	Device  string `toml:"device"`   // device name, 1 to 64 of A-Z a-z 0-9 _ -
	Key     Secret `toml:"key"`      // base64 key of the device or product
	KeyFile string `toml:"key_file"` // a file that holds the key instead
	Level   string `toml:"level"`    // what the token is for: "device" (default) or "product"
	Method  string `toml:"method"`   // "sha256" (default), "sha1", "md5"

	// Address is host or host:port; {pid} stands for the product id. Empty:
	// OneNET's own host for the product, which differs with TLS.
	Address string `toml:"address"`
	TLS     bool   `toml:"tls"`     // false: 1883, plain text; true: 8883
	CAFile  string `toml:"ca_file"` // PEM; OneNET's own CA is not a public one

	// User and Password log in to a broker that is not OneNET. With a
	// password no token is signed.
	User         string `toml:"user"`
	Password     Secret `toml:"password"`
	PasswordFile string `toml:"password_file"`

	Confirm       string        `toml:"confirm"`        // "reply" (default) or "puback"
	Topic         string        `toml:"topic"`          // posts go here; {pid}, {device}; empty: OneNET's property/post
	KeepAlive     time.Duration `toml:"keepalive"`      // 10 s to 300 s; default 30 s
	ReplyTimeout  time.Duration `toml:"reply_timeout"`  // default 10 s
	PostInterval  time.Duration `toml:"post_interval"`  // OneNET takes one message a second; default 1 s, 0 = no limit
	InFlight      int           `toml:"in_flight"`      // posts without an answer, 1 to 1024; default 0 = see Window
	History       bool          `toml:"history"`        // backlog by history/post; default true
	HistoryValues int           `toml:"history_values"` // values in a history/post, 1 to 100; default 100
	Order         string        `toml:"order"`          // "live-first" (default) or "oldest-first"
	ClockWait     ClockWait     `toml:"clock_wait"`     // readings wait for a clock that is not synchronised; default auto
}

// Defaults returns the shipped settings.
func Defaults() Config {
	return Config{
		Level: "device", Method: "sha256", Confirm: "reply",
		KeepAlive: 30 * time.Second, ReplyTimeout: 10 * time.Second, PostInterval: time.Second,
		History: true, HistoryValues: 100, Order: "live-first", ClockWait: ClockWait{Auto: true},
	}
}

// The window where in_flight does not say one.
const (
	windowPaced = 16
	windowFast  = 1024
)

// Window is how many posts may wait for their answer: what in_flight says, else
// 16, which at OneNET's pace is plenty. A broker of one's own that takes all it
// gets, and answers by PUBACK alone, is kept busy by many.
func (c Config) Window() int {
	switch {
	case c.InFlight > 0:
		return c.InFlight
	case c.PostInterval == 0 && c.Confirm != confirmReply:
		return windowFast
	}
	return windowPaced
}

// Secret is text that must not be seen: it prints as [redacted] everywhere.
type Secret string

const redacted = "[redacted]"

// String hides the secret from %v and %s.
func (Secret) String() string { return redacted }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return redacted }

// MarshalText keeps the secret out of JSON and TOML.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Reveal returns the text itself. Only signing, login and the token verb call it.
func (s Secret) Reveal() string { return string(s) }
