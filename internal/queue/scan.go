package queue

import (
	"bytes"
	"errors"
	"io"
)

const (
	scanBlock = 64 << 10 // read at once
	skipBlock = 4 << 10  // given up when the disk cannot read it [QUEUE-9]

	// What only looks like the head of a frame costs a check of the whole length
	// that it claims, and records may be full of them. vainMost bytes beyond the
	// file's own size are checked in vain in one search; from there on a frame
	// longer than shortFrame is passed over. [QUEUE-8]
	vainMost   = 16 << 20
	shortFrame = 1 << 10
)

// scanner walks the frames of one file. After anything that is no valid frame
// it looks for the next one at every later byte. [QUEUE-8]
type scanner struct {
	f    io.ReaderAt
	seed uint32
	off  int64 // of the next frame
	end  int64 // nothing behind this is read; the tail's end moves

	buf     []byte // what is at bufOff
	bufOff  int64
	errors  uint64 // blocks the disk would not give
	damaged int64  // bytes skipped before a valid frame
	vain    int64  // bytes checked since the last valid frame
	passed  bool   // something that may have been a frame was passed over
}

// next returns the next valid frame, and leaves off behind it. Without one it
// leaves off behind the last valid frame, because more may be written there.
func (s *scanner) next() (frame, bool) {
	start := s.off
	for s.off+frameHeader <= s.end {
		if fr, ok, moved := s.try(); ok {
			s.damaged += moved - start
			s.vain = 0
			return fr, true
		}
	}
	s.off = start
	return frame{}, false
}

// try looks for a frame at off, or moves off on to the next possible place.
func (s *scanner) try() (fr frame, ok bool, at int64) {
	at = s.off
	head, err := s.bytes(at, frameHeader)
	if err != nil {
		s.skipUnreadable()
		return frame{}, false, at
	}
	n, ok := frameSize(head)
	if ok && at+int64(n) <= s.end && s.affords(n) {
		whole, err := s.bytes(at, n)
		if err == nil {
			if fr, ok := parseFrame(whole, s.seed); ok {
				s.off = at + int64(n)
				return fr, true, at
			}
		}
	}
	s.off++
	s.skipToMarker()
	return frame{}, false, at
}

// affords reports whether n bytes are to be checked, and counts them.
func (s *scanner) affords(n int) bool {
	if n > shortFrame && s.vain > vainMost+s.end {
		s.passed = true
		return false
	}
	s.vain += int64(n)
	return true
}

// skipToMarker moves off to the next marker byte that is in the buffer.
func (s *scanner) skipToMarker() {
	i := s.off - s.bufOff
	if i < 0 || i >= int64(len(s.buf)) {
		return
	}
	if j := bytes.IndexByte(s.buf[i:], frameMarker); j >= 0 {
		s.off += int64(j)
		return
	}
	s.off = s.bufOff + int64(len(s.buf))
}

func (s *scanner) skipUnreadable() {
	s.errors++
	s.off = (s.off/skipBlock + 1) * skipBlock
}

// bytes returns n bytes at off, within end. They are valid until the next
// call.
func (s *scanner) bytes(off int64, n int) ([]byte, error) {
	if i := off - s.bufOff; i >= 0 && i+int64(n) <= int64(len(s.buf)) {
		return s.buf[i : i+int64(n)], nil
	}
	want := min(max(int64(n), scanBlock), s.end-off)
	if cap(s.buf) < int(want) || cap(s.buf) > 2*scanBlock && want <= scanBlock {
		s.buf = make([]byte, max(want, scanBlock))
	}
	s.bufOff, s.buf = off, s.buf[:want]
	got, err := s.f.ReadAt(s.buf, off)
	s.buf = s.buf[:got]
	if got >= n {
		return s.buf[:n], nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return nil, err
}

// lastByte returns the offset behind the last byte of [from, end) that is not
// zero, or from: what lies between is a torn write.
func (s *scanner) lastByte(from int64) int64 {
	last := from
	for off := from; off < s.end; {
		n := min(scanBlock, s.end-off)
		b, err := s.bytes(off, int(n))
		if err != nil {
			off += skipBlock
			continue
		}
		if t := bytes.TrimRight(b, "\x00"); len(t) > 0 {
			last = off + int64(len(t))
		}
		off += n
	}
	return last
}
