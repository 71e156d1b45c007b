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

// stamp says when the frame's last byte came in. Frames are taken in order, so
// a mark that lies behind is never asked for again.
func (s *Scanner) stamp(f *Frame) {
	for s.oldest < len(s.marks)-1 && s.marks[s.oldest].end < f.End {
		s.oldest++
	}
	m := &s.marks[s.oldest]
	if m.apart == 0 {
		f.Stamp, s.stamped = m.stamp, m.end
		return
	}
	back := int64(m.apart) * int64(m.end-f.End)
	// Field by field: a whole one would be made elsewhere and copied.
	f.Stamp.Wall, f.Stamp.Boot, f.Stamp.BootID, f.Stamp.Synced = m.stamp.Wall-back, m.stamp.Boot-back, m.stamp.BootID, m.stamp.Synced
	if m.stamp.Wall == 0 {
		f.Stamp.Wall = 0 // nobody knows it: a frame a little earlier has none either
	}
}
