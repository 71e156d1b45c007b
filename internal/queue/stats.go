package queue

// counters are guarded by Queue.mu.
type counters struct {
	appended, acked         uint64 // by this process
	bytes                   uint64 // of the frames appended
	dropped, damaged        uint64 // ever
	cleared                 uint64 // ever
	episodes                uint64 // ever
	writeErrors, syncErrors uint64
	readErrors              uint64
}

// Stats is the queue in numbers.
type Stats struct {
	Records   uint64 `json:"records"`    // stored and not acknowledged
	Bytes     int64  `json:"bytes"`      // of all segment files, with the room reserved in them
	Segments  int    `json:"segments"`   // files, the spare one among them
	OldestSeq uint64 `json:"oldest_seq"` // smallest number stored; NextSeq when empty
	NewestSeq uint64 `json:"newest_seq"` // largest number stored; 0 when empty
	NextSeq   uint64 `json:"next_seq"`   // the next record's number

	Appended, Acked uint64 // records since Open
	AppendedBytes   uint64 `json:"appended_bytes"` // of their frames
	// Cleared, Dropped, DropEpisodes and DamagedRecords count since the store began.
	Cleared        uint64 `json:"cleared"`         // records that Clear took out
	Dropped        uint64 `json:"dropped"`         // records dropped for want of room
	DropEpisodes   uint64 `json:"drop_episodes"`   // how often that happened
	DamagedRecords uint64 `json:"damaged_records"` // records lost to damage

	WriteErrors, SyncErrors, ReadErrors uint64 // since Open

	PendingBytes int64 `json:"pending_bytes"` // in memory, not yet synced
	InMemory     bool  `json:"in_memory"`     // the disk refuses: PendingBytes is all there is of the newest
}

// Stats costs no system call.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.count
	s := Stats{
		Records:  q.next - q.gone.count(0, q.next),
		Segments: len(q.segs), OldestSeq: q.gone.spans[0].to, NewestSeq: q.gone.prev(q.next), NextSeq: q.next,
		Appended: c.appended, AppendedBytes: c.bytes, Acked: c.acked, Cleared: c.cleared,
		Dropped: c.dropped, DropEpisodes: c.episodes, DamagedRecords: c.damaged,
		WriteErrors: c.writeErrors, SyncErrors: c.syncErrors, ReadErrors: c.readErrors,
		PendingBytes: q.pending.bytes, InMemory: q.inMemory,
	}
	for _, f := range q.segs {
		s.Bytes += f.size
	}
	if q.spare != nil {
		s.Segments++
		s.Bytes += q.spare.size
	}
	return s
}

// Dropped returns how many records were ever dropped for want of room.
func (q *Queue) Dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count.dropped
}

// NextSeq returns the number that the next record will get.
func (q *Queue) NextSeq() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.next
}
