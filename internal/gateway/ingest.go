package gateway

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
	"serialgw/internal/report"
)

const (
	// summaryEvery spaces the log lines about damage: a bad cable must not
	// fill the card with log.
	summaryEvery = time.Minute
	// minWait keeps a wait that has run out from meaning "for ever".
	minWait = time.Millisecond
)

// ingest turns one board's bytes into readings to be kept. Only its own loop
// touches it, but for snapshot, which takes mu.
type ingest struct {
	board   Board
	log     zerolog.Logger
	now     func() reading.Stamp
	keeper  keeper             // takes what is to be stored
	framed  func(*frame.Frame) // sees each accepted frame; nil = nobody does
	scanner *frame.Scanner
	report  *report.Filter
	link    *report.Link   // nil: nobody wants to know
	decoder *frame.Decoder // its counters go on as long as the board's own configuration stays

	// Two readings in turn: the one just decoded, and the one before, whose
	// values are still to be noted.
	present, before *reading.Reading
	noted           bool // nothing of before is still to be noted

	last      reading.Stamp // the newest stamp seen
	lastFrame reading.Stamp // the newest valid frame; zero before the first
	alive     reading.Stamp // the same, or the start, or the last reopening
	summary   reading.Stamp // the last summary in the log
	told      frame.Metrics // what that summary had counted
	refused   bool          // keep would not take the newest reading
	heard     uint64        // bytes since alive
	noisy     bool          // they were said to be noise; until the next valid frame
	count     ingestCounts

	mu     sync.Mutex
	status BoardStatus
}

// ingestCounts are those of BoardStatus that change with each frame.
type ingestCounts struct{ stored, refused, empty, absent uint64 }

func newIngest(b Board, now func() reading.Stamp, log zerolog.Logger, k keeper) *ingest {
	plan := b.Plan.Renamed(b.identifier)
	return &ingest{
		board:   b,
		log:     log.With().Str("board", b.Name).Logger(),
		now:     now,
		keeper:  k,
		scanner: frame.NewScanner(plan, b.Baud),
		report:  report.New(b.Period, b.Rules, b.properties()),
		link:    newLink(b),
		decoder: plan.NewDecoder(),
		present: &reading.Reading{Board: b.Name}, before: &reading.Reading{Board: b.Name}, noted: true,
		status: BoardStatus{Name: b.Name, Frame: b.Plan.Name(), Publishes: b.publishes()},
	}
}

// run works until the source ends, and returns the source's error.
func (in *ingest) run(ctx context.Context) error {
	in.last = in.now()
	in.alive, in.summary = in.last, in.last
	in.tellLink(in.last) // its first interval begins
	for {
		chunk, err := in.board.Source.Next(ctx, in.wait())
		if err != nil {
			in.finish()
			return err
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
	if due, ok := in.report.Due(); ok {
		until(due)
	}
	if in.link != nil {
		if due, ok := in.link.Due(); ok {
			until(due)
		}
	}
	if in.board.Silence > 0 {
		until(in.alive.Add(in.board.Silence))
	}
	return wait
}

// step takes one chunk through the line: bytes, frames, readings, records.
func (in *ingest) step(chunk reading.Chunk) {
	in.last = chunk.Stamp
	in.heard += uint64(len(chunk.Bytes))
	if len(chunk.Bytes) > 0 {
		in.scanner.Feed(chunk)
		in.drain()
	}
	if due, ok := in.scanner.Deadline(); ok && chunk.Stamp.Since(due) >= 0 {
		in.scanner.Expire(chunk.Stamp)
		in.drain()
	}
	in.storeDue(chunk.Stamp)
	in.tellLink(chunk.Stamp)
	in.commit()
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
	in.lastFrame = f.Stamp
	if in.framed != nil {
		in.framed(f)
	}
	if f.Message == nil {
		return // counted by the scanner as an unknown id
	}
	r := in.present
	absent := in.decoder.Decode(f, r)
	in.count.absent += uint64(absent.Total())
	if len(r.Props) == 0 {
		in.count.empty++
		return
	}
	in.note(f)
	in.storeDue(f.Stamp) // a period that ended before this frame takes nothing from it
	if out := in.report.Pass(r); out != nil {
		in.store(out)
	}
}

// note makes the reading just decoded the one whose values people see. The one
// before is forgotten where this one says all of it anew; taking down every
// value of every frame would cost more than decoding them.
func (in *ingest) note(f *frame.Frame) {
	all := len(in.present.Props) == len(f.Message.Properties()) && in.present.Message == in.before.Message
	if !in.noted && !all {
		in.mu.Lock()
		in.status.latest(in.before)
		in.mu.Unlock()
	}
	in.present, in.before, in.noted = in.before, in.present, false
}

// storeDue stores what the report rules held back until now.
func (in *ingest) storeDue(now reading.Stamp) {
	if in.report.Ready(now) {
		in.storeAll(in.report.Flush(now))
	}
}

func (in *ingest) storeAll(list []reading.Reading) {
	for i := range list {
		in.store(&list[i])
	}
}

func (in *ingest) store(r *reading.Reading) {
	in.keeper.keep(r)
	if in.keeper.full() {
		in.commit()
	}
}

// commit gives to the queue what was to be stored since the last time.
func (in *ingest) commit() {
	stored, lost, err := in.keeper.commit()
	in.count.stored += uint64(stored)
	in.count.refused += uint64(lost)
	if lost > 0 && !in.refused {
		in.log.Error().Err(err).Msg("a reading could not be stored and is lost; further ones are counted")
	}
	if stored+lost > 0 {
		in.refused = lost > 0
	}
}

// watch reopens a port on which no valid frame has come for too long: bytes
// alone do not count as life.
func (in *ingest) watch(now reading.Stamp) {
	if in.lastFrame.Since(in.alive) > 0 {
		in.alive, in.heard = in.lastFrame, 0
		if in.noisy {
			in.noisy = false
			in.log.Info().Msg("valid frames again")
		}
	}
	if in.board.Silence > 0 && now.Since(in.alive) >= in.board.Silence {
		in.board.Source.Reopen(in.silence())
		in.alive, in.heard = now, 0
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

// silence returns why the port is reopened, or nothing when that was said. Noise
// is said here, once until the next valid frame: the port is no news then.
func (in *ingest) silence() (reason string) {
	if in.heard > 0 && !in.noisy {
		in.noisy = true
		noise := "1 byte"
		if in.heard > 1 {
			noise = fmt.Sprintf("%d bytes", in.heard)
		}
		in.log.Warn().Msgf("no valid frame for %v, but %s of noise came in: wrong baud rate or frame?", in.board.Silence, noise)
	}
	if in.noisy {
		return ""
	}
	return fmt.Sprintf("no bytes for %v: is the board powered, TX at RX, ground connected?", in.board.Silence)
}

func (in *ingest) account() {
	m := in.scanner.Metrics()
	in.mu.Lock()
	defer in.mu.Unlock()
	in.status.Metrics = m
	in.status.Explained = m.Explained()
	in.status.LastFrame = in.lastFrame
	in.status.Stored, in.status.Refused = in.count.stored, in.count.refused
	in.status.Empty, in.status.Absent, in.status.Outside = in.count.empty, in.count.absent, in.report.Outside()
	if !in.noted {
		in.status.latest(in.before)
		in.noted = true
	}
	in.status.rate(in.last, m.Frames)
}

// finish stores what is still held when the gateway ends: the rest of a frame
// cannot come any more, a held-back value must not be lost.
func (in *ingest) finish() {
	in.scanner.Flush()
	in.drain()
	in.storeAll(in.report.End(in.last))
	in.commit()
	in.account()
}

func (in *ingest) snapshot() BoardStatus {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.status
	s.Latest = append([]LatestValue(nil), s.Latest...)
	return s
}
