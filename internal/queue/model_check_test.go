package queue

import (
	"fmt"
	"slices"
)

// again opens the disk and takes over what is there: of the records up to must
// each one, of those that were done with perhaps some.
func (c *machine) again(disk *faultFS, must uint64, chance float64) error {
	before, unnoted, fell := c.m, c.q.Stats().InMemory, c.q.Dropped()-c.m.dropped
	c.fs, c.sick = disk, 0
	seen, err := inspect(disk, c.cfg)
	if err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	got, err := drain(c.q)
	if err != nil {
		return err
	}
	have := map[uint64]bool{}
	known := map[uint64]uint64{}
	for _, s := range before.live {
		known[s.seq] = s.k
	}
	for _, s := range got {
		have[s.seq] = true
		k, ok := known[s.seq]
		if !ok {
			k, ok = before.ghost[s.seq]
		}
		if !ok || k != s.k {
			return fmt.Errorf("number %d has record %d, want %d (%v); %v", s.seq, s.k, k, ok, c.q.Recovery())
		}
	}
	// A failing disk may have left more files than max_bytes allows.
	drops := c.q.Dropped() - seen.Dropped
	found := c.q.Stats().DamagedRecords - seen.Damaged // by reading
	if s := c.q.Stats(); seen.Records != s.Records+drops+found || seen.NextSeq > s.NextSeq {
		return fmt.Errorf("Inspect saw %d records of %d and %d dropped, Open %+v", seen.Records, seen.NextSeq, seen.Dropped, s)
	}
	drops += fell // by Close, which may have found no room to note it
	for _, s := range before.live {
		if s.seq <= must && !have[s.seq] {
			if drops > 0 {
				drops--
				continue
			}
			return fmt.Errorf("record %d is gone, must have up to %d, synced to %d: %+v", s.seq, must, before.synced, c.q.Recovery())
		}
	}
	// Only of a file that went without a note, for want of space, is anything
	// found missing: the whole of it, or what was written over.
	if lost := c.q.Recovery().Lost + found; lost > uint64(len(before.ghost))+fell && !c.sparse || chance == 1 && len(c.q.Recovery().SetAside) > 0 && !before.everFailed {
		return fmt.Errorf("%d lost, %d may be: %+v", lost, len(before.ghost), c.q.Recovery())
	}
	if unnoted {
		before.highest = 0 // what only memory knew of may come twice [QUEUE-16]
	}
	c.m = model{live: got, ghost: map[uint64]uint64{}, highest: max(before.highest, c.q.NextSeq()-1), dropped: c.q.Dropped(), damaged: c.q.Stats().DamagedRecords}
	if c.sparse || c.q.Stats().InMemory { // what is done with is not all written down
		for seq, k := range before.ghost {
			if !have[seq] {
				c.m.ghost[seq] = k
			}
		}
	}
	if c.q.Stats().InMemory { // the disk is full
		c.m.failed = true
		c.m.written, c.m.synced = 0, 0
		return nil
	}
	c.m.written, c.m.synced = c.m.highest, c.m.highest // Open has synced them
	return nil
}

// settle takes what was dropped out of the model, and compares: always what the
// queue says of itself, and with all set each record.
func (c *machine) settle(all bool) error {
	s := c.q.Stats()
	if n := s.Dropped - c.m.dropped; n > 0 {
		c.m.dropped = s.Dropped
		if c.m.failed || c.fs.free >= 0 { // from memory, or for want of any space: not the oldest
			all = true
		} else {
			for _, d := range c.m.live[:n] {
				c.m.ghost[d.seq] = d.k
			}
			c.m.live = slices.Delete(c.m.live, 0, int(n))
			n = 0
		}
		if n > 0 {
			if err := c.takeDropped(int(n)); err != nil {
				return err
			}
		}
	}
	oldest := s.NextSeq
	if len(c.m.live) > 0 {
		oldest = c.m.live[0].seq
	}
	if s.Records != uint64(len(c.m.live)) || s.OldestSeq != oldest && len(c.m.live) > 0 || s.DamagedRecords != c.m.damaged {
		return fmt.Errorf("stats %+v; the model has %d from %d", s, len(c.m.live), oldest)
	}
	if c.cfg.Full == dropOldest && !c.m.failed && s.Bytes > c.cfg.MaxBytes+c.cfg.SegmentBytes {
		return fmt.Errorf("%d bytes of %d", s.Bytes, c.cfg.MaxBytes)
	}
	if all {
		got, err := drain(c.q)
		if err != nil || !slices.Equal(got, c.m.live) {
			return fmt.Errorf("stored %v\nmodel  %v: %w", got, c.m.live, err)
		}
	}
	return nil
}

// takeDropped finds which n records have gone.
func (c *machine) takeDropped(n int) error {
	got, err := drain(c.q)
	if err != nil {
		return err
	}
	have := map[uint64]bool{}
	for _, s := range got {
		have[s.seq] = true
	}
	before := len(c.m.live)
	c.m.live = slices.DeleteFunc(c.m.live, func(s stored) bool {
		if !have[s.seq] {
			c.m.ghost[s.seq] = s.k
		}
		return !have[s.seq]
	})
	if gone := before - len(c.m.live); gone != n {
		return fmt.Errorf("%d gone, %d dropped", gone, n)
	}
	return nil
}
