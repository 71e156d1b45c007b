package queue

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

const dropOldest = "drop-oldest"

// batchMost is how many bytes of frames are written at once.
const batchMost = 64 << 10

// reserve is what is kept free at the end of a segment for state frames.
func (c Config) reserve() int64 { return min(1<<10, c.SegmentBytes/16) }

// room returns how many bytes of frames fit in until a bound is reached: what is
// left of the tail, which may be nil, and the segments that may still be begun.
// emptied is the bytes of files that are done with, and are none of segs.
func (c Config) room(fsys FS, dir string, segs []*segment, tail *segment, emptied int64) int64 {
	left := c.MaxBytes
	for _, s := range segs {
		left -= s.size
	}
	n := left / c.SegmentBytes
	if c.KeepFree > 0 {
		if free, err := fsys.Free(dir); err == nil {
			n = min(n, (free+emptied-c.KeepFree)/c.SegmentBytes)
		}
	}
	usable := c.SegmentBytes - c.reserve()
	room := max(n, int64(2-len(segs)), 0) * (usable - headerSize) // two are always its own
	if tail != nil {
		room += max(usable-tail.end, 0)
	}
	return room
}

// Room returns how many bytes of frames can still be stored before a bound is
// reached, or, while the disk refuses, before memory is full. The small frames
// that note acknowledgements take their part of it.
func (q *Queue) Room() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.inMemory {
		return max(q.limit-q.pending.bytes, 0)
	}
	segs, emptied := split(q.segs, &q.gone, q.next)
	if q.spare != nil {
		emptied += q.spare.size
	}
	return q.cfg.room(q.fs, q.dir, segs, q.tail, emptied)
}

// split returns the segments that are needed, and the bytes of the others: they
// are room. The last one is the tail.
func split(all []*segment, gone *set, next uint64) (needed []*segment, emptied int64) {
	for i, s := range all {
		if i < len(all)-1 && s.live(gone, next) == 0 {
			emptied += s.size
			continue
		}
		needed = append(needed, s)
	}
	return needed, emptied
}

// hasRoom reports whether n more bytes of frames may join those of a batch that
// are not yet written.
func (q *Queue) hasRoom(batch, n int64) bool {
	if q.closed || q.inMemory || q.tail == nil || batch > batchMost {
		return false
	}
	return q.pending.bytes+n <= q.limit && q.tail.end+batch+n+q.reserve <= q.cfg.SegmentBytes
}

// makeRoom returns nil when the tail, or memory, takes n more bytes of
// frames. It may let go of mu while it waits for the disk.
func (q *Queue) makeRoom(n int64) error {
	for {
		switch {
		case q.closed:
			return ErrClosed
		case q.inMemory:
			return q.memoryRoom(n)
		case q.pending.bytes+n > q.limit:
			_ = q.flush() // on an error inMemory is true
		case q.tail.end+n+q.reserve <= q.cfg.SegmentBytes:
			return nil
		default:
			err := q.rotate()
			if errors.Is(err, ErrFull) {
				return err
			}
			if err != nil && !q.inMemory {
				_ = q.flush() // what the old tail has is safe from now on
				q.inMemory = true
			}
		}
	}
}

// memoryRoom keeps what memory holds without a disk within its bound. The
// disk is tried again by Sync, not by each Append. [QUEUE-14]
func (q *Queue) memoryRoom(n int64) error {
	if q.pending.bytes+n <= q.limit {
		return nil
	}
	if q.cfg.Full != dropOldest {
		return ErrFull
	}
	if !q.overflow {
		q.overflow = true
		q.count.episodes++
	}
	for q.pending.bytes+n > q.limit {
		oldest := q.pending.entries[0].seq
		q.count.dropped += q.finish(oldest, oldest+1)
	}
	return nil
}

// rotate begins a new segment within the bounds. The one before stays open
// until the new one is there. [QUEUE-11]
func (q *Queue) rotate() error {
	for {
		var err error
		if !q.overBudget() {
			if err = q.newSegment(nil); err == nil {
				return nil
			}
			if !noSpace(err) {
				q.count.writeErrors++
				return err
			}
		}
		freed, ferr := q.freeOldest()
		if ferr != nil {
			return errors.Join(err, ferr)
		}
		if !freed {
			return cmp.Or(err, ErrFull)
		}
	}
}

// overBudget reports whether one more segment breaks a bound. Below KeepFree
// the queue shrinks to two segments, which are always its own. Where the free
// space cannot be learnt, MaxBytes alone bounds.
func (q *Queue) overBudget() bool {
	if len(q.segs) <= 1 {
		return false
	}
	var used int64
	for _, s := range q.segs {
		used += s.size
	}
	if used+q.cfg.SegmentBytes > q.cfg.MaxBytes { // exactly MaxBytes is kept [QUEUE-15]
		return true
	}
	need := q.cfg.SegmentBytes
	if q.spare != nil {
		need = 0 // it becomes the new one
	}
	return q.tooLittleFree(need)
}

// tooLittleFree reports whether need more bytes leave others too little.
func (q *Queue) tooLittleFree(need int64) bool {
	if q.cfg.KeepFree == 0 {
		return false
	}
	free, err := q.fs.Free(q.dir)
	return err == nil && free-need < q.cfg.KeepFree
}

// dropToBudget makes room for a segment that must be begun now, for a state
// or after a failure. The files go with the next flush, when the new segment
// is on disk: until then there is one more than MaxBytes allows.
func (q *Queue) dropToBudget() {
	if q.cfg.Full != dropOldest {
		return
	}
	used := q.cfg.SegmentBytes
	for _, s := range q.segs {
		if s == q.tail || s.live(&q.gone, q.next) > 0 {
			used += s.size
		}
	}
	for _, s := range q.segs {
		if used <= q.cfg.MaxBytes || s == q.tail {
			return
		}
		if s.live(&q.gone, q.next) > 0 {
			q.drop(s)
			used -= s.size
		}
	}
}

// freeOldest deletes files that are done with, else drops the oldest segment.
// Its numbers and the new count are on disk before the file goes: a crash in
// between finds them dropped, not lost. [QUEUE-13]
func (q *Queue) freeOldest() (bool, error) {
	if len(q.reapable()) == 0 {
		if q.cfg.Full != dropOldest {
			return false, ErrFull
		}
		i := slices.IndexFunc(q.segs, func(s *segment) bool { return s != q.tail })
		if i < 0 {
			return false, nil
		}
		q.drop(q.segs[i])
	}
	if err := q.flush(); err != nil {
		return false, fmt.Errorf("cannot note a dropped segment: %w", err)
	}
	return true, nil
}

// noSpace reports whether the disk, or the user's part of it, is full.
func noSpace(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

func (q *Queue) drop(s *segment) {
	q.count.episodes++
	q.count.dropped += q.finish(s.first, min(s.limit, q.next))
}

// resumeOrDrop is resume for a disk that may be full.
func (q *Queue) resumeOrDrop() error {
	for {
		err := q.resume()
		if err == nil || !noSpace(err) || !q.dropForSpace() {
			return err
		}
	}
}

// dropForSpace deletes the oldest file though no tail can take a note of it:
// a power cut before the next sync makes it count as lost, not as dropped.
// The last two files stay, and one in which the state was synced: files whose
// sync failed may be empty after a crash.
func (q *Queue) dropForSpace() bool {
	synced := func(s *segment) bool { return !s.failed && !s.dirty }
	if q.cfg.Full != dropOldest || len(q.segs) <= 2 || q.segs[0].dirty || !slices.ContainsFunc(q.segs[1:], synced) {
		return false
	}
	s := q.segs[0]
	if s.live(&q.gone, q.next) > 0 {
		q.drop(s)
	}
	q.reap([]*segment{s})
	return true
}
