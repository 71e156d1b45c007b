package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"serialgw/internal/reading"
)

// Player plays what the board sent: as a line that is read with Next, or into
// a writer with Play.
//
//	recorded  |p1|......|p2|..|p3|            times as in the recording
//	played    |p1|...|p2|.|p3|....|p1|...     at speed 2, looped
//
// The fields are set before the first use. One goroutine plays; Begun and
// Position may be called by any.
type Player struct {
	// Open begins the recording; it is called once a loop. A source that is
	// an io.Closer is closed at its end.
	Open func() (Source, error)
	// Wait waits for d or until ctx ends, and then returns its error.
	Wait func(ctx context.Context, d time.Duration) error
	// Now keeps a long recording from falling behind, because every wait
	// takes a little longer than asked for; nil: nobody minds.
	Now func() reading.Stamp

	Speed float64 // 2 = twice as fast as recorded; 0 = without waiting
	Loop  bool    // play again and again
	// Take says which packets are played; nil = all from the board. Those
	// without bytes never are.
	Take func(Packet) bool
	// From is where to begin: packets before it are passed over, and so are
	// bytes of the first one after it. Further loops play all.
	From Position
	// Rewrite changes a packet before it is played, in loop 0, 1, ...; nil
	// leaves it as it is. It may change the bytes in place.
	Rewrite func(loop int, p Packet) Packet
	// MaxGap shortens longer pauses, such as the jump when the recording
	// machine's clock was set; 0 keeps them.
	MaxGap time.Duration
	// Stamp gives each chunk of Next its time, from the time that has passed
	// since the first packet and that packet's recorded time. nil = the time
	// passed, on the boot clock.
	Stamp func(passed time.Duration, recorded int64) reading.Stamp

	src    Source
	loop   int
	opened bool
	ended  bool
	start  reading.Stamp // when playing began, by Now
	slept  time.Duration // asked for so far: how time passes without a clock

	held  Packet        // read, and not yet played
	has   bool          // held holds one
	due   time.Duration // of held; all such times count from the first packet
	at    time.Duration // the present
	last  int64         // the packet read last, as recorded
	first time.Duration // due time of the loop's first packet
	count int           // packets of this loop so far

	zero          int64 // the first packet of all, as recorded
	passed        int64 // bytes taken so far, with those passed over
	begun         atomic.Pointer[Position]
	bytes, offset atomic.Int64 // of Position, once begun is there
}

// Position is a place in a recording.
type Position struct {
	Bytes int64         // bytes from the board before it
	Time  time.Duration // since the recording's first packet from the board
}

// ErrNothingToPlay says that a recording holds no byte from a board. Looping
// over it would spin.
var ErrNothingToPlay = errors.New("the recording holds nothing to play")

// Play writes each packet by one write at its time. It returns nil after the
// last packet, or the first error of the recording, of w or of ctx.
func (pl *Player) Play(ctx context.Context, w io.Writer) (err error) {
	defer func() { err = errors.Join(err, pl.Close()) }()
	for {
		chunk, err := pl.Next(ctx, 0)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n, err := w.Write(chunk.Bytes); err != nil {
			pl.bytes.Add(int64(n - len(chunk.Bytes))) // what w did not take was not played
			return fmt.Errorf("cannot play packet %d: %w", pl.count, err)
		}
	}
}

// Next returns the next packet as a port would: when its time has come, or an
// empty chunk when that is further off than wait (0 = wait for ever). Time is
// the recording's, so that without waiting nothing changes but the pace. The
// bytes are valid until the next call. io.EOF follows the last packet.
func (pl *Player) Next(ctx context.Context, wait time.Duration) (reading.Chunk, error) {
	if !pl.has {
		if err := pl.fetch(); err != nil {
			return reading.Chunk{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return reading.Chunk{}, err
	}
	// What a source without times has sent without a pause is one long packet:
	// its first byte ends the silence, not its last.
	if limit := pl.at + wait; wait > 0 && pl.due-pl.held.Span > limit {
		if err := pl.pace(ctx, limit); err != nil {
			return reading.Chunk{}, err
		}
		return reading.Chunk{Stamp: pl.stamp(pl.held.Time - int64(pl.due-pl.at))}, nil
	}
	if err := pl.pace(ctx, pl.due); err != nil {
		return reading.Chunk{}, err
	}
	p := pl.held
	pl.has = false
	pl.reached(Position{Bytes: pl.passed, Time: time.Duration(p.Time - pl.zero)})
	if pl.Rewrite != nil {
		p = pl.Rewrite(pl.loop, p)
	}
	return reading.Chunk{Bytes: p.Bytes, Stamp: pl.stamp(p.Time)}, nil
}

// Reopen does nothing: a recording does not come back by being opened again.
func (*Player) Reopen(string) {}

// Begun returns where in the recording the first byte played stands; From
// before it is found. Further loops do not change it.
func (pl *Player) Begun() Position {
	if p := pl.begun.Load(); p != nil {
		return *p
	}
	return pl.From
}

// Position returns how far the playing has come, with what was passed over;
// Begun before the first packet is played. Bytes go on counting in further
// loops.
func (pl *Player) Position() Position {
	if pl.begun.Load() == nil {
		return pl.From
	}
	return Position{Bytes: pl.bytes.Load(), Time: time.Duration(pl.offset.Load())}
}

func (pl *Player) reached(p Position) {
	pl.bytes.Store(p.Bytes)
	pl.offset.Store(int64(p.Time))
}

// Close closes a recording that was not played to its end.
func (pl *Player) Close() error {
	c, ok := pl.src.(io.Closer)
	pl.src = nil
	if !ok {
		return nil
	}
	return c.Close()
}

// fetch reads the next packet to be played, from the next loop if need be.
func (pl *Player) fetch() error {
	for !pl.ended {
		if pl.src == nil {
			if err := pl.begin(); err != nil {
				return err
			}
		}
		p, err := pl.src.Next()
		switch {
		case err == nil:
			if pl.take(p) {
				return nil
			}
		case !errors.Is(err, io.EOF):
			return errors.Join(err, pl.Close())
		case pl.count == 0:
			return errors.Join(ErrNothingToPlay, pl.Close())
		default:
			pl.ended = !pl.Loop
			if err := pl.Close(); err != nil {
				return err
			}
		}
	}
	return io.EOF
}

// begin opens the recording, for the first time or again. A loop's first packet
// follows the last by the recording's mean interval, so that a steady stream
// stays steady.
func (pl *Player) begin() error {
	src, err := pl.Open()
	if err != nil {
		return err
	}
	pl.src = src
	if !pl.opened {
		pl.opened = true
		if pl.Now != nil {
			pl.start = pl.Now()
		}
		return nil
	}
	pl.loop++
	if pl.count > 1 {
		pl.due += (pl.due - pl.first) / time.Duration(pl.count-1)
	}
	pl.first, pl.count = pl.due, 0
	return nil
}

// take makes p the packet to be played next, if it is to be played.
func (pl *Player) take(p Packet) bool {
	if len(p.Bytes) == 0 {
		return false
	}
	if pl.Take == nil && p.Direction == Outbound || pl.Take != nil && !pl.Take(p) {
		return false
	}
	if pl.passed == 0 {
		pl.zero = p.Time
	}
	before := pl.passed
	pl.passed += int64(len(p.Bytes))
	early := pl.loop == 0 && pl.From.Time > 0 && time.Duration(p.Time-pl.zero) < pl.From.Time
	if early || pl.passed <= pl.From.Bytes {
		return false
	}
	p.Bytes = p.Bytes[max(pl.From.Bytes-before, 0):]
	if pl.begun.Load() == nil {
		begun := Position{Bytes: max(pl.From.Bytes, before), Time: time.Duration(p.Time - pl.zero)}
		pl.reached(begun)
		pl.begun.Store(&begun)
	}
	pl.schedule(p.Time)
	pl.held, pl.has = p, true
	return true
}

// schedule says when a packet recorded at the given time is due. Time that
// goes backwards in the recording does not wait.
func (pl *Player) schedule(recorded int64) {
	if pl.count > 0 {
		gap := max(time.Duration(recorded-pl.last), 0)
		if pl.MaxGap > 0 {
			gap = min(gap, pl.MaxGap)
		}
		pl.due += gap
	}
	pl.last = recorded
	pl.count++
}

// pace waits until the time has come, counted from the first packet.
func (pl *Player) pace(ctx context.Context, due time.Duration) error {
	pl.at = max(pl.at, due)
	if pl.Speed <= 0 {
		return nil
	}
	wait := time.Duration(float64(due)/pl.Speed) - pl.elapsed()
	if wait <= 0 {
		return nil
	}
	pl.slept += wait
	return pl.Wait(ctx, wait)
}

func (pl *Player) elapsed() time.Duration {
	if pl.Now == nil {
		return pl.slept
	}
	return pl.Now().Since(pl.start)
}

func (pl *Player) stamp(recorded int64) reading.Stamp {
	if pl.Stamp == nil {
		return reading.Stamp{Boot: int64(pl.at)}
	}
	return pl.Stamp(pl.at, recorded)
}
