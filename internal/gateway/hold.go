package gateway

import (
	"errors"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/reading"
)

// holdLook is how often the clock is asked while readings wait for it.
const holdLook = time.Second

// wrongLeast is the least error of the clock that is worth a word.
const wrongLeast = 10 * time.Millisecond

// errHeld says that a record is there and waits for its time.
var errHeld = errors.New("the reading waits for the clock")

// hold gives readings their true time on their way out, and keeps back those
// whose time is not known yet:
//
//	known    ─▶ goes with its time
//	pending  ─▶ waits, at most so long after the first connection; then goes without
//	unknown  ─▶ goes without a time at once
//
// As long as the clock of this boot has not been set, all that this boot stores
// is pending: those that wait are the newest, and hold up nobody.
type hold struct {
	resolve func(reading.Stamp) (reading.Stamp, reading.Certainty)
	wait    time.Duration
	queue   Queue
	log     zerolog.Logger
	status  *uplinkCounters

	since time.Time // the first connection of this process
	first uint64    // the oldest record that waits, at this look; 0 = none
	last  uint64    // the same, at the last look that met one
	next  uint64    // those before it are counted
	count uint64    // the records from last on
	shown bool      // the status says that some wait
	told  told

	seen map[uint64]timing // what became of the records' times at this look
	sent map[uint64]fate   // of those chosen

	corrected, lost uint64        // records that have left the queue since they were last spoken of
	ahead           time.Duration // how far the clock was, of the first of them
	sound           bool          // a record was chosen since whose time was right from the start
}

// told is what the log has said.
type told struct{ over, unknown, waited bool }

// timing is what a look has made of a record's time.
type timing struct {
	fate  fate
	ahead time.Duration // how far the clock was, with fateRight
}

// fate is what became of a record's time. Most had it from the start, and none
// of these.
type fate uint8

const (
	fateRight   fate = iota + 1 // it was corrected
	fateWaited                  // none, for the wait was over
	fateUnknown                 // none, and there never will be
)

func newHold(up Uplink, deps Deps, status *uplinkCounters) *hold {
	return &hold{
		resolve: up.Resolve, wait: up.ClockWait, queue: deps.Queue, log: deps.Log, status: status,
		seen: make(map[uint64]timing), sent: make(map[uint64]fate),
	}
}

// carry takes over from the uplink before what has been said, and since when the
// wait runs.
func (h *hold) carry(before *hold) { h.since, h.told = before.since, before.told }

// connected begins the wait, once.
func (h *hold) connected() {
	if h.since.IsZero() {
		h.since = time.Now()
	}
}

// begin comes before each look at the queue.
func (h *hold) begin() {
	h.first = 0
	if len(h.seen) > 0 {
		clear(h.seen)
	}
}

// time gives a record its true time, or none, and reports whether it waits.
func (h *hold) time(e *reading.Entry) (waits bool) {
	if h == nil || h.resolve == nil || e.Reading.Stamp.Synced {
		return false
	}
	s, sure := h.resolve(e.Reading.Stamp)
	switch {
	case sure == reading.TimeKnown:
		if ahead := time.Duration(e.Reading.Stamp.Wall - s.Wall); ahead.Abs() >= wrongLeast {
			h.seen[e.Seq] = timing{fateRight, ahead}
		}
		e.Believed = s.Wall == e.Reading.Stamp.Wall
		e.Reading.Stamp = s
	case sure == reading.TimePending && h.left() > 0:
		if h.first == 0 || e.Seq < h.first {
			h.first = e.Seq
		}
		return true
	case sure == reading.TimePending:
		h.seen[e.Seq] = timing{fate: fateWaited}
		if !h.told.over {
			h.told.over = true
			h.log.Warn().Uint64("readings", h.waiting(h.from(e.Seq))).Stringer("waited", h.wait).
				Msg("the clock of this machine is not synchronised; readings go without their time, and the cloud takes that of their arrival; \"timedatectl\" tells why the clock is not set")
		}
	default:
		h.seen[e.Seq] = timing{fate: fateUnknown}
		if !h.told.unknown {
			h.told.unknown = true
			h.log.Warn().Msg("some readings go without their time: the clock was not seen to be right when they were taken, and it is too late to learn it")
		}
	}
	return false
}

// over reports whether a reading has gone without its time because the wait was
// over: the common case costs no look at the queue.
func (h *hold) over() bool { return h != nil && h.told.over }

// waited reports whether a record read in this look has waited in vain.
func (h *hold) waited(seq uint64) bool { return h.seen[seq].fate == fateWaited }

// from returns the oldest record that has waited, and otherwise seq.
func (h *hold) from(seq uint64) uint64 {
	if h.last == 0 {
		return seq
	}
	return min(h.last, seq)
}

// waiting counts the records from first on, a few thousand at a call: numbers
// jump after a crash and say nothing.
func (h *hold) waiting(first uint64) uint64 {
	if first != h.last || h.next == 0 {
		h.last, h.next, h.count = first, first, 0
	}
	for range lookMost {
		seq, _, err := h.queue.Read(h.next)
		if err != nil {
			break
		}
		h.next, h.count = seq+1, h.count+1
	}
	return h.count
}

// left returns how much of the wait is left.
func (h *hold) left() time.Duration { return h.wait - time.Since(h.since) }

// chosen notes what becomes of the times of records that will be sent.
func (h *hold) chosen(entries []reading.Entry) {
	if h == nil {
		return
	}
	for i := range entries {
		seq := entries[i].Seq
		now, concerned := h.seen[seq]
		if !concerned {
			h.sound = true
			continue
		}
		if h.sent[seq] = now.fate; h.shown && seq >= h.last { // they wait no longer
			h.shown = false
			h.status.waitsForClock(0, time.Time{})
		}
		if now.fate == fateRight && h.ahead == 0 {
			h.ahead = now.ahead
		}
	}
}

// forget drops what was noted of a record that is not on its way any more.
func (h *hold) forget(seq uint64) {
	if h != nil {
		delete(h.sent, seq)
	}
}

// done counts a record that has left the queue.
func (h *hold) done(seq uint64) {
	if h == nil || h.sent[seq] == 0 {
		return
	}
	switch h.sent[seq] {
	case fateRight:
		h.corrected++
	case fateUnknown:
		h.lost++
	case fateWaited:
	}
	h.status.timed(h.sent[seq] == fateRight)
	delete(h.sent, seq)
}

// rest is called when there is nothing to send. It says what can be said, and
// returns how long to wait until the clock is asked again; 0 = nobody waits.
func (h *hold) rest() time.Duration {
	if h.first == 0 && !h.shown && h.corrected == 0 && h.lost == 0 {
		return 0
	}
	if h.first != 0 {
		h.status.waitsForClock(h.waiting(h.first), h.since.Add(h.wait))
		h.shown = true
		return max(min(h.left(), holdLook), minWait)
	}
	if h.shown {
		h.shown = false
		h.status.waitsForClock(0, time.Time{})
	}
	// Once all that waited has gone, and later when the clock is right again: one
	// that was set wrong by hand must not fill the log.
	if waited := h.last != 0 && !h.told.waited; len(h.sent) == 0 && (h.sound || waited) {
		h.told.waited = h.told.waited || waited
		h.speak()
	}
	return 0
}

// speak sums up the readings that the clock's error concerned.
func (h *hold) speak() {
	if h.corrected > 0 {
		h.log.Info().Uint64("readings", h.corrected).Stringer("clock_was_ahead", h.ahead.Round(time.Millisecond)).
			Msg("readings that were taken before the clock was right have got their true time")
	}
	if h.lost > 0 {
		h.log.Info().Uint64("readings", h.lost).Msg("readings whose time cannot be learnt any more have gone without it")
	}
	h.corrected, h.lost, h.ahead, h.sound = 0, 0, 0, false
}

// at notes the time of the record that is to be added: one without shares no
// history/post, whose samples all need theirs. [ONENET-14]
func (l *load) at(s reading.Stamp) *load {
	if !s.Synced {
		l.most = 0
	}
	return l
}
