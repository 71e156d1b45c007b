package queue

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
)

// image is what the files of a store say, without having touched them. Only
// the newest segment is read, further ones only where its first state is
// damaged; of all others the header. [QUEUE-12]
type image struct {
	segs   []*segment
	bad    []string // header damaged: to be set aside
	blank  []string // never begun: zeros alone, or the header of an earlier life
	aside  []string // set aside by an earlier Open
	lastID uint64

	state           // the counters as last written
	done     set    // numbers acknowledged, dropped or lost
	next     uint64 // the next record's number
	closed   bool   // the last process ended in order
	from     int    // index of the first segment that was read
	missing  []span // numbers found missing now
	torn     bool   // something stands behind the last whole frame
	whole    bool   // the newest segment begins with a complete state
	changed  bool   // a file went while its store was looked at: it has an owner
	recovery Recovery
}

// load reads the store in dir. Only a directory that cannot be listed and a
// newer format are errors.
func load(fsys FS, dir string) (*image, error) {
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot list the queue: %w", err)
	}
	img := &image{}
	img.done.add(0, 1) // numbers start at 1
	for _, l := range lookAll(fsys, dir, names) {
		if err := img.take(&l); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(img.segs, func(a, b *segment) int { return cmp.Compare(a.id, b.id) })
	img.setLimits()
	img.replay(fsys, dir)
	return img, nil
}

// setLimits ends each segment where a later one begins. [QUEUE-7]
func (img *image) setLimits() {
	limit := noLimit
	for _, s := range slices.Backward(img.segs) {
		s.limit = limit
		limit = min(limit, s.first)
	}
}

// replay finds the newest segment whose complete state is whole, and reads
// from there to the end. Segments before it that no sync had covered when it
// was begun are read too: a power cut may have left parts of them.
func (img *image) replay(fsys FS, dir string) {
	var base state
	from := len(img.segs)
	for from > 0 && (!base.complete || img.segs[from-1].limit > base.synced) {
		from--
		if !base.complete {
			base = img.firstState(fsys, dir, img.segs[from])
			img.whole = base.complete && from == len(img.segs)-1
		}
	}
	img.from = from
	if !base.complete && len(img.segs) > 0 {
		img.done.add(0, img.segs[0].first) // what came before is gone, or unknowable
	}
	var have set
	for i, s := range img.segs {
		img.next = max(img.next, s.first)
		if i < from {
			continue
		}
		img.scan(fsys, dir, s, &have)
	}
	img.closed = img.closed && len(img.bad) == 0
	img.next = max(img.next, img.done.spans[0].to)
	img.sum()
	img.countMissing(&have)
	img.recovery.Records = img.next - img.done.count(0, img.next)
}

// firstState returns the state that s begins with; a damaged one is not
// complete.
func (img *image) firstState(fsys FS, dir string, s *segment) state {
	f, err := fsys.Open(filepath.Join(dir, segmentName(s.id)), false)
	if err != nil {
		img.changed = img.changed || errors.Is(err, fs.ErrNotExist)
		return state{}
	}
	defer func() { _ = f.Close() }()
	fr, ok, _ := s.scanner(f).try()
	if !ok || fr.kind != frameState {
		return state{}
	}
	st, ok := parseState(fr.payload)
	if !ok {
		return state{}
	}
	return st
}

// scan reads one segment: its states into img, its numbers into have.
func (img *image) scan(fsys FS, dir string, s *segment, have *set) {
	img.closed = false
	f, err := fsys.Open(filepath.Join(dir, segmentName(s.id)), false)
	if err != nil {
		img.changed = img.changed || errors.Is(err, fs.ErrNotExist)
		s.errors++
		return
	}
	defer func() { _ = f.Close() }()
	sc := s.scanner(f)
	for fr, ok := sc.next(); ok; fr, ok = sc.next() {
		img.closed = false
		if fr.kind == frameState {
			img.apply(fr)
			continue
		}
		if fr.seq < s.limit {
			have.add(fr.seq, fr.seq+1)
			img.next = max(img.next, fr.seq+1)
		}
	}
	s.end = sc.off
	var torn int64
	if s.recycled {
		// What stands behind the end may be of an earlier life. [QUEUE-18] It is
		// left there, unless a frame may hide in what was not looked at.
		img.whole = img.whole && sc.errors == 0 && !sc.passed
	} else {
		torn = sc.lastByte(sc.off) - sc.off
	}
	img.closed = img.closed && torn == 0
	img.torn = torn > 0
	s.torn, s.damaged, s.errors = torn, sc.damaged, sc.errors
}

// sum adds up what was found. Damage in a file whose numbers are all done with
// is none: it may be the spare, with a new life begun and lost.
func (img *image) sum() {
	for i, s := range img.segs {
		tail := i == len(img.segs)-1
		if !tail && s.live(&img.done, img.next) == 0 {
			continue
		}
		img.recovery.Segments++
		img.recovery.TornBytes += s.torn
		img.recovery.DamagedBytes += s.damaged
		img.recovery.ReadErrors += s.errors
	}
}

func (img *image) apply(fr frame) {
	st, ok := parseState(fr.payload)
	if !ok {
		return
	}
	img.closed = st.closed
	img.next = max(img.next, fr.seq)
	img.synced = max(img.synced, st.synced)
	img.dropped = max(img.dropped, st.dropped)
	img.episodes = max(img.episodes, st.episodes)
	img.damaged = max(img.damaged, st.damaged)
	img.cleared = max(img.cleared, st.cleared)
	for _, g := range st.gone {
		img.done.add(g.from, g.to)
	}
	if st.complete {
		img.table = st.table
	}
}

// countMissing finds the numbers that are neither done nor in any file. Below
// the synced mark they are damage; above it they are a torn tail, which no
// sync had promised. [QUEUE-8]
func (img *image) countMissing(have *set) {
	all := set{spans: slices.Clone(img.done.spans)}
	for _, h := range have.spans {
		all.add(h.from, h.to)
	}
	for _, s := range img.segs[:img.from] {
		limit := min(s.limit, img.next)
		for _, p := range img.table { // a missing file's numbers are not its neighbour's
			if p.id > s.id {
				limit = min(limit, p.first)
			}
		}
		all.add(s.first, limit)
	}
	img.missing = all.gaps(0, img.next)
	for _, g := range img.missing {
		img.done.add(g.from, g.to)
		lost := min(g.to, max(g.from, img.synced)) - g.from
		img.recovery.Lost += lost
		img.recovery.Torn += g.to - g.from - lost
	}
	img.damaged += img.recovery.Lost
}
