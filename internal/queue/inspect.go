package queue

import (
	"path/filepath"
	"slices"
)

// Snapshot is a store as its files show it.
type Snapshot struct {
	Recovery  Recovery // what opening it now would find
	Records   uint64
	Bytes     int64
	Room      int64  // bytes of frames that fit in before a bound is reached
	OldestSeq uint64 // NextSeq when empty
	NewestSeq uint64 // 0 when empty
	NextSeq   uint64
	SyncedTo  uint64 // numbers up to here are known to survive a power cut
	Dropped   uint64
	Damaged   uint64
	Cleared   uint64
	Segments  []SegmentInfo
	Damage    []string // files that an Open will set aside, or did
}

// SegmentInfo is one file.
type SegmentInfo struct {
	Name    string
	First   uint64 // smallest number it may hold
	Records uint64 // not acknowledged; damage inside counts until it is read
	Bytes   int64  // with the room reserved
	Tail    bool
}

// Stale says what a Snapshot cannot know while an owner runs.
const Stale = "read from the files: acknowledgements of the last sync interval, " +
	"records held in memory while the disk refuses, and damage inside older segments do not show"

// Inspect reads the store of cfg.Dir without a lock and without writing, also
// while another process owns it; see Stale.
func Inspect(cfg Config) (Snapshot, error) {
	return inspect(osFS{}, cfg)
}

// viewMost is how often a store that keeps changing is looked at.
const viewMost = 16

// view is load for a store that may have an owner: a file that was deleted
// between being listed and being read has taken its state along, which now
// stands in another. So has one that was taken again under a new name.
func view(fsys FS, dir string) (*image, error) {
	for n := 1; ; n++ {
		img, err := load(fsys, dir)
		if err != nil || n == viewMost {
			return img, err
		}
		found := len(img.missing) > 0 || img.recovery.Damaged()
		if !img.changed && (!found || !img.renamed(fsys, dir)) {
			return img, nil
		}
	}
}

// renamed reports whether one of the segments has lost its name: then there may
// be a new life in it, and what was missed in it since may not be missing. A
// file has its new name before anything in it changes. [QUEUE-17]
func (img *image) renamed(fsys FS, dir string) bool {
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return false // the next one to look will be told
	}
	there := make(map[string]bool, len(names))
	for _, name := range names {
		there[name] = true
	}
	return slices.ContainsFunc(img.segs, func(s *segment) bool { return !there[segmentName(s.id)] })
}

func inspect(fsys FS, cfg Config) (Snapshot, error) {
	dir := filepath.Join(cfg.Dir, "queue")
	img, err := view(fsys, dir)
	if err != nil {
		return Snapshot{}, err
	}
	var tail *segment
	if len(img.segs) > 0 {
		tail = img.segs[len(img.segs)-1]
	}
	needed, emptied := split(img.segs, &img.done, img.next)
	s := Snapshot{
		Recovery: img.recovery, Records: img.recovery.Records, NextSeq: max(img.next, 1),
		OldestSeq: img.done.next(0), NewestSeq: img.done.prev(max(img.next, 1)),
		Room:    cfg.room(fsys, dir, needed, tail, emptied),
		Dropped: img.dropped, Damaged: img.damaged, Cleared: img.cleared,
		Damage: slices.Concat(img.bad, img.aside),
	}
	s.SyncedTo = max(img.synced, 1) - 1
	s.Recovery.Clean = img.closed
	for _, f := range img.segs {
		s.Bytes += f.size
		s.Segments = append(s.Segments, SegmentInfo{
			Name: segmentName(f.id), First: f.first, Records: f.live(&img.done, img.next),
			Bytes: f.size, Tail: f == tail,
		})
	}
	return s, nil
}
