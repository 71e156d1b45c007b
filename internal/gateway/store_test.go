package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// tape is a Source that gives its chunks, then its end.
type tape struct {
	chunks [][]byte
	end    error
	at     func(n int) // before the n-th chunk; nil = nothing
	n      int
}

func (s *tape) Next(ctx context.Context, _ time.Duration) (reading.Chunk, error) {
	if s.at != nil {
		s.at(s.n)
	}
	if err := ctx.Err(); err != nil {
		return reading.Chunk{}, err
	}
	if s.n == len(s.chunks) {
		return reading.Chunk{}, s.end
	}
	s.n++
	return reading.Chunk{Bytes: s.chunks[s.n-1], Stamp: stampNow()}, nil
}

func (*tape) Reopen(string) {}

// powers is a chunk a frame, with the voltages 1 to n.
func powers(t *testing.T, n int) (chunks [][]byte) {
	t.Helper()
	for i := range n {
		chunks = append(chunks, power(t, testPlan(t), int64(i+1)))
	}
	return chunks
}

func TestFeed(t *testing.T) {
	broken, full := errors.New("recording damaged"), errors.New("no space left on device")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cut := powers(t, 10)
	cut[9] = cut[9][:5]
	for _, row := range []struct {
		name         string
		ctx          context.Context
		source       *tape
		period       time.Duration
		keepMost     int
		kept, framed int
		want         error
	}{
		{"ToTheEnd", t.Context(), &tape{chunks: powers(t, 10), end: io.EOF}, 0, 99, 10, 10, nil},
		{"CutFrame", t.Context(), &tape{chunks: cut, end: io.EOF}, 0, 99, 9, 9, nil},
		{"HeldAtTheEnd", t.Context(), &tape{chunks: powers(t, 10), end: io.EOF}, time.Hour, 99, 2, 10, nil},
		{"SourceFails", t.Context(), &tape{chunks: powers(t, 10), end: broken}, 0, 99, 10, 10, broken},
		{"KeepFails", t.Context(), &tape{chunks: powers(t, 10), end: io.EOF}, 0, 3, 3, 4, full},
		{"Cancelled", ctx, &tape{chunks: powers(t, 10), end: io.EOF, at: func(n int) {
			if n == 5 {
				cancel()
			}
		}}, 0, 99, 5, 5, context.Canceled},
	} {
		t.Run(row.name, func(t *testing.T) {
			kept, framed := 0, 0
			b := Board{Name: "press", Plan: testPlan(t), Source: row.source, Baud: 115200, Period: row.period}
			status, err := Feed(row.ctx, b, stampNow, func(r *reading.Reading) error {
				if kept == row.keepMost {
					return full
				}
				kept++
				if want := fmt.Sprintf("0.%03d", kept); row.period == 0 && r.Props[0].Value.String() != want {
					t.Errorf("reading %d says %s", kept, r.Props[0].Value)
				}
				return nil
			}, func(*frame.Frame) { framed++ })
			if !errors.Is(err, row.want) || kept != row.kept || framed != row.framed {
				t.Errorf("%d kept, %d framed, %v; want %d, %d, %v", kept, framed, err, row.kept, row.framed, row.want)
			}
			if status.Stored != uint64(row.kept) || status.Metrics.Frames != uint64(row.framed) {
				t.Errorf("status %+v", status)
			}
		})
	}
}

// picky is a queue that refuses certain records of all it is given.
type picky struct {
	*memQueue
	refuse map[int]bool
	seen   int
}

func (q *picky) AppendAll(records [][]byte) (first uint64, stored int, err error) {
	for _, r := range records {
		if q.seen++; q.refuse[q.seen] {
			return first, stored, errors.New("record length out of range")
		}
		seq, err := q.Append(r)
		if err != nil {
			return first, stored, err
		}
		if stored++; stored == 1 {
			first = seq
		}
	}
	return first, stored, nil
}

// What one read gave is stored together; of it only what the queue refuses is
// lost, and each hook is told what became of which reading.
func TestRecorder_TellsWhatBecameOfEach(t *testing.T) {
	for _, row := range []struct {
		name   string
		refuse map[int]bool
		told   string
		lost   int
	}{
		{"All", nil, "K1 K2 K3 K4 K5 K6 1+6", 0},
		{"NotTheFirst", map[int]bool{1: true}, "K1 K2 K3 K4 K5 K6 0+1 1+5", 1},
		{"NotTheLast", map[int]bool{6: true}, "K1 K2 K3 K4 K5 K6 1+5 0+1", 1},
		{"NotTwoInside", map[int]bool{3: true, 4: true}, "K1 K2 K3 K4 K5 K6 1+2 0+1 0+1 3+2", 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			var told []string
			q := &picky{memQueue: newMemQueue(), refuse: row.refuse}
			ledger := new(bytes.Buffer)
			g := New(Deps{
				Queue: q, Now: stampNow, Log: zerolog.Nop(), Ledger: ledger,
				Kept:   func(r *reading.Reading) { told = append(told, fmt.Sprintf("K%d", r.Props[0].Value.Int64())) },
				Stored: func(first uint64, n int) { told = append(told, fmt.Sprintf("%d+%d", first, n)) },
			})
			k := &recorder{g: g}
			for i := range 6 {
				r := reading.Reading{Props: []reading.Property{{Name: "volt", Value: reading.IntValue(int64(i + 1))}}}
				k.keep(&r)
			}
			if q.waiting() != 0 {
				t.Error("stored before the commit")
			}
			stored, lost, err := k.commit()
			if stored != 6-row.lost || lost != row.lost || (err != nil) != (lost > 0) || strings.Join(told, " ") != row.told {
				t.Errorf("%d stored, %d lost, %v, told %q", stored, lost, err, told)
			}
			if n := strings.Count(ledger.String(), "W "); n != stored {
				t.Errorf("%d promised, %d stored", n, stored)
			}
			i := 0
			for n, r := range q.stored(t) {
				for i++; row.refuse[i]; i++ {
				}
				if got := r.Props[0].Value.Int64(); got != int64(i) {
					t.Errorf("record %d holds reading %d, want %d", n, got, i)
				}
			}
			if stored, lost, err := k.commit(); stored+lost != 0 || err != nil {
				t.Errorf("again: %d, %d, %v", stored, lost, err)
			}
		})
	}
}
