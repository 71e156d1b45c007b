package queue

import "fmt"

// Append stores one record of 1 to MaxRecord bytes (a quarter of the segment
// size where that is less) and returns its number. nil promises that the
// kernel has it: it survives kill -9, and a power cut once Sync has returned
// its number or a higher one. The exception is a disk that refuses writes:
// then Stats.InMemory is true, the newest records up to 4 MiB are kept in
// memory, and nil promises no more than that.
func (q *Queue) Append(record []byte) (uint64, error) {
	one := [1][]byte{record}
	seq, _, err := q.AppendAll(one[:])
	return seq, err
}

// AppendAll is Append for several records, which reach the kernel by one write
// where they can. Their numbers are consecutive, whoever else appends meanwhile.
// It returns the first one, and how many records were stored: all, or those
// before the one that the error is about.
func (q *Queue) AppendAll(records [][]byte) (first uint64, stored int, err error) {
	q.turn.Lock()
	defer q.turn.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.batch[:0]
	for _, record := range records {
		n := frameBytes(record)
		if most := min(MaxRecord, q.cfg.SegmentBytes/4); len(record) == 0 || int64(len(record)) > most {
			err = fmt.Errorf("cannot store a record of %d bytes, 1 to %d: %w", len(record), most, ErrSize)
			break
		}
		if !q.hasRoom(int64(len(b)), n) {
			b = q.write(b)
			if err = q.makeRoom(n); err != nil {
				err = fmt.Errorf("cannot append: %w", err)
				break
			}
		}
		seq := q.next
		if q.next++; stored == 0 {
			first = seq
		}
		stored++
		q.pending.push(seq, record)
		q.count.appended++
		q.count.bytes += uint64(n)
		if !q.inMemory {
			b = q.frame(b, seq, record)
		}
	}
	q.batch = q.write(b)
	return first, stored, err
}

// frame appends the record's frame to what is to be written; the latest
// acknowledgements go in front.
func (q *Queue) frame(b []byte, seq uint64, record []byte) []byte {
	if len(b) == 0 && len(q.fresh.spans) > 0 && len(q.fresh.spans) <= maxCarried {
		b = q.stateFrame(b)
		q.carried = true
	}
	return appendFrame(b, q.tail.seed, frameRecord, seq, record)
}

// write gives frames to the kernel and returns their memory, empty. When the
// disk refuses, it moves to a new file at once.
func (q *Queue) write(b []byte) []byte {
	carried := q.carried
	q.carried = false
	if len(b) == 0 {
		return b
	}
	if err := q.tail.write(b); err != nil {
		q.count.writeErrors++
		q.fail(q.tail)
		_ = q.resume() // if not now, Sync tries again; pending has the records
	} else if carried {
		q.noted()
	}
	return b[:0]
}
