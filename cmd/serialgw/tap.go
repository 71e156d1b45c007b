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

// earRoom is how many bytes of memory a recorder may lag behind: half a minute
// of the fastest lines.
const earRoom = 8 << 20

// tap lets recorders listen to the port of a board while the gateway reads it.
// The gateway never waits for one.
type tap struct {
	listened atomic.Bool // there are ears
	mu       sync.Mutex
	ears     map[*ear]struct{}
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

func (t *tap) listen() *ear {
	e := &ear{news: make(chan struct{}, 1)}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ears == nil {
		t.ears = make(map[*ear]struct{})
	}
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

// missedText begins the comment where a recording has a gap.
const missedText = "lost here: "

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

// record writes until ctx ends.
func (t *tap) record(ctx context.Context, port capture.Port, now func() reading.Stamp, w io.Writer) error {
	e := t.listen()
	defer t.leave(e)
	e.hear(heard{stamp: now(), comment: "recorded from here on"}, nil)
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
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-e.news:
		}
		var missed int
		order, bytes, missed = e.take(order, bytes)
		if err := writeHeard(rec, &base, port.Name, order, bytes, missed); err != nil {
			return err
		}
		if err := buffered.Flush(); err != nil {
			return err
		}
	}
}

func writeHeard(rec *capture.Writer, base *timebase, port string, order []heard, bytes []byte, missed int) error {
	for i, h := range order {
		p := base.packet(port, capture.Inbound, h.stamp, bytes[:h.size])
		if bytes = bytes[h.size:]; h.comment != "" {
			p.Direction, p.Comment = capture.Unknown, h.comment
		}
		if i == len(order)-1 && missed > 0 {
			p.Comment = fmt.Sprintf("%s%d bytes, because the recorder was too slow", missedText, missed)
		}
		if err := rec.Write(p); err != nil {
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

// packet is a chunk of a recording.
func (t *timebase) packet(port string, d capture.Direction, s reading.Stamp, bytes []byte) capture.Packet {
	if t.first.IsZero() {
		t.first = s
	}
	p := capture.Packet{Port: port, Direction: d, Time: t.first.Wall + s.Boot - t.first.Boot, Bytes: bytes}
	off := time.Duration(s.Wall - p.Time)
	if jump := off - t.told; jump.Abs() >= clockSet {
		t.told = off
		p.Comment = fmt.Sprintf("the clock was set by %v; the times here go on as before", jump.Round(time.Millisecond))
	}
	return p
}
