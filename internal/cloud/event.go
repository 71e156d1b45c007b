package cloud

import (
	"time"

	"serialgw/internal/reading"
)

// EventKind says what an Event is about.
type EventKind string

// The kinds of events.
const (
	EventConnecting EventKind = "connecting"  // an attempt begins
	EventReady      EventKind = "ready"       // posts are taken from now on
	EventFailed     EventKind = "failed"      // the attempt did not succeed
	EventRefused    EventKind = "refused"     // the platform refused the login or the subscription
	EventLost       EventKind = "lost"        // a connection that was ready is gone
	EventSuspect    EventKind = "suspect"     // dropped soon after login, or closed before its answer, again and again
	EventHistoryOff EventKind = "history off" // history/post is not used for now
	EventDownlink   EventKind = "downlink"    // a write or call from the cloud was declined
)

// Event is something that a person may want to read in the log.
type Event struct {
	Kind EventKind
	Text string        // what happened, why, and what may cure it; never a key or token
	Code int           // the CONNACK's code, when there was one
	Wait time.Duration // until the next attempt; 0 = none is waited for
}

// State is what the connection is doing.
type State string

// The states.
const (
	StateStopped    State = "stopped"
	StateConnecting State = "connecting"
	StateReady      State = "ready"
	StateWaiting    State = "waiting"
)

// Status is a snapshot for people and metrics. Counters count from the start
// of the program.
type Status struct {
	State         State         `json:"state"`
	Since         reading.Stamp `json:"since"`          // when State began
	Connects      uint64        `json:"connects"`       // attempts
	Posts         uint64        `json:"posts"`          // messages handed over
	Confirmed     uint64        `json:"confirmed"`      // posts confirmed in time
	Refused       uint64        `json:"refused"`        // posts refused, for good or for now
	Lost          uint64        `json:"lost"`           // posts without an answer in time
	LateConfirmed uint64        `json:"late_confirmed"` // lost ones that were confirmed after all
	// UnknownReplies were about none of our posts: of an earlier process, or
	// of a second one with the same device name.
	UnknownReplies uint64 `json:"unknown_replies"`
	BadMessages    uint64 `json:"bad_messages"` // messages from the broker that could not be read
	Downlinks      uint64 `json:"downlinks"`    // writes, reads and calls from the cloud
	BytesIn        int64  `json:"bytes_in"`     // of MQTT, without TLS and TCP
	BytesOut       int64  `json:"bytes_out"`
	LastReplyCode  int    `json:"last_reply_code"` // 0 = there was no reply yet
	LastError      string `json:"last_error"`      // why the last attempt or connection ended
	InFlight       int    `json:"in_flight"`       // posts without a verdict

	NextTryIn time.Duration `json:"next_try_in_ns"` // until the next attempt; 0 = none is waited for
}
