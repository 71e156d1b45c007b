package frame

import (
	"time"

	"serialgw/internal/reading"
)

// mark says when the bytes before end, and after the mark before, came: the
// last at stamp, each other so much before the next. [WIRE-14]
type mark struct {
	end   uint64
	stamp reading.Stamp
	apart time.Duration
}

// apart returns how far apart the bytes of a read came in: as the line's speed
// says, but all of them after the read before. [WIRE-14]
func (s *Scanner) apart(c reading.Chunk) time.Duration {
	if len(c.Bytes) == 1 || s.byteTime == 0 {
		return 0
	}
	if s.last.IsZero() {
		return s.byteTime
	}
	return max(min(s.byteTime, c.Stamp.Since(s.last)/time.Duration(len(c.Bytes))), 0)
}

// pace is a mark ready to give the times of its bytes.
type pace struct {
	end        uint64
	wall, boot int64 // of the last byte, in nanoseconds
	wallApart  int64 // 0 where nobody knows the time: a byte a little earlier has none either
	bootApart  int64
}

// stamp says when the frame's last byte came in. What all frames of a mark have
// alike is in the frame from the first one on.
func (s *Scanner) stamp(f *Frame) {
	if f.End > s.pace.end {
		s.turnTo(f.End)
	}
	s.pace.stamp(f)
}

func (p *pace) stamp(f *Frame) {
	back := int64(p.end - f.End)
	f.Stamp.Wall, f.Stamp.Boot = p.wall-back*p.wallApart, p.boot-back*p.bootApart
}

// turnTo moves on to the mark that covers the byte before end. Frames are taken
// in order, so a mark that lies behind is never asked for again.
func (s *Scanner) turnTo(end uint64) {
	for s.oldest < len(s.marks)-1 && s.marks[s.oldest].end < end {
		s.oldest++
	}
	m := &s.marks[s.oldest]
	s.pace = pace{end: m.end, wall: m.stamp.Wall, boot: m.stamp.Boot, wallApart: int64(m.apart), bootApart: int64(m.apart)}
	if m.stamp.Wall == 0 {
		s.pace.wallApart = 0
	}
	s.frame.Stamp.BootID, s.frame.Stamp.Synced = m.stamp.BootID, m.stamp.Synced
}
