package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var (
	cuts      = flag.Int("cuts", 20, "power cuts under the queue")
	blockSize = flag.Int("block", 0, "block size of ext4 under the queue; 0 as mkfs chooses")
	firstSeed = flag.Uint64("seed", 1, "seed of the first cut under the queue")
)

// ledger is what the queue promised, kept outside of the process that dies.
type ledger struct {
	lies   bool              // the disk keeps no promise
	life   map[uint64]uint64 // numbers appended, and in which life
	synced uint64            // all up to here survive
	done   uint64            // acknowledged up to here: free to go
	found  map[uint64]uint64 // in this life

	appends, openings, checked, lost int
}

// hear takes one line of the program.
func (l *ledger) hear(line string) error {
	var what string
	var seq, life uint64
	if n, err := fmt.Sscan(line, &what, &seq, &life); n < 2 {
		return fmt.Errorf("the program said %q: %w", line, err)
	}
	switch what {
	case "R":
		l.found[seq] = life
	case "O":
		return l.compare(seq)
	case "A":
		l.done = max(l.done, seq)
	case "W":
		if _, again := l.life[seq]; again {
			return fmt.Errorf("number %d is given twice", seq)
		}
		l.life[seq] = life
		l.appends++
	case "S":
		l.synced = max(l.synced, seq)
	default:
		return fmt.Errorf("the program said %q", line)
	}
	return nil
}

// compare holds what an opened queue has against what was promised before.
func (l *ledger) compare(next uint64) error {
	l.openings++
	var missing []uint64
	for seq := range l.life {
		if seq <= l.done || seq > l.synced {
			continue
		}
		l.checked++
		if _, ok := l.found[seq]; !ok {
			missing = append(missing, seq)
			delete(l.life, seq) // counted once
		}
	}
	l.lost += len(missing)
	if l.lies { // numbers come again, so nothing older than this life is compared next
		l.done, l.synced, l.life = next-1, next-1, map[uint64]uint64{}
		return nil
	}
	if missing != nil {
		return fmt.Errorf("%d synced records are gone, %d to %d; %d found, acknowledged to %d, synced to %d",
			len(missing), slices.Min(missing), slices.Max(missing), len(l.found), l.done, l.synced)
	}
	for seq, life := range l.found {
		if told, ok := l.life[seq]; ok && life != told {
			return fmt.Errorf("record %d is of life %d, but was appended in life %d", seq, life, told)
		}
	}
	for seq := range l.life { // done with, or lost unsynced: neither comes again
		if _, ok := l.found[seq]; !ok {
			delete(l.life, seq)
		}
	}
	return nil
}

// follow hears all lines of a program.
func (l *ledger) follow(out io.Reader) error {
	var errs []error
	for s := bufio.NewScanner(out); s.Scan(); {
		if err := l.hear(s.Text()); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// live runs the program on the disk until the power goes by the command, then
// kills it and hears all that it had said.
func (l *ledger) live(t *testing.T, r *rig, life uint64, freeze string, wait time.Duration) {
	t.Helper()
	l.found = map[uint64]uint64{}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), queueDir+"="+filepath.Join(r.dir, "store"), fmt.Sprint(queueLife, "=", life))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	heard := make(chan error, 1)
	go func() { heard <- l.follow(out) }() // ends with the program
	select {
	case err := <-heard:
		t.Fatalf("life %d: the program ended by itself: %v", life, errors.Join(err, cmd.Wait()))
	case <-time.After(wait): // the random moment is the subject
	}
	frozen := r.try("%s", freeze)
	killed := cmd.Process.Kill()
	if err := <-heard; err != nil {
		t.Errorf("life %d: %v", life, err)
	}
	_ = cmd.Wait() // killed
	if !frozen.OK || killed != nil && !errors.Is(killed, os.ErrProcessDone) {
		t.Fatalf("life %d: %+v, %v", life, frozen, killed)
	}
}

// cutQueue cuts the power under a running queue again and again.
func cutQueue(t *testing.T, lies bool, args ...string) *ledger {
	t.Helper()
	l := &ledger{lies: lies, life: map[uint64]uint64{}}
	r := newRig(t, append(args, "-block", fmt.Sprint(*blockSize))...)
	modes, unflushed, most := map[string]int{}, 0, int64(0)
	began := time.Now()
	for n := range uint64(*cuts) {
		seed := *firstSeed + n
		rng := rand.New(rand.NewPCG(seed, 4))
		if rng.IntN(2) == 0 {
			l.live(t, r, n+1, "freeze", time.Duration(5+rng.IntN(150))*time.Millisecond)
		} else {
			l.live(t, r, n+1, fmt.Sprint("freeze after ", 1+rng.IntN(100)), 0)
		}
		c := r.do("cut %d", seed)
		modes[c.Mode]++
		most = max(most, c.UnflushedBytes)
		if c.UnflushedBytes > 0 {
			unflushed++
		}
	}
	rate := float64(*cuts) / time.Since(began).Seconds()
	l.live(t, r, uint64(*cuts)+1, "freeze", 2*time.Second) // opens what the last cut left
	t.Logf("%d cuts %v, %d with unflushed writes (%d bytes at most), %.1f cuts/s", *cuts, modes, unflushed, most, rate)
	t.Logf("%d records appended, %d openings held against the ledger, %d times a synced record was looked for, %d lost", l.appends, l.openings, l.checked, l.lost)
	if l.openings < *cuts/2 || l.checked == 0 {
		t.Errorf("%d openings and %d records were compared: too few to say anything", l.openings, l.checked)
	}
	return l
}

// TestQueue_PowerCutsLoseNoSyncedRecord fails on a synced record that is gone,
// a record that is wrong, and a queue that does not open.
func TestQueue_PowerCutsLoseNoSyncedRecord(t *testing.T) {
	if l := cutQueue(t, false); l.lost > 0 {
		t.Errorf("%d synced records are lost", l.lost)
	}
}

// TestQueue_ControlLosesSyncedRecords is the same on a disk that does not flush.
func TestQueue_ControlLosesSyncedRecords(t *testing.T) {
	if l := cutQueue(t, true, "-no-flush"); l.lost == 0 {
		t.Error("the control lost nothing: the test above sees nothing")
	}
}
