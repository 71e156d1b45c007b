package queue

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sort"

	"golang.org/x/sys/unix"
)

// maxReaders is the number of places in the log that are read in turn without
// seeking: the live and the backlog cursor of the gateway, and two more.
const maxReaders = 4

// nearby is how many numbers a reader is moved rather than joined by another.
const nearby = 1024

// markStep is the distance between the known places of a segment.
const markStep = 64 << 10

// reader walks one segment. marks are frames it has passed, so that going
// back costs one step and not the whole file.
type reader struct {
	seg   *segment
	file  File
	scan  *scanner
	seq   uint64 // all smaller numbers lie before scan.off
	last  mark   // the record read last: it is often asked for again
	marks []mark
	used  uint64
}

type mark struct {
	seq uint64 // all smaller numbers lie before off
	off int64
}

// seek makes the next frame one at or before seq.
func (r *reader) seek(seq uint64) {
	if r.last.seq <= seq && seq < r.seq {
		r.seq, r.scan.off = r.last.seq, r.last.off
		return
	}
	if i := sort.Search(len(r.marks), func(i int) bool { return r.marks[i].seq > seq }); i > 0 {
		if m := r.marks[i-1]; seq < r.seq || m.off > r.scan.off {
			r.seq, r.scan.off = m.seq, m.off
		}
	}
}

// read returns the first record with a number >= seq, and ok = false at the
// end of what is there.
func (r *reader) read(seq uint64) (got uint64, record []byte, ok bool) {
	r.scan.end = r.seg.end
	r.seek(seq)
	for {
		fr, ok := r.scan.next()
		if !ok {
			return 0, nil, false
		}
		if fr.kind != frameRecord || fr.seq < r.seq {
			continue // a state, or a record that some fault has put here once more
		}
		r.last = mark{fr.seq, r.scan.off - frameBytes(fr.payload)}
		r.seq = fr.seq + 1
		if last := r.marks[len(r.marks)-1]; r.scan.off-last.off >= markStep {
			r.marks = append(r.marks, mark{r.seq, r.scan.off})
		}
		if fr.seq >= seq {
			return fr.seq, fr.payload, true
		}
	}
}

// readers is the few that are open.
type readers struct {
	list []*reader
	turn uint64
}

// distance is how far r is from seq, in numbers.
func (r *reader) distance(seq uint64) uint64 { return max(r.seq, seq) - min(r.seq, seq) }

// of returns the reader of s that stands nearest to seq. When that is far, a
// second one is opened, so that two places are read in turn without seeking.
func (rs *readers) of(fsys FS, dir string, s *segment, seq uint64) (*reader, error) {
	rs.turn++
	var best *reader
	marks, here := []mark{{0, headerSize}}, 0
	for _, r := range rs.list {
		if r.seg != s {
			continue
		}
		here++
		if best == nil || r.distance(seq) < best.distance(seq) {
			best = r
		}
		if len(r.marks) > len(marks) {
			marks = slices.Clone(r.marks)
		}
	}
	if best == nil || best.distance(seq) > nearby && here < maxReaders/2 {
		f, err := fsys.Open(filepath.Join(dir, segmentName(s.id)), false)
		if err != nil {
			return nil, err
		}
		if len(rs.list) == maxReaders {
			rs.drop(slices.MinFunc(rs.list, func(a, b *reader) int { return int(int64(a.used - b.used)) }))
		}
		best = &reader{seg: s, file: f, scan: s.scanner(f), marks: marks}
		rs.list = append(rs.list, best)
	}
	best.used = rs.turn
	return best, nil
}

func (rs *readers) drop(r *reader) {
	_ = r.file.Close()
	rs.list = slices.DeleteFunc(rs.list, func(o *reader) bool { return o == r })
}

// forget closes what reads s.
func (rs *readers) forget(s *segment) {
	for _, r := range slices.Clone(rs.list) {
		if r.seg == s {
			rs.drop(r)
		}
	}
}

func (rs *readers) close() {
	for len(rs.list) > 0 {
		rs.drop(rs.list[0])
	}
}

// Read returns the first stored, unacknowledged record whose number is at
// least from, or io.EOF when there is none yet. Any other error says that it is
// there and cannot be read now, for want of file descriptors, say; nothing is
// counted as lost. The bytes must not be changed; they stay as they are. A
// record whose CRC is wrong is never returned: it is counted as damaged and done
// with, and the next one comes.
func (q *Queue) Read(from uint64) (seq uint64, record []byte, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed {
		seq = q.gone.next(from)
		if seq >= q.next {
			return 0, nil, io.EOF
		}
		if record, ok := q.pending.get(seq); ok {
			return seq, record, nil
		}
		s := q.segmentOf(seq)
		if s == nil {
			q.lose(seq, seq+1)
			continue
		}
		got, record, err := q.readSegment(s, seq)
		if err != nil {
			q.count.readErrors++
			return 0, nil, fmt.Errorf("cannot read a segment: %w", err)
		}
		if got == seq {
			return seq, slices.Clone(record), nil
		}
		q.lose(seq, got)
	}
	return 0, nil, ErrClosed
}

func (q *Queue) segmentOf(seq uint64) *segment {
	if i := q.segmentAfter(seq); i < len(q.segs) && q.segs[i].first <= seq {
		return q.segs[i]
	}
	return nil
}

// segmentAfter returns the index of the first segment that ends behind seq:
// limits never fall from one segment to the next. [QUEUE-7]
func (q *Queue) segmentAfter(seq uint64) int {
	return sort.Search(len(q.segs), func(i int) bool { return q.segs[i].limit > seq })
}

// readSegment returns the next record of s from seq on, or the number where
// its part ends: those between are not there. An error says that it cannot be
// read now, and nothing about the records.
func (q *Queue) readSegment(s *segment, seq uint64) (uint64, []byte, error) {
	end := min(s.limit, q.pending.first(q.next))
	if end <= seq {
		end = seq + 1 // only a hole in pending: the file does not have it
	}
	r, err := q.readers.of(q.fs, q.dir, s, seq)
	if err != nil {
		if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM) {
			return 0, nil, err
		}
		return end, nil, nil
	}
	before := r.scan.errors
	got, record, ok := r.read(seq)
	q.count.readErrors += r.scan.errors - before
	if !ok || got >= end {
		return end, nil, nil
	}
	return got, record, nil
}

// lose counts the records of [from, to) that are not done with as damaged.
func (q *Queue) lose(from, to uint64) {
	q.count.damaged += q.finish(from, to)
}
