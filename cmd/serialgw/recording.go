package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"serialgw/internal/capture"
	"serialgw/internal/clock"
	"serialgw/internal/reading"

	"golang.org/x/sys/unix"
)

// lookAt is how many packets of a recording tell which ports it has.
const lookAt = 4096

// pieces is how long the bytes of one piece of a recording without times take.
const pieces = 10 * time.Millisecond

// recording is a recorded file, and what of it is played.
type recording struct {
	path   string // "-" is standard input
	format capture.Format
	stdin  io.Reader

	baud int           // of bytes without a time
	step time.Duration // of their pieces; 0 = as they are read
	port string        // recorded port to play; "" = the only one

	file    atomic.Pointer[capture.File] // open; the progress looks at it
	ignored map[string]int
}

// timed reports whether the recording has times of its own.
func (r *recording) timed() bool { return r.format == capture.PcapNG }

// look opens the recording once to learn its format and its ports.
func (r *recording) look() (ports []capture.Port, err error) {
	if r.path == "-" {
		return nil, nil
	}
	f, err := capture.OpenAs(r.path, r.format)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	r.format = f.Format
	src, ok := f.Source.(*capture.Reader)
	if !ok {
		return nil, nil
	}
	n := 0
	for _, err := range capture.Packets(src) {
		if n++; n == lookAt || errors.Is(err, capture.ErrCut) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.path, err)
		}
	}
	return src.Ports(), nil
}

// open opens the recording for playing.
func (r *recording) open() (capture.Source, error) {
	var src capture.Source
	if r.path == "-" {
		s, format, err := capture.DetectAs(r.stdin, r.format)
		if err != nil {
			return nil, err
		}
		src, r.format = s, format
	} else {
		f, err := capture.OpenAs(r.path, r.format)
		if err != nil {
			return nil, err
		}
		src = f
		r.file.Store(f)
	}
	if r.timed() {
		return src, nil
	}
	return capture.Paced(src, r.baud, r.step), nil
}

// take says whether a packet is played. What another port said is not, and is
// counted.
func (r *recording) take(p capture.Packet) bool {
	if p.Direction == capture.Outbound {
		return false
	}
	if r.port == "" {
		r.port = p.Port
	}
	if p.Port == r.port {
		return true
	}
	if r.ignored == nil {
		r.ignored = make(map[string]int)
	}
	r.ignored[p.Port]++
	return false
}

// player returns what plays the recording.
func (r *recording) player() *capture.Player {
	return &capture.Player{Open: r.open, Take: r.take, Wait: sleepExactly, Now: clock.New().Now}
}

// extent returns the times of the first and the last packet.
func (r *recording) extent() (first, last int64, err error) {
	look := recording{path: r.path, format: r.format, baud: r.baud, step: r.step, port: r.port}
	src, err := look.open()
	if err != nil {
		return 0, 0, err
	}
	first, last, err = capture.Extent(src, look.take)
	if c, ok := src.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return first, last, err
}

// share returns how much of the file has been read, 0 to 1; 0 when its size is
// not known.
func (r *recording) share() float64 {
	f := r.file.Load()
	if f == nil || f.Size == 0 {
		return 0
	}
	return min(float64(f.Consumed())/float64(f.Size), 1)
}

// left tells of the ports that were not played.
func (r *recording) left(std streams) {
	names := make([]string, 0, len(r.ignored))
	for name := range r.ignored {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		_, _ = fmt.Fprintf(std.err, "%d chunks of port %s were not played: --port %s plays them\n", r.ignored[name], name, name)
	}
}

// parseSpeed reads "1", "10x", "0.5x" or "max", which is 0.
func parseSpeed(text string) (float64, error) {
	if text == "max" {
		return 0, nil
	}
	speed, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || !(speed > 0 && speed <= 1e6) {
		return 0, usagef("--speed %q: write 1x for the recording's own pace, 10x for ten times as fast, max for as fast as possible", text)
	}
	return speed, nil
}

// parsePosition reads a time into the recording, "1m30s", or a number of bytes
// from the board, "4096B".
func parsePosition(text string) (capture.Position, error) {
	if text == "" {
		return capture.Position{}, nil
	}
	if digits, ok := strings.CutSuffix(text, "B"); ok {
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n >= 0 {
			return capture.Position{Bytes: n}, nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return capture.Position{Time: d}, nil
	}
	return capture.Position{}, usagef("--from %q: write a time into the recording such as 90s or 1h2m, or a number of bytes from the board such as 4096B", text)
}

// resume is the --from that goes on at a byte of the board's.
func resume(at int64) string { return fmt.Sprintf("--from %dB", at) }

// stampOriginal gives chunks the times they were recorded at; those of a
// recording without times count from 0 and stand for nothing.
func (r *recording) stampOriginal(passed time.Duration, recorded int64) reading.Stamp {
	if !r.timed() {
		recorded = 0
	}
	return reading.Stamp{Wall: recorded, Boot: int64(passed), BootID: replayed, Synced: r.timed()}
}

// replayed is the boot of all that is played: its boot times count from the
// recording's beginning and compare with no other.
var replayed = reading.BootID{'r', 'e', 'p', 'l', 'a', 'y'} //nolint:gochecknoglobals // a constant

// timerLate is how late the runtime's timers may end, generously.
const timerLate = 2 * time.Millisecond

// sleepExactly is sleep for the times of a recording: the kernel's timer ends
// within a tenth of a millisecond, the runtime's up to one late.
func sleepExactly(ctx context.Context, d time.Duration) error {
	end := time.Now().Add(d)
	if d > timerLate {
		if err := sleep(ctx, d-timerLate); err != nil {
			return err
		}
	}
	for left := time.Until(end); left > 0; left = time.Until(end) {
		t := unix.NsecToTimespec(int64(left))
		_ = unix.Nanosleep(&t, nil) // a signal ends it early
	}
	return ctx.Err()
}

// fileName quotes a path for a command line that is shown to be copied.
func fileName(path string) string {
	if path != "" && !strings.ContainsAny(path, " \t\n\"'\\$`*?[]()<>|&;~#!") {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
