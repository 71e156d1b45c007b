package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"serialgw/internal/capture"
	"serialgw/internal/gateway"
	"serialgw/internal/reading"
	"serialgw/internal/uart"
)

// earRoom is how far a recorder may lag behind, in bytes of memory: half a
// minute of a line of 3 Mbaud. What it has taken and not yet written comes to
// as much at most.
const earRoom = 8 << 20

// tap lets recorders listen to the port of a board while the gateway reads it.
// The gateway never waits for one.
type tap struct {
	listened atomic.Bool // there are ears
	mu       sync.Mutex
	ears     map[*ear]struct{}
	gone     chan struct{} // closed when the board is
}

func newTap() *tap {
	return &tap{ears: make(map[*ear]struct{}), gone: make(chan struct{})}
}

// tapped is a port with a tap.
type tapped struct {
	gateway.Source
	tap *tap
}

// Next returns the next bytes of the port.
func (t tapped) Next(ctx context.Context, wait time.Duration) (reading.Chunk, error) {
	chunk, err := t.Source.Next(ctx, wait)
	if len(chunk.Bytes) > 0 {
		t.tap.hear(heard{stamp: chunk.Stamp}, chunk.Bytes)
	}
	return chunk, err
}

// heard is one chunk, or without bytes a comment.
type heard struct {
	stamp   reading.Stamp
	size    int
	comment string
}

func (t *tap) hear(h heard, bytes []byte) {
	if !t.listened.Load() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for e := range t.ears {
		e.hear(h, bytes)
	}
}

// listen returns an ear that hears first, and then what comes in.
func (t *tap) listen(first heard) *ear {
	e := &ear{news: make(chan struct{}, 1)}
	e.hear(first, nil)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ears[e] = struct{}{}
	t.listened.Store(true)
	return e
}

func (t *tap) leave(e *ear) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.ears, e)
	t.listened.Store(len(t.ears) > 0)
}

// ear is what one recorder has still to take.
type ear struct {
	mu     sync.Mutex
	order  []heard
	bytes  []byte // of all in order, one behind the other
	missed int    // bytes for which there was no room, since the last that found some
	news   chan struct{}
}

// heardSize is roughly the memory of one heard.
const heardSize = 96

func (e *ear) hear(h heard, bytes []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.missed > 0 || len(e.order)*heardSize+len(e.bytes)+len(bytes) > earRoom {
		e.missed += len(bytes)
		return
	}
	h.size = len(bytes)
	e.order, e.bytes = append(e.order, h), append(e.bytes, bytes...)
	signalNews(e.news)
}

func signalNews(news chan<- struct{}) {
	select {
	case news <- struct{}{}:
	default: // it has still to be read
	}
}

// take moves what has been heard into order and bytes, whose memory it keeps.
// What was missed since is counted anew.
func (e *ear) take(order []heard, bytes []byte) (_ []heard, _ []byte, missed int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	order, e.order = e.order, order[:0]
	bytes, e.bytes = e.bytes, bytes[:0]
	missed, e.missed = e.missed, 0
	return order, bytes, missed
}

const (
	// missedText begins the comment where a recording has a gap.
	missedText = "lost here: "
	// goneText is the last comment of a board that a reload has taken away.
	goneText = "the board is no longer configured"
)

// record answers the question "record BOARD" with a recording of what the
// board's port says from now on.
func (n *node) record(arguments []string) (gateway.Writing, error) {
	name := strings.Join(arguments, " ")
	n.mu.Lock()
	defer n.mu.Unlock()
	l, ok := n.lines[name]
	if !ok {
		return nil, fmt.Errorf("no board %q; these exist: %s", name, strings.Join(slices.Sorted(maps.Keys(n.lines)), ", "))
	}
	port := portOf(l.Status().Path, l.config)
	return func(ctx context.Context, w io.Writer) error { return l.tap.record(ctx, port, n.clock.Now, w) }, nil
}

// record writes until ctx ends or the board is gone, and then what has come in
// before.
func (t *tap) record(ctx context.Context, port capture.Port, now func() reading.Stamp, w io.Writer) error {
	e := t.listen(heard{stamp: now(), comment: "recorded from here on"})
	defer t.leave(e)
	buffered := bufio.NewWriterSize(w, 64<<10)
	rec, err := capture.NewWriter(buffered)
	if err == nil {
		err = rec.AddPort(port)
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return err
	}
	var base timebase
	var order []heard
	var bytes []byte
	for last := false; ; {
		select {
		case <-ctx.Done():
			last = true
		case <-t.gone:
			last = true
			e.hear(heard{stamp: now(), comment: goneText}, nil)
		case <-e.news:
		}
		var missed int
		order, bytes, missed = e.take(order, bytes)
		if err := writeHeard(rec, &base, port.Name, order, bytes, missed); err != nil {
			return err
		}
		if err := buffered.Flush(); err != nil || last {
			return err
		}
	}
}

func writeHeard(rec *capture.Writer, base *timebase, port string, order []heard, bytes []byte, missed int) error {
	for i, h := range order {
		p := capture.Packet{Direction: capture.Inbound, Bytes: bytes[:h.size], Comment: h.comment}
		if bytes = bytes[h.size:]; h.size == 0 {
			p.Direction = capture.Unknown
		}
		if i == len(order)-1 && missed > 0 {
			p.Comment = also(p.Comment, fmt.Sprintf("%s%s, because the recorder was too slow", missedText, count(missed, "byte")))
		}
		if err := rec.Write(base.packet(port, p, h.stamp)); err != nil {
			return err
		}
	}
	return nil
}

// portOf describes the port at path, which cfg names.
func portOf(path string, cfg uart.Config) capture.Port {
	p := capture.Port{Name: path, Description: cfg.String()}
	if path == "" {
		p.Name = cfg.Port
	}
	var hardware []string
	if cfg.Port != path {
		hardware = append(hardware, cfg.Port)
	}
	for _, info := range uart.List(uart.SysRoot, uart.DevRoot) {
		if info.Path != path {
			continue
		}
		if info.USB != nil {
			hardware = append(hardware, info.USB.String())
		}
		hardware = append(hardware, info.Links...)
		if info.Driver != "" {
			hardware = append(hardware, info.Driver)
		}
	}
	slices.Sort(hardware)
	p.Hardware = strings.Join(slices.Compact(hardware), " ")
	return p
}

// timebase gives chunks the wall time of the first one plus what has passed
// since: a clock that is set in the meantime must not bend a recording.
type timebase struct {
	first reading.Stamp
	told  time.Duration // how far the wall clock was off when it was last told
}

// clockSet is how far the wall clock has to jump to be told of.
const clockSet = time.Second

// packet gives p, of the port and of the moment s, its time.
func (t *timebase) packet(port string, p capture.Packet, s reading.Stamp) capture.Packet {
	if t.first.IsZero() {
		t.first = s
	}
	p.Port, p.Time = port, t.first.Wall+s.Boot-t.first.Boot
	off := time.Duration(s.Wall - p.Time)
	if jump := off - t.told; jump.Abs() >= clockSet {
		t.told = off
		p.Comment = also(p.Comment, fmt.Sprintf("the clock was set by %v; the times here go on as before", jump.Round(time.Millisecond)))
	}
	return p
}

// also adds to a comment.
func also(comment, more string) string {
	if comment == "" {
		return more
	}
	return comment + "; " + more
}
