package queue

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// seen is what a walk yielded.
type seen struct {
	seqs []uint64
	lost uint64 // told as not readable
}

// see takes a walk and checks that each record is whole and the numbers go up.
func see(t testing.TB, fsys FS, cfg Config, from, to uint64) seen {
	t.Helper()
	var s seen
	next := from
	for rec, err := range records(fsys, filepath.Join(cfg.Dir, "queue"), from, to) {
		switch {
		case err != nil:
			t.Fatal(err)
		case rec.Seq < next || rec.Seq >= to:
			t.Fatalf("number %d of %d to %d after %v", rec.Seq, from, to, s.seqs[max(0, len(s.seqs)-1):])
		case rec.Lost > 0:
			s.lost += rec.Lost
			next = rec.Seq + rec.Lost
			continue
		case len(rec.Data) < 8 || !bytes.Equal(rec.Data, payload(binary.BigEndian.Uint64(rec.Data))):
			t.Fatalf("record %d has wrong bytes %x", rec.Seq, rec.Data)
		}
		s.seqs = append(s.seqs, rec.Seq)
		next = rec.Seq + 1
	}
	return s
}

// meddled is a file system on which the owner acts between any two calls of
// the one who only looks.
type meddled struct {
	*faultFS
	act func()
}

func (m meddled) ReadDir(dir string) ([]string, error) { m.act(); return m.faultFS.ReadDir(dir) }

func (m meddled) Open(path string, write bool) (File, error) {
	m.act()
	f, err := m.faultFS.Open(path, write)
	if err != nil {
		return nil, err
	}
	return meddledFile{f, m.act}, nil
}

type meddledFile struct {
	File
	act func()
}

func (f meddledFile) ReadAt(b []byte, off int64) (int, error) { f.act(); return f.File.ReadAt(b, off) }

// TestRecords_WhileTheOwnerActs: whatever the owner does between two calls,
// nothing that was stored before and is stored after is passed over.
func TestRecords_WhileTheOwnerActs(t *testing.T) {
	for _, tt := range []struct {
		name    string
		segment int64
		burst   int  // records appended at once
		full    bool // the oldest are dropped all the time
		fails   bool // writes and syncs fail now and then
	}{
		{name: "SmallFilesComeAndGo", segment: 4 << 10, burst: 40},
		{name: "TheBoardIsSlow", segment: 4 << 10, burst: 3},
		{name: "FilesLongerThanABuffer", segment: 512 << 10, burst: 300},
		{name: "TheOldestAreDropped", segment: 4 << 10, burst: 40, full: true},
		{name: "TheDiskFails", segment: 4 << 10, burst: 10, fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(60) {
				rng := rand.New(rand.NewPCG(seed, 3))
				fsys, cfg := newFaultFS(), small(testDir)
				cfg.SegmentBytes, cfg.MaxBytes = tt.segment, 64*tt.segment
				if tt.full {
					cfg.MaxBytes = 8 * tt.segment
				}
				q := mustOpen(t, cfg, fsys)
				keep := rng.Uint64N(400) // the owner acknowledges the others in turn
				act := func() {
					switch n := rng.IntN(8); {
					case n < 3:
						for range rng.IntN(tt.burst) {
							mustAppend(t, q, q.NextSeq())
						}
					case n < 6:
						s := q.Stats()
						if s.Records > keep {
							q.Ack(s.OldestSeq, s.OldestSeq+rng.Uint64N(s.Records-keep))
							q.Clear(s.OldestSeq + rng.Uint64N(s.Records-keep))
						}
					case n < 7 && tt.fails:
						fsys.fail = func(op, _ string) error {
							if op == "write" || op == "sync" {
								fsys.fail = nil
								return unix.EIO
							}
							return nil
						}
						_, _ = q.Sync()
					default:
						_, _ = q.Sync()
					}
				}
				for range 30 {
					act()
				}
				stats, before := q.Stats(), keys(mustDrain(t, q))
				to := []uint64{stats.NextSeq, All}[seed%2]
				got := see(t, meddled{fsys, act}, cfg, 0, to)
				after := keys(mustDrain(t, q))
				for _, k := range before { // here a record's key is its number
					if slices.Contains(after, k) && !slices.Contains(got.seqs, k) {
						t.Fatalf("seed %d: record %d was passed over; %d told as lost", seed, k, got.lost)
					}
				}
				if got.lost > 0 && !stats.InMemory {
					t.Fatalf("seed %d: %d records told as lost", seed, got.lost)
				}
			}
		})
	}
}

// TestRecords_OnARealDisk is the same with threads and the kernel's own cache.
func TestRecords_OnARealDisk(t *testing.T) {
	cfg := small(t.TempDir())
	cfg.SegmentBytes, cfg.MaxBytes = 256<<10, 16<<20
	q := mustOpen(t, cfg, nil)
	var floor, top atomic.Uint64 // acknowledged below, stored up to
	const lag = 3000             // records that wait
	var owner sync.WaitGroup
	done := make(chan struct{})
	owner.Go(func() {
		for k, running := uint64(1), true; running; {
			for range 100 {
				mustAppend(t, q, k)
				k++
			}
			top.Store(k - 1)
			if k > lag {
				floor.Store(k - lag) // before the call
				q.Clear(k - lag - 1)
			}
			if k%700 == 1 {
				mustSync(t, q)
			}
			select {
			case <-done:
				running = false
			default:
			}
		}
	})
	for range 40 {
		last := top.Load()
		got := see(t, osFS{}, cfg, 0, All)
		first := max(floor.Load(), 1)
		i, _ := slices.BinarySearch(got.seqs, first)
		want := upTo(first, last)
		if n := len(want); got.lost > 0 || len(got.seqs)-i < n || !slices.Equal(got.seqs[i:i+n], want) {
			t.Fatalf("%d to %d were stored all the time; %d of %d seen, %d told as lost", first, last, len(got.seqs)-i, n, got.lost)
		}
	}
	close(done)
	owner.Wait()
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

// TestRecords_TellsWhatIsDamaged flips a byte of some records, and takes a file
// away, in the store of a dead process.
func TestRecords_TellsWhatIsDamaged(t *testing.T) {
	cfg, all := build(t, 120, 4<<10)
	flipped := []found{all[3], all[4], all[len(all)-2]}
	for _, f := range flipped {
		edit(t, f.file, func(b []byte) []byte { b[f.end-1] ^= 1; return b })
	}
	gone := in(all, all[60].file)
	if err := (osFS{}).Remove(all[60].file); err != nil {
		t.Fatal(err)
	}
	var want, lost []uint64
	for _, f := range all {
		if f.file == all[60].file || slices.Contains(flipped, f) {
			lost = append(lost, f.k)
		} else {
			want = append(want, f.k)
		}
	}
	got := see(t, osFS{}, cfg, 0, All)
	if !slices.Equal(got.seqs, want) || got.lost != uint64(len(lost)) {
		t.Errorf("%d lost, want %d (%v, of them %d in the file)\nseen %v\nwant %v", got.lost, len(lost), lost, len(gone), got.seqs, want)
	}
	part := see(t, osFS{}, cfg, 10, 20)
	if !slices.Equal(part.seqs, upTo(10, 19)) || part.lost > 0 {
		t.Errorf("numbers 10 to 19: %+v", part)
	}
}

// TestRecords_StopsWhenTold: the caller may leave at any record.
func TestRecords_StopsWhenTold(t *testing.T) {
	cfg, all := build(t, 30, 4<<10)
	edit(t, all[4].file, func(b []byte) []byte { b[all[4].end-1] ^= 1; return b })
	for most := 1; most < 8; most++ {
		n := 0
		for rec, err := range Records(cfg.Dir, 0, All) {
			if n++; err != nil || rec.Seq != uint64(n) || (rec.Lost == 1) != (n == 5) {
				t.Fatalf("%+v, %v", rec, err)
			}
			if n == most {
				break
			}
		}
		if n != most {
			t.Errorf("%d rounds, want %d", n, most)
		}
	}
	for _, err := range Records(cfg.Dir+"/none", 0, All) {
		if err == nil {
			t.Error("no error for a directory that is not there")
		}
	}
}
