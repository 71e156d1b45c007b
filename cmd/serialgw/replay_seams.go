package main

import (
	"context"
	"serialgw/internal/capture"
	"serialgw/internal/frame"
	"serialgw/internal/gateway"
	"serialgw/internal/reading"
	"time"
)

// seam says from which of the bytes played on a reading would come again.
type seam struct {
	seq  uint64
	from int64
}

// hooks lets the publisher see what the gateway does.
func (p *publisher) hooks(d *gateway.Deps) {
	d.Framed = func(_ string, f *frame.Frame) { p.lastEnd = int64(f.End) }
	d.Kept = func(*reading.Reading) { p.kept, p.from = append(p.kept, p.from), p.lastEnd }
	d.Stored = func(first uint64, n int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for i, from := range p.kept[:n] {
			if first == 0 {
				break // lost, and said so
			}
			p.seams = append(p.seams, seam{first + uint64(i), from})
		}
		p.kept = append(p.kept[:0], p.kept[n:]...)
	}
	d.Acked = func() {
		select {
		case p.settled <- struct{}{}:
		default: // a note is there already
		}
	}
	d.Ended = func(_ string, err error) { p.over <- err }
}

// room waits until the uplink has caught up with a recording that is played as
// fast as possible.
func (p *publisher) room(ctx context.Context) error {
	for p.speed == 0 {
		s := p.node.queue.Stats()
		p.forget(s.OldestSeq)
		if s.Records <= aheadMost {
			break
		}
		select {
		case <-p.settled:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// forget drops the seams of readings that have left the queue.
func (p *publisher) forget(oldest uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.seams) && p.seams[n].seq < oldest {
		n++
	}
	p.seams = p.seams[n:]
}

// gated is a recording that waits for room before each piece.
type gated struct {
	*capture.Player
	room func(context.Context) error
}

// Next returns the next piece once there is room.
func (g gated) Next(ctx context.Context, wait time.Duration) (reading.Chunk, error) {
	if err := g.room(ctx); err != nil {
		return reading.Chunk{}, err
	}
	return g.Player.Next(ctx, wait)
}
