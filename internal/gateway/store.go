package gateway

import (
	"context"
	"errors"
	"io"

	"github.com/rs/zerolog"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// keeper takes the readings of one board. What one read of the port gave is
// committed together.
type keeper interface {
	keep(r *reading.Reading)
	// full reports whether so much is kept that it must be committed now.
	full() bool
	// commit makes what was kept since the last call last. It returns how much
	// of it does and how much is lost, with the error of the first of that.
	commit() (stored, lost int, err error)
}

// commitMost is how many bytes of records wait for the end of a read at most.
const commitMost = 64 << 10

// recorder gives readings to the queue and tells those who wait for one.
type recorder struct {
	g       *Gateway
	records []byte   // one behind the other
	ends    []int    // of each in records
	list    [][]byte // scratch
}

func (k *recorder) keep(r *reading.Reading) {
	k.records = reading.AppendRecord(k.records, *r)
	k.ends = append(k.ends, len(k.records))
	if k.g.deps.Kept != nil {
		k.g.deps.Kept(r)
	}
}

func (k *recorder) full() bool { return len(k.records) > commitMost }

func (k *recorder) commit() (stored, lost int, err error) {
	if len(k.ends) == 0 {
		return 0, 0, nil
	}
	k.list = k.list[:0]
	start := 0
	for _, end := range k.ends {
		k.list = append(k.list, k.records[start:end])
		start = end
	}
	for rest := k.list; len(rest) > 0; {
		first, n, e := k.g.deps.Queue.AppendAll(rest)
		k.tell(first, n)
		stored += n
		if e == nil {
			break
		}
		if err == nil {
			err = e
		}
		lost++
		if k.g.deps.Stored != nil {
			k.g.deps.Stored(0, 1)
		}
		rest = rest[n+1:] // the next one may be smaller, or find room
	}
	k.records, k.ends = k.records[:0], k.ends[:0]
	return stored, lost, err
}

func (k *recorder) tell(first uint64, n int) {
	if n == 0 {
		return
	}
	for i := range uint64(n) {
		k.g.ledger.line('W', first+i)
	}
	if k.g.deps.Stored != nil {
		k.g.deps.Stored(first, n)
	}
	signal(k.g.dirty)
	signal(k.g.wake)
}

// feeder hands readings to a function instead of a queue.
type feeder struct {
	take func(*reading.Reading) error
	stop context.CancelCauseFunc // ends the source after an error of take

	stored, lost int
	err          error
}

func (k *feeder) keep(r *reading.Reading) {
	if k.err == nil {
		k.err = k.take(r)
	}
	if k.err == nil {
		k.stored++
		return
	}
	k.lost++
	k.stop(k.err)
}

func (k *feeder) full() bool { return false }

func (k *feeder) commit() (stored, lost int, err error) {
	stored, lost, k.stored, k.lost = k.stored, k.lost, 0, 0
	return stored, lost, k.err
}

// Feed takes one board's line through the gateway's own way from bytes to
// readings until the source ends, and hands the readings to keep instead of a
// queue. framed may be nil; see Deps. It returns the counters, and the error
// of keep or of the source; the end of a recording (io.EOF) is none.
func Feed(ctx context.Context, b Board, now func() reading.Stamp, keep func(*reading.Reading) error, framed func(*frame.Frame)) (BoardStatus, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	k := &feeder{take: keep, stop: stop}
	in := newIngest(b, now, zerolog.Nop(), k)
	in.framed = framed
	err := in.run(ctx)
	if k.err != nil {
		err = k.err
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return in.snapshot(), err
}
