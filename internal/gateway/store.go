package gateway

import (
	"context"
	"errors"
	"io"

	"github.com/rs/zerolog"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// keeper returns what gives one board's readings to the queue and tells those
// who wait for one. The board's own goroutine alone calls it.
func (g *Gateway) keeper() func(*reading.Reading) error {
	var record []byte // reused
	return func(r *reading.Reading) error {
		record = reading.AppendRecord(record[:0], *r)
		seq, err := g.deps.Queue.Append(record)
		if err != nil {
			return err
		}
		g.ledger.line('W', seq)
		signal(g.dirty)
		signal(g.wake)
		if g.deps.Stored != nil {
			g.deps.Stored(seq, r)
		}
		return nil
	}
}

// Feed takes one board's line through the gateway's own way from bytes to
// readings until the source ends, and hands the readings to keep instead of a
// queue. framed may be nil; see Deps. It returns the counters, and the error
// of keep or of the source; the end of a recording (io.EOF) is none.
func Feed(ctx context.Context, b Board, now func() reading.Stamp, keep func(*reading.Reading) error, framed func(*frame.Frame)) (BoardStatus, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	in := newIngest(b, now, zerolog.Nop(), func(r *reading.Reading) error {
		err := keep(r)
		if err != nil {
			stop(err) // the source ends with it
		}
		return err
	})
	in.framed = framed
	err := in.run(ctx)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return in.snapshot(), err
}
