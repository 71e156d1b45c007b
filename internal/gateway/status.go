package gateway

import (
	"maps"
	"sync"
	"time"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// Status is what the gateway knows of itself at one moment.
type Status struct {
	Uptime time.Duration `json:"uptime_ns"`
	Boards []BoardStatus `json:"boards"`
	Uplink UplinkStatus  `json:"uplink"`
}

// BoardStatus is one board's side of it. Counters run from the gateway's start.
type BoardStatus struct {
	Name            string        `json:"name"`
	Frame           string        `json:"frame"`
	FramesPerSecond float64       `json:"frames_per_second"` // over the last second or more
	Metrics         frame.Metrics `json:"metrics"`
	Explained       float64       `json:"explained"` // share of the bytes that were valid frames, 0 to 1
	LastFrame       reading.Stamp `json:"last_frame"`
	Stored          uint64        `json:"stored"`        // records written to the queue
	Refused         uint64        `json:"refused"`       // readings that the queue would not take
	Empty           uint64        `json:"empty"`         // frames without one usable value
	Absent          uint64        `json:"absent"`        // values left out: invalid, out of range, not a number
	Outside         uint64        `json:"outside_range"` // values that a report rule's range dropped
	Publishes       []string      `json:"publishes"`     // identifiers
	Latest          []LatestValue `json:"latest"`

	rateFrom   reading.Stamp
	rateFrames uint64
}

// LatestValue is the newest value of one property.
type LatestValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Label string `json:"label,omitempty"`

	raw reading.Value
}

// latest takes over the values of r.
func (s *BoardStatus) latest(r *reading.Reading) {
	for _, p := range r.Props {
		i := 0
		for i < len(s.Latest) && s.Latest[i].Name != p.Name {
			i++
		}
		if i == len(s.Latest) {
			s.Latest = append(s.Latest, LatestValue{Name: p.Name})
		}
		s.Latest[i].raw, s.Latest[i].Label = p.Value, p.Label
	}
}

// rate measures frames per second over steps of at least a second.
func (s *BoardStatus) rate(now reading.Stamp, frames uint64) {
	if s.rateFrom.IsZero() {
		s.rateFrom, s.rateFrames = now, frames
		return
	}
	if d := now.Since(s.rateFrom); d >= time.Second {
		s.FramesPerSecond = float64(frames-s.rateFrames) / d.Seconds()
		s.rateFrom, s.rateFrames = now, frames
	}
}

// UplinkStatus is the cloud's side.
type UplinkStatus struct {
	Ready       bool                  `json:"ready"`
	InFlight    int                   `json:"in_flight"`
	Posts       uint64                `json:"posts"`
	Confirmed   uint64                `json:"confirmed_posts"`
	Records     uint64                `json:"confirmed_records"`
	Refused     uint64                `json:"refused_posts"`
	Lost        uint64                `json:"unanswered_posts"`
	Late        uint64                `json:"late_replies"`
	DeadLetters uint64                `json:"dead_letters"`
	LostLetters uint64                `json:"lost_letters"`       // values given up while the dead letters could not be written
	Unreadable  uint64                `json:"unreadable_records"` // stored records that this program cannot read
	Quarantine  map[string]Quarantine `json:"quarantine,omitempty"`
	Untimed     uint64                `json:"untimed_records"`   // went without a time: it was not known
	Corrected   uint64                `json:"corrected_records"` // went with their true time, which the clock had wrong when they came
	Unclocked   uint64                `json:"waiting_for_clock"` // wait for their true time
	ClockUntil  time.Time             `json:"clock_wait_until"`  // when they go without it
	LastPost    time.Time             `json:"last_post"`
	LastVerdict string                `json:"last_verdict"`
	LastCode    int                   `json:"last_code"`
	LastText    string                `json:"last_text"`
	LastSettled time.Time             `json:"last_settled"`
	PausedUntil time.Time             `json:"paused_until"`
	LastError   string                `json:"last_error,omitempty"`
}

// Quarantine says why an identifier is no longer sent.
type Quarantine struct {
	Code int    `json:"code"`
	Text string `json:"text"`
}

type uplinkCounters struct {
	mu sync.Mutex
	s  UplinkStatus
}

func (c *uplinkCounters) posted(inFlight int, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.Posts++
	c.s.InFlight, c.s.LastPost, c.s.LastError = inFlight, now, ""
}

func (c *uplinkCounters) setError(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.LastError = text
}

func (c *uplinkCounters) pausedUntil(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.PausedUntil = t
}

func (c *uplinkCounters) quarantined(identifier string, code int, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.s.Quarantine == nil {
		c.s.Quarantine = make(map[string]Quarantine)
	}
	c.s.Quarantine[identifier] = Quarantine{code, text}
}

func (c *uplinkCounters) released(identifier string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.s.Quarantine, identifier)
}

func (c *uplinkCounters) buried(values int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.DeadLetters += uint64(values)
}

func (c *uplinkCounters) lostLetters(values int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.LostLetters += uint64(values)
}

// timed counts a record that left the queue although the clock had its time
// wrong: with its true one, or without.
func (c *uplinkCounters) timed(right bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if right {
		c.s.Corrected++
	} else {
		c.s.Untimed++
	}
}

// waitsForClock: so many records wait until then.
func (c *uplinkCounters) waitsForClock(records uint64, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.Unclocked, c.s.ClockUntil = records, until
}

func (c *uplinkCounters) unreadable() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.Unreadable++
}

func (c *uplinkCounters) outcome(o reading.Outcome, inFlight int, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.InFlight = inFlight
	if o.Post == 0 {
		c.s.Ready = o.Link == reading.LinkReady
		return
	}
	switch {
	case o.Late:
		c.s.Late++
	case o.Verdict == reading.Confirmed:
		c.s.Confirmed++
		c.s.Records += uint64(len(o.Seqs))
	case o.Verdict == reading.Lost:
		c.s.Lost++
	default:
		c.s.Refused++
	}
	c.s.LastVerdict, c.s.LastCode, c.s.LastText = o.Verdict.String(), o.Code, o.Text
	c.s.LastSettled = now
}

func (c *uplinkCounters) snapshot() UplinkStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.s
	s.Quarantine = maps.Clone(c.s.Quarantine)
	return s
}

// Status returns the gateway's state. It may be called at any time.
func (g *Gateway) Status() Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	var s Status
	if !g.started.IsZero() {
		s.Uptime = time.Since(g.started)
	}
	for _, in := range g.ingests {
		b := in.snapshot()
		for i := range b.Latest {
			b.Latest[i].Value = b.Latest[i].raw.String()
		}
		s.Boards = append(s.Boards, b)
	}
	sortBoards(s.Boards)
	if g.uplink != nil {
		s.Uplink = g.uplink.status.snapshot()
	}
	return s
}
