package frame

import (
	"time"

	"serialgw/internal/reading"
)

// Scanner cuts frames out of a stream. It keeps every byte until a frame that
// holds it is accepted or until no frame can begin there; so damage never
// costs an intact neighbour [WIRE-1]. Use: Feed, then Scan until it says
// false, then wait until Deadline at most.
type Scanner struct {
	plan     *Plan
	byteTime time.Duration // ten bits on the wire

	buf  []byte
	pos  int    // buf[pos:] is held
	base uint64 // place in the stream of buf[0]

	marks  []mark // which stamp covers which bytes
	oldest int    // the first mark that may still be asked for
	last   reading.Stamp
	pace   pace // the mark that the frame found last is in

	next  int // judge again when so many bytes are held
	total int // bytes that the partial frame is expected to have

	until    reading.Stamp // Expire's time, while expiring
	expiring bool
	flushing bool

	frame   Frame
	aligned bool   // end marker or delimiter: the bytes held begin right after one
	row     int    // behind a steady frame: scanSteady may go on up to here; else 0
	counted uint64 // then: bytes of the stream that the metrics know of
	plain   plain
	turn    turns
	skipped int    // noise since the last frame
	loss    uint64 // the same, since the last frame or the beginning
	seq     sequence
	m       Metrics
	work    uint64 // bytes that judgements may have read, and bytes moved; tests bound it
}

// NewScanner returns a scanner for a line of baud bits/s; 0 when bytes have no
// speed, as in a file.
func NewScanner(p *Plan, baud int) *Scanner {
	s := &Scanner{plan: p}
	if baud > 0 {
		s.byteTime = 10 * time.Second / time.Duration(baud)
	}
	return s
}

// Feed takes the bytes of one read; they are copied. An empty chunk says that
// the line was silent until its stamp, and does what Expire does.
func (s *Scanner) Feed(c reading.Chunk) {
	if len(c.Bytes) == 0 {
		s.Expire(c.Stamp)
		return
	}
	s.expiring, s.flushing = false, false
	s.endRow()
	s.compact()
	s.buf = append(s.buf, c.Bytes...)
	s.m.BytesIn += uint64(len(c.Bytes))
	end := s.base + uint64(len(s.buf))
	if n := len(s.marks); n > 0 && s.marks[n-1].stamp == c.Stamp {
		s.marks[n-1].end, s.marks[n-1].apart = end, 0
		s.pace.end = 0 // made of what the mark was
		return
	}
	s.marks = append(s.marks, mark{end: end, stamp: c.Stamp, apart: s.apart(c)})
	s.last = c.Stamp
}

// compact makes room by moving what is held to the front. It moves at most as
// many bytes as have been passed since the last time, so a byte is moved a
// bounded number of times.
func (s *Scanner) compact() {
	if s.pos < len(s.buf)-s.pos {
		return
	}
	n := copy(s.buf, s.buf[s.pos:])
	s.work += uint64(n)
	s.base += uint64(s.pos)
	s.buf, s.pos = s.buf[:n], 0
	for s.oldest < len(s.marks) && s.marks[s.oldest].end <= s.base {
		s.oldest++
	}
	s.marks = s.marks[:copy(s.marks, s.marks[s.oldest:])]
	s.oldest = 0
}

// Scan finds the next frame, which Frame then returns; false when the bytes
// held make none yet.
func (s *Scanner) Scan() bool { return s.row > 0 && s.scanSteady() || s.scan() }

// scan is Scan for every kind of frame, behind whatever stands in front.
func (s *Scanner) scan() bool {
	s.endRow()
	if s.plan.other {
		switch {
		case s.plan.stuff.kind == stuffEscaped:
			return s.scanEscaped()
		case s.plan.whole:
			return s.scanDelimited()
		}
	}
	for {
		held := s.buf[s.pos:]
		if len(held) == 0 {
			return false
		}
		giveUp := s.expiring || s.flushing
		if len(held) < s.next && !giveUp {
			return false
		}
		if !s.plan.starts(held[0]) {
			s.skip(s.plan.lead(held))
			continue
		}
		s.work += uint64(min(len(held), s.plan.max))
		v := s.judge(held)
		if v.why == accepted && s.plan.doubt > 0 && s.loss >= s.plan.doubt {
			v = s.doubt(held, v, giveUp)
		}
		switch v.why {
		case accepted:
			total := int(v.extent.total)
			s.take(v.message, total, s.buf[s.pos:s.pos+total:s.pos+total])
			return true
		case undecided:
			s.next, s.total = int(v.extent.next), int(v.extent.total)
			if !giveUp || !s.abandoned() {
				return false
			}
			if s.turn.open { // the reply will not come; judge without it [WIRE-11]
				s.turn = turns{}
				continue
			}
		default:
			s.m.reject(v.why)
		}
		s.drop(v)
	}
}

// Frame returns the frame that Scan found. It is valid until the next Scan or
// Feed.
func (s *Scanner) Frame() *Frame { return &s.frame }

func (s *Scanner) judge(held []byte) verdict {
	if s.plan.pieces {
		return s.plan.judgePiece(held, s.aligned)
	}
	return s.plan.judge(held, s.turn)
}

// doubt is asked for a frame behind a long stretch of noise, in which one stands
// by chance sooner or later. It is believed when a frame or a silence follows,
// waited for, or refused. [WIRE-13]
func (s *Scanner) doubt(held []byte, v verdict, giveUp bool) verdict {
	total := int(v.extent.total)
	next := wait(1, s.plan.min)
	if rest := held[total:]; len(rest) > 0 {
		next = s.plan.judge(rest, s.turn.after(v.message, s.idOf(held)))
	}
	switch {
	case next.why == accepted, next.why == undecided && giveUp && s.abandoned():
		return v
	case next.why == undecided:
		return wait(total+int(next.extent.next), total+int(next.extent.total))
	}
	return refuse(whyDoubt)
}

// idOf returns the id of the frame at the front.
func (s *Scanner) idOf(frame []byte) int64 {
	if s.plan.id == nil {
		return 0
	}
	return int64(s.plan.id.get(frame))
}

// drop passes over bytes that are no frame.
func (s *Scanner) drop(v verdict) {
	n := int(v.drop)
	held := s.buf[s.pos:]
	// Behind an end marker the next piece begins; anywhere else is unknown.
	s.aligned = s.plan.pieces && hasSuffixAt(held, n, s.plan.end)
	s.skip(n)
}

func hasSuffixAt(b []byte, n int, suffix []byte) bool {
	return n >= len(suffix) && string(b[n-len(suffix):n]) == string(suffix)
}

// skip counts n bytes as noise, or as idle bytes, and passes over them.
func (s *Scanner) skip(n int) {
	noise := n
	if s.plan.hasIdle {
		for _, b := range s.buf[s.pos : s.pos+n] {
			if s.plan.idle[b] {
				noise--
			}
		}
	}
	s.m.Noise += uint64(noise)
	s.m.Idle += uint64(n - noise)
	s.skipped += noise
	s.loss += uint64(noise)
	if s.skipped >= s.plan.min {
		s.turn = turns{} // long enough to have been the reply
	}
	s.m.LongestLoss = max(s.m.LongestLoss, s.loss)
	s.pos += n
	s.next, s.total = 0, 0
	if s.plan.other {
		s.plain.reset()
	}
}

// take makes what raw bytes at the front say, the frame b of message m, the one
// found.
func (s *Scanner) take(m *MessagePlan, raw int, b []byte) {
	f := &s.frame
	f.Bytes, f.Message, f.Skipped = b, m, s.skipped
	if s.plan.other {
		f.raw = s.buf[s.pos : s.pos+raw : s.pos+raw]
		s.plain.reset()
		if s.plan.viewed() {
			f.view = s.plan.appendView(f.view[:0], b)
		}
	}
	s.pos += raw
	f.End = s.base + uint64(s.pos)
	if f.End > s.pace.end || s.pace.bootApart > 0 {
		s.stamp(f)
	}
	if s.loss > 0 && s.m.Frames > 0 {
		s.m.Resyncs++
	}
	s.m.Frames++
	s.m.FrameBytes += uint64(raw)
	if m == nil {
		s.m.UnknownID++
	}
	if s.plan.turned {
		s.turn = s.turn.after(m, s.idOf(b))
	}
	if s.plan.seq != nil {
		s.seq.count(s.plan.seq, b, &s.m)
	}
	s.aligned = true
	if s.plan.steady.size > 0 {
		s.beginRow()
	}
	s.skipped, s.loss, s.next, s.total = 0, 0, 0, 0
}

// Metrics returns the counts so far.
func (s *Scanner) Metrics() Metrics {
	s.settle()
	return s.m
}
