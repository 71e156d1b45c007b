package uart

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"
)

// Port is an open serial port. One goroutine may Read while others Write and
// Close.
type Port struct {
	path string
	baud int // as the driver runs it; 0 when it does not say

	lib serial.Port     // configures
	aux *os.File        // the same tty, non-blocking and in Go's poller: reads, writes, locks
	raw syscall.RawConn // of aux

	rests rests

	writing sync.Mutex // one Write, one deadline
	closing sync.Once
	closed  error       // what Close returns
	shut    atomic.Bool // Close has begun
}

// Open opens the port that cfg names and takes it for this program alone. An
// error says what to do; it matches fs.ErrNotExist when the device is not
// there and fs.ErrPermission when it may not be used.
func Open(cfg Config) (*Port, error) {
	path, err := Resolve(cfg.Port)
	if err != nil {
		return nil, explain(cfg.Port, err)
	}
	p, err := openPath(path, cfg)
	if err != nil {
		return nil, explain(path, err)
	}
	return p, nil
}

// openPath takes the steps in the only order that works: lock before any
// setting is touched, keep the lines from dropping at close before the
// library opens, modem lines after (a pty has none, and the library's own
// option would refuse it).
func openPath(path string, cfg Config) (_ *Port, err error) {
	aux, raw, err := openAux(path)
	if err != nil {
		return nil, err
	}
	p := &Port{path: path, aux: aux, raw: raw}
	defer func() {
		if err != nil {
			_ = p.Close() // err is the one to report
		}
	}()
	if p.rests.turn, err = newTurnstile(); err != nil {
		return nil, err
	}
	if p.lib, err = serial.Open(path, mode(cfg)); err != nil {
		return nil, err
	}
	closeOnExec(raw)
	if p.baud, err = checkBaud(raw, cfg.Baud); err != nil {
		return nil, err
	}
	if err = setLines(p.lib, cfg.OnOpen); err != nil {
		return nil, err
	}
	// What came in before was chewed by the terminal's cooked mode: CR became
	// LF, control bytes went missing.
	if err = p.lib.ResetInputBuffer(); err != nil {
		return nil, fmt.Errorf("cannot discard old input: %w", err)
	}
	return p, nil
}

func mode(cfg Config) *serial.Mode {
	m := &serial.Mode{BaudRate: cfg.Baud, DataBits: cfg.DataBits}
	switch cfg.Parity {
	case "odd":
		m.Parity = serial.OddParity
	case "even":
		m.Parity = serial.EvenParity
	}
	if cfg.StopBits == 2 {
		m.StopBits = serial.TwoStopBits
	}
	return m
}

// setLines applies Config.OnOpen. The kernel has raised both lines at open
// already; "keep" leaves it at that.
func setLines(lib serial.Port, onOpen string) error {
	if onOpen == "keep" {
		return nil
	}
	on := onOpen == "assert"
	err := errors.Join(lib.SetDTR(on), lib.SetRTS(on))
	if err != nil && !errors.Is(err, syscall.ENOTTY) {
		return fmt.Errorf("cannot set DTR and RTS: %w", err)
	}
	return nil
}

// Path returns the device node that is open, with links followed.
func (p *Port) Path() string { return p.path }

// Baud returns the rate that the driver really runs at, bits/s; 0 when it
// does not say.
func (p *Port) Baud() int { return p.baud }

// Read returns 1 to len(buf) bytes, whatever is there. It waits for at most
// wait (0 or less: for ever) and then returns os.ErrDeadlineExceeded. It
// returns os.ErrClosed once Close has been called, and any other error when
// the device has gone.
//
// It goes past the library, whose Read asks select(2) first: on a fast line
// that is a tenth of all this program does.
func (p *Port) Read(buf []byte, wait time.Duration) (int, error) {
	p.rests.wait()
	n, err := p.read(buf, wait)
	if n > 0 {
		p.rests.read()
	}
	return n, err
}

func (p *Port) read(buf []byte, wait time.Duration) (int, error) {
	var deadline, early time.Time
	if wait > 0 {
		deadline = time.Now().Add(wait)
		early = deadline.Add(-pollerLate)
	}
	if err := p.aux.SetReadDeadline(early); err != nil {
		return 0, p.cause(err)
	}
	n, err := p.aux.Read(buf)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		napUntil(deadline)
		return p.readNow(buf)
	}
	return 0, p.cause(err)
}

// pollerLate is how late a deadline of the runtime's poller may come, which
// counts in milliseconds. The end of a silence decides how soon a frame behind
// damage is believed.
const pollerLate = time.Millisecond

// readNow reads what is there, after a deadline. A process that was not
// running finds its timer run out and the bytes there: only the driver knows
// that the line was silent.
func (p *Port) readNow(buf []byte) (n int, err error) {
	err = control(p.raw, func(fd int) (err error) {
		n, err = unix.Read(fd, buf)
		return err
	})
	switch {
	case err == nil && n > 0:
		return n, nil
	case err == nil:
		err = io.EOF // hung up
	case errors.Is(err, unix.EAGAIN):
		return 0, os.ErrDeadlineExceeded
	}
	return 0, p.cause(err)
}

// cause names our own Close, for which the poller has an error that is not
// exported.
func (p *Port) cause(err error) error {
	if p.shut.Load() {
		return os.ErrClosed
	}
	return err
}

// Write sends all of b within the given time, or returns how many bytes the
// driver took and an error; what it took but had not sent is then discarded.
// It goes past the library, whose Write cannot be bounded, survives Close, and
// after Close writes into whatever file has inherited the descriptor's number.
func (p *Port) Write(b []byte, within time.Duration) (int, error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	if err := p.aux.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return 0, p.cause(err)
	}
	n, err := p.aux.Write(b)
	switch {
	case err == nil:
		return n, nil
	case p.shut.Load():
		return n, os.ErrClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		_ = flushOutput(p.raw) // a stale half command must not follow later
		return n, fmt.Errorf("%s took %d of %d bytes in %v: %w", p.path, n, len(b), within, os.ErrDeadlineExceeded)
	}
	return n, fmt.Errorf("cannot write to %s: %w", p.path, err)
}

// Close releases the port; a pending Read or Write returns os.ErrClosed
// before Close does. It may be called at any time, more than once.
func (p *Port) Close() error {
	p.closing.Do(func() {
		p.shut.Store(true)
		auxErr := p.aux.Close() // waits until no Read or Write is inside
		if p.rests.turn != nil {
			auxErr = errors.Join(auxErr, p.rests.turn.close())
		}
		if p.lib == nil {
			p.closed = auxErr
			return
		}
		// A UART with unsent output would hold the close for 30 s.
		_ = p.lib.ResetOutputBuffer()
		p.closed = errors.Join(auxErr, p.lib.Close())
	})
	return p.closed
}
