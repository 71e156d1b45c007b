package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"serialgw/internal/gateway"
	"serialgw/internal/queue"
	"serialgw/internal/reading"
)

const (
	// intakeStep is the distance between two looks at what has come in.
	intakeStep = 10 * time.Second
	// endsMost is how often the ends of a queue that moves are looked for.
	endsMost = 8
)

// intake measures how fast the queue is filled, over the last rateOver.
type intake struct {
	mu    sync.Mutex
	looks []look // oldest first
}

type look struct {
	at    time.Time
	bytes uint64 // that had come in
}

// run looks until ctx ends.
func (i *intake) run(ctx context.Context, bytes func() uint64) {
	tick := time.NewTicker(intakeStep)
	defer tick.Stop()
	for {
		i.note(look{time.Now(), bytes()})
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (i *intake) note(l look) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.looks) > int(rateOver/intakeStep) {
		i.looks = append(i.looks[:0], i.looks[1:]...)
	}
	i.looks = append(i.looks, l)
}

// rate returns bytes a second; it is not known in the first second.
func (i *intake) rate(now look) (rate float64, known bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.looks) == 0 || now.at.Sub(i.looks[0].at) < time.Second {
		return 0, false
	}
	first := i.looks[0]
	return float64(now.bytes-first.bytes) / now.at.Sub(first.at).Seconds(), true
}

// measureIntake serves those who ask for the rate.
func (n *node) measureIntake(ctx context.Context) {
	if n.socket != "" {
		n.intake.run(ctx, func() uint64 { return n.queue.Stats().AppendedBytes })
	}
}

// queueStatus answers "queue".
func (n *node) queueStatus() queueStatus {
	s, oldest, newest := n.queueEnds()
	status := queueStatus{
		Dir: n.dir, Running: true, Records: s.Records, Oldest: oldest, Newest: newest, NextSeq: s.NextSeq, Bytes: s.Bytes, MaxBytes: n.cfg.Queue.MaxBytes,
		RoomBytes: n.queue.Room(), Dropped: s.Dropped, Cleared: s.Cleared, Damaged: s.DamagedRecords, InMemory: s.InMemory,
		SetAside: n.setAside(),
	}
	status.setRate(n.intake.rate(look{time.Now(), s.AppendedBytes}))
	return status
}

// queueEnds returns the oldest and the newest record that wait. One that leaves
// the queue before it is read is looked for again.
func (n *node) queueEnds() (s queue.Stats, oldest, newest *queueEnd) {
	for range endsMost {
		s = n.queue.Stats()
		if s.Records == 0 {
			return s, nil, nil
		}
		oldest, newest = n.queueEnd(s.OldestSeq), n.queueEnd(s.NewestSeq)
		if !oldest.Time.IsZero() && !newest.Time.IsZero() {
			break
		}
	}
	return s, oldest, newest
}

// queueEnd reads the record seq for its time.
func (n *node) queueEnd(seq uint64) *queueEnd {
	got, record, err := n.queue.Read(seq)
	if err != nil || got != seq {
		return &queueEnd{Seq: seq}
	}
	r, err := reading.ParseRecord(record)
	if err != nil {
		return &queueEnd{Seq: seq}
	}
	return &queueEnd{seq, r.Stamp.Time(), r.Stamp.Synced}
}

// readQueue answers "queue-read FROM TO": the records of from <= n < to that
// wait, as export prints them, and an empty object behind them.
func (n *node) readQueue(arguments []string) (gateway.Writing, error) {
	if len(arguments) != 2 {
		return nil, errors.New("queue-read wants two numbers of records")
	}
	from, err1 := strconv.ParseUint(arguments[0], 10, 64)
	to, err2 := strconv.ParseUint(arguments[1], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("queue-read wants two numbers of records: %w", err)
	}
	return func(ctx context.Context, w io.Writer) error {
		lines := newRecordLines(w)
		for ctx.Err() == nil {
			seq, record, err := n.queue.Read(from)
			if errors.Is(err, io.EOF) || err == nil && seq >= to {
				return errors.Join(lines.flush(), printEnd(w))
			}
			if err != nil {
				return errors.Join(lines.flush(), err)
			}
			if err := lines.add(seq, record); err != nil {
				return err
			}
			from = seq + 1
		}
		return ctx.Err()
	}, nil
}

// queueEndLine is the line behind the last record of a stream.
const queueEndLine = "{}\n"

func printEnd(w io.Writer) error {
	_, err := io.WriteString(w, queueEndLine)
	return err
}

// clearQueue answers "queue-clear N". Posts in flight are not touched: their
// verdicts find the records gone.
func (n *node) clearQueue(arguments []string) (gateway.Writing, error) {
	if len(arguments) != 1 {
		return nil, errors.New("queue-clear wants the number of a record")
	}
	last, err := parseConfirm(arguments[0])
	if err != nil {
		return nil, err
	}
	if err := wasShown(last, n.queue.Stats().NextSeq); err != nil {
		return nil, err
	}
	return func(_ context.Context, w io.Writer) error {
		c := clearStore(n.queue, last)
		if c.Cleared > 0 { // a command given twice finds nothing to do
			n.log.Warn().Uint64("records", c.Cleared).Uint64("up_to", last).Msg("records were cleared from the queue on request")
		}
		return json.NewEncoder(w).Encode(c)
	}, nil
}
