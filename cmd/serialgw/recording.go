package main

import (
	"context"
	"errors"
	"io"
	"os"
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
	timing capture.Timing // once the format is known
	swap   bool           // what went to the board is played
	stream io.Reader      // what can be read only once: standard input, a pipe; nil for a file
	pipe   *os.File       // of stream, when it was opened here

	baud int           // of bytes without a time
	step time.Duration // of their pieces; 0 = as they are read
	port string        // recorded port to play; "" = the only one

	from capture.Position     // where the playing begins
	tell func(passed, string) // shows what the recording says of itself; nil = nobody cares

	begun   capture.Source               // of the stream, when it was looked at
	file    atomic.Pointer[capture.File] // open; the progress looks at it
	loops   int
	first   int64 // time of the first packet from the board
	bytes   int64 // from the board so far
	sent    int   // packets to the board
	raw     texture
	skipped func() int
	leftOut func() []string
	ignored map[string]int
}

// timed reports whether the recording has times of its own, dated whether their
// date is known.
func (r *recording) timed() bool { return r.timing != capture.Untimed }

func (r *recording) dated() bool { return r.timing == capture.Dated }

// once reports whether the recording can be read only once.
func (r *recording) once() bool { return r.stream != nil }

// attend opens what can be read only once; it is read until ctx ends.
func (r *recording) attend(ctx context.Context, stdin io.Reader) error {
	if r.path == "-" {
		r.stream = attentive(ctx, stdin)
		return nil
	}
	info, err := os.Stat(r.path)
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() { // else opening it says what is wrong
		r.pipe, err = openInput(r.path)
		if err != nil {
			return err
		}
		r.stream = attentive(ctx, r.pipe)
	}
	return nil
}

// peek finds out what stands in what can be read only once. It waits for the
// first bytes.
func (r *recording) peek() (err error) {
	if r.once() {
		r.begun, err = r.source()
	}
	if errors.Is(err, context.Canceled) {
		return nil // the playing meets that again
	}
	return err
}

func (r *recording) close() {
	if f := r.file.Load(); f != nil {
		_ = f.Close() // it may be closed already
	}
	if r.pipe != nil {
		_ = r.pipe.Close() // nothing was written to it
	}
}

// look opens the recording once to learn its format and its ports. Damage ends
// it; the playing meets that again.
func (r *recording) look() (ports []capture.Port, err error) {
	if r.once() {
		return nil, nil
	}
	f, err := capture.OpenAs(r.path, r.format)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	r.format, r.timing = f.Format, capture.TimingOf(f.Source)
	src, ok := f.Source.(*capture.Reader)
	if !ok {
		return nil, nil
	}
	n := 0
	for _, err := range capture.Packets(src) {
		if n++; n == lookAt || err != nil {
			break
		}
	}
	return src.Ports(), nil
}

// open opens the recording for playing.
func (r *recording) open() (capture.Source, error) {
	src, err := r.source()
	if err != nil {
		return nil, err
	}
	r.loops++
	if r.timed() {
		return src, nil
	}
	return capture.Paced(src, r.baud, r.step), nil
}

func (r *recording) source() (capture.Source, error) {
	if begun := r.begun; begun != nil {
		r.begun = nil
		return begun, nil
	}
	if r.once() {
		src, format, err := capture.DetectAs(r.stream, r.format)
		if err != nil {
			return nil, err
		}
		r.format, r.timing = format, capture.TimingOf(src)
		return r.passing(src), nil
	}
	f, err := capture.OpenAs(r.path, r.format)
	if err != nil {
		return nil, err
	}
	r.format, r.timing = f.Format, capture.TimingOf(f.Source)
	r.file.Store(f)
	return r.passing(f.Source), nil
}

// plain reports whether the file holds the bytes as they came.
func (r *recording) plain() bool {
	return r.format == capture.Raw || r.format == capture.PuTTY || r.format == capture.GPSD
}

// take says whether a packet is played. What another port said is not, and is
// counted.
func (r *recording) take(p capture.Packet) bool {
	if p.Direction == capture.Outbound {
		r.sent++
		return false
	}
	if r.port == "" {
		r.port = p.Port
	}
	if p.Port == r.port {
		if r.first == 0 {
			r.first = p.Time
		}
		r.bytes += int64(len(p.Bytes))
		if r.plain() {
			r.raw.see(p.Bytes)
		}
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
	look := recording{path: r.path, format: r.format, baud: r.baud, step: r.step, port: r.port, swap: r.swap}
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

// share returns how much of the file has been played, 0 to 1, when so many
// bytes from the board have been; 0 when its size is not known.
func (r *recording) share(played int64) float64 {
	f := r.file.Load()
	if f == nil || f.Size == 0 {
		return 0
	}
	if r.format != capture.Raw { // else one piece of the file is many of the playing
		played = f.Consumed()
	}
	return min(float64(played)/float64(f.Size), 1)
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

// stampOriginal gives chunks the times they were recorded at; those of a
// recording without a date stand for nothing.
func (r *recording) stampOriginal(passed time.Duration, recorded int64) reading.Stamp {
	if !r.dated() {
		recorded = 0
	}
	return reading.Stamp{Wall: recorded, Boot: int64(passed), BootID: replayed, Synced: r.dated()}
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
