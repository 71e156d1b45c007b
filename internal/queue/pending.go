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
}

type entry struct {
	seq    uint64
	record []byte
}

func frameBytes(record []byte) int64 { return frameHeader + int64(len(record)) }

func (p *pending) push(seq uint64, record []byte) {
	p.entries = append(p.entries, entry{seq, slices.Clone(record)})
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
	p.entries = p.entries[n:]
	if len(p.entries) == 0 {
		p.entries = nil
	}
}

// first returns the smallest number still pending, or none.
func (p *pending) first(none uint64) uint64 {
	if len(p.entries) == 0 {
		return none
	}
	return p.entries[0].seq
}
