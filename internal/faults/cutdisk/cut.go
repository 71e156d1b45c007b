package main

import "math/rand/v2"

// The ways in which a cut treats what was not flushed.
const (
	keepNothing = "nothing"
	keepAll     = "everything"
	keepBlocks  = "blocks"
	keepSectors = "sectors"
	keepPrefix  = "prefix"
)

const (
	block  = 4096
	sector = 512 // what a disk writes whole or not at all
)

// Cut says what a power cut took.
type Cut struct {
	Seed            uint64 `json:"seed"`
	Mode            string `json:"mode"`
	Writes          int64  `json:"writes"`  // since the first mount, as in Stat
	Flushes         int64  `json:"flushes"` // the same
	UnflushedWrites int64  `json:"unflushed_writes"`
	UnflushedBytes  int64  `json:"unflushed_bytes"`
	KeptBytes       int64  `json:"kept_bytes"` // of these
	Held            bool   `json:"held"`       // a process still has the old disk open
	Milliseconds    int64  `json:"ms"`         // from the command to the new mount
}

// cut ends the life of the disk at the end of its log and begins the next one
// with what the seed leaves of it.
func (d *disk) cut(seed uint64) Cut {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.freezeLocked()
	rng := rand.New(rand.NewPCG(seed, 0))
	c := Cut{
		Seed: seed, Mode: d.mode(rng), Writes: d.stat.Writes, Flushes: d.stat.Flushes,
		UnflushedWrites: int64(len(d.pending)), UnflushedBytes: d.pendingBytes,
	}
	keep := d.keeper(c.Mode, rng)
	for i, w := range d.pending {
		c.KeptBytes += keep(i, w)
	}
	for _, w := range d.pending {
		copy(d.now[w.off:w.off+int64(len(w.data))], d.stable[w.off:])
	}
	d.folded += int64(len(d.pending))
	d.pending, d.pendingBytes = nil, 0
	d.begin()
	return c
}

func (d *disk) mode(rng *rand.Rand) string {
	if d.lies { // a random part would break the file system, not age it
		return []string{keepNothing, keepPrefix, keepPrefix}[rng.IntN(3)]
	}
	return []string{keepNothing, keepAll, keepBlocks, keepSectors}[rng.IntN(4)]
}

// keeper returns the function that saves what the mode keeps of entry i, and
// says how many bytes that is. An older write of a block may stay while a newer
// one goes: a disk orders nothing between two flushes.
func (d *disk) keeper(mode string, rng *rand.Rand) func(i int, w write) int64 {
	save := func(w write, from, to int64) int64 {
		copy(d.stable[from:to], w.data[from-w.off:to-w.off])
		return to - from
	}
	switch mode {
	case keepAll:
		return func(_ int, w write) int64 { return save(w, w.off, w.off+int64(len(w.data))) }
	case keepPrefix:
		end := rng.IntN(len(d.pending) + 1)
		return func(i int, w write) int64 {
			if i >= end {
				return 0
			}
			return save(w, w.off, w.off+int64(len(w.data)))
		}
	case keepBlocks, keepSectors:
		unit, odds := int64(block), rng.Float64()
		if mode == keepSectors {
			unit = sector
		}
		return func(_ int, w write) int64 {
			var kept int64
			for from, end := w.off, w.off+int64(len(w.data)); from < end; {
				to := min(end, (from/unit+1)*unit)
				if rng.Float64() < odds {
					kept += save(w, from, to)
				}
				from = to
			}
			return kept
		}
	}
	return func(int, write) int64 { return 0 }
}
