package queue

import (
	"fmt"
	"iter"
	"path/filepath"
	"slices"
)

// Snapshot is a store as its files show it.
type Snapshot struct {
	Recovery  Recovery // what opening it now would find
	Records   uint64
	Bytes     int64
	OldestSeq uint64 // NextSeq when empty
	NextSeq   uint64
	SyncedTo  uint64 // numbers up to here are known to survive a power cut
	Dropped   uint64
	Damaged   uint64
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
func Inspect(dir string) (Snapshot, error) {
	return inspect(osFS{}, filepath.Join(dir, "queue"))
}

func inspect(fsys FS, dir string) (Snapshot, error) {
	img, err := load(fsys, dir)
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{
		Recovery: img.recovery, Records: img.recovery.Records, NextSeq: max(img.next, 1),
		OldestSeq: img.done.next(0), Dropped: img.dropped, Damaged: img.damaged,
		Damage: slices.Concat(img.bad, img.aside),
	}
	s.SyncedTo = max(img.synced, 1) - 1
	s.Recovery.Clean = img.closed
	for i, f := range img.segs {
		s.Bytes += f.size
		s.Segments = append(s.Segments, SegmentInfo{
			Name: segmentName(f.id), First: f.first, Records: f.live(&img.done, img.next),
			Bytes: f.size, Tail: i == len(img.segs)-1,
		})
	}
	return s, nil
}

// Records yields the number and bytes of each stored record, oldest first,
// under the terms of Inspect. The bytes are valid until the next round.
// Damaged records are passed over. An error ends it.
func Records(dir string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		path := filepath.Join(dir, "queue")
		img, err := load(osFS{}, path)
		if err != nil {
			yield(Record{}, err)
			return
		}
		for _, s := range img.segs {
			if !img.each(osFS{}, path, s, yield) {
				return
			}
		}
	}
}

// Record is one of Records.
type Record struct {
	Seq  uint64
	Data []byte
}

// each yields the live records of one segment; false ends the whole walk.
func (img *image) each(fsys FS, dir string, s *segment, yield func(Record, error) bool) bool {
	f, err := fsys.Open(filepath.Join(dir, segmentName(s.id)), false)
	if err != nil {
		return yield(Record{}, fmt.Errorf("cannot read a segment: %w", err))
	}
	defer func() { _ = f.Close() }()
	sc := s.scanner(f)
	for fr, ok := sc.next(); ok; fr, ok = sc.next() {
		if fr.kind == frameRecord && fr.seq < s.limit && !img.done.has(fr.seq) {
			if !yield(Record{fr.seq, fr.payload}, nil) {
				return false
			}
		}
	}
	return true
}
