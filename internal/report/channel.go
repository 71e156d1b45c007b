package report

import (
	"time"

	"serialgw/internal/reading"
)

// channel is one identifier that a rule is for: what was sent last, and what
// waits.
type channel struct {
	name string
	rule *Rule
	of   Aggregate

	sent    bool
	last    reading.Value // the value sent last
	at      reading.Stamp // when; not the time that it carries
	newest  sample        // not sent, while waits
	waits   bool
	changed bool // newest waits for min_interval; else for max_silence
}

// offer takes a new value and reports whether it is to be sent now.
func (c *channel) offer(s *sample, now reading.Stamp) bool {
	r := c.rule
	if r.Round != nil {
		s.value = round(s.value, *r.Round)
	}
	changed := !c.sent || c.isChange(s.value)
	if !c.sent || changed && (r.MinInterval == 0 || passed(now, c.at, r.MinInterval)) ||
		r.MaxSilence > 0 && passed(now, c.at, r.MaxSilence) {
		c.sent, c.last, c.at, c.waits = true, s.value, now, false
		return true
	}
	// A change that was taken back within the interval is none.
	c.waits, c.changed = changed || r.MaxSilence > 0, changed
	if c.waits {
		c.newest = *s
	}
	return false
}

func (c *channel) isChange(v reading.Value) bool {
	switch {
	case c.rule.Deadband != nil && isNumber(v.Kind) && isNumber(c.last.Kind):
		return c.rule.Deadband.exceeds(v, c.last)
	case c.rule.Changes():
		return differs(v, c.last)
	}
	return true
}

// interval returns how long after the last sending what waits is due.
func (c *channel) interval() time.Duration {
	if c.changed {
		return c.rule.MinInterval
	}
	return c.rule.MaxSilence
}

// take returns what waits and is due.
func (c *channel) take(now reading.Stamp) bool {
	if !c.waits || !passed(now, c.at, c.interval()) {
		return false
	}
	c.send(gridded(now, c.at, c.interval()))
	return true
}

func (c *channel) send(at reading.Stamp) {
	c.last, c.at, c.waits = c.newest.value, at, false
}
