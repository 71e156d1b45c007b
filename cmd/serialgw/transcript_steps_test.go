package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"serialgw/internal/capture"
	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// cloudPort is the recorded port whose marks say what the cloud does, so that a
// recording can tell of that as well.
const cloudPort = "cloud"

// part is a board's line: a gateway.Source that has the next bytes when the
// performance says so. Its fields are the performance's while the board asks,
// and the board's while it does not.
type part struct {
	*performance
	board config.Board
	port  string // as it is called in the recording
	plan  *frame.Plan
	id    *frame.Ref

	answers chan answer
	wait    time.Duration // that the board asks for; 0 = for ever
	last    time.Duration // when it had its last answer
	bytes   []byte        // of its line so far
	passed  int           // of them, those that are told as a frame or as noise
	counts  []counter     // told so far
}

type answer struct {
	chunk reading.Chunk
	err   error
}

// Next asks the performance for what comes next.
func (p *part) Next(ctx context.Context, wait time.Duration) (reading.Chunk, error) {
	p.wait = wait
	select {
	case p.asks <- struct{}{}:
	case <-ctx.Done():
		return reading.Chunk{}, ctx.Err()
	}
	select {
	case a := <-p.answers:
		return a.chunk, a.err
	case <-ctx.Done():
		return reading.Chunk{}, ctx.Err()
	}
}

// Reopen notes that a port would be closed and opened again now.
func (p *part) Reopen(reason string) { p.script.board("reopen", "%s", reason) }

// framed tells of a frame, and of what stands in front of it.
func (p *part) framed(f *frame.Frame) {
	start := int(f.End) - len(f.Raw())
	p.script.noise(p.passed, p.bytes[p.passed:start], start-p.passed-f.Skipped)
	p.script.frame(f, p.id, p.plan.Checked())
	p.passed = int(f.End)
}

// rest tells of what stands behind the last frame.
func (p *part) rest() { p.script.noise(p.passed, p.bytes[p.passed:], 0) }

// answer gives the board what it has asked for.
func (p *part) answer(ctx context.Context, a answer) error {
	p.asking--
	p.last = p.now
	select {
	case p.answers <- a:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("board %s is gone: %w", p.board.Name, ctx.Err())
	}
}

// prelude plays the marks about the cloud that stand in front of everything: so
// it is before the program begins.
func (p *performance) prelude() error {
	for len(p.packets) > 0 && p.packets[0].Port == cloudPort {
		if err := p.play(context.Background(), p.packets[0]); err != nil {
			return err
		}
		p.packets = p.packets[1:]
	}
	return nil
}

// conduct plays one step after the other, and each board's end.
func (p *performance) conduct(ctx context.Context) error {
	for {
		if err := p.settle(ctx); err != nil {
			return err
		}
		if len(p.packets) == 0 {
			break
		}
		if err := p.step(ctx); err != nil {
			return err
		}
	}
	for _, part := range p.parts {
		if err := p.end(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// settle returns when all that the last step caused has happened, and writes it
// down.
func (p *performance) settle(ctx context.Context) error {
	for p.asking < p.playing {
		select {
		case <-p.asks:
			p.asking++
		case <-ctx.Done():
			return fmt.Errorf("a board does not ask for more: %w", ctx.Err())
		}
	}
	if err := p.uplink.await(ctx, p.online); err != nil {
		return err
	}
	for _, b := range p.node.gateway.Status().Boards {
		part, now := p.part(b.Name), counters(b)
		p.script.counted(part.counts, now)
		part.counts = now
	}
	if err := p.readLetters(); err != nil {
		return err
	}
	p.script.settle()
	return nil
}

// readLetters tells of the dead letters that are new.
func (p *performance) readLetters() error {
	text, err := os.ReadFile(filepath.Join(p.node.dir, "deadletters.jsonl"))
	if err != nil {
		return err
	}
	for line := range bytes.Lines(text[p.buried:]) {
		p.script.uplink("letter", "%s", bytes.TrimSpace(line))
	}
	p.buried = len(text)
	return nil
}

// step plays the next packet, or the end of a board's wait that comes before
// its first byte.
func (p *performance) step(ctx context.Context) error {
	next := p.packets[0]
	due := max(time.Duration(next.Time-p.zero), p.now) // a clock that was set back stops the time
	if part, end := p.impatient(); part != nil && end < due-next.Span {
		p.now = max(end, p.now)
		p.script.cause(p.now, part.board.Name, "quiet", "")
		return part.answer(ctx, answer{chunk: reading.Chunk{Stamp: p.stamp(p.now)}})
	}
	p.now, p.packets = due, p.packets[1:]
	return p.play(ctx, next)
}

// impatient returns the board whose wait ends first, nil when none of them
// does.
func (p *performance) impatient() (first *part, end time.Duration) {
	for _, part := range p.parts {
		if at := part.last + part.wait; part.wait > 0 && (first == nil || at < end) {
			first, end = part, at
		}
	}
	return first, end
}

// play plays a packet: a mark, bytes from a board, or bytes that were sent to
// it, which the program does not see.
func (p *performance) play(ctx context.Context, k capture.Packet) error {
	who, board := k.Port, (*part)(nil)
	for _, part := range p.parts {
		if part.port == k.Port {
			who, board = part.board.Name, part
		}
	}
	if k.Comment != "" {
		p.script.cause(p.now, who, "mark", "%s", k.Comment)
	}
	switch {
	case k.Port == cloudPort:
		return p.cue(k.Comment)
	case len(k.Bytes) == 0:
		return nil
	case k.Direction == capture.Outbound:
		p.script.cause(p.now, who, "sent", "%d: % X", len(k.Bytes), k.Bytes)
		return nil
	case board == nil:
		return fmt.Errorf("no board reads the recorded port %q", k.Port)
	}
	p.script.cause(p.now, who, "bytes", "%d at %d: % X", len(k.Bytes), len(board.bytes), k.Bytes)
	board.bytes = append(board.bytes, k.Bytes...)
	return board.answer(ctx, answer{chunk: reading.Chunk{Bytes: k.Bytes, Stamp: p.stamp(p.now)}})
}

// cue makes the simulator do what a mark says.
func (p *performance) cue(mark string) error {
	switch mark {
	case "is silent": // only before the beginning: a link that is up does not notice
		p.sim.Silent(true)
		p.online = false
	case "answers":
		p.sim.Silent(false)
		p.online = true
	case "loses the next reply":
		p.sim.SwallowReplies(1)
	default:
		return fmt.Errorf("the cloud does not know the mark %q", mark)
	}
	return nil
}

// end tells a board that its recording is over, and waits until it has given
// what it held.
func (p *performance) end(ctx context.Context, part *part) error {
	text := ""
	if p.cut {
		text = "the recording is cut short"
	}
	p.script.cause(p.now, part.board.Name, "end", "%s", text)
	p.playing--
	if err := part.answer(ctx, answer{err: io.EOF}); err != nil {
		return err
	}
	select {
	case <-p.ended:
	case <-ctx.Done():
		return fmt.Errorf("board %s does not end: %w", part.board.Name, ctx.Err())
	}
	return p.settle(ctx)
}

// totals writes what both ends have counted.
func (p *performance) totals() {
	s := p.node.status()
	for _, b := range s.Gateway.Boards {
		p.script.total("board "+b.Name, counters(b))
	}
	p.script.total("queue", []counter{{"appended", s.Queue.Appended}, {"waiting", s.Queue.Records}, {"dropped", s.Queue.Dropped}})
	p.script.total("uplink", counters(s.Gateway.Uplink))
	sim := p.sim.Stats()
	p.script.total("cloud", []counter{
		{"posts", uint64(sim.Posts)}, {"confirmed", uint64(sim.Confirmed)}, {"refused", uint64(sim.Refused)},
		{"values", uint64(sim.Values)}, {"duplicates", uint64(sim.Duplicates)},
	})
}
