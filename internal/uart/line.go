package uart

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"serialgw/internal/reading"
)

const (
	// lineBuffer holds more than the kernel keeps for a tty (64 KiB at most),
	// so one read empties it after a pause.
	lineBuffer = 64 << 10
	// A lost port is usually back within a second or not at all soon: try
	// often at first, then at a pace that costs nothing.
	retryFast  = 100 * time.Millisecond
	retrySlow  = 300 * time.Millisecond
	fastTries  = 20
	youngDeath = time.Second // a port lost so soon, without a byte, never really opened
)

// device is what a Line needs of a Port.
type device interface {
	Read(buf []byte, wait time.Duration) (int, error)
	Write(b []byte, within time.Duration) (int, error)
	Counters() (Counters, bool)
	Path() string
	Baud() int
	Close() error
}

// Line is a port that comes back: it opens what Config names, and again
// whenever it is lost. One goroutine calls Next; the other methods may be
// called from anywhere.
type Line struct {
	cfg     Config
	now     func() reading.Stamp
	onEvent func(Event)
	open    func(Config) (device, error) // tests put their own here

	// The reading goroutine's own.
	buf      []byte
	tries    int       // failed attempts in a row
	retryAt  time.Time // no attempt before
	reason   string    // why the last attempt failed
	openedAt time.Time
	heard    bool            // a byte has come since the port was opened
	quiet    bool            // opening is no news before a byte comes
	watched  <-chan struct{} // of the context whose end closes the port
	unwatch  func()          // forgets it; once it returns, that end closes nothing more

	mu     sync.Mutex
	port   device // nil: not open
	status Status
	asked  bool   // for a Reopen that Next has not seen yet
	wanted string // its reason
	closed bool
}

// NewLine returns a line that is opened by its first Next. onEvent may be nil;
// it is called by the goroutine that calls Next, and must not call the line.
func NewLine(cfg Config, now func() reading.Stamp, onEvent func(Event)) *Line {
	if onEvent == nil {
		onEvent = func(Event) {}
	}
	return &Line{
		cfg: cfg, now: now, onEvent: onEvent, buf: make([]byte, lineBuffer), unwatch: func() {},
		open: func(cfg Config) (device, error) { return Open(cfg) },
	}
}

// Next returns the next bytes, or an empty chunk when none came within wait
// (0 = wait for ever), whether the port is there or not. The bytes are valid
// until the next call. An error means that ctx ended, or os.ErrClosed that
// the line was closed.
func (l *Line) Next(ctx context.Context, wait time.Duration) (reading.Chunk, error) {
	l.watch(ctx)
	var end time.Time
	if wait > 0 {
		end = time.Now().Add(wait)
	}
	for {
		chunk, done, err := l.advance(ctx, end)
		if done || err != nil {
			return chunk, err
		}
	}
}

// watch closes the port when ctx ends: closing is the only wake-up that cannot
// be missed between two reads. The callers of Next seldom change their
// context, so it is watched until they do.
func (l *Line) watch(ctx context.Context) {
	if ctx.Done() == l.watched {
		return
	}
	l.unwatch()
	released := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { l.release(); close(released) })
	l.watched = ctx.Done()
	l.unwatch = func() {
		if !stop() {
			<-released
		}
	}
}

// advance takes one step: a look at the context, one attempt to open, or one
// read.
func (l *Line) advance(ctx context.Context, end time.Time) (chunk reading.Chunk, done bool, err error) {
	if err := ctx.Err(); err != nil {
		l.release()
		return reading.Chunk{}, true, err
	}
	port, err := l.current()
	if err != nil {
		return reading.Chunk{}, true, err
	}
	if port == nil {
		return l.tryOpen(ctx, end)
	}
	left := time.Duration(0)
	if !end.IsZero() {
		left = max(time.Until(end), 1) // 0 would wait for ever
	}
	n, err := port.Read(l.buf, left)
	stamp := l.now()
	switch {
	case n > 0:
		l.hear(n)
		return reading.Chunk{Bytes: l.buf[:n], Stamp: stamp}, true, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return reading.Chunk{Stamp: stamp}, true, nil
	case !errors.Is(err, os.ErrClosed):
		l.lose(port, err)
	}
	return reading.Chunk{}, false, nil // closed by ourselves: the next step knows why
}

// current returns the open port, or nil. A Reopen that was asked for in the
// meantime is said here.
func (l *Line) current() (device, error) {
	l.mu.Lock()
	port, asked, reason, closed := l.port, l.asked, l.wanted, l.closed
	l.asked = false
	l.mu.Unlock()
	if closed {
		return nil, os.ErrClosed
	}
	if asked {
		if reason != "" && !l.quiet {
			l.say(Silent, reason, nil)
		}
		l.quiet = true
	}
	return port, nil
}

// tryOpen waits for the next attempt to be due and makes it, unless end comes
// first.
func (l *Line) tryOpen(ctx context.Context, end time.Time) (chunk reading.Chunk, done bool, err error) {
	due := l.retryAt
	if !end.IsZero() && end.Before(due) {
		if err := pause(ctx, time.Until(end)); err != nil {
			return reading.Chunk{}, true, err
		}
		return reading.Chunk{Stamp: l.now()}, true, nil
	}
	if err := pause(ctx, time.Until(due)); err != nil {
		return reading.Chunk{}, true, err
	}
	port, err := l.open(l.cfg)
	if err != nil {
		l.retryLater()
		l.miss(err)
		return reading.Chunk{}, false, nil
	}
	l.adopt(port)
	return reading.Chunk{}, false, nil
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (l *Line) retryLater() {
	l.tries++
	delay := retryFast
	if l.tries > fastTries {
		delay = retrySlow
	}
	l.retryAt = time.Now().Add(delay)
}

func (l *Line) adopt(port device) {
	l.openedAt, l.heard, l.reason = time.Now(), false, ""
	l.mu.Lock()
	refused := l.closed
	if !refused {
		l.port = port
		l.status.Path, l.status.Baud = port.Path(), port.Baud()
		l.status.Opens++
	}
	l.mu.Unlock()
	if refused {
		_ = port.Close() // Close came while we opened
		return
	}
	if !l.quiet {
		l.say(Opened, l.openText(port.Path()), nil)
	}
}

func (l *Line) openText(path string) string { return fmt.Sprintf("%s open, %s", path, l.cfg) }

func (l *Line) hear(n int) {
	l.mu.Lock()
	l.status.Bytes += uint64(n)
	path, known := l.status.Path, l.status.State == Opened
	l.mu.Unlock()
	if !l.heard && l.quiet {
		l.quiet = false
		if !known { // else it was reopened without a word
			l.say(Opened, path+": bytes again", nil)
			l.mu.Lock()
			l.status.Text = l.openText(path)
			l.mu.Unlock()
		}
	}
	l.heard, l.tries = true, 0
}

// lose gives up a port that failed. It is closed before anything else: while
// an old descriptor is open, a device plugged in again gets another name.
func (l *Line) lose(port device, err error) {
	l.release()
	young := !l.heard && time.Since(l.openedAt) < youngDeath
	if !young {
		l.tries = 0
	}
	l.retryLater()
	// A port that opens and fails in turn is one piece of news, not ten a second.
	if !young || !l.quiet {
		l.say(Lost, port.Path()+" lost", fmt.Errorf("cannot read %s: %w", port.Path(), err))
	}
	l.quiet = young
}

// release closes the port, if one is open; a pending read returns. The lock is
// held until it is closed, or the next open would meet our own lock on it.
func (l *Line) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.port != nil {
		_ = l.port.Close() // it is given up either way
	}
	l.port, l.status.Path, l.status.Baud = nil, "", 0
}

// Reopen closes the port and lets Next open it again, because of reason; an
// empty one is not said. A port that is not open is being tried already.
func (l *Line) Reopen(reason string) {
	l.mu.Lock()
	if l.port != nil {
		l.asked, l.wanted = true, reason
	}
	l.mu.Unlock()
	l.release()
}

// Write sends b within the given time; see Port.Write. Without an open port
// it returns an error that matches fs.ErrNotExist.
func (l *Line) Write(b []byte, within time.Duration) (int, error) {
	l.mu.Lock()
	port := l.port
	l.mu.Unlock()
	if port == nil {
		return 0, fmt.Errorf("cannot write to %s: not open: %w", l.cfg.Port, fs.ErrNotExist)
	}
	return port.Write(b, within)
}

// Close closes the port for good; Next then returns os.ErrClosed. It is
// idempotent.
func (l *Line) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.release()
	return nil
}
