// Package clock says what time it is, and how far that can be believed.
//
// A Raspberry Pi has no clock battery: after a power cut its wall clock is
// plausible and wrong until a time service has set it. The date proves nothing;
// the kernel's state and the time service's file do. Boot time is right from
// the start, so that a stamp taken before the clock was set gets its true wall
// time afterwards:
//
//	wall  ────────────┐ set            ┌──── stepped back by hand
//	                  └────────────────┘
//	boot  ──────────────────────────────────
//	      unsynced    │ synced         │ unsynced
//	                  └ anchor = wall - boot: true wall = boot + anchor, for all three
//
// Slewing changes both clocks alike, so that their difference changes by steps
// alone. An anchor therefore holds for the rest of its boot, also when the time
// service has been away for so long that the kernel gives the clock up: it is
// then as wrong as the crystal drifts, ten seconds a week or so.
package clock

import (
	"sync"
	"time"

	"serialgw/internal/reading"
)

const (
	// lookEvery is how long an answer of the kernel is believed, in ns, unless
	// a step is seen.
	lookEvery = int64(time.Second)
	// stepLeast, in ns, is the least change of wall minus boot time that is taken
	// for a step and not for a pause between reading the two.
	stepLeast = int64(10 * time.Millisecond)
	// tight, in ns, is how close to each other the two are read for an anchor.
	tight = int64(time.Millisecond)
	// pauseMost, in ns, is the longest time between two looks in which a step and
	// a touch of timesyncd's file can be told apart: see touchedSince.
	pauseMost = int64(time.Minute)
)

// Source is whose word it is that the clock is right.
type Source uint8

// The sources.
const (
	Nobody   Source = iota
	Kernel          // adjtimex
	Timesync        // systemd-timesyncd's file
)

// String names the source for logs.
func (s Source) String() string {
	return [...]string{"nobody", "the kernel (adjtimex)", "systemd-timesyncd"}[s]
}

// State is what a Clock knows of itself.
type State struct {
	By       Source        // Nobody = the clock is not synchronised
	Anchored bool          // it was in this boot: times are reckoned from that
	Off      time.Duration // how far the clock was ahead before it was last set
}

// kernel is where a Clock has its facts from.
type kernel struct {
	wall, boot func() int64
	synced     func() bool
	touched    func() int64
	bootID     func() reading.BootID
}

// Clock stamps instants. It may be used by several goroutines.
type Clock struct {
	kernel  kernel
	bootID  reading.BootID
	changed chan struct{} // one slot: State has changed, or there is something to save

	mu      sync.Mutex
	checked int64 // boot time of the last look at the kernel's state
	seen    int64 // wall minus boot time then
	wrong   int64 // the same, when the clock was first found not synchronised
	state   State
	anchor  int64 // wall minus boot time of a right clock, with state.Anchored
	wide    bool  // it was not measured well
	touched int64 // of timesyncd's file when it was last believed; 0 = never
	stale   int64 // of timesyncd's file: not believed, for a step came after it
	saved   anchors
	unsaved bool
}

// New returns the clock of this machine. Restore gives it what earlier runs knew.
func New() *Clock {
	return newClock(kernel{kernelWall, kernelBoot, kernelSynced, timesyncTouched, kernelBootID})
}

func newClock(k kernel) *Clock {
	return &Clock{kernel: k, bootID: k.bootID(), checked: -lookEvery, changed: make(chan struct{}, 1)}
}

// Now returns the present instant as the system clock claims it, and marks it
// where that clock is synchronised. A wall time that does not fit then, because
// the clock was set or the program paused between its two readings, is reckoned
// from the boot time.
func (c *Clock) Now() reading.Stamp {
	s := reading.Stamp{Boot: c.kernel.boot(), Wall: c.kernel.wall(), BootID: c.bootID}
	offset := s.Wall - s.Boot
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.Boot-c.checked >= lookEvery || apart(offset, c.seen) > stepLeast {
		c.look()
	}
	if s.Synced = c.state.By != Nobody; s.Synced && apart(offset, c.anchor) > stepLeast {
		s.Wall = s.Boot + c.anchor
	}
	return s
}

// True returns the present instant with the best wall time known: a clock that
// was right earlier in this boot is corrected.
func (c *Clock) True() reading.Stamp {
	s, _ := c.Resolve(c.Now())
	return s
}

// Resolve returns a stamp with its true wall time, marked synchronised, where
// that is known: one that was, as it is; others by the newest anchor of their
// boot. A stamp without a boot id belongs to no boot.
func (c *Clock) Resolve(s reading.Stamp) (reading.Stamp, reading.Certainty) {
	if s.Synced {
		return s, reading.TimeKnown
	}
	if s.BootID == (reading.BootID{}) {
		return s, reading.TimeUnknown
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	anchor, ok := c.saved.of(s.BootID)
	if s.BootID == c.bootID {
		if c.kernel.boot()-c.checked >= lookEvery {
			c.look()
		}
		if !c.state.Anchored {
			return s, reading.TimePending
		}
		anchor, ok = c.anchor, true
	}
	if !ok {
		return s, reading.TimeUnknown
	}
	s.Wall, s.Synced = s.Boot+anchor, true
	return s, reading.TimeKnown
}

// State returns what is known now.
func (c *Clock) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kernel.boot()-c.checked >= lookEvery {
		c.look()
	}
	return c.state
}

// Changed tells that State has changed since it was last read, or that Save has
// something to return.
func (c *Clock) Changed() <-chan struct{} { return c.changed }

// look is when the kernel was asked, by boot time, and wall minus boot time then.
type look struct{ at, offset int64 }

// look asks the kernel. The mutex is held.
func (c *Clock) look() {
	synced, touched := c.kernel.synced(), c.kernel.touched()
	boot, offset, narrow := c.measure()
	synced = synced && c.kernel.synced() // both: a step between would go unnoticed
	was, anchor, before, first := c.state, c.anchor, look{c.checked, c.seen}, c.checked < 0
	c.checked, c.seen = boot, offset
	c.state.By = c.judge(synced, touched, before, offset)
	switch {
	case c.state.By != Nobody:
		c.touched = touched
		c.set(offset, narrow)
		switch corrected := was.Anchored && apart(anchor, offset) > stepLeast; {
		case first:
		case corrected: // what was called right was not
			c.state.Off = time.Duration(anchor - offset)
		case was.By == Nobody:
			c.state.Off = time.Duration(c.wrong - offset)
		}
	case was.By != Nobody || first:
		c.wrong = offset
	}
	if c.state != was || c.unsaved {
		select {
		case c.changed <- struct{}{}:
		default:
		}
	}
}

// set takes the anchor of a right clock. Between steps it is left alone, so that
// times reckoned from it run on.
func (c *Clock) set(offset int64, narrow bool) {
	if !c.state.Anchored || c.wide && narrow || apart(offset, c.anchor) > stepLeast {
		c.anchor, c.state.Anchored, c.wide = offset, true, !narrow
	}
	c.unsaved = c.saved.put(c.bootID, c.anchor) || c.unsaved
}

// measure returns wall minus boot time, and whether the two were read close
// enough to each other for an anchor.
func (c *Clock) measure() (boot, offset int64, narrow bool) {
	for range 3 { // a busy machine pauses us now and then
		boot = c.kernel.boot()
		wall := c.kernel.wall()
		width := c.kernel.boot() - boot
		offset = wall - boot - width/2
		if narrow = width < tight; narrow {
			break
		}
	}
	return boot, offset, narrow
}

// judge returns whose word it is that the clock is right. The kernel's own is
// enough: whoever steps the clock without it takes it away. It is not the only
// one, for timesyncd leaves the kernel's state alone where the hardware clock
// runs in local time. Its file stays when the clock is then stepped by hand: so
// after a step the file counts only when it was touched since.
func (c *Clock) judge(synced bool, touched int64, before look, offset int64) Source {
	switch {
	case synced:
		c.stale = 0
		return Kernel
	case touched == 0 || touched == c.stale:
		return Nobody
	case c.state.Anchored:
		if apart(offset, c.anchor) > stepLeast && !c.touchedSince(before, touched, offset) {
			c.stale = touched
			return Nobody
		}
	case touched < offset || touched > c.checked+offset+stepLeast: // before this boot, or to come: stepped since
		c.stale = touched
		return Nobody
	}
	return Timesync
}

// touchedSince reports whether the file was touched after the clock was stepped.
// It was when the look before saw the step already. When this look is the first to
// see it, the touch must fall between the two by the clock as it is now: one before
// the step is off by as much as the clock was stepped. After a long pause that
// proves little, and the next touch counts. The look before has read the file a
// moment earlier than the clock.
func (c *Clock) touchedSince(before look, touched, offset int64) bool {
	if before.at < 0 || touched == c.touched {
		return false
	}
	at := touched - offset
	return apart(offset, before.offset) <= stepLeast ||
		c.checked-before.at <= pauseMost && at >= before.at-lookEvery && at <= c.checked+stepLeast
}

func apart(a, b int64) int64 { return max(a-b, b-a) }
