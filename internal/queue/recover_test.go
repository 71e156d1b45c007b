package queue

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// place of one record in a file.
type found struct {
	file     string
	off, end int64
	k        uint64
}

// build leaves the files of a process that was killed after a sync: records
// 1 to n in segments of the size given. It returns where each record stands.
func build(t *testing.T, n uint64, segment int64) (Config, []found) {
	t.Helper()
	cfg, dead := small(t.TempDir()), small(t.TempDir())
	cfg.SegmentBytes, cfg.MaxBytes = segment, 64*segment
	dead.SegmentBytes, dead.MaxBytes = cfg.SegmentBytes, cfg.MaxBytes
	q := mustOpen(t, cfg, nil)
	for k := uint64(1); k <= n; k++ {
		mustAppend(t, q, k)
	}
	mustSync(t, q)
	if err := os.CopyFS(dead.Dir, os.DirFS(cfg.Dir)); err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	return dead, findAll(t, dead)
}

func findAll(t *testing.T, cfg Config) []found {
	t.Helper()
	img, err := load(osFS{}, filepath.Join(cfg.Dir, "queue"))
	if err != nil {
		t.Fatal(err)
	}
	var out []found
	for _, s := range img.segs {
		path := filepath.Join(cfg.Dir, "queue", segmentName(s.id))
		f, err := osFS{}.Open(path, false)
		if err != nil {
			t.Fatal(err)
		}
		sc := s.scanner(f)
		for fr, ok := sc.next(); ok; fr, ok = sc.next() {
			if fr.kind == frameRecord {
				out = append(out, found{path, sc.off - frameHeader - int64(len(fr.payload)), sc.off, fr.seq})
			}
		}
		_ = f.Close()
	}
	return out
}

// edit changes the bytes of a file.
func edit(t *testing.T, path string, change func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// in returns the keys of the records of one file.
func in(all []found, file string) []uint64 {
	var out []uint64
	for _, f := range all {
		if f.file == file {
			out = append(out, f.k)
		}
	}
	return out
}

// TestRecovery damages the files of a killed process, opens, goes on
// appending, reads all back, and does so again after another open.
func TestRecovery(t *testing.T) {
	type damage func(t *testing.T, dir string, all []found) (lost []uint64)
	last := func(all []found) found { return all[len(all)-1] }
	rows := []struct {
		name    string
		damage  damage
		counted bool // the lost ones must appear in the counters, exactly
		aside   int
	}{
		{name: "Intact", damage: func(*testing.T, string, []found) []uint64 { return nil }, counted: true},
		{name: "TailTruncated", damage: func(t *testing.T, _ string, all []found) []uint64 {
			edit(t, last(all).file, func(b []byte) []byte { return b[:last(all).end-1] })
			return []uint64{last(all).k}
		}},
		{name: "TailTruncatedInFrameHeader", damage: func(t *testing.T, _ string, all []found) []uint64 {
			edit(t, last(all).file, func(b []byte) []byte { return b[:last(all).off+5] })
			return []uint64{last(all).k}
		}},
		{name: "GarbageBehindTail", damage: func(t *testing.T, _ string, all []found) []uint64 {
			edit(t, last(all).file, func(b []byte) []byte {
				copy(b[last(all).end:], "\xd7\x01garbage\xd7\x01\x00\x00\x05\x00\x00\x00")
				return b
			})
			return nil
		}, counted: true},
		{name: "ZerosBehindTail", damage: func(t *testing.T, _ string, all []found) []uint64 {
			edit(t, last(all).file, func(b []byte) []byte { return append(b, make([]byte, 8<<10)...) })
			return nil
		}, counted: true},
		{name: "BitFlippedInTail", damage: func(t *testing.T, _ string, all []found) []uint64 {
			f := all[len(all)-3]
			edit(t, f.file, func(b []byte) []byte { b[f.end-1] ^= 4; return b })
			return []uint64{f.k}
		}, counted: true},
		{name: "BitFlippedInOldest", damage: func(t *testing.T, _ string, all []found) []uint64 {
			f := all[4]
			edit(t, f.file, func(b []byte) []byte { b[f.off+22] ^= 0x80; return b })
			return []uint64{f.k}
		}, counted: true},
		{name: "LengthDamaged", damage: func(t *testing.T, _ string, all []found) []uint64 {
			f := all[4]
			edit(t, f.file, func(b []byte) []byte { b[f.off+5] ^= 1; return b })
			return []uint64{f.k}
		}, counted: true},
		{name: "PageZeroed", damage: func(t *testing.T, _ string, all []found) []uint64 {
			f := all[0]
			edit(t, f.file, func(b []byte) []byte { clear(b[4096:8192]); return b })
			var lost []uint64
			for _, r := range all {
				if r.file == f.file && r.off < 8192 && r.end > 4096 {
					lost = append(lost, r.k)
				}
			}
			return lost
		}, counted: true},
		{name: "MiddleFileMissing", damage: func(t *testing.T, _ string, all []found) []uint64 {
			f := all[len(all)/2].file
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
			return in(all, f)
		}, counted: true},
		{name: "OldestFileMissing", damage: func(t *testing.T, _ string, all []found) []uint64 {
			if err := os.Remove(all[0].file); err != nil {
				t.Fatal(err)
			}
			return in(all, all[0].file)
		}, counted: true},
		{name: "OlderHeaderDamaged", damage: func(t *testing.T, _ string, all []found) []uint64 {
			f := all[len(all)/2].file
			edit(t, f, func(b []byte) []byte { b[9] ^= 1; return b })
			return in(all, f)
		}, counted: true, aside: 1},
		{name: "NewestHeaderDamaged", damage: func(t *testing.T, _ string, all []found) []uint64 {
			edit(t, last(all).file, func(b []byte) []byte { clear(b[:headerSize]); return b })
			return in(all, last(all).file)
		}, aside: 1},
		{name: "NewestStateDamaged", damage: func(t *testing.T, _ string, all []found) []uint64 {
			edit(t, last(all).file, func(b []byte) []byte { b[headerSize+frameHeader+1] ^= 1; return b })
			return nil
		}, counted: true},
		{name: "NewestOnlyHeader", damage: func(t *testing.T, _ string, all []found) []uint64 {
			edit(t, last(all).file, func(b []byte) []byte { return b[:headerSize] })
			return in(all, last(all).file)
		}},
		{name: "EmptyFileNewest", damage: func(t *testing.T, dir string, _ []found) []uint64 {
			if err := os.WriteFile(filepath.Join(dir, segmentName(99)), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return nil
		}, counted: true},
		{name: "BlankFileNewest", damage: func(t *testing.T, dir string, _ []found) []uint64 {
			if err := os.WriteFile(filepath.Join(dir, segmentName(99)), make([]byte, 9000), 0o600); err != nil {
				t.Fatal(err)
			}
			return nil
		}, counted: true},
		{name: "ForeignFiles", damage: func(t *testing.T, dir string, _ []found) []uint64 {
			for _, name := range []string{"lost+found", "1.seg", "zzzzzzzzzzzzzzzz.seg"} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return nil
		}, counted: true},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			const n = 500
			cfg, all := build(t, n, 16<<10)
			lost := tt.damage(t, filepath.Join(cfg.Dir, "queue"), all)
			want := slices.DeleteFunc(upTo(1, n), func(k uint64) bool { return slices.Contains(lost, k) })

			q := mustOpen(t, cfg, nil)
			if got := keys(mustDrain(t, q)); !slices.Equal(got, want) {
				t.Fatalf("%d records, want %d; %v", len(got), len(want), q.Recovery())
			}
			rec, s := q.Recovery(), q.Stats()
			if counted := s.DamagedRecords + rec.Torn; tt.counted && counted != uint64(len(lost)) {
				t.Errorf("counted %d lost, want %d: %v, %+v", counted, len(lost), rec, s)
			}
			if len(rec.SetAside) != tt.aside {
				t.Errorf("set aside %v, want %d files", rec.SetAside, tt.aside)
			}
			for k := uint64(n + 1); k <= n+200; k++ {
				if seq := mustAppend(t, q, k); seq <= n {
					t.Fatalf("number %d given twice", seq)
				}
			}
			want = append(want, upTo(n+1, n+200)...)
			if got := keys(mustDrain(t, q)); !slices.Equal(got, want) {
				t.Fatalf("after appending: %d records, want %d", len(got), len(want))
			}
			if err := q.Close(); err != nil {
				t.Fatal(err)
			}
			q = mustOpen(t, cfg, nil)
			if got := keys(mustDrain(t, q)); !slices.Equal(got, want) || !q.Recovery().Clean {
				t.Fatalf("opened again: %d records, want %d: %v", len(got), len(want), q.Recovery())
			}
			if err := q.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestRecovery_NewerVersionIsRefusedUntouched: an older program must not
// destroy what it cannot read. [QUEUE-2]
func TestRecovery_NewerVersionIsRefusedUntouched(t *testing.T) {
	for _, tt := range []struct {
		name    string
		at      int
		wantErr error
	}{{"Major", 4, ErrVersion}, {"Minor", 5, nil}, {"Reserved", 7, nil}} {
		t.Run(tt.name, func(t *testing.T) {
			cfg, all := build(t, 20, 16<<10)
			edit(t, all[0].file, func(b []byte) []byte {
				b[tt.at]++
				copy(b[28:], appendChecksum(b[:28]))
				return b
			})
			before, err := os.ReadFile(all[0].file)
			if err != nil {
				t.Fatal(err)
			}
			q, err := Open(cfg, Options{})
			if !errors.Is(err, tt.wantErr) {
				t.Fatalf("Open = %v, want %v", err, tt.wantErr)
			}
			if err == nil {
				if got := len(mustDrain(t, q)); got != 20 {
					t.Errorf("%d records, want 20", got)
				}
				_ = q.Close()
				return
			}
			if after, err := os.ReadFile(all[0].file); err != nil || !slices.Equal(before, after) {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
}

// TestRecovery_EachByteFlipped: one damaged byte costs at most one record,
// or with the header one file, and never shows a wrong one.
func TestRecovery_EachByteFlipped(t *testing.T) {
	const n = 40
	disk, cfg := newFaultFS(), small(testDir)
	q := mustOpen(t, cfg, disk)
	for k := uint64(1); k <= n; k++ {
		mustAppend(t, q, k)
	}
	mustSync(t, q)
	first := filepath.Join(testDir, "queue", segmentName(1))
	for i := range disk.names[first].data {
		fsys := disk.crash(1, nil)
		fsys.names[first].data[i] ^= 0x55
		q := mustOpen(t, cfg, fsys)
		got, err := drain(q)
		if err != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		missing := uint64(n - len(got))
		if counted := q.Stats().DamagedRecords + q.Recovery().Torn; missing != counted || i >= headerSize && missing > 1 {
			t.Fatalf("byte %d: %d missing, %d counted: %v", i, missing, counted, q.Recovery())
		}
	}
}

// TestRead_UnreadableSectorCostsItsRecordsOnly: EIO skips 4 KiB. [QUEUE-9]
func TestRead_UnreadableSectorCostsItsRecordsOnly(t *testing.T) {
	fsys, cfg := newFaultFS(), small(testDir)
	cfg.SegmentBytes, cfg.MaxBytes = 64<<10, 1<<20
	q := mustOpen(t, cfg, fsys)
	for k := uint64(1); k <= 1500; k++ {
		mustAppend(t, q, k)
	}
	mustSync(t, q)
	fsys.badSector = func(name string, block int64) bool { return name == segmentName(1) && block == 3 }
	got := len(mustDrain(t, q))
	s := q.Stats()
	if lost := 1500 - got; lost == 0 || lost > 60 || s.DamagedRecords != uint64(lost) || s.ReadErrors == 0 {
		t.Errorf("%d of 1500 lost, stats %+v", lost, s)
	}
}

func FuzzRecovery(f *testing.F) {
	disk, cfg := newFaultFS(), small(testDir)
	q, err := Open(cfg, Options{FS: disk})
	if err != nil {
		f.Fatal(err)
	}
	for k := range uint64(60) {
		_, _ = q.Append(payload(k))
		if k%3 == 0 {
			q.Ack(k)
		}
	}
	_, _ = q.Sync()
	for _, inode := range disk.names {
		f.Add(inode.data, uint8(0))
		f.Add(inode.data, uint8(2))
	}
	f.Add([]byte{}, uint8(9))
	f.Fuzz(func(t *testing.T, data []byte, id uint8) {
		fsys := disk.crash(1, nil)
		fsys.names[filepath.Join(testDir, "queue", segmentName(uint64(id)))] = &faultInode{data: slices.Clone(data), synced: slices.Clone(data)}
		q, err := Open(cfg, Options{FS: fsys})
		if errors.Is(err, ErrVersion) {
			return
		}
		if err != nil {
			t.Fatalf("refused to open: %v", err)
		}
		before := readAll(q)
		seq, err := q.Append([]byte("next"))
		if err != nil {
			t.Fatal(err)
		}
		if got := readAll(q); len(got) != len(before)+1 || got[len(got)-1] != seq {
			t.Fatalf("%d records and one more are %d", len(before), len(got))
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		q = mustOpen(t, cfg, fsys)
		if got := readAll(q); len(got) != len(before)+1 {
			t.Fatalf("%d records after another open, want %d", len(got), len(before)+1)
		}
	})
}

func readAll(q *Queue) []uint64 {
	var out []uint64
	for seq, _, err := q.Read(0); err == nil; seq, _, err = q.Read(seq + 1) {
		out = append(out, seq)
	}
	return out
}
