package queue

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"path/filepath"
)

// All as the end of Records is what was stored when they were asked for.
const All = math.MaxUint64

// Record is one of Records.
type Record struct {
	Seq  uint64
	Data []byte // valid until the next round
	Lost uint64 // not 0: so many from Seq on are stored and cannot be read, and Data is nil
}

// Records yields the records with the numbers from <= n < to, oldest first,
// under the terms of Inspect: without a lock, without writing, also while their
// owner runs. What leaves the queue meanwhile may be among them. An error ends
// it. It holds one record in memory.
func Records(dir string, from, to uint64) iter.Seq2[Record, error] {
	return records(osFS{}, filepath.Join(dir, "queue"), from, to)
}

func records(fsys FS, dir string, from, to uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		w := walk{fs: fsys, dir: dir, next: from, to: to, yield: yield}
		if err := w.run(); err != nil && !errors.Is(err, errEnough) {
			yield(Record{}, err)
		}
	}
}

var (
	errEnough  = errors.New("the caller wants no more")
	errChanged = errors.New("the owner has deleted a file or taken it again")
)

// walk reads a store that its owner may be changing. Two things make that safe:
//
//   - The end is known before the files are opened that are read up to it. An
//     owner writes in order, so each number below stands in a file by then, and
//     one that is not found is damage, or in the owner's memory.
//   - A file is deleted, or taken again under a new name, after a state was
//     written that has its numbers done with. So where a file is gone, or its name
//     is when something was not found, the store is looked at again, and the walk
//     goes on behind the last number. Frames of a new life are none to a reader
//     who knows the nonce of the old one.
type walk struct {
	fs       FS
	dir      string
	next, to uint64
	yield    func(Record, error) bool
}

func (w *walk) run() error {
	if w.to == All {
		img, err := view(w.fs, w.dir)
		if err != nil {
			return err
		}
		w.to = img.next
	}
	for {
		img, err := view(w.fs, w.dir)
		if err != nil {
			return err
		}
		if err := w.pass(img); !errors.Is(err, errChanged) {
			return err
		}
	}
}

// pass goes through the files once.
func (w *walk) pass(img *image) error {
	for _, s := range img.segs {
		if s.limit <= w.next || s.first >= w.to {
			continue
		}
		if err := w.segment(img, s); err != nil {
			return err
		}
	}
	return w.upTo(img, w.to)
}

func (w *walk) segment(img *image, s *segment) error {
	f, err := w.fs.Open(filepath.Join(w.dir, segmentName(s.id)), false)
	if errors.Is(err, fs.ErrNotExist) {
		return errChanged
	}
	if err != nil {
		return fmt.Errorf("cannot read a segment: %w", err)
	}
	defer func() { _ = f.Close() }()
	sc, limit := s.scanner(f), min(s.limit, w.to)
	for fr, ok := sc.next(); ok; fr, ok = sc.next() {
		if fr.kind != frameRecord || fr.seq < w.next || fr.seq >= limit || img.done.has(fr.seq) {
			continue
		}
		if err := w.upTo(img, fr.seq); err != nil {
			return err
		}
		if !w.yield(Record{Seq: fr.seq, Data: fr.payload}, nil) {
			return errEnough
		}
		w.next = fr.seq + 1
	}
	return nil
}

// upTo tells of the numbers below seq that are stored and were not found.
func (w *walk) upTo(img *image, seq uint64) error {
	unfound := img.unfound(w.next, seq)
	if len(unfound) > 0 && img.renamed(w.fs, w.dir) {
		return errChanged
	}
	for _, l := range unfound {
		if !w.yield(Record{Seq: l.from, Lost: l.to - l.from}, nil) {
			return errEnough
		}
	}
	w.next = max(w.next, seq)
	return nil
}

// unfound returns the numbers of [from, to) that should be in the files, and
// those that load found to be missing.
func (img *image) unfound(from, to uint64) []span {
	u := set{spans: img.done.gaps(from, to)}
	for _, m := range img.missing {
		u.add(max(m.from, from), min(m.to, to))
	}
	return u.spans
}
