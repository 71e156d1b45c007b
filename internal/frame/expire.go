package frame

import (
	"time"

	"serialgw/internal/reading"
)

// minSilence is the shortest silence that may end a partial frame: USB
// adapters and a busy Pi hold bytes back for longer than a byte takes.
const minSilence = 20 * time.Millisecond

// heldBack is how many bytes' time a USB adapter may stay silent while the board
// talks: some CH341 hand over nothing until a packet of 32 bytes is full. Twice
// that is allowed.
const heldBack = 2 * 32

// Deadline returns when the partial frame held must be given up by Expire;
// false when nothing is held. It is right after Scan has said false.
func (s *Scanner) Deadline() (reading.Stamp, bool) {
	held := len(s.buf) - s.pos
	if held == 0 {
		return reading.Stamp{}, false
	}
	missing := max(s.total, s.next, held+1) - held
	silence := max(s.plan.gap, s.byteTime*time.Duration(max(3*missing, heldBack)), minSilence) // [WIRE-7]
	return s.last.Add(silence), true
}

// Expire says that nothing came in until now. A partial frame whose deadline
// has passed counts as failed; call Scan again for what stands behind its
// first byte.
func (s *Scanner) Expire(now reading.Stamp) {
	deadline, ok := s.Deadline()
	if !ok || now.Since(deadline) < 0 {
		return
	}
	s.m.Expired++
	s.until, s.expiring = now, true
}

// Flush says that no more bytes will come: whatever is partial has failed.
// Call Scan again for what stands inside.
func (s *Scanner) Flush() {
	if len(s.buf) > s.pos {
		s.flushing = true
	}
}

// abandoned reports whether the partial frame at the front has failed.
func (s *Scanner) abandoned() bool {
	deadline, _ := s.Deadline()
	return s.flushing || s.until.Since(deadline) >= 0
}
