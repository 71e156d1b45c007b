package main

import (
	"bytes"
	"math/rand/v2"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const testSize = 64 << 10

// pattern is data that tells the writes apart.
func pattern(n, length int) []byte { return bytes.Repeat([]byte{byte(n)}, length) }

// scribble writes at random, sector by sector and longer, and flushes once on the way.
func scribble(t *testing.T, d *disk, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	for n := range 60 {
		length := sector * (1 + rng.IntN(20))
		off := int64(sector * rng.IntN((testSize-length)/sector+1))
		if errno := d.write(1, pattern(n+1, length), off); errno != 0 {
			t.Fatal(errno)
		}
		if n == 30 {
			if errno := d.flush(1); errno != 0 {
				t.Fatal(errno)
			}
		}
	}
}

// TestCut_KeepsWhatWasFlushedAndOnlyWholeSectorsOfTheRest compares each sector
// of the image after a cut with every content it had since the last flush.
func TestCut_KeepsWhatWasFlushedAndOnlyWholeSectorsOfTheRest(t *testing.T) {
	modes := map[string]int{}
	partly := 0
	for seed := range uint64(200) {
		d := newDisk(testSize, false)
		scribble(t, d, seed)
		stable, now, log := bytes.Clone(d.stable), bytes.Clone(d.now), d.pending
		c := d.cut(seed)
		modes[c.Mode]++
		switch {
		case c.Mode == keepNothing && (!bytes.Equal(d.now, stable) || c.KeptBytes != 0):
			t.Errorf("seed %d: something is left", seed)
		case c.Mode == keepAll && (!bytes.Equal(d.now, now) || c.KeptBytes != c.UnflushedBytes):
			t.Errorf("seed %d: something is lost", seed)
		}
		if c.KeptBytes > 0 && c.KeptBytes < c.UnflushedBytes {
			partly++
		}
		for at := int64(0); at < testSize; at += sector {
			possible := bytes.Equal(d.now[at:at+sector], stable[at:at+sector])
			for _, w := range log {
				if at >= w.off && at < w.off+int64(len(w.data)) {
					possible = possible || bytes.Equal(d.now[at:at+sector], w.data[at-w.off:at-w.off+sector])
				}
			}
			if !possible {
				t.Fatalf("seed %d, %s: the sector at %d is none it ever was", seed, c.Mode, at)
			}
		}
		if !bytes.Equal(d.now, d.stable) || len(d.pending) > 0 || d.life() != 2 {
			t.Fatalf("seed %d: the next life does not begin with its image", seed)
		}
	}
	if len(modes) != 4 || partly < 50 {
		t.Errorf("modes %v, %d partly kept: want all four and at least 50", modes, partly)
	}
}

func TestCut_SameSeedAndLogGiveTheSameImage(t *testing.T) {
	images := map[string]bool{}
	for seed := range uint64(40) {
		a, b := newDisk(testSize, false), newDisk(testSize, false)
		scribble(t, a, 7)
		scribble(t, b, 7)
		if ca, cb := a.cut(seed), b.cut(seed); ca != cb || !bytes.Equal(a.now, b.now) {
			t.Errorf("seed %d: %+v and %+v", seed, ca, cb)
		}
		images[string(a.now)] = true
	}
	if len(images) < 10 {
		t.Errorf("40 seeds gave %d images", len(images))
	}
}

// TestCut_OfALyingDiskKeepsAPrefix replays the log up to each entry: the image
// must be one of these, and not always the last.
func TestCut_OfALyingDiskKeepsAPrefix(t *testing.T) {
	older := 0
	for seed := range uint64(30) {
		d := newDisk(testSize, true)
		scribble(t, d, seed)
		log, whole := d.pending, bytes.Clone(d.now)
		if len(log) != 60 {
			t.Fatalf("the flush of a lying disk saved %d writes", 60-len(log))
		}
		d.cut(seed)
		image := make([]byte, testSize)
		found := bytes.Equal(image, d.now)
		for _, w := range log {
			copy(image[w.off:], w.data)
			found = found || bytes.Equal(image, d.now)
		}
		if !found {
			t.Errorf("seed %d: the image is no prefix of the log", seed)
		}
		if !bytes.Equal(d.now, whole) {
			older++
		}
	}
	if older == 0 {
		t.Error("no cut lost anything")
	}
}

// TestFlush_CutShortSavesNothing cuts the power in the middle of a slow flush.
func TestFlush_CutShortSavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk(testSize, false)
		d.setSlow(time.Second)
		if errno := d.write(1, pattern(1, sector), 0); errno != 0 {
			t.Fatal(errno)
		}
		result := make(chan syscall.Errno)
		go func() { result <- d.flush(1) }()
		time.Sleep(time.Second / 2)
		d.freeze()
		if errno := <-result; errno != syscall.EIO || d.stable[0] != 0 || d.figures().Flushes != 0 {
			t.Errorf("the flush said %v and saved %d", errno, d.stable[0])
		}
	})
}

// TestFlush_SavesWhatWasWrittenBeforeItBegan writes during a slow flush.
func TestFlush_SavesWhatWasWrittenBeforeItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk(testSize, false)
		d.setSlow(time.Second)
		put := func(n int, off int64) {
			if errno := d.write(1, pattern(n, sector), off); errno != 0 {
				t.Fatal(errno)
			}
		}
		put(1, 0)
		result := make(chan syscall.Errno)
		go func() { result <- d.flush(1) }()
		time.Sleep(time.Second / 2)
		put(2, sector)
		began := time.Now()
		if errno := <-result; errno != 0 || time.Since(began) != time.Second/2 {
			t.Errorf("the flush said %v after %v", errno, time.Since(began))
		}
		if d.stable[0] != 1 || d.stable[sector] != 0 || len(d.pending) != 1 {
			t.Errorf("saved %d and %d, %d pending", d.stable[0], d.stable[sector], len(d.pending))
		}
	})
}

// TestFreezeAfter_LeavesTheLastWriteUnflushed counts writes, not flushes.
func TestFreezeAfter_LeavesTheLastWriteUnflushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk(testSize, false)
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			d.freezeAfter(3, time.Second)
		}()
		synctest.Wait()
		for n, want := range []syscall.Errno{0, 0, 0, syscall.EIO} {
			if errno := d.write(1, pattern(n+1, sector), int64(n*sector)); errno != want {
				t.Errorf("write %d: %v, want %v", n+1, errno, want)
			}
			if errno := d.flush(1); (errno == 0) != (n < 2) {
				t.Errorf("flush %d: %v", n+1, errno)
			}
		}
		<-gone
		if len(d.pending) != 1 || d.stable[sector] != 2 || d.stable[2*sector] != 0 {
			t.Errorf("%d writes are unflushed", len(d.pending))
		}
	})
}

// TestFreezeAfter_DoesNotWaitForEver has nobody write.
func TestFreezeAfter_DoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, began := newDisk(testSize, false), time.Now()
		d.freezeAfter(1, time.Second)
		if errno := d.flush(1); errno != syscall.EIO || time.Since(began) != time.Second {
			t.Errorf("after %v a flush says %v", time.Since(began), errno)
		}
	})
}

func TestDisk_RefusesWithoutPowerAndInAnOlderLife(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(d *disk)
		life   int
		want   syscall.Errno
	}{
		{"running", func(*disk) {}, 1, 0},
		{"frozen", func(d *disk) { d.freeze() }, 1, syscall.EIO},
		{"older life", func(d *disk) { d.cut(1) }, 1, syscall.EIO},
		{"next life", func(d *disk) { d.cut(1) }, 2, 0},
		{"after a reboot", func(d *disk) { d.reboot() }, 2, 0},
		{"before a reboot", func(d *disk) { d.reboot() }, 1, syscall.EIO},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDisk(testSize, false)
			c.before(d)
			_, read := d.read(c.life, make([]byte, sector), 0)
			if write, flush := d.write(c.life, pattern(1, sector), 0), d.flush(c.life); write != c.want || read != c.want || flush != c.want {
				t.Errorf("write %v, read %v, flush %v: want %v", write, read, flush, c.want)
			}
		})
	}
}

func TestFault_EndsByCountOrByTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk(testSize, false)
		operation := map[kind]func() syscall.Errno{
			writes: func() syscall.Errno { return d.write(1, pattern(1, sector), 0) },
			reads:  func() syscall.Errno { _, errno := d.read(1, make([]byte, sector), 0); return errno },
			syncs:  func() syscall.Errno { return d.flush(1) },
		}
		fails := func(k kind) int {
			n := 0
			for range 5 {
				if operation[k]() == syscall.EIO {
					n++
				}
			}
			return n
		}
		for k := range operation {
			d.setFault(k, fault{left: 3})
			for other := range operation {
				if n := fails(other); other != k && n != 0 || other == k && n != 3 {
					t.Errorf("3 faults of %v: %v failed %d times", k, other, n)
				}
			}
			d.setFault(k, fault{until: time.Now().Add(100 * time.Millisecond)})
			during := fails(k)
			time.Sleep(100 * time.Millisecond)
			if after := fails(k); during != 5 || after != 0 {
				t.Errorf("for 100 ms: %v failed %d times during and %d after", k, during, after)
			}
		}
	})
}
