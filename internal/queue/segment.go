package queue

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	segmentSuffix = ".seg"
	badSuffix     = ".bad"
	lockName      = "serialgw.lock"
	noLimit       = ^uint64(0)
)

// segment is one file of the log: the numbers first <= n < limit. A number at
// or above limit that stands in it belongs to a later segment, which was
// begun after a write or sync of this one had failed. [QUEUE-7]
type segment struct {
	id    uint64
	first uint64
	limit uint64
	seed  uint32
	size  int64 // on disk
	end   int64 // behind the last frame; the file's size where it is not known

	flushed int64 // the end at the last sync
	zeroed  int64 // blocks up to here have been written, in this life

	torn, damaged int64  // bytes found by load
	errors        uint64 // likewise

	recycled bool // behind the end may stand bytes of an earlier life
	reusable bool // the header has the id: the file may be taken again [QUEUE-17]

	file   File // only while something may have to be written or synced
	dirty  bool // written since the last good sync
	named  bool // its directory entry was synced
	failed bool // a write or sync failed: neither is tried again [QUEUE-10]
}

func segmentName(id uint64) string { return fmt.Sprintf("%016x%s", id, segmentSuffix) }

// segmentID returns the id in a file's name, set aside or not.
func segmentID(name string) (id uint64, bad, ok bool) {
	name, bad = strings.CutSuffix(name, badSuffix)
	name, ok = strings.CutSuffix(name, segmentSuffix)
	if !ok || len(name) != 16 {
		return 0, false, false
	}
	id, err := strconv.ParseUint(name, 16, 64)
	return id, bad, err == nil
}

// live returns how many numbers of the segment are not gone; next is the
// number the next record gets.
func (s *segment) live(gone *set, next uint64) uint64 {
	limit := min(s.limit, next)
	if limit <= s.first {
		return 0
	}
	return limit - s.first - gone.count(s.first, limit)
}

func (s *segment) scanner(f File) *scanner {
	return &scanner{f: f, seed: s.seed, off: headerSize, end: s.end}
}

// close gives the handle back. Its error says nothing that Sync has not said.
func (s *segment) close() {
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
	}
}

// newHeader draws the nonce that makes this file's frames its own. [QUEUE-3]
func newHeader(id, first uint64) header {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: the program would have ended
	return header{first: first, nonce: binary.LittleEndian.Uint64(b[:]), id: uint32(id), minor: versionMinor}
}

// newSegment begins the next segment with a complete state and the records
// given, and makes it the tail. A crash anywhere in here leaves the store as
// it was and at most a file without a header of its own, which the next Open
// ignores. On an error nothing changed, but that the spare may be gone.
func (q *Queue) newSegment(entries []entry) error {
	first := q.next
	if len(entries) > 0 {
		first = entries[0].seq
	}
	h := newHeader(q.nextID, first)
	s := &segment{id: q.nextID, first: first, limit: noLimit, seed: h.seed(), end: headerSize, dirty: true, reusable: true}
	q.nextID++ // also after a failure: a name is never used twice
	path := filepath.Join(q.dir, segmentName(s.id))
	var err error
	if s.file = q.takeSpare(path); s.file != nil {
		s.recycled, h.recycled = true, true
	} else if s.file, err = q.fs.Create(path); err != nil {
		return fmt.Errorf("cannot create a segment: %w", err)
	}
	if err := q.fill(s, h, entries); err != nil {
		s.close()
		_ = q.fs.Remove(path) // left behind, it is superseded or blank
		return fmt.Errorf("cannot begin a segment: %w", err)
	}
	q.install(s)
	return nil
}

// fill reserves the file's disk before it writes anything: a full disk shows
// here, while the segment before is still open. [QUEUE-11] The header comes
// last: a process killed before it leaves a file that is nobody's, and the
// records still count in the segment they were first written to.
func (q *Queue) fill(s *segment, h header, entries []entry) error {
	b := appendFrame(make([]byte, 0, scanBlock), s.seed, frameState, q.next, q.completeState(s).append(nil))
	need := s.end + int64(len(b)) + q.reserve
	for _, e := range entries {
		need += frameBytes(e.record)
	}
	s.size = max(q.cfg.SegmentBytes, need)
	if err := s.file.Allocate(s.size); err != nil {
		return err
	}
	for _, e := range entries {
		if e.record == nil {
			continue
		}
		if len(b)+len(e.record) > scanBlock {
			if err := s.write(b); err != nil {
				return err
			}
			b = b[:0]
		}
		b = appendFrame(b, s.seed, frameRecord, e.seq, e.record)
	}
	if err := s.write(b); err != nil {
		return err
	}
	_, err := s.file.WriteAt(h.append(nil), 0)
	return err
}

// write puts b behind the last frame. A short or failed write does not move
// the end. [QUEUE-10]
func (s *segment) write(b []byte) error {
	s.dirty = true
	if _, err := s.file.WriteAt(b, s.end); err != nil {
		return err
	}
	s.end += int64(len(b))
	return nil
}

// install makes s the tail. The segment before keeps its handle while records
// in it wait for their sync.
func (q *Queue) install(s *segment) {
	for _, old := range q.segs {
		old.limit = min(old.limit, s.first)
		if !old.dirty {
			old.close()
		}
	}
	q.segs = append(q.segs, s)
	q.tail, q.emptied = s, true // one before may have been superseded
	q.fresh = q.unsaid()
}
