package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"serialgw/internal/reading"
)

// Player plays what the board sent to a writer.
//
//	recorded  |p1|......|p2|..|p3|            times as in the recording
//	played    |p1|...|p2|.|p3|....|p1|...     at speed 2, looped
type Player struct {
	// Open begins the recording; it is called once a loop. A source that is
	// an io.Closer is closed at its end.
	Open func() (Source, error)
	// Wait waits for d or until ctx ends, and then returns its error.
	Wait func(ctx context.Context, d time.Duration) error
	// Now keeps a long recording from falling behind, because every wait
	// takes a little longer than asked for; nil: nobody minds.
	Now func() reading.Stamp

	Loop bool // play again and again
	// Rewrite changes a packet before it is played, in loop 0, 1, ...; nil
	// leaves it as it is. It may change the bytes in place.
	Rewrite func(loop int, p Packet) Packet
	// MaxGap shortens longer pauses, such as the jump when the recording
	// machine's clock was set; 0 keeps them.
	MaxGap time.Duration
}

// ErrNothingToPlay says that a recording holds no byte from a board. Looping
// over it would spin.
var ErrNothingToPlay = errors.New("the recording holds nothing to play")

// Play writes each packet that came from the board, by one write, at its own
// time divided by speed; speed 0 means without waiting. It returns nil after
// the last packet, or the first error of the recording, of w or of ctx.
func (pl *Player) Play(ctx context.Context, w io.Writer, speed float64) error {
	t := tempo{player: pl, speed: speed}
	if pl.Now != nil {
		t.start = pl.Now()
	}
	for loop := 0; ; loop++ {
		if err := pl.once(ctx, w, loop, &t); err != nil || !pl.Loop {
			return err
		}
	}
}

func (pl *Player) once(ctx context.Context, w io.Writer, loop int, t *tempo) (err error) {
	src, err := pl.Open()
	if err != nil {
		return err
	}
	if c, ok := src.(io.Closer); ok {
		defer func() { err = errors.Join(err, c.Close()) }()
	}
	t.begin()
	for p, err := range Packets(src) {
		if err != nil {
			return err
		}
		if p.Direction == Outbound || len(p.Bytes) == 0 {
			continue
		}
		if err := t.keep(ctx, p.Time); err != nil {
			return err
		}
		if pl.Rewrite != nil {
			p = pl.Rewrite(loop, p)
		}
		if _, err := w.Write(p.Bytes); err != nil {
			return fmt.Errorf("cannot play packet %d: %w", t.count, err)
		}
	}
	if t.count == 0 {
		return ErrNothingToPlay
	}
	return nil
}

// tempo knows when the next packet is due. All its times are the recording's,
// counted from the first packet of the first loop.
type tempo struct {
	player *Player
	speed  float64
	start  reading.Stamp
	due    time.Duration
	slept  time.Duration // asked for so far: how time passes without a clock
	last   int64         // the packet before, as recorded
	first  time.Duration // due time of the loop's first packet
	count  int           // packets of this loop so far
}

// begin starts a loop. Its first packet follows the last by the recording's
// mean interval, so that a steady stream stays steady.
func (t *tempo) begin() {
	if t.count > 1 {
		t.due += (t.due - t.first) / time.Duration(t.count-1)
	}
	t.first, t.count = t.due, 0
}

// keep waits until a packet recorded at the given time is due. Time that goes
// backwards in the recording does not wait.
func (t *tempo) keep(ctx context.Context, recorded int64) error {
	if t.count > 0 {
		gap := max(time.Duration(recorded-t.last), 0)
		if limit := t.player.MaxGap; limit > 0 {
			gap = min(gap, limit)
		}
		t.due += gap
	}
	t.last = recorded
	t.count++
	if err := ctx.Err(); err != nil {
		return err
	}
	if t.speed <= 0 {
		return nil
	}
	wait := time.Duration(float64(t.due)/t.speed) - t.passed()
	if wait <= 0 {
		return nil
	}
	t.slept += wait
	return t.player.Wait(ctx, wait)
}

func (t *tempo) passed() time.Duration {
	if t.player.Now == nil {
		return t.slept
	}
	return t.player.Now().Since(t.start)
}
