package queue

import (
	"io"
	"math"
	"sync"
)

// Memory is a queue without a disk: the same promises, but for the one that
// matters, because nothing survives the process. All methods may be called
// concurrently.
type Memory struct {
	mu      sync.Mutex
	next    uint64
	pending pending
	count   counters
}

// NewMemory returns an empty queue.
func NewMemory() *Memory { return &Memory{next: 1} }

// AppendAll stores the records under consecutive numbers and returns the first.
func (m *Memory) AppendAll(records [][]byte) (first uint64, stored int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	first = m.next
	for _, record := range records {
		m.pending.push(m.next, record)
		m.next++
		m.count.appended++
		m.count.bytes += uint64(frameBytes(record))
	}
	return first, len(records), nil
}

// Read returns the first stored, unacknowledged record whose number is at
// least from, or io.EOF when there is none yet.
func (m *Memory) Read(from uint64) (seq uint64, record []byte, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.pending.entries[m.pending.at(from):] {
		if e.record != nil {
			return e.seq, e.record, nil
		}
	}
	return 0, nil, io.EOF
}

// Ack removes records.
func (m *Memory) Ack(seqs ...uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range seqs {
		before := m.pending.live
		m.pending.remove(n, n+1)
		m.count.acked += uint64(before - m.pending.live)
	}
}

// Clear removes all records up to a number and returns how many there were.
func (m *Memory) Clear(last uint64) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.pending.live
	m.pending.remove(0, min(last, m.next-1)+1)
	n := uint64(before - m.pending.live)
	m.count.cleared += n
	return n
}

// Room is that of the machine's memory, which is not asked for.
func (*Memory) Room() int64 { return math.MaxInt64 }

// NextSeq returns the number that the next record will get.
func (m *Memory) NextSeq() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.next
}

// Sync has nothing to do.
func (m *Memory) Sync() (uint64, error) { return 0, nil }

// Stats is the queue in numbers.
func (m *Memory) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Stats{
		Records: uint64(m.pending.live), OldestSeq: m.pending.first(m.next), NewestSeq: m.pending.last(), NextSeq: m.next,
		Appended: m.count.appended, AppendedBytes: m.count.bytes, Acked: m.count.acked, Cleared: m.count.cleared,
		PendingBytes: m.pending.bytes, InMemory: true,
	}
}

// Recovery is that of a new store.
func (*Memory) Recovery() Recovery { return Recovery{Clean: true} }

// Close forgets everything.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending = pending{}
	return nil
}
