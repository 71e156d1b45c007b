package queue

import (
	"slices"
	"sort"
)

// pending keeps the records that no sync has covered yet, in RAM, so that
// they can be written again to another file, and be read without the disk.
type pending struct {
	entries []entry // by number; an acknowledged one has no record
	bytes   int64   // of all frames still needed
	live    int
	slab    []byte // room for further records
}

// slabBytes is how much memory is taken at once. A slab is never written again
// where a record stands, and goes when the last of its records is forgotten: a
// record that was handed out stays as it is.
const slabBytes = 16 << 10

type entry struct {
	seq    uint64
	record []byte
}

func frameBytes(record []byte) int64 { return frameHeader + int64(len(record)) }

func (p *pending) push(seq uint64, record []byte) {
	if cap(p.slab)-len(p.slab) < len(record) {
		p.slab = make([]byte, 0, max(slabBytes, len(record)))
	}
	start := len(p.slab)
	p.slab = append(p.slab, record...)
	p.entries = append(p.entries, entry{seq, p.slab[start:len(p.slab):len(p.slab)]})
	p.bytes += frameBytes(record)
	p.live++
}

// at returns the index of the first entry >= seq.
func (p *pending) at(seq uint64) int {
	return sort.Search(len(p.entries), func(i int) bool { return p.entries[i].seq >= seq })
}

func (p *pending) get(seq uint64) ([]byte, bool) {
	i := p.at(seq)
	if i == len(p.entries) || p.entries[i].seq != seq {
		return nil, false
	}
	return p.entries[i].record, p.entries[i].record != nil
}

// remove forgets the records of [from, to).
func (p *pending) remove(from, to uint64) {
	for i := p.at(from); i < len(p.entries) && p.entries[i].seq < to; i++ {
		p.drop(i)
	}
	p.trim()
}

func (p *pending) drop(i int) {
	if e := &p.entries[i]; e.record != nil {
		p.bytes -= frameBytes(e.record)
		p.live--
		e.record = nil
	}
}

// trim lets go of what is done with at the front.
func (p *pending) trim() {
	n := 0
	for n < len(p.entries) && p.entries[n].record == nil {
		n++
	}
	if n == len(p.entries) {
		p.entries = p.entries[:0] // the same memory from its beginning
		return
	}
	p.entries = p.entries[n:]
}

// last returns the largest number still pending, or 0.
func (p *pending) last() uint64 {
	for _, e := range slices.Backward(p.entries) {
		if e.record != nil {
			return e.seq
		}
	}
	return 0
}

// first returns the smallest number still pending, or none.
func (p *pending) first(none uint64) uint64 {
	if len(p.entries) == 0 {
		return none
	}
	return p.entries[0].seq
}
