// Package queue keeps opaque records on disk until somebody acknowledges
// them, through kill -9, power cuts, damaged files and full disks.
//
//	Append ──▶ write(2) ──▶ tail segment ─ ─ fdatasync by Sync ─ ─▶ survives a power cut
//	   │                    (survives kill -9)
//	   └──▶ pending (RAM) until synced: Read takes it from here first
//
//	dir/serialgw.lock                      one owner
//	dir/queue/0000000000000007.seg         [header][state][record][record]...   full
//	dir/queue/0000000000000008.seg         [header][state][record][state]...    the tail
//	                                               │                 └ numbers acknowledged since
//	                                               └ all numbers done with, all segments
//
// Records have numbers from 1 that never repeat. A number is stored, or done
// with: acknowledged, cleared, dropped for want of room, or lost to damage, and
// counted as such. A file whose numbers are all done with is deleted. The page
// docs/queue.md has the format byte by byte and says what each crash leaves.
package queue

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
)

const (
	// maxPending is the memory for records that no sync has covered: when it
	// is full Append syncs, and without a working disk it is all there is.
	maxPending = 4 << 20
	// minSegment keeps a record, a full state and some room together.
	minSegment  = 4 << 10
	minSegments = 8
	maxSetAside = 8 // damaged files kept for a person to look at
	// maxCarried spans of acknowledgements always fit into the reserve.
	maxCarried = 8
)

// Errors of Append and Sync; the causes they wrap come from the disk.
var (
	ErrFull   = errors.New("the queue is full")
	ErrClosed = errors.New("the queue is closed")
	ErrSize   = errors.New("record length out of range")
)

// Options are for tests; the zero value is right.
type Options struct {
	FS FS // nil: the real file system
}

// Queue is the open store. All methods may be called concurrently.
type Queue struct {
	cfg      Config
	fs       FS
	dir      string // of the segments
	lock     interface{ Close() error }
	recovery Recovery
	reserve  int64 // cfg.reserve()
	limit    int64 // bytes of pending

	turn sync.Mutex // one AppendAll at a time, also while it waits for the disk; before mu

	mu       sync.Mutex
	idle     sync.Cond // syncing became false
	syncing  bool      // a sync runs without mu; only one may
	closed   bool
	done     bool // Close has finished: nothing is open any more
	toSync   bool // something was cleared, and no sync has covered that
	emptied  bool // some segment may be without a live record
	inMemory bool // pending holds records that no file has
	overflow bool // and has dropped some of them

	segs    []*segment // oldest first
	tail    *segment   // the last of segs, or nil before the first
	spare   *segment   // an emptied file for the next one, not in segs, or nil
	nextID  uint64
	next    uint64 // the next record's number
	synced  uint64 // all numbers below survive a power cut, or are done with
	gone    set    // numbers done with; begins with {0, floor}
	fresh   set    // those of gone that no state frame has said yet
	pending pending
	readers readers
	count   counters
	batch   []byte // frames under construction; its memory is reused
	carried bool   // they begin with the latest acknowledgements
}

// Check says what is wrong with the settings, or nil.
func (c Config) Check() error {
	switch {
	case c.SegmentBytes < minSegment:
		return fmt.Errorf("segment_bytes = %d: at least %d", c.SegmentBytes, minSegment)
	case c.MaxBytes/minSegments < c.SegmentBytes:
		return fmt.Errorf("max_bytes = %d: at least %d times segment_bytes (%d)", c.MaxBytes, minSegments, c.SegmentBytes)
	case c.KeepFree < 0:
		return fmt.Errorf("keep_free = %d: not below 0", c.KeepFree)
	case c.Full != "drop-oldest" && c.Full != "refuse-newest":
		return fmt.Errorf("full = %q: \"drop-oldest\" or \"refuse-newest\"", c.Full)
	}
	return nil
}

// Open takes the queue in cfg.Dir for this process. Damage is no error: it is
// set aside, counted and told by Recovery. A disk that refuses writes is none
// either: Stats.InMemory. Errors are settings out of range, a directory that
// cannot be made or listed, ErrLocked and ErrVersion.
func Open(cfg Config, opts Options) (*Queue, error) {
	if err := cfg.Check(); err != nil {
		return nil, fmt.Errorf("cannot open the queue: %w", err)
	}
	q := &Queue{cfg: cfg, fs: opts.FS, dir: filepath.Join(cfg.Dir, "queue")}
	if q.fs == nil {
		q.fs = osFS{}
	}
	q.idle.L = &q.mu
	q.reserve = cfg.reserve()
	q.limit = min(maxPending, cfg.SegmentBytes)
	if err := q.fs.MkdirAll(q.dir); err != nil {
		return nil, fmt.Errorf("cannot open the queue: %w", err)
	}
	lock, err := q.fs.Lock(filepath.Join(cfg.Dir, lockName))
	if err != nil {
		return nil, fmt.Errorf("cannot open the queue: %w", err)
	}
	q.lock = lock
	img, err := load(q.fs, q.dir)
	if err != nil {
		_ = lock.Close()
		return nil, err
	}
	q.adopt(img)
	return q, nil
}

// Ack says that records are done with; unknown and repeated numbers are
// ignored. It only notes it: the next Append or Sync writes it down, and a
// crash before that brings the records back.
func (q *Queue) Ack(seqs ...uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, n := range seqs {
		if n < q.next {
			q.count.acked += q.finish(n, n+1)
		}
	}
}

// Clear says that all records up to a number are done with, and returns how
// many there were. It only notes it, as Ack does; the next Sync makes it survive
// a power cut.
func (q *Queue) Clear(last uint64) uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.finish(0, min(last, q.next-1)+1)
	q.count.cleared += n
	q.toSync = q.toSync || n > 0
	return n
}

// finish puts numbers among those done with and returns how many were not.
func (q *Queue) finish(from, to uint64) uint64 {
	n := q.gone.add(from, to)
	if n == 0 {
		return 0
	}
	q.fresh.add(from, to)
	q.pending.remove(from, to)
	for i := q.segmentAfter(from); !q.emptied && i < len(q.segs) && q.segs[i].first < to; i++ {
		q.emptied = q.segs[i].live(&q.gone, q.next) == 0
	}
	return n
}

// Sync makes every unacknowledged record appended before the call survive a
// power cut, and returns the highest number for which that is true. When all
// records since the last sync were acknowledged it writes down at most that;
// when nothing happened it does nothing at all. An error means that records
// are not safe yet; they stay in memory and the next Sync tries again. Call
// it every sync interval: acknowledged segments are deleted by it.
func (q *Queue) Sync() (uint64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0, ErrClosed
	}
	if err := q.syncAll(); err != nil {
		return q.safe(), fmt.Errorf("cannot sync the queue: %w", err)
	}
	return q.safe(), nil
}

// safe returns the number up to which everything survives or is done with.
func (q *Queue) safe() uint64 { return q.pending.first(q.next) - 1 }

func (q *Queue) syncAll() error {
	if q.pending.live > 0 || q.inMemory || q.toSync {
		return q.flush()
	}
	if len(q.fresh.spans) == 0 {
		return nil
	}
	if err := q.writeState(); err != nil || len(q.reapable()) > 0 {
		return q.flush() // a file may go only when its end is on disk [QUEUE-13]
	}
	return nil
}

// Unsynced reports whether a power cut now would lose a record. Sync also has
// work without that: acknowledgements to write down.
func (q *Queue) Unsynced() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pending.live > 0
}

// Close writes down and syncs everything and gives the lock back. It may be
// called again. What it could not write is lost; the error says so.
func (q *Queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil
	}
	q.closed = true
	err := q.flushClosed()
	q.done = true
	q.readers.close()
	for _, s := range q.segs {
		s.close()
	}
	if lerr := q.lock.Close(); err == nil && lerr != nil {
		err = lerr
	}
	if err != nil {
		return fmt.Errorf("cannot close the queue: %w", err)
	}
	return nil
}

// Recovery returns what Open found.
func (q *Queue) Recovery() Recovery { return q.recovery }
