package onenetsim

import (
	"encoding/json"
	"time"
)

// faults is the state of the fault switches. Guarded by Server.mu.
type faults struct {
	refuseUntil time.Time
	silent      chan struct{} // nil: not silent; closed when silence ends
	clockOffset time.Duration
	connackCode byte
	connacks    int // logins that still get connackCode
	pubacks     int // acknowledgements still to swallow
	replies     int // replies still to swallow
	duplicates  int
	wrongIDs    int
	noIDs       int
	nullIDs     int
	replyDelay  time.Duration
	replyCodes  map[string]refusal // by identifier; "": every post
}

// take uses up one of a counted fault.
func take(n *int) bool {
	if *n <= 0 {
		return false
	}
	*n--
	return true
}

// refusal returns what ReplyCode scripted for a post with these values.
func (f *faults) refusal(values []Value) *refusal {
	if r, ok := f.replyCodes[""]; ok {
		return &r
	}
	for _, v := range values {
		if r, ok := f.replyCodes[v.Identifier]; ok {
			return &r
		}
	}
	return nil
}

// response makes the reply to a request, as the switches want it.
func (f *faults) response(id *string, code int, msg string, data json.RawMessage) response {
	r := response{copies: 1, delay: f.replyDelay}
	withID := true
	switch {
	case take(&f.replies):
		r.copies = 0
	case take(&f.duplicates):
		r.copies = 2
	case take(&f.wrongIDs):
		other := "0"
		id = &other
	case take(&f.noIDs):
		withID = false
	case take(&f.nullIDs):
		id = nil
	}
	r.payload = encodeReply(id, withID, code, msg, data)
	return r
}

// set changes a switch.
func (s *Server) set(change func(*faults)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.faults)
}

// kill ends the connections that match, at once and without a packet.
func (s *Server) kill(reason string, match func(*conn) bool) {
	for _, c := range s.match(match) {
		c.kill(reason)
	}
}

func (s *Server) match(match func(*conn) bool) (list []*conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if match(c) {
			list = append(list, c)
		}
	}
	return list
}

// DropAll closes every TCP connection now.
func (s *Server) DropAll() { s.kill("dropped", func(*conn) bool { return true }) }

// Drop closes the TCP connection of a device now.
func (s *Server) Drop(device string) {
	s.kill("dropped", func(c *conn) bool { return c.info.Device == device })
}

// RefuseFor resets every new TCP connection for d from now.
func (s *Server) RefuseFor(d time.Duration) {
	s.set(func(f *faults) { f.refuseUntil = time.Now().Add(d) })
}

func (s *Server) refusing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.faults.refuseUntil)
}

// Silent makes a black hole of the server, or ends it: connections are
// accepted, nothing more is read (but for one packet a connection) and
// nothing written. What waited is served when the silence ends.
func (s *Server) Silent(on bool) {
	s.set(func(f *faults) {
		switch {
		case on && f.silent == nil:
			f.silent = make(chan struct{})
		case !on && f.silent != nil:
			close(f.silent)
			f.silent = nil
		}
	})
}

// awaitVoice waits until the server is not silent; false: c was killed.
func (s *Server) awaitVoice(c *conn) bool {
	for {
		s.mu.Lock()
		silent := s.faults.silent
		s.mu.Unlock()
		if silent == nil {
			return true
		}
		select {
		case <-silent:
		case <-c.done:
			return false
		}
	}
}

// HalfClose closes the write side of every connection and goes on reading.
// On a connection that cannot, it only stops writing.
func (s *Server) HalfClose() {
	for _, c := range s.match(func(*conn) bool { return true }) {
		c.mute.Store(true)
		if half, ok := c.nc.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite() // a connection that is gone already is half closed, too
		}
	}
}

// Ban closes the device's connection and its new ones for d, without a
// CONNACK; 0 lifts it.
func (s *Server) Ban(pid, device string, d time.Duration) {
	dev := s.device(pid, device)
	if dev == nil {
		return
	}
	s.set(func(*faults) { dev.banned = time.Now().Add(d) })
	if d > 0 {
		s.kill("banned", func(c *conn) bool { return c.dev == dev })
	}
}

// ClockOffset moves the platform's wall clock; tokens, arrival times and the
// time window follow it.
func (s *Server) ClockOffset(d time.Duration) { s.set(func(f *faults) { f.clockOffset = d }) }

// ConnackCode answers the next n logins with code, whatever their token.
func (s *Server) ConnackCode(code byte, n int) {
	s.set(func(f *faults) { f.connackCode, f.connacks = code, n })
}

func (s *Server) forcedConnack() (code byte, forced bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.connackCode, take(&s.faults.connacks)
}

// SwallowPubacks keeps the next n acknowledgements back; the messages are
// judged all the same.
func (s *Server) SwallowPubacks(n int) { s.set(func(f *faults) { f.pubacks = n }) }

func (s *Server) swallowPuback() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.countLocked(func(st *Stats) { st.Pubacks++ })
	return take(&s.faults.pubacks)
}

// DelayReplies sends every reply d later; nothing else waits for it.
func (s *Server) DelayReplies(d time.Duration) { s.set(func(f *faults) { f.replyDelay = d }) }

// SwallowReplies keeps the next n replies back; what they confirm is stored.
func (s *Server) SwallowReplies(n int) { s.set(func(f *faults) { f.replies = n }) }

// DuplicateReply sends each of the next n replies twice.
func (s *Server) DuplicateReply(n int) { s.set(func(f *faults) { f.duplicates = n }) }

// WrongID gives the next n replies the id "0".
func (s *Server) WrongID(n int) { s.set(func(f *faults) { f.wrongIDs = n }) }

// NoID leaves the id out of the next n replies.
func (s *Server) NoID(n int) { s.set(func(f *faults) { f.noIDs = n }) }

// NullID gives the next n replies the id null.
func (s *Server) NullID(n int) { s.set(func(f *faults) { f.nullIDs = n }) }

// ReplyCode refuses every post that carries the identifier (empty: every
// post) with code and msg, and stores nothing of it. An empty msg is the
// code's own, with the identifier; code 0 or 200 ends it.
func (s *Server) ReplyCode(identifier string, code int, msg string) {
	if msg == "" {
		msg = codeText(code)
		if identifier != "" {
			msg = refuseIdent(code, identifier).msg
		}
	}
	s.set(func(f *faults) {
		if code == 0 || code == codeOK {
			delete(f.replyCodes, identifier)
			return
		}
		if f.replyCodes == nil {
			f.replyCodes = map[string]refusal{}
		}
		f.replyCodes[identifier] = refusal{code, msg}
	})
}
