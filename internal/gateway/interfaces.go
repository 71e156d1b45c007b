package gateway

import (
	"context"
	"time"

	"serialgw/internal/reading"
)

// Source is a board's port. It reopens by itself, for ever.
type Source interface {
	// Next returns the next bytes, or an empty chunk when none came within
	// wait (0 = wait for ever). The bytes are valid until the next call. An
	// error means that ctx ended.
	Next(ctx context.Context, wait time.Duration) (reading.Chunk, error)
	// Reopen closes the port and opens it again, because of reason. Without
	// one that is no news.
	Reopen(reason string)
}

// Queue is the durable store between board and cloud.
type Queue interface {
	// AppendAll stores records under consecutive numbers, whoever else appends
	// meanwhile; the first of them is returned. nil promises that the kernel has
	// them all: they survive kill -9, and a power cut once Sync has covered their
	// numbers. With an error that holds for the first so many, and the one behind
	// them is lost.
	AppendAll(records [][]byte) (first uint64, stored int, err error)
	// Read returns the first stored, unacknowledged record whose number is at
	// least from, or io.EOF when there is none yet. Any other error says that it
	// is there and cannot be read now. The bytes must not be changed; they stay
	// as they are.
	Read(from uint64) (seq uint64, record []byte, err error)
	// Ack removes records. It never fails: what cannot be written now is
	// written later, and a crash before that repeats a post, no more.
	Ack(seqs ...uint64)
	// NextSeq returns the number that the next record will get.
	NextSeq() uint64
	// Sync makes every unacknowledged record appended so far survive a power
	// cut, and returns the highest number that does. Nothing to do costs
	// nothing.
	Sync() (synced uint64, err error)
}

// Publisher is the cloud side. Post and Outcomes may be used from the moment
// Run is called.
type Publisher interface {
	// Run connects, and connects again, until ctx ends; it returns when its
	// goroutines have.
	Run(ctx context.Context) error
	// Post hands the entries over as one message, which may wait for others
	// until Flush. nil promises exactly one Outcome for it, and at most one late
	// Confirmed after a Lost. It keeps nothing of the entries.
	Post(entries []reading.Entry) (post uint64, err error)
	// Flush sends the messages that wait.
	Flush()
	// Outcomes delivers verdicts and changes of the link.
	Outcomes() <-chan reading.Outcome
}
