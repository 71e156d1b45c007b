package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"serialgw/internal/capture"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// lastShown is how many bytes are shown where no frame is known.
const lastShown = 16

// recordView is what a recording looks like while it grows.
type recordView struct {
	mu      sync.Mutex
	plan    *frame.Plan // nil when not known
	scanner *frame.Scanner
	decoder *frame.Decoder
	values  reading.Reading
	last    []byte

	absent       string // the port, as long as it was never there
	began, shown time.Time
	in, out      int64 // bytes
	chunks       int
	inBefore     int64 // at shown
	framesBefore uint64
}

func newRecordView(plan *frame.Plan, baud int) *recordView {
	v := &recordView{plan: plan, began: time.Now(), shown: time.Now()}
	if plan != nil {
		v.scanner, v.decoder = frame.NewScanner(plan, baud), plan.NewDecoder()
	}
	return v
}

// packet takes note of one packet.
func (v *recordView) packet(p capture.Packet) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(p.Bytes) == 0 {
		return
	}
	if p.Direction == capture.Outbound {
		v.out += int64(len(p.Bytes))
		return
	}
	v.in += int64(len(p.Bytes))
	v.chunks++
	v.last = append(v.last[:0], p.Bytes[max(0, len(p.Bytes)-lastShown):]...)
	if v.scanner == nil {
		return
	}
	stamp := reading.Stamp{Wall: p.Time, Boot: p.Time}
	if due, ok := v.scanner.Deadline(); ok && stamp.Since(due) >= 0 {
		v.scanner.Expire(stamp)
		v.scan()
	}
	v.scanner.Feed(reading.Chunk{Bytes: p.Bytes, Stamp: stamp})
	v.scan()
}

func (v *recordView) scan() {
	for v.scanner.Scan() {
		if f := v.scanner.Frame(); f.Message != nil {
			v.decoder.Decode(f, &v.values)
		}
	}
}

// waitFor says that the port is not there; "": it is.
func (v *recordView) waitFor(port string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.absent = port
}

// why says why nothing may have come in.
func (v *recordView) why() string {
	if v.absent != "" {
		return v.absent + " is not there; \"serialgw ports\" lists what is"
	}
	return "is the board powered, TX at RX, ground connected?"
}

// nothing is the error of a recording without a byte, or nil.
func (v *recordView) nothing() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.in+v.out > 0 {
		return nil
	}
	return errors.New("nothing came in, so there is no recording: " + v.why())
}

// line says in one line how the recording goes:
//
//	1m12s  829440 bytes, 11520/s  41472 frames, 576/s  explained 99.9 %  noise 40  temp=23.5 volt=11.842
func (v *recordView) line() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	seconds := max(now.Sub(v.shown).Seconds(), 1e-3)
	text := fmt.Sprintf("%v  %s, %.0f/s", now.Sub(v.began).Round(time.Second), count(v.in, "byte"), float64(v.in-v.inBefore)/seconds)
	if v.out > 0 {
		text += fmt.Sprintf(", %d to the board", v.out)
	}
	switch {
	case v.in == 0:
		text += "  nothing yet: " + v.why()
	case v.scanner == nil:
		text += fmt.Sprintf("  last % X", v.last)
	default:
		m := v.scanner.Metrics()
		text += fmt.Sprintf("  %s, %.0f/s  %s", count(m.Frames, "frame"), float64(m.Frames-v.framesBefore)/seconds, v.quality(m))
		v.framesBefore = m.Frames
	}
	v.shown, v.inBefore = now, v.in
	return text
}

// quality says how much of the bytes the frames explain, and the newest values.
func (v *recordView) quality(m frame.Metrics) string {
	if m.Frames == 0 {
		return fmt.Sprintf("none of %s: another frame, or another baud rate?  last % X", v.plan.Name(), v.last)
	}
	text := fmt.Sprintf("explained %.1f %%  noise %d", 100*m.Explained(), m.Noise)
	if m.CheckFailed > 0 {
		text += fmt.Sprintf("  failed checks %d", m.CheckFailed)
	}
	var values strings.Builder
	for _, p := range v.values.Props {
		_, _ = fmt.Fprintf(&values, " %s=%s", p.Name, p.Value.String())
	}
	return text + " " + values.String()
}

// summary says what was recorded.
func (v *recordView) summary() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	text := fmt.Sprintf("recorded %s from the board in %s, %d to it, in %v",
		count(v.in, "byte"), count(v.chunks, "chunk"), v.out, time.Since(v.began).Round(time.Second))
	if v.scanner == nil {
		return text
	}
	v.scanner.Flush()
	v.scan()
	m := v.scanner.Metrics()
	text += fmt.Sprintf("\nframes %d, of unknown id %d, failed checks %d, noise bytes %d, explained %.1f %%",
		m.Frames, m.UnknownID, m.CheckFailed, m.Noise, 100*m.Explained())
	if m.Frames == 0 && m.Noise > 0 {
		text += "\n" + noFrame(v.plan.Name(), m, texture{}).Error()
	}
	return text
}
