package onenetsim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Stats counts since New.
type Stats struct {
	Connections   int // open now
	Sessions      int // logged in now
	Accepted      int // connections ever
	Logins        int // CONNACK 0
	Rejected      int // CONNACK other than 0
	Kicked        int // sessions ended by a newer login
	Subscriptions int // filters granted
	NotGranted    int // filters answered with 0x80
	Pings         int
	Pubacks       int // QoS 1 publishes accepted for the checks; swallowed acknowledgements included
	Held          int // publishes that the pace delayed
	Posts         int // property, history, pack and event posts judged
	Confirmed     int // of them, with code 200
	Refused       int // of them, with another code
	Values        int // property values stored
	Duplicates    int // of them, with identifier, time and value of an earlier one
	Events        int // event posts with code 200
	Replies       int // replies to requests handed to the connection
	Unheard       int // replies that nobody had subscribed to
	Answers       int // a device's answers to set, get and invoke
}

// ConsoleEntry is one line of the platform's console log, where the true
// reason of a CONNACK 4 is found.
type ConsoleEntry struct {
	Time    time.Time
	Product string
	Device  string
	Code    int
	Text    string
}

// ConnInfo describes one connection.
type ConnInfo struct {
	ID            int // from 1, in the order of their coming
	Remote        string
	Product       string // empty before the login
	Device        string
	Opened        time.Time
	Closed        time.Time // zero while it is open
	Reason        string    // why it ended
	Subscriptions []string
	Log           []string // logins, subscriptions, posts with their codes
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Await returns nil as soon as the counters satisfy ok, or the error of ctx.
// It does not poll.
func (s *Server) Await(ctx context.Context, ok func(Stats) bool) error {
	for {
		s.mu.Lock()
		now := s.stats
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		s.mu.Unlock()
		if ok(now) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w; counters are %+v", context.Cause(ctx), now)
		}
	}
}

// count changes counters and wakes those who wait for them.
func (s *Server) count(change func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.countLocked(change)
}

func (s *Server) countLocked(change func(*Stats)) {
	change(&s.stats)
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// log adds a line to the console log.
func (s *Server) log(pid, device string, code int, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logLocked(pid, device, code, text)
}

func (s *Server) logLocked(pid, device string, code int, text string) {
	s.console = bounded(s.console, s.cfg.Keep, ConsoleEntry{s.nowLocked(), pid, device, code, text})
}

// noteLocked adds a line to a connection's log.
func (c *conn) noteLocked(format string, args ...any) {
	c.info.Log = bounded(c.info.Log, c.srv.cfg.Keep, fmt.Sprintf(format, args...))
}

// ConsoleLog returns the console log, oldest first.
func (s *Server) ConsoleLog() []ConsoleEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.console)
}

// Connections describes every connection, oldest first.
func (s *Server) Connections() []ConnInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]ConnInfo, len(s.archive))
	for i, info := range s.archive {
		list[i] = *info
		list[i].Log = slices.Clone(info.Log)
		list[i].Subscriptions = slices.Clone(info.Subscriptions)
	}
	return list
}

// History returns the stored values of a device in order of arrival: all of
// them, or the last Config.Keep.
func (s *Server) History(pid, device string) []Value {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.device(pid, device); d != nil {
		return d.store.last()
	}
	return nil
}

// Current returns the newest value, by time, of each property of a device.
func (s *Server) Current(pid, device string) map[string]Value {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.device(pid, device); d != nil {
		return maps.Clone(d.store.current)
	}
	return nil
}

// Totals returns how many values each property of a device ever got.
func (s *Server) Totals(pid, device string) map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.device(pid, device); d != nil {
		return maps.Clone(d.store.total)
	}
	return nil
}
