// Package reading is the vocabulary that the rooms share: when bytes came in,
// what a frame said, and what the cloud answered.
//
//	Chunk ──▶ (frame) ──▶ Reading ──▶ (queue, as bytes) ──▶ Entry ──▶ (cloud) ──▶ Outcome
//
// It holds values only. Nothing here reads a clock, logs, or starts anything.
package reading

import "time"

// BootID identifies one run of the kernel
// (/proc/sys/kernel/random/boot_id, 16 bytes).
type BootID [16]byte

// Stamp is one instant as this machine saw it. The wall time may be wrong (a
// Raspberry Pi has no clock battery); the boot time never is, within one boot.
type Stamp struct {
	Wall   int64  `json:"wall_ns"` // Unix time in nanoseconds, as the system clock claimed
	Boot   int64  `json:"boot_ns"` // CLOCK_BOOTTIME in nanoseconds; orders stamps of one boot
	BootID BootID `json:"-"`       // the boot that Boot counts from
	Synced bool   `json:"synced"`  // the kernel said that the wall clock was synchronised

	_ uint64 // 48 bytes are copied in three moves, 40 in three that overlap and stall
}

// IsZero reports whether the stamp was never set.
func (s Stamp) IsZero() bool { return s == Stamp{} }

// Time returns the wall time in UTC.
func (s Stamp) Time() time.Time { return time.Unix(0, s.Wall).UTC() }

// UnixMilli returns the wall time in Unix milliseconds, OneNET's unit.
func (s Stamp) UnixMilli() int64 { return s.Wall / int64(time.Millisecond) }

// Since returns how long after t this stamp was taken, by boot time. Stamps of
// two boots cannot be compared so; then the wall clock decides.
func (s Stamp) Since(t Stamp) time.Duration {
	if s.BootID == t.BootID {
		return time.Duration(s.Boot - t.Boot)
	}
	return time.Duration(s.Wall - t.Wall)
}

// Add returns the stamp d later on both clocks.
func (s Stamp) Add(d time.Duration) Stamp {
	s.Wall += int64(d)
	s.Boot += int64(d)
	return s
}

// Certainty says what is known of a stamp's wall time.
type Certainty uint8

// What may be known of a wall time.
const (
	TimeUnknown Certainty = iota // nothing, and that will not change
	TimePending                  // nothing yet: the clock of that boot may still be set
	TimeKnown
)

// Chunk is what one read of a port returned. The bytes are valid until the
// next read; an empty chunk says that nothing came in until Stamp.
type Chunk struct {
	Bytes []byte
	Stamp Stamp // arrival of the last byte
}

// Property is one named value of a reading.
type Property struct {
	Name  string // OneNET identifier: [A-Za-z][A-Za-z0-9_]{0,49}
	Value Value
	Label string // the text of an enum value, for people; never sent
}

// Reading is what one frame said.
type Reading struct {
	Board   string // name of the board in gateway.toml
	Message string // name of the message in the frame description
	Stamp   Stamp  // arrival of the frame's last byte
	Props   []Property
}

// Clone returns a copy that shares nothing with r.
func (r Reading) Clone() Reading {
	r.Props = append([]Property(nil), r.Props...)
	return r
}

// Entry is a queued reading on its way out.
type Entry struct {
	Seq     uint64 // the queue's sequence number, from 1
	Reading Reading
	// Believed: the stamp is marked synchronised because the cloud has the same
	// clock, and for no other reason.
	Believed bool
}

// Verdict is what became of a post.
type Verdict uint8

const (
	// Lost says: no answer within the reply time-out, or the connection went away.
	// Whether the platform stored the values is unknown; send them again.
	Lost Verdict = iota + 1
	// Confirmed says: the platform's reply carried the post's id and code 200, or,
	// with confirm = "puback", the broker acknowledged the packet.
	Confirmed
	// RefusedValue says: the platform named an identifier that it will not take.
	RefusedValue
	// RefusedForm says: the platform refuses the message as such; sending the same
	// values again in the same form cannot succeed.
	RefusedForm
	// Busy says: a temporary refusal; the same message may succeed later.
	Busy
)

// String names the verdict for logs and people.
func (v Verdict) String() string {
	switch v {
	case Lost:
		return "lost"
	case Confirmed:
		return "confirmed"
	case RefusedValue:
		return "value refused"
	case RefusedForm:
		return "form refused"
	case Busy:
		return "busy"
	}
	return "no verdict"
}

// LinkState is the state of the connection to the cloud.
type LinkState uint8

// The states of the link.
const (
	LinkDown  LinkState = iota // no usable connection
	LinkReady                  // connected, and the reply subscription granted
)

// Outcome is news from the cloud side: the verdict on one post, or a change
// of the link.
type Outcome struct {
	Post    uint64   // which post; 0 for a change of the link
	Seqs    []uint64 // the records that the post carried
	Verdict Verdict
	Late    bool // the post had been given up (Lost) before; only Confirmed comes late

	Code       int    // the platform's code, 0 when there was none
	Text       string // the platform's own words, or the local cause
	Identifier string // RefusedValue: the identifier named
	History    bool   // the post went out as history/post

	Link LinkState // set when Post is 0
}
