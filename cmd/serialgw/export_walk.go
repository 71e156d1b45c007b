package main

import (
	"context"
	"fmt"
	"io"

	"serialgw/internal/capture"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// frameWalk takes the frames out of a recording, in the order in which they
// were whole. Each direction is a line of its own.
type frameWalk struct {
	rec  *recording
	plan *frame.Plan
	baud int

	both     bool // also what went to the board
	take     func(f *frame.Frame, p capture.Packet) error
	flush    func() error
	scanners [4]*frame.Scanner // by direction
	first    int64             // time of the first packet
	begun    bool
}

// toCSV sends the readings of the board to w.
func (x *frameWalk) toCSV(r *replay, w io.Writer) error {
	sink, err := newSink(printing{format: "csv", timing: x.rec.timing}, r.board.Plan, r.conf, w)
	if err != nil {
		return err
	}
	var values reading.Reading
	x.flush = sink.flush
	x.take = func(f *frame.Frame, _ capture.Packet) error {
		if f.Message == nil {
			return nil
		}
		x.plan.Decode(f, &values)
		return sink.write(&values)
	}
	return nil
}

// toPackets sends each frame to w as a packet.
func (x *frameWalk) toPackets(w io.Writer, link capture.Link) error {
	out, err := capture.NewLinkWriter(w, link, "a packet a frame of "+x.plan.Name())
	if err != nil {
		return err
	}
	x.both = true
	x.flush = func() error { return nil }
	x.take = func(f *frame.Frame, p capture.Packet) error {
		if err := out.AddPort(capture.Port{Name: p.Port, Description: "frames of " + x.plan.Name()}); err != nil {
			return err
		}
		p.Bytes, p.Comment = f.Raw(), ""
		p.Time = x.first + f.Stamp.Boot
		return out.Write(p)
	}
	return nil
}

func (x *frameWalk) walk(ctx context.Context, src capture.Source) error {
	var last [len(x.scanners)]capture.Packet
	for p, err := range capture.Packets(src) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return x.end(&last, err)
		}
		if len(p.Bytes) == 0 || !x.wanted(p) {
			continue
		}
		if !x.begun {
			x.begun, x.first = true, p.Time
		}
		if p.Direction == capture.Unknown {
			p.Direction = capture.Inbound
		}
		last[p.Direction] = capture.Packet{Port: p.Port, Direction: p.Direction}
		if err := x.feed(p); err != nil {
			return err
		}
	}
	return x.end(&last, nil)
}

// wanted says whether a packet is looked at.
func (x *frameWalk) wanted(p capture.Packet) bool {
	if p.Direction == capture.Outbound && x.both {
		x.rec.sent++
		return x.rec.port == "" || x.rec.port == p.Port
	}
	return x.rec.take(p)
}

func (x *frameWalk) feed(p capture.Packet) error {
	s := x.scanners[p.Direction]
	if s == nil {
		s = frame.NewScanner(x.plan, x.baud)
		x.scanners[p.Direction] = s
	}
	stamp := reading.Stamp{Boot: p.Time - x.first, BootID: replayed}
	if x.rec.dated() {
		stamp.Wall = p.Time
	}
	if due, ok := s.Deadline(); ok && stamp.Since(due) >= 0 {
		s.Expire(stamp)
		if err := x.scan(s, p); err != nil {
			return err
		}
	}
	s.Feed(reading.Chunk{Bytes: p.Bytes, Stamp: stamp})
	return x.scan(s, p)
}

func (x *frameWalk) scan(s *frame.Scanner, p capture.Packet) error {
	for s.Scan() {
		if err := x.take(s.Frame(), p); err != nil {
			return fmt.Errorf("cannot export: %w", err)
		}
	}
	return nil
}

// end takes what is left when no more bytes come, because of err.
func (x *frameWalk) end(last *[4]capture.Packet, err error) error {
	for i, s := range x.scanners {
		if s == nil {
			continue
		}
		s.Flush()
		if err := x.scan(s, last[i]); err != nil {
			return err
		}
	}
	return err
}

// summarise says what was found in either direction.
func (x *frameWalk) summarise(r *replay) error {
	var from, to frame.Metrics
	if s := x.scanners[capture.Inbound]; s != nil {
		from = s.Metrics()
	}
	if s := x.scanners[capture.Outbound]; s != nil {
		to = s.Metrics()
	}
	if x.both && to.BytesIn > 0 {
		_, _ = fmt.Fprintf(r.std.err, "to the board: frames %d, failed checks %d, noise bytes %d\n", to.Frames, to.CheckFailed, to.Noise)
	}
	err := summarise(r.std, x.plan.Name(), from, from.Frames, x.rec.raw)
	if to.Frames > 0 {
		return nil
	}
	return err
}
