package onenetsim

import "time"

// Profile says how the undocumented corners behave.
type Profile string

// The profiles. Empty means Studio.
const (
	Studio  Profile = "studio"  // what documents and live logs agree on
	Strict  Profile = "strict"  // also the limits of an internal note, and ranges
	Lenient Profile = "lenient" // forgives encoding and counts
)

// Product is one product and the devices registered under it.
type Product struct {
	ID        string
	AccessKey string            // base64; empty: no product key exists
	Devices   map[string]string // device name to base64 key; an empty key: none exists
	Model     *Model            // nil: any well-formed identifier, any type
}

// Config is what a simulator serves. The zero value of a limit means none;
// Defaults returns the platform's own.
type Config struct {
	Products []Product
	Profile  Profile

	PostPace   time.Duration // one publish a connection in this time, more are held; 0: no pace
	LoginLimit int           // logins a device in 5 s, more are closed; 0: no limit
	CloseDelay time.Duration // between a forbidden publish and the close; live: 0 to 300 ms
	Keep       int           // values a device, log lines and connections kept; 0: all

	// HistoryHidden keeps the current value of a property as it is when a
	// history/post brings a newer one. Whether the platform does is unknown.
	HistoryHidden bool

	// CutAtExpiry ends a session with its token, at its next packet. Whether
	// the platform does is unknown.
	CutAtExpiry bool

	// Now is the platform's wall clock; nil: time.Now.
	Now func() time.Time
	// OnPost sees every judged post, in order within a connection, from that
	// connection's goroutine and before the reply. It must not block for long.
	OnPost func(Post)
}

// Defaults returns a configuration without products and with the platform's
// limits: one publish a second, three logins in 5 s.
func Defaults() Config {
	return Config{Profile: Studio, PostPace: time.Second, LoginLimit: 3}
}

// Limits that the documents name.
const (
	maxPayload     = 256 << 10 // bytes a PUBLISH
	maxTopic       = 512       // bytes
	maxLevels      = 8         // levels of a topic
	minKeepAlive   = 10        // seconds
	maxKeepAlive   = 1800      // seconds
	maxSessionSubs = 10        // filters a session
	maxFilters     = 8         // filters a SUBSCRIBE, profile strict
	maxEntries     = 10        // device entries of a pack or history post
	maxPoints      = 100       // points of a device entry
	loginWindow    = 5 * time.Second
	loginBan       = 5 * time.Minute // profile strict
	answerWait     = 5 * time.Second // for a device's answer to set, get, invoke
)

// Limits of this simulator.
const (
	connectWait = 10 * time.Second // idle TCP connection; the platform's value is unknown
	writeWait   = 10 * time.Second // a peer that does not read
	queued      = 256              // publishes waiting for the pace, packets waiting for the wire
)
