package queue

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

var errFailed = errors.New("a segment failed during its sync")

// maxSpans bounds a state frame to a part of the smallest segment that its
// record room does not need.
func (q *Queue) maxSpans() int { return int(min(q.cfg.SegmentBytes/128, 1<<14)) }

// unsaid is what was too many for a complete state.
func (q *Queue) unsaid() set {
	return set{spans: slices.Clone(q.gone.spans[min(len(q.gone.spans), q.maxSpans()):])}
}

// noted forgets the spans that a state frame has just said.
func (q *Queue) noted() {
	q.fresh.spans = q.fresh.spans[min(len(q.fresh.spans), q.maxSpans()):]
}

// stateFrame appends what changed since the last one.
func (q *Queue) stateFrame(b []byte) []byte {
	return appendFrame(b, q.tail.seed, frameState, q.next, q.changes().append(nil))
}

// changes is the state without what is known from earlier frames. The floor
// is always there: it heals a lost frame.
func (q *Queue) changes() state {
	floor := q.gone.spans[0].to
	st := q.counterState()
	st.gone = []span{{0, floor}}
	for _, g := range q.fresh.spans[:min(len(q.fresh.spans), q.maxSpans())] {
		if g.to > floor {
			st.gone = append(st.gone, g)
		}
	}
	return st
}

func (q *Queue) counterState() state {
	return state{synced: q.synced, dropped: q.count.dropped, episodes: q.count.episodes, damaged: q.count.damaged, cleared: q.count.cleared}
}

// completeState is what a new segment s begins with: from here on no older
// file is needed to know what is stored.
func (q *Queue) completeState(s *segment) state {
	st := q.counterState()
	st.complete = true
	st.gone = q.gone.spans[:min(len(q.gone.spans), q.maxSpans())]
	for _, old := range q.segs {
		if old.first < s.first && old.live(&q.gone, q.next) > 0 {
			st.table = append(st.table, place{old.id, old.first})
		}
	}
	st.table = append(st.table, place{s.id, s.first})
	st.table = st.table[max(0, len(st.table)-q.maxSpans()):]
	return st
}

// writeState writes down what changed. It survives kill -9 from here on.
func (q *Queue) writeState() error {
	for len(q.fresh.spans) > 0 {
		if err := q.putState(q.changes()); err != nil {
			return err
		}
	}
	return nil
}

// putState writes one state frame. A new segment's first frame says as much,
// except that the queue was closed.
func (q *Queue) putState(st state) error {
	b := appendFrame(nil, q.tail.seed, frameState, q.next, st.append(nil))
	if q.tail.end+int64(len(b)) > q.cfg.SegmentBytes {
		q.dropToBudget()
		return q.newSegment(nil)
	}
	if err := q.tail.write(b); err != nil {
		q.count.writeErrors++
		q.fail(q.tail)
		return fmt.Errorf("cannot write: %w", err)
	}
	q.noted()
	return nil
}

// fail gives a segment up for writing: after one failed write or sync the
// kernel may have marked its pages clean, and a later sync would lie. What
// pending holds must go to another file. [QUEUE-10]
func (q *Queue) fail(s *segment) {
	s.failed, s.dirty = true, false
	s.close()
	q.inMemory = true
}

// resume writes all that pending holds into a new segment.
func (q *Queue) resume() error {
	q.dropToBudget()
	if err := q.newSegment(q.pending.entries); err != nil {
		q.count.writeErrors++
		return err
	}
	q.inMemory, q.overflow = false, false
	return nil
}

// flush makes everything pending survive a power cut and then deletes the
// files that are done with. It waits for a flush that runs, and lets go of mu
// while the disk works. After a failure it tries once more in a new file.
func (q *Queue) flush() error {
	for q.syncing {
		q.idle.Wait()
	}
	if q.done {
		return ErrClosed
	}
	var err error
	for range 2 {
		if q.inMemory {
			if err = q.resumeOrDrop(); err != nil {
				return err
			}
		}
		q.toSync = false // on an error inMemory makes the next Sync flush as well
		if err = q.writeState(); err != nil {
			continue
		}
		if err = q.syncOnce(); err == nil {
			return nil
		}
	}
	q.inMemory = true // whatever it was: begin a new file next time
	return err
}

// syncOnce syncs each file with pending records, and the tail, whose states
// must be on disk before any file may go. [QUEUE-13]
func (q *Queue) syncOnce() error {
	if err := q.zeroAhead(); err != nil {
		return err
	}
	var files []*segment
	var ends []int64
	named := true
	for _, s := range q.segs {
		if !s.failed && s.file != nil && s.dirty && (s == q.tail || s.live(&q.gone, q.next) > 0) {
			files, ends, named = append(files, s), append(ends, s.end), named && s.named
		}
	}
	target, reap := q.next, q.reapable()
	handles := make([]File, len(files))
	for i, s := range files {
		handles[i] = s.file
	}

	q.syncing = true
	q.mu.Unlock()
	err := q.syncFiles(handles, named)
	q.mu.Lock()
	q.syncing = false
	q.idle.Broadcast()

	for _, s := range files {
		if err != nil {
			q.fail(s)
		} else if s.failed {
			err = errFailed // a write failed meanwhile: the records have moved
		}
	}
	if err != nil {
		q.count.syncErrors++
		return err
	}
	for i, s := range files {
		s.named, s.flushed = true, ends[i]
		if s.dirty = s.end != ends[i]; !s.dirty && s != q.tail {
			s.close()
		}
	}
	q.synced = max(q.synced, target)
	q.pending.remove(0, target)
	q.reap(reap)
	return nil
}

// syncFiles runs without mu.
func (q *Queue) syncFiles(handles []File, named bool) error {
	for _, f := range handles {
		// A crash before this line leaves any part of what was written since the
		// last sync, in any order.
		if err := f.Sync(); err != nil {
			return fmt.Errorf("cannot sync a segment: %w", err)
		}
	}
	if !named {
		// A crash before this line may leave no file of that name at all, with
		// every byte of it synced.
		if err := q.fs.SyncDir(q.dir); err != nil {
			return fmt.Errorf("cannot sync the directory: %w", err)
		}
	}
	return nil
}

// reapable returns the segments without a live record. The tail stays: it
// holds the state.
func (q *Queue) reapable() []*segment {
	var out []*segment
	if !q.emptied { // with thousands of files it matters
		return nil
	}
	for _, s := range q.segs {
		if s != q.tail && s.live(&q.gone, q.next) == 0 {
			out = append(out, s)
		}
	}
	q.emptied = len(out) > 0
	return out
}

// reap deletes files, and keeps one of them as the spare. A crash that brings
// one back does no harm: the synced state says that its numbers are done with,
// and Open deletes it again.
func (q *Queue) reap(segs []*segment) {
	var keep *segment
	for _, s := range segs {
		if !slices.Contains(q.segs, s) {
			continue
		}
		s.close()
		q.readers.forget(s)
		q.segs = slices.DeleteFunc(q.segs, func(o *segment) bool { return o == s })
		if keep == nil && q.spare == nil && s.reusable && !s.failed && s.size == q.cfg.SegmentBytes {
			keep = s
			continue
		}
		q.remove(s)
	}
	if keep == nil {
		return
	}
	if q.maySpare(keep) {
		q.spare = keep
		return
	}
	q.remove(keep)
}

func (q *Queue) remove(s *segment) {
	if err := q.fs.Remove(filepath.Join(q.dir, segmentName(s.id))); err != nil {
		q.count.writeErrors++
	}
}

// flushClosed is the last flush: its state says that nothing follows. When
// that state begins a new segment it goes round once more, because a complete
// state may have been too small for all spans and does not say closed.
func (q *Queue) flushClosed() error {
	for range 2 {
		if err := q.flush(); err != nil {
			return err
		}
		tail, st := q.tail, q.changes()
		st.closed = true
		if err := q.putState(st); err != nil {
			return err
		}
		if q.tail == tail {
			break
		}
	}
	return q.syncOnce()
}
