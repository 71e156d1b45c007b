package queue

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// model is a queue as a plain list, and what a crash may do to it.
type model struct {
	live  []stored
	ghost map[uint64]uint64 // done with, but a crash may bring them back: number -> k
	// synced is the highest number that survives a power cut, written the highest
	// that survives kill -9.
	synced, written uint64
	highest         uint64
	dropped         uint64
	damaged         uint64
	failed          bool // a call has failed since all was written and synced
	everFailed      bool // or since Open
}

// machine drives a queue and its model through one random life.
type machine struct {
	rng  *rand.Rand
	fs   *faultFS
	cfg  Config
	q    *Queue
	m    model
	k    uint64
	sick int // one call in so many fails; 0: none
	// sparse lets acknowledgements leave more gaps than one state can tell of:
	// then a crash may bring any of them back.
	sparse bool
	ops    map[string]int

	renames           int
	lazySync, lazyDir bool // sabotage
}

func newMachine(seed uint64) *machine {
	rng := rand.New(rand.NewPCG(seed, 11))
	c := &machine{rng: rng, fs: newFaultFS(), cfg: small(testDir), ops: map[string]int{}}
	c.cfg.SegmentBytes = []int64{4 << 10, 4 << 10, 8 << 10, 32 << 10}[rng.IntN(4)]
	c.cfg.MaxBytes = c.cfg.SegmentBytes * int64(8+rng.IntN(8))
	if rng.IntN(3) == 0 {
		c.cfg.Full = "refuse-newest"
	}
	if rng.IntN(3) == 0 {
		c.cfg.KeepFree, c.fs.free = 4*c.cfg.SegmentBytes, 16*c.cfg.SegmentBytes
	}
	c.m.ghost, c.sparse = map[uint64]uint64{}, seed%8 == 0
	return c
}

// open opens the disk, whose calls fail with the chance of the time.
func (c *machine) open() error {
	c.fs.lazySync, c.fs.lazyDir = c.lazySync, c.lazyDir
	c.fs.fail = func(op, _ string) error {
		if c.sick == 0 || op == "read" || op == "open" || c.rng.IntN(c.sick) > 0 {
			return nil
		}
		c.m.failed, c.m.everFailed = true, true
		return []error{unix.EIO, unix.ENOSPC}[c.rng.IntN(2)]
	}
	var err error
	c.q, err = Open(c.cfg, Options{FS: c.fs})
	if err != nil {
		return fmt.Errorf("refused to open: %w", err)
	}
	return nil
}

// step does one operation.
func (c *machine) step() error {
	at := c.rng.IntN(100)
	for _, op := range []struct {
		name   string
		weight int
		do     func() error
	}{
		{"append", 30, func() error { return c.append(1) }},
		{"appendall", 12, func() error { return c.append(1 + c.rng.IntN(30)) }},
		{"ack", 26, c.ack},
		{"sync", 16, c.sync},
		{"read", 6, c.read},
		{"clear", 1, c.clear},
		{"sicken", 1, func() error { c.sick = []int{0, 0, 0, 3, 20}[c.rng.IntN(5)]; return nil }},
		{"fill", 1, c.fill},
		{"reopen", 2, c.reopen},
		{"kill", 2, func() error { return c.crash(1) }},
		{"cut", 3, func() error { return c.crash([]float64{0, 0.5, 1}[c.rng.IntN(3)]) }},
	} {
		if at < op.weight {
			c.ops[op.name]++
			if err := op.do(); err != nil {
				return fmt.Errorf("%s: %w", op.name, err)
			}
			return c.settle(c.rng.IntN(6) == 0)
		}
		at -= op.weight
	}
	return errors.New("the weights are not 100")
}

func (c *machine) append(n int) error {
	first, n, err := c.q.AppendAll(burst(c.k+1, n))
	if err != nil && !errors.Is(err, ErrFull) {
		return err
	}
	if n > 0 && first <= c.m.highest {
		return fmt.Errorf("number %d after %d", first, c.m.highest)
	}
	for i := range uint64(n) {
		c.k++
		c.m.highest = first + i
		c.m.live = append(c.m.live, stored{first + i, c.k})
	}
	if !c.q.Stats().InMemory {
		c.m.written = c.m.highest
	}
	return nil
}

func (c *machine) ack() error {
	for range min(len(c.m.live), 1+c.rng.IntN(20)) {
		i := min(c.rng.IntN(len(c.m.live)), c.rng.IntN(len(c.m.live)), c.rng.IntN(len(c.m.live)))
		if !c.sparse && len(c.q.gone.spans) >= c.q.maxSpans() {
			i = 0 // so that a state always has all of them
		}
		s := c.m.live[i]
		c.q.Ack(s.seq, 0, s.seq, 1<<50)
		c.m.ghost[s.seq] = s.k
		c.m.live = slices.Delete(c.m.live, i, i+1)
	}
	return nil
}

func (c *machine) clear() error {
	if len(c.m.live) == 0 {
		return nil
	}
	i := c.rng.IntN(len(c.m.live))
	last := c.m.live[i].seq
	if n := c.q.Clear(last); n != uint64(i+1) {
		return fmt.Errorf("%d cleared, want %d", n, i+1)
	}
	for _, s := range c.m.live[:i+1] {
		c.m.ghost[s.seq] = s.k
	}
	c.m.live = slices.Delete(c.m.live, 0, i+1)
	return nil
}

// sync must succeed on a disk that is well, and says what is safe from then on.
func (c *machine) sync() error {
	flushes := c.q.Unsynced() || c.q.Stats().InMemory || c.q.toSync
	safe, err := c.q.Sync()
	if err != nil {
		if c.sick == 0 && c.fs.free < 0 {
			return err
		}
		c.m.synced = max(c.m.synced, safe)
		return nil
	}
	if safe < c.m.highest {
		return fmt.Errorf("safe up to %d of %d", safe, c.m.highest)
	}
	c.m.synced, c.m.written = safe, safe
	if flushes { // each acknowledgement was written down with it
		c.lay()
		c.m.failed = c.sick > 0
	}
	return nil
}

// lay forgets those that no crash brings back any more.
func (c *machine) lay() {
	if !c.sparse {
		clear(c.m.ghost)
	}
}

func (c *machine) read() error {
	from := uint64(c.rng.Int64N(int64(c.m.highest) + 2))
	seq, record, err := c.q.Read(from)
	if i := slices.IndexFunc(c.m.live, func(s stored) bool { return s.seq >= from }); i < 0 && err == nil || i >= 0 && (err != nil || seq < from) {
		return fmt.Errorf("Read(%d) = %d, %d bytes, %w", from, seq, len(record), err)
	}
	return nil
}

// fill gives others a part of the disk, or takes it from them.
func (c *machine) fill() error {
	switch c.rng.IntN(3) {
	case 0:
		c.fs.free = c.fs.used() + c.rng.Int64N(4*c.cfg.SegmentBytes)
	case 1:
		c.fs.free = c.fs.used() + 64*c.cfg.SegmentBytes
	default:
		c.fs.free = -1
	}
	return nil
}

// reopen ends in order. What could not be written is lost, and Close says so.
func (c *machine) reopen() error {
	err := c.q.Close()
	if err != nil && c.sick == 0 && c.fs.free < 0 {
		return err
	}
	must := c.m.highest
	if err == nil {
		c.lay()
	} else {
		must = c.m.synced
	}
	return c.again(c.fs.crash(1, nil), must, 1)
}

// crash kills the process, or cuts the power.
func (c *machine) crash(chance float64) error {
	must := c.m.synced
	if chance == 1 && !c.m.failed {
		must = max(must, c.m.written)
	}
	return c.again(c.fs.crash(chance, c.rng), must, chance)
}

// TestModel_EqualThroughout runs random lives: appends, acknowledgements in any
// order, syncs, drops, full and failing disks, restarts, kills and power cuts.
func TestModel_EqualThroughout(t *testing.T) {
	lives, steps := 40, 500
	if *campaign {
		lives, steps = 1000, 1000
	}
	ops, renames := map[string]int{}, 0
	for seed := range uint64(lives) {
		c := newMachine(seed)
		if n, err := c.live(steps); err != nil {
			t.Errorf("seed %d, step %d: %v", seed, n, err)
		}
		for name, n := range c.ops {
			ops[name] += n
		}
		renames += c.renames
	}
	t.Logf("%d operations: %v; %d files were taken again", lives*steps, ops, renames)
	if renames < lives {
		t.Error("too few files were taken again for this to prove anything")
	}
}

// TestModel_SeesWhatIsLeftOut is the control: without one of the two kinds of
// sync the model must find a loss.
func TestModel_SeesWhatIsLeftOut(t *testing.T) {
	for _, lazyDir := range []bool{false, true} {
		found := 0
		for seed := range uint64(10) {
			c := newMachine(seed)
			c.lazySync, c.lazyDir = !lazyDir, lazyDir
			if _, err := c.live(500); err != nil {
				found++
			}
		}
		if found < 8 {
			t.Errorf("directory: %v: a loss in %d of 10 lives", lazyDir, found)
		}
	}
}

// live does so many steps, or ends with the one that went wrong.
func (c *machine) live(steps int) (int, error) {
	if err := c.open(); err != nil {
		return 0, err
	}
	for n := range steps {
		disk, before := c.fs, c.fs.ops["rename"]
		if err := c.step(); err != nil {
			return n, err
		}
		c.renames += disk.ops["rename"] - before
	}
	return steps, nil
}
