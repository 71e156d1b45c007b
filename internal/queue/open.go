package queue

import (
	"path/filepath"
	"slices"
)

// adopt makes the store that img describes this process's own. Nothing in
// here can stop the queue: what the disk refuses shows in Stats.
func (q *Queue) adopt(img *image) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.segs, q.gone, q.next, q.synced = img.segs, img.done, max(img.next, 1), img.synced
	q.nextID = img.lastID + 1
	q.count = counters{dropped: img.dropped, episodes: img.episodes, damaged: img.damaged, cleared: img.cleared}
	q.recovery = img.recovery
	q.recovery.Clean = img.closed
	for _, g := range img.missing {
		q.fresh.add(g.from, g.to)
	}
	q.setAside(img)
	if !img.closed && img.lastID > 0 {
		q.skipNumbers(1 + len(img.bad) + len(img.blank))
	}
	q.inMemory, q.emptied = true, true // until there is a tail
	q.reopen(img)
	if err := q.flush(); err != nil {
		q.count.syncErrors++
	}
}

// setAside renames what is damaged, for a person to look at, and removes what
// was never begun. A crash in between leaves the rest for the next Open.
func (q *Queue) setAside(img *image) {
	for _, name := range img.blank {
		if q.fs.Remove(filepath.Join(q.dir, name)) == nil {
			q.recovery.Removed = append(q.recovery.Removed, name)
		}
	}
	for _, name := range img.bad {
		path := filepath.Join(q.dir, name)
		if q.fs.Rename(path, path+badSuffix) == nil {
			img.aside = append(img.aside, name+badSuffix)
		}
		q.recovery.SetAside = append(q.recovery.SetAside, name+badSuffix)
	}
	slices.Sort(img.aside)
	for len(img.aside) > maxSetAside {
		_ = q.fs.Remove(filepath.Join(q.dir, img.aside[0]))
		img.aside = img.aside[1:]
	}
}

// skipNumbers makes sure that no number is given twice. Records that were
// acknowledged before any sync leave no trace after a power cut; between two
// syncs there are at most as many as fit into a segment, and each file that
// is not readable may hide as many again. [QUEUE-16]
func (q *Queue) skipNumbers(segments int) {
	most := uint64(q.cfg.SegmentBytes/frameHeader) * uint64(segments)
	q.finish(q.next, q.next+most)
	q.next += most
}

// reopen goes on in the newest segment, and takes in hand all files whose
// last writes the kernel may still hold: the process before may have died
// without a sync.
func (q *Queue) reopen(img *image) {
	for _, s := range q.segs {
		isTail := s == q.segs[len(q.segs)-1]
		if !isTail && (s.limit <= q.synced || s.live(&q.gone, q.next) == 0) {
			continue
		}
		f, err := q.fs.Open(filepath.Join(q.dir, segmentName(s.id)), true)
		if err != nil {
			q.count.readErrors++
			continue
		}
		s.file, s.dirty, s.named = f, true, false
		if isTail && img.whole { // else older files hold the state: begin a new one
			q.reopenTail(s, img.torn)
		}
	}
}

// reopenTail cuts off what a crash left behind the last whole frame, so that
// no rest of it can stand behind frames to come, and marks the store as open
// before the first number is given. That mark is a complete state: part of
// what is known may come from older files, which can be deleted from now on.
func (q *Queue) reopenTail(s *segment, torn bool) {
	if torn {
		if err := s.file.Truncate(s.end); err != nil {
			q.count.writeErrors++
			q.fail(s)
			return
		}
		s.size = s.end
	}
	if s.size < q.cfg.SegmentBytes {
		_ = s.file.Allocate(q.cfg.SegmentBytes) // without it each write finds its own room
		s.size = q.cfg.SegmentBytes
	}
	q.tail, q.inMemory = s, false
	if q.putState(q.completeState(s)) == nil { // else it has gone back to memory
		q.fresh = q.unsaid()
	}
}
