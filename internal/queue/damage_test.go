package queue

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
)

var campaign = flag.Bool("campaign", false, "every case of the damage campaign, and a million operations of the model")

// framePlace is where one frame stands in a file that is whole.
type framePlace struct {
	off, end int64
	kind     byte
	seq      uint64
	state    state
}

// whole is a store before the damage, with all that its bytes say.
type whole struct {
	name   string
	cfg    Config
	disk   *faultFS
	files  []string // paths, oldest first, the spare one among them
	frames map[string][]framePlace
	keys   map[uint64]uint64 // number -> k of all that were ever given
	live   map[uint64]bool   // not acknowledged
	next   uint64
}

// wholeStore has three segments and, where it has been in use for long, recycled
// ones with stale bytes behind their end, and a spare.
func wholeStore(t *testing.T, name string, segment int64, used, closed, acks bool) *whole {
	t.Helper()
	w := &whole{name: name, cfg: small(testDir), disk: newFaultFS(), frames: map[string][]framePlace{}, keys: map[uint64]uint64{}, live: map[uint64]bool{}}
	w.cfg.SegmentBytes, w.cfg.MaxBytes = segment, 64*segment
	q := mustOpen(t, w.cfg, w.disk)
	if used {
		turnOver(t, q, int(segment/16), 5)
		q.Clear(All)
		mustSync(t, q)
	}
	for needed := 0; needed < 3 || q.tail.end < segment*2/3; {
		k := q.NextSeq()
		mustAppend(t, q, k)
		w.live[k] = true
		if acks && k%5 == 0 && k > 7 && w.live[k-7] {
			q.Ack(k - 7)
			delete(w.live, k-7)
		}
		if k%9 == 0 {
			mustSync(t, q)
		}
		segs, _ := split(q.segs, &q.gone, q.next)
		needed = len(segs)
	}
	if used && q.spare == nil { // the backlog has taken it
		q.Ack(upTo(q.segs[0].first, q.segs[0].limit-1)...)
		for n := q.segs[0].first; n < q.segs[0].limit; n++ {
			delete(w.live, n)
		}
	}
	mustSync(t, q)
	if closed {
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
	w.next = q.next
	w.disk = w.disk.crash(1, nil)
	w.read(t)
	return w
}

// read takes the places of all frames by walking from one to the next, with
// nothing of the scanner.
func (w *whole) read(t *testing.T) {
	t.Helper()
	names, _ := w.disk.ReadDir(filepath.Join(testDir, "queue"))
	for _, name := range names {
		path := filepath.Join(testDir, "queue", name)
		w.files = append(w.files, path)
		b := w.disk.names[path].data
		h, err := parseHeader(b)
		if err != nil {
			t.Fatal(err)
		}
		for off := int64(headerSize); off+frameHeader <= int64(len(b)); {
			n, ok := frameSize(b[off:])
			if !ok || off+int64(n) > int64(len(b)) {
				break
			}
			fr, ok := parseFrame(b[off:off+int64(n)], h.seed())
			if !ok {
				break
			}
			p := framePlace{off: off, end: off + int64(n), kind: fr.kind, seq: fr.seq}
			if fr.kind == frameState {
				if p.state, ok = parseState(fr.payload); !ok {
					t.Fatal("a bad state")
				}
			} else {
				w.keys[fr.seq] = fr.seq // here a record's key is its number
			}
			w.frames[path] = append(w.frames[path], p)
			off += int64(n)
		}
	}
}

// damage is one case: what is done to a copy of the store.
type damage struct {
	what string
	do   func(d *faultFS)
	bad  []badBlock // that the disk will not give
	gone int        // files of the store that are not there at all any more
}

type badBlock struct {
	file  string
	block int64
}

// expected is what must be there after the damage, from the bytes alone.
type expected struct {
	intact   map[uint64]bool // records whose file and frame are whole
	done     set             // numbers that a whole state has done with
	next     uint64          // as far as the bytes that are whole know
	aside    []string
	removed  []string
	anything bool // something that belongs to a frame or a header was hit
}

func (w *whole) expect(d *faultFS, bad []badBlock) expected {
	e := expected{intact: map[uint64]bool{}, next: 1}
	e.done.add(0, 1)
	unreadable := func(path string, from, to int64) bool {
		return slices.ContainsFunc(bad, func(b badBlock) bool {
			return b.file == filepath.Base(path) && from < (b.block+1)*skipBlock && to > b.block*skipBlock
		})
	}
	complete, lowest := false, noLimit
	for _, path := range d.paths() {
		now, before := d.names[path].data, []byte(nil)
		if inode := w.disk.names[path]; inode != nil {
			before = inode.data
		}
		same := func(from, to int64) bool {
			return int64(len(now)) >= to && int64(len(before)) >= to && slices.Equal(now[from:to], before[from:to]) && !unreadable(path, from, to)
		}
		if !same(0, headerSize) {
			e.anything = true
			_, err := parseHeader(now)
			zeros := !slices.ContainsFunc(now, func(b byte) bool { return b != 0 })
			if readable := !unreadable(path, 0, int64(len(now))); readable && (zeros || err == nil) || !unreadable(path, 0, headerSize) && err == nil {
				e.removed = append(e.removed, filepath.Base(path))
			} else {
				e.aside = append(e.aside, filepath.Base(path)+badSuffix)
			}
			continue
		}
		h, _ := parseHeader(now)
		e.next, lowest = max(e.next, h.first), min(lowest, h.first)
		for _, f := range w.frames[path] {
			if !same(f.off, f.end) {
				e.anything = true
				continue
			}
			if f.kind == frameRecord {
				e.intact[f.seq] = true
				e.next = max(e.next, f.seq+1)
				continue
			}
			e.next = max(e.next, f.seq)
			complete = complete || f.state.complete
			for _, g := range f.state.gone {
				e.done.add(g.from, g.to)
			}
		}
	}
	if len(d.names) < len(w.files) || len(e.removed) > 0 {
		e.anything = true
	}
	if !complete && lowest != noLimit {
		e.done.add(0, lowest)
	}
	e.next = max(e.next, e.done.spans[0].to)
	return e
}

func (f *faultFS) paths() []string {
	var out []string
	for p := range f.names {
		if _, bad, ok := segmentID(filepath.Base(p)); ok && !bad {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// run opens the damaged copy and holds it against what was computed.
func (w *whole) run(c damage) error {
	d := w.disk.crash(1, nil)
	c.do(d)
	e := w.expect(d, c.bad)
	d.badSector = func(name string, block int64) bool { return slices.Contains(c.bad, badBlock{name, block}) }
	q, err := Open(w.cfg, Options{FS: d})
	if err != nil {
		return fmt.Errorf("refused to open: %w", err)
	}
	got, err := drain(q)
	if err != nil {
		return err
	}
	if err := w.compare(q, e, got); err != nil {
		return err
	}
	d.badSector = nil // the disk has put another block in its place
	return w.goOn(q, d, c, got)
}

func (w *whole) compare(q *Queue, e expected, got []stored) error {
	have := map[uint64]bool{}
	for _, s := range got {
		if k, ok := w.keys[s.seq]; !ok || k != s.k {
			return fmt.Errorf("number %d has record %d", s.seq, s.k)
		}
		have[s.seq] = true
		if !w.live[s.seq] && !e.anything {
			return fmt.Errorf("record %d was acknowledged and nothing was hit", s.seq)
		}
	}
	var lost uint64
	for seq := range e.intact {
		if w.live[seq] && !have[seq] {
			return fmt.Errorf("record %d is whole and was not returned: %v", seq, q.Recovery())
		}
	}
	for seq := uint64(1); seq < e.next; seq++ {
		if !have[seq] && !e.done.has(seq) {
			lost++
		}
	}
	rec, s := q.Recovery(), q.Stats()
	if counted := s.DamagedRecords + rec.Torn; counted != lost {
		return fmt.Errorf("%d counted, %d lost (next %d, done %v): %+v", counted, lost, e.next, e.done.spans, rec)
	}
	slices.Sort(rec.SetAside)
	slices.Sort(rec.Removed)
	if !slices.Equal(rec.SetAside, e.aside) || !slices.Equal(rec.Removed, e.removed) {
		return fmt.Errorf("set aside %v, want %v; removed %v, want %v", rec.SetAside, e.aside, rec.Removed, e.removed)
	}
	if !e.anything && (lost > 0 || rec.DamagedBytes > 0 || len(rec.SetAside) > 0) {
		return fmt.Errorf("nothing was hit: %+v", rec)
	}
	return nil
}

// goOn appends, and opens once more.
func (w *whole) goOn(q *Queue, d *faultFS, c damage, got []stored) error {
	damaged := q.Stats().DamagedRecords
	for range 30 {
		k := q.NextSeq()
		seq, err := q.Append(payload(k))
		if err != nil || seq < w.next && c.gone < 2 {
			return fmt.Errorf("Append = %d, %w; %d was the next", seq, err, w.next)
		}
		got = append(got, stored{seq, k})
	}
	for range 2 {
		again, err := drain(q)
		if err != nil || !slices.Equal(again, got) {
			return fmt.Errorf("%d records after going on, want %d: %w", len(again), len(got), err)
		}
		if err := q.Close(); err != nil {
			return err
		}
		if q, err = Open(w.cfg, Options{FS: d}); err != nil {
			return err
		}
		if r := q.Recovery(); !r.Clean || r.Lost+r.Torn > 0 || len(r.SetAside)+len(r.Removed) > 0 || q.Stats().DamagedRecords != damaged {
			return fmt.Errorf("opened again: %+v, %d damaged, were %d", r, q.Stats().DamagedRecords, damaged)
		}
	}
	return errors.Join(q.Close())
}

// stores is the kinds of store that are damaged.
func stores(t *testing.T) []*whole {
	return []*whole{
		wholeStore(t, "New", 4<<10, false, false, false),
		wholeStore(t, "NewAcks", 4<<10, false, false, true),
		wholeStore(t, "NewClosed", 4<<10, false, true, true),
		wholeStore(t, "Recycled", 4<<10, true, false, true),
		wholeStore(t, "RecycledClosed", 4<<10, true, true, true),
		wholeStore(t, "RecycledLong", 20<<10, true, false, true),
	}
}

// TestDamage_EachCaseCostsWhatItTouches damages three segments at every byte, in
// every way that is known. The store opens, returns what is whole, never a wrong
// record, counts what is lost, goes on, and is the same after another Open.
func TestDamage_EachCaseCostsWhatItTouches(t *testing.T) {
	n := 0
	for i, w := range stores(t) {
		rng := rand.New(rand.NewPCG(uint64(i), 8))
		cases, within := w.cases(rng)
		step := 1
		if !*campaign {
			step = max(1, len(within)/250)
		}
		for at := rng.IntN(step); at < len(within); at += 1 + rng.IntN(2*step-1) {
			cases = append(cases, within[at])
		}
		for _, c := range cases {
			if n++; w.run(c) != nil {
				t.Errorf("%s, %s: %v", w.name, c.what, w.run(c))
			}
		}
	}
	t.Logf("%d cases", n)
}
