package queue

import (
	"fmt"
	"path/filepath"
)

// An emptied file is worth more than a new one: its blocks are written already,
// so that to write them again costs one flush of the disk, where a new file's
// cost a commit of the file system's journal with each sync. One is kept.
//
//	…7.seg  all done with ─▶ the spare, under its name ─ rename ─▶ …9.seg
//	                                         header of 7 still: never begun [QUEUE-17]
//	                                         its frames, then its header: begun

// maySpare reports whether an emptied file, which is none of segs any more, fits
// within the bounds. Two files are always the queue's own.
func (q *Queue) maySpare(s *segment) bool {
	if len(q.segs) <= 1 {
		return true
	}
	used := s.size
	for _, o := range q.segs {
		used += o.size
	}
	return used <= q.cfg.MaxBytes && !q.tooLittleFree(0)
}

// takeSpare gives the spare file the name path and opens it, or returns nil. A
// crash between here and the new header finds the file by its old name, by its
// new one, by both or by none; whatever stands in it, either its header names
// another id, or all its numbers are done with. [QUEUE-17]
func (q *Queue) takeSpare(path string) File {
	s := q.spare
	if s == nil {
		return nil
	}
	q.spare = nil
	if err := q.fs.Rename(filepath.Join(q.dir, segmentName(s.id)), path); err != nil {
		q.count.writeErrors++
		q.remove(s)
		return nil
	}
	f, err := q.fs.Open(path, true)
	if err != nil {
		q.count.readErrors++
		_ = q.fs.Remove(path) // left behind, it was never begun
		return nil
	}
	return f
}

const (
	// smallSync is how many bytes a sync may have written for it to pay that
	// zeros are written behind them, and zeroBytes how many at once.
	smallSync = 16 << 10
	zeroBytes = 64 << 10
)

// zeroAhead does for a new file what an earlier life has done for a recycled
// one: small syncs to come find blocks that were written before.
func (q *Queue) zeroAhead() error {
	s := q.tail
	if s == nil || s.recycled || s.failed || s.file == nil || s.end-s.flushed > smallSync || s.end+(s.end-s.flushed) <= s.zeroed {
		return nil
	}
	to := min((s.end+zeroBytes)&^(skipBlock-1), s.size)
	if to <= s.end {
		return nil
	}
	_, err := s.file.WriteAt(make([]byte, to-s.end), s.end)
	switch {
	case noSpace(err): // where disk cannot be reserved; no record needs the zeros
		to = s.size
	case err != nil:
		q.count.writeErrors++
		q.fail(s)
		return fmt.Errorf("cannot write: %w", err)
	}
	s.zeroed, s.dirty = to, true
	return nil
}
