package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// tlog reads a MAVLink log: before each frame stands its Unix time in
// microseconds, high byte first.
//
//	00 06 41 3c 5b 2a 8f 10 │ fd 09 00 00 ...
//	time                      MAVLink 2: FD, length, incompatible flags; 1: FE, length
type tlog struct {
	in      *bufio.Reader
	read    int64
	skipped int64 // bytes that are no record
	lost    bool  // the last bytes were none: a record has to be followed by another
	buf     []byte
}

const (
	tlogStamp  = 8
	tlogHead   = tlogStamp + 3         // with what tells the frame's length
	tlogLatest = 9_000_000_000_000_000 // microseconds, in the year 2255
)

func newTLog(in *bufio.Reader) Source { return &tlog{in: in} }

// tlogRecord returns how long the record is that begins so; 0 when it is none.
// b holds tlogHead bytes at least.
func tlogRecord(b []byte) int {
	if binary.BigEndian.Uint64(b) > tlogLatest {
		return 0
	}
	length := int(b[tlogStamp+1])
	switch b[tlogStamp] {
	case 0xFE: // head 6, check 2
		return tlogStamp + 6 + length + 2
	case 0xFD: // head 10, check 2, signature 13
		return tlogStamp + 10 + length + 2 + 13*int(b[tlogStamp+2]&1)
	}
	return 0
}

// sniffTLog wants three records, or two when there are no more.
func sniffTLog(h head) verdict {
	b, first := h.bytes, uint64(0)
	for n := 0; ; n++ {
		if n == 3 || n == 2 && h.end && len(b) == 0 {
			return yes
		}
		if len(b) < tlogHead {
			break
		}
		size, at := tlogRecord(b), binary.BigEndian.Uint64(b)
		if size == 0 || n > 0 && (at < first || at-first > uint64(24*time.Hour/time.Microsecond)) {
			return no
		}
		first = at
		b = b[min(size, len(b)):]
	}
	if h.end || len(b) > 0 && b[0] != 0 { // in this millennium the first byte is 0
		return no
	}
	return maybe
}

func (t *tlog) place() int64 { return t.read }

// Timing says that the times are Unix times.
func (t *tlog) Timing() Timing { return Dated }

// LeftOut says what was left out so far.
func (t *tlog) LeftOut() []string {
	if t.skipped == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d bytes that are no record of a tlog were left out", t.skipped)}
}

// Next returns the next frame, or io.EOF.
func (t *tlog) Next() (Packet, error) {
	for {
		head, err := t.in.Peek(tlogHead)
		if err != nil {
			return Packet{}, t.ended(len(head), err)
		}
		size := tlogRecord(head)
		if size > 0 && t.lost && !t.followed(size) {
			size = 0
		}
		if size == 0 {
			t.lost = true
			t.skipped++
			t.discard(1)
			continue
		}
		record, err := t.in.Peek(size)
		if err != nil {
			return Packet{}, t.ended(len(record), err)
		}
		t.lost = false
		t.buf = append(t.buf[:0], record[tlogStamp:]...)
		at := int64(binary.BigEndian.Uint64(record)) * int64(time.Microsecond)
		t.discard(size)
		return Packet{Direction: Inbound, Time: at, Bytes: t.buf}, nil
	}
}

// followed reports whether another record, or the end, stands behind one.
func (t *tlog) followed(size int) bool {
	b, _ := t.in.Peek(size + tlogHead)
	return len(b) == size || len(b) == size+tlogHead && tlogRecord(b[size:]) > 0
}

func (t *tlog) discard(n int) {
	_, _ = t.in.Discard(n) // it was peeked at
	t.read += int64(n)
}

func (t *tlog) ended(left int, err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("cannot read the recording: %w", err)
	case left == 0 || t.lost:
		t.skipped += int64(left)
		t.discard(left)
		return io.EOF
	}
	return ErrCut
}
