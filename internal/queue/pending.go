package queue

import (
	"slices"
	"sort"
)

// pending keeps the records that no sync has covered yet, in RAM, so that
// they can be written again to another file, and be read without the disk.
//
//	slabs    [a b c d][e f g h][i j · · ]   the last has room for further ones
//	entries   a · · d  · · · ·  i j         · = done with
//
// A slab goes when all up to its last record is done with. One record keeps the
// whole of it and of those behind it, so that where little of them is needed the
// rest is copied out.
type pending struct {
	entries []entry // by number; one that is done with has no record
	bytes   int64   // of all frames still needed
	live    int
	room    []byte // the last slab, as far as it is full
	slabs   []slab // oldest first
	held    int64  // bytes of all slabs
}

// slab is memory for records. It is never written again where one stands: a
// record that was handed out stays as it is.
type slab struct {
	first uint64 // number of the first record in it
	size  int64
}

const (
	// slabBytes is how much memory is taken at once.
	slabBytes = 16 << 10
	// idleBytes and idleEntries of memory not needed are always borne with, and
	// beyond them as much as is needed.
	idleBytes   = 64 << 10
	idleEntries = 1 << 10
)

type entry struct {
	seq    uint64
	record []byte
}

func frameBytes(record []byte) int64 { return frameHeader + int64(len(record)) }

func (p *pending) push(seq uint64, record []byte) {
	if cap(p.room)-len(p.room) < len(record) {
		p.newSlab(seq, max(slabBytes, len(record)))
	}
	start := len(p.room)
	p.room = append(p.room, record...)
	p.entries = append(p.entries, entry{seq, p.room[start:len(p.room):len(p.room)]})
	p.bytes += frameBytes(record)
	p.live++
}

func (p *pending) newSlab(seq uint64, size int) {
	p.room = make([]byte, 0, size)
	p.slabs = append(p.slabs, slab{seq, int64(size)})
	p.held += int64(size)
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

// trim lets go of what is done with: at the front at once, and further behind
// when there is much of it.
func (p *pending) trim() {
	n := 0
	for n < len(p.entries) && p.entries[n].record == nil {
		n++
	}
	if n == len(p.entries) {
		p.entries = p.entries[:0] // the same memory from its beginning
		p.free(len(p.slabs) - 1)
		return
	}
	p.entries = p.entries[n:]
	n = 0
	for n+1 < len(p.slabs) && p.slabs[n+1].first <= p.entries[0].seq {
		n++
	}
	p.free(n)
	if p.held > 2*p.bytes+idleBytes || len(p.entries) > 2*p.live+idleEntries {
		p.compact()
	}
}

// free lets go of the first n slabs.
func (p *pending) free(n int) {
	if n <= 0 {
		return
	}
	for _, b := range p.slabs[:n] {
		p.held -= b.size
	}
	p.slabs = slices.Delete(p.slabs, 0, n)
}

// compact copies what is needed into new memory, one record behind the other.
func (p *pending) compact() {
	old := p.entries
	*p = pending{entries: make([]entry, 0, p.live+idleEntries)}
	for _, e := range old {
		if e.record != nil {
			p.push(e.seq, e.record)
		}
	}
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
