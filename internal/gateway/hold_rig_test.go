package gateway

import (
	"sync"
	"testing"
	"time"

	"serialgw/internal/reading"
)

// The boots of these tests: each true wall time is boot time plus the boot's
// number in days, and this is boot 9.
const (
	thisBoot = 9
	aDay     = 24 * time.Hour
)

// knownClock is a clock that has anchors of some boots.
type knownClock struct {
	mu    sync.Mutex
	known map[byte]bool
	asked int
}

func (c *knownClock) resolve(s reading.Stamp) (reading.Stamp, reading.Certainty) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	switch boot := s.BootID[0]; {
	case s.Synced:
		return s, reading.TimeKnown
	case c.known[boot]:
		s.Wall, s.Synced = trueWall(s), true
		return s, reading.TimeKnown
	case boot == thisBoot:
		return s, reading.TimePending
	}
	return s, reading.TimeUnknown
}

func (c *knownClock) learn(boot byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[boot] = true
}

func (c *knownClock) questions() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.asked
	c.asked = 0
	return n
}

func trueWall(s reading.Stamp) int64 { return s.Boot + int64(s.BootID[0])*int64(aDay) }

// clocked is a rig whose records come with stamps of several clocks.
type clocked struct {
	*rig
	clock *knownClock
	boots time.Time // when boot time was 0
}

func newClocked(t *testing.T, up Uplink, known ...byte) *clocked {
	t.Helper()
	c := &clocked{clock: &knownClock{known: make(map[byte]bool)}, boots: time.Now()}
	for _, boot := range known {
		c.clock.known[boot] = true
	}
	up.Resolve = c.clock.resolve
	c.rig = newRig(t, up, nil)
	return c
}

// store adds a record of a boot whose wall clock is ahead by so much; right: it
// is marked synchronised.
func (c *clocked) store(boot byte, ahead time.Duration, right bool, names ...string) uint64 {
	c.t.Helper()
	r := say(names...)
	r.Stamp = reading.Stamp{Boot: int64(time.Since(c.boots)), BootID: reading.BootID{boot}, Synced: right}
	r.Stamp.Wall = trueWall(r.Stamp) + int64(ahead)
	seq, err := c.q.Append(reading.AppendRecord(nil, r))
	if err != nil {
		c.t.Fatal(err)
	}
	signal(c.wake)
	return seq
}

func (c *clocked) status() UplinkStatus { return c.d.status.snapshot() }

// entries returns what was posted, in order.
func (c *clocked) entries() (all []reading.Entry) {
	for _, p := range c.cloud.seen() {
		all = append(all, p.entries...)
	}
	return all
}

func (c *clocked) wantTrueTimes(n int) {
	c.t.Helper()
	all := c.entries()
	if len(all) != n {
		c.t.Errorf("%d records posted, want %d", len(all), n)
	}
	for _, e := range all {
		if s := e.Reading.Stamp; !s.Synced || s.Wall != trueWall(s) {
			c.t.Errorf("record %d: synced %v, off by %v", e.Seq, s.Synced, time.Duration(s.Wall-trueWall(s)))
		}
	}
}

func unpacedHistory() Uplink {
	return Uplink{History: true, HistoryValues: 100, ClockWait: 10 * time.Minute}
}
