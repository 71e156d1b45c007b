package gateway

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

const (
	// summaryEvery spaces the log lines about damage: a bad cable must not
	// fill the card with log.
	summaryEvery = time.Minute
	// minWait keeps a wait that has run out from meaning "for ever".
	minWait = time.Millisecond
)

// ingest turns one board's bytes into stored records. Only its own loop
// touches it, but for snapshot, which takes mu.
type ingest struct {
	board   Board
	g       *Gateway
	log     zerolog.Logger
	scanner *frame.Scanner
	report  report
	scratch reading.Reading // reused for every frame
	record  []byte          // reused for every record
	names   map[string]string

	last      reading.Stamp // the newest stamp seen
	lastFrame reading.Stamp // the newest valid frame; zero before the first
	alive     reading.Stamp // the same, or the start, or the last reopening
	summary   reading.Stamp // the last summary in the log
	told      frame.Metrics // what that summary had counted
	refused   bool          // the queue would not take the newest reading

	mu     sync.Mutex
	status BoardStatus
}

func newIngest(b Board, g *Gateway) *ingest {
	in := &ingest{
		board:   b,
		g:       g,
		log:     g.deps.Log.With().Str("board", b.Name).Logger(),
		scanner: frame.NewScanner(b.Plan, b.Baud),
		report:  report{period: b.Period},
		status:  BoardStatus{Name: b.Name, Frame: b.Plan.Name()},
	}
	in.names = identifiers(b)
	return in
}

// identifiers maps the plan's names to the ones that go to the cloud; nil when
// they are the same.
func identifiers(b Board) map[string]string {
	if b.Prefix == "" && len(b.Rename) == 0 {
		return nil
	}
	names := make(map[string]string)
	for _, m := range b.Plan.Messages() {
		for _, p := range m.Properties() {
			name := p.Name
			if to, ok := b.Rename[name]; ok {
				name = to
			}
			names[p.Name] = b.Prefix + name
		}
	}
	return names
}

func (in *ingest) run(ctx context.Context) {
	in.last = in.g.deps.Now()
	in.alive, in.summary = in.last, in.last
	for {
		chunk, err := in.board.Source.Next(ctx, in.wait())
		if err != nil {
			in.finish()
			return
		}
		in.step(chunk)
	}
}

// wait returns how long the source may sleep before the loop has something to
// do without new bytes; 0 = for ever.
func (in *ingest) wait() time.Duration {
	var wait time.Duration
	until := func(due reading.Stamp) {
		d := max(due.Since(in.last), minWait)
		if wait == 0 || d < wait {
			wait = d
		}
	}
	if due, ok := in.scanner.Deadline(); ok {
		until(due)
	}
	if due, ok := in.report.due(); ok {
		until(due)
	}
	if in.board.Silence > 0 {
		until(in.alive.Add(in.board.Silence))
	}
	return wait
}

// step takes one chunk through the line: bytes, frames, readings, records.
func (in *ingest) step(chunk reading.Chunk) {
	in.last = chunk.Stamp
	if len(chunk.Bytes) > 0 {
		in.scanner.Feed(chunk)
		in.drain()
	}
	if due, ok := in.scanner.Deadline(); ok && chunk.Stamp.Since(due) >= 0 {
		in.scanner.Expire(chunk.Stamp)
		in.drain()
	}
	in.storeDue(chunk.Stamp)
	in.watch(chunk.Stamp)
	in.account()
}

func (in *ingest) drain() {
	for in.scanner.Scan() {
		in.accept(in.scanner.Frame())
	}
}

// accept decodes one verified frame and hands its reading on.
func (in *ingest) accept(f *frame.Frame) {
	in.lastFrame, in.alive = f.Stamp, f.Stamp
	if f.Message == nil {
		return // counted by the scanner as an unknown id
	}
	in.scratch.Board = in.board.Name
	absent := in.board.Plan.Decode(f, &in.scratch)
	if in.names != nil {
		for i := range in.scratch.Props {
			in.scratch.Props[i].Name = in.names[in.scratch.Props[i].Name]
		}
	}
	in.note(absent)
	if len(in.scratch.Props) == 0 {
		return // counted by note as an empty reading
	}
	in.storeDue(f.Stamp) // a period that ended before this frame takes nothing from it
	if in.report.pass(&in.scratch) {
		in.store(&in.scratch)
	}
}

func (in *ingest) note(absent frame.Absent) {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := &in.status
	s.Absent += uint64(absent.Invalid + absent.Range + absent.Map + absent.NaN)
	if len(in.scratch.Props) == 0 {
		s.Empty++
		return
	}
	s.latest(&in.scratch)
}

// storeDue stores what the report rule held back until now.
func (in *ingest) storeDue(now reading.Stamp) {
	if due, ok := in.report.due(); ok && now.Since(due) >= 0 {
		for _, r := range in.report.flush(now) {
			in.store(&r)
		}
	}
}

func (in *ingest) store(r *reading.Reading) {
	in.record = reading.AppendRecord(in.record[:0], *r)
	seq, err := in.g.deps.Queue.Append(in.record)
	if err != nil {
		in.mu.Lock()
		in.status.Refused++
		in.mu.Unlock()
		if !in.refused {
			in.log.Error().Err(err).Msg("a reading could not be stored and is lost; further ones are counted")
		}
		in.refused = true
		return
	}
	in.refused = false
	in.g.ledger.line('W', seq)
	signal(in.g.dirty)
	signal(in.g.wake)
	in.mu.Lock()
	in.status.Stored++
	in.mu.Unlock()
	if in.g.deps.Stored != nil {
		in.g.deps.Stored(seq, r)
	}
}

// watch reopens a port on which no valid frame has come for too long: bytes
// alone do not count as life.
func (in *ingest) watch(now reading.Stamp) {
	if in.board.Silence > 0 && now.Since(in.alive) >= in.board.Silence {
		in.alive = now
		in.board.Source.Reopen(fmt.Sprintf("no valid frame for %v", in.board.Silence))
	}
	if now.Since(in.summary) < summaryEvery {
		return
	}
	in.summary = now
	m := in.scanner.Metrics()
	bad, noise := m.CheckFailed-in.told.CheckFailed, m.Noise-in.told.Noise
	in.told = m
	if bad+noise > 0 {
		in.log.Warn().Uint64("check_failed", bad).Uint64("noise_bytes", noise).
			Float64("explained", m.Explained()).Msg("damage on the line in the last minute")
	}
}

func (in *ingest) account() {
	m := in.scanner.Metrics()
	in.mu.Lock()
	defer in.mu.Unlock()
	in.status.Metrics = m
	in.status.Explained = m.Explained()
	in.status.LastFrame = in.lastFrame
	in.status.rate(in.last, m.Frames)
}

// finish stores what is still held when the gateway ends: the rest of a frame
// cannot come any more, a held-back value must not be lost.
func (in *ingest) finish() {
	in.scanner.Flush()
	in.drain()
	for _, r := range in.report.flush(in.last) {
		in.store(&r)
	}
	in.account()
}

func (in *ingest) snapshot() BoardStatus {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.status
	s.Latest = append([]LatestValue(nil), s.Latest...)
	return s
}
