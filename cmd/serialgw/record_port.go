package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/sync/errgroup"

	"serialgw/internal/capture"
	"serialgw/internal/clock"
	"serialgw/internal/reading"
	"serialgw/internal/uart"
)

// writeLimit is how long the port may take what is written to it.
const writeLimit = time.Second

// portRecorder records a port that it has opened itself.
type portRecorder struct {
	*recorder
	now    func() reading.Stamp
	line   *uart.Line
	opened bool
	failed error    // why the recording cannot begin, or go on
	cable  *cable   // of --through
	link   portLink // to it
	behind int      // bytes that the program there did not take
	astray int      // bytes for the board that came while its port was away; guarded by both
}

func (r *recorder) recordPort(ctx context.Context) error {
	p := &portRecorder{recorder: r, now: clock.New().Now}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	p.line = uart.NewLine(r.settings, p.now, func(e uart.Event) {
		if p.onEvent(e); p.failed != nil {
			stop()
		}
	})
	defer func() { _ = p.line.Close() }()
	if r.through != "" {
		if err := p.makeCable(); err != nil {
			return err
		}
		defer func() { p.link.remove(); p.cable.close() }()
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.read(ctx) })
	group.Go(func() error { return p.ask(ctx) })
	if p.cable != nil {
		group.Go(func() error { return p.carry(ctx) })
	}
	err := group.Wait()
	if p.failed != nil {
		return p.failed
	}
	return errors.Join(err, p.tellAstray())
}

// onEvent records what becomes of the port. One that is not there may still be
// plugged in; another reason why it cannot be opened will not pass.
func (p *portRecorder) onEvent(e uart.Event) {
	switch {
	case e.Kind == uart.Opened && !p.opened:
		p.opened = true
		p.view.waitFor("")
		p.both.Lock()
		err := p.addPort(portOf(p.line.Status().Path, p.settings))
		p.both.Unlock()
		p.fail(err)
		p.say(e.Text)
		return
	case e.Kind == uart.Missing && !p.opened:
		if !errors.Is(e.Err, fs.ErrNotExist) {
			p.fail(e.Err)
			return
		}
		p.view.waitFor(p.settings.Port)
		p.say(e.Text + "; waiting for it; \"serialgw ports\" lists what is there")
		return
	}
	if e.Kind == uart.Opened {
		p.fail(p.tellAstray())
	}
	p.fail(p.comment(e.Text))
}

// comment records what happened, and says it.
func (p *portRecorder) comment(text string) error {
	err := p.write(capture.Packet{Comment: text}, nil)
	p.say(text)
	return err
}

// tellAstray says what the board could not hear.
func (p *portRecorder) tellAstray() error {
	p.both.Lock()
	bytes := p.astray
	p.astray = 0
	p.both.Unlock()
	if bytes == 0 {
		return nil
	}
	return p.comment(fmt.Sprintf("%s for the board came while its port was away, and went lost", count(bytes, "byte")))
}

func (p *portRecorder) fail(err error) {
	if p.failed == nil {
		p.failed = err
	}
}

// write records one packet, of now when it has no stamp. The two directions
// come from goroutines of their own.
func (p *portRecorder) write(packet capture.Packet, s *reading.Stamp) error {
	p.both.Lock()
	defer p.both.Unlock()
	if p.port.Name == "" {
		return nil // the port was never there
	}
	stamp := p.now()
	if s != nil {
		stamp = *s
	}
	return p.put(p.base.packet(p.port.Name, packet, stamp))
}

// away counts bytes that the board cannot hear now, if so.
func (p *portRecorder) away(bytes int) bool {
	open := p.line.Status().Path != ""
	p.both.Lock()
	defer p.both.Unlock()
	if open && p.port.Name != "" {
		return false
	}
	if p.astray == 0 && bytes > 0 {
		p.say("bytes for the board come while its port is away: they are lost")
	}
	p.astray += bytes
	return true
}

// read records what the board says.
func (p *portRecorder) read(ctx context.Context) error {
	for {
		chunk, err := p.line.Next(ctx, 0)
		if stopped(ctx) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(chunk.Bytes) == 0 {
			continue
		}
		if err := p.write(capture.Packet{Direction: capture.Inbound, Bytes: chunk.Bytes}, &chunk.Stamp); err != nil {
			return err
		}
		if p.cable != nil {
			p.pass(chunk.Bytes)
		}
	}
}

// send records what the board is to hear, and writes it to the board: in this
// order, or an answer could stand before its question. That the port is away
// for the moment ends nothing.
func (p *portRecorder) send(b []byte) error {
	if p.away(len(b)) {
		return nil
	}
	if err := p.write(capture.Packet{Direction: capture.Outbound, Bytes: b}, nil); err != nil {
		return err
	}
	n, err := p.line.Write(b, writeLimit)
	if err == nil {
		return nil
	}
	return p.comment(fmt.Sprintf("of the last %s to the board it got %d: %v", count(len(b), "byte"), n, err))
}

// ask sends the requests of --send in turn, while the port is there.
func (p *portRecorder) ask(ctx context.Context) error {
	for i := 0; len(p.requests) > 0 && sleep(ctx, p.sendEvery) == nil; {
		if p.away(0) {
			continue
		}
		if err := p.send(p.requests[i%len(p.requests)]); err != nil {
			return err
		}
		i++
	}
	return nil
}

// makeCable makes the port of --through.
func (p *portRecorder) makeCable() (err error) {
	if p.cable, err = newCable(); err != nil {
		return err
	}
	if p.link, err = linkPort(p.cable.Name(), p.through, "--through"); err != nil {
		p.cable.close()
		return err
	}
	p.say(p.through + " is a port now: what another program does there, the board sees")
	return nil
}

// carry takes what the other program writes to the board.
func (p *portRecorder) carry(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { _ = p.cable.board.SetReadDeadline(past) })()
	buf := make([]byte, 4096)
	for {
		n, err := p.cable.board.Read(buf)
		if stopped(ctx) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", p.through, err)
		}
		if err := p.send(buf[:n]); err != nil {
			return err
		}
	}
}

// pass hands the board's bytes to the other program, which need not be there:
// what does not fit into the pty is left out, and told of.
func (p *portRecorder) pass(b []byte) {
	_ = p.cable.board.SetWriteDeadline(time.Now().Add(passLimit))
	n, err := p.cable.board.Write(b)
	if err == nil {
		if p.behind > 0 {
			p.say(fmt.Sprintf("%s: %s not read in time and left out there; the recording has all", p.through, count(p.behind, "byte")))
		}
		p.behind = 0
		return
	}
	p.behind += len(b) - n
}

// passLimit is how long the other program is waited for.
const passLimit = 5 * time.Millisecond
