package uart

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// restFor is how far apart the reads of a busy line are kept. A UART hands
	// over 16 bytes or so at a time: at 921600 baud a wake-up each 174 µs, which
	// costs more than all that is then done with the bytes. At 230400 baud and
	// below the line itself leaves more time than this.
	restFor = 400 * time.Microsecond
	// atOnce is how soon after a rest bytes come that were there before its end.
	atOnce = 30 * time.Microsecond
	// lookEvery is how often a busy line lets the others be seen. Each look
	// costs as much as a read.
	lookEvery = 2 * time.Millisecond
)

// rests spaces out the reads of a busy line. It is the reading goroutine's.
//
//	line   ▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪
//	read   │  pass, nap  │  pass, nap  │
type rests struct {
	turn   *turnstile
	last   time.Time // the last read that brought bytes
	ended  time.Time // the last rest; zero when the last read was not after one
	looked time.Time // the last look at the poller
	busy   bool      // bytes come faster than they are to be read
}

// wait lets the line fill up, where it is busy.
func (r *rests) wait() {
	r.ended = time.Time{}
	if !r.busy {
		return
	}
	// A reader that always finds bytes never waits for the poller. Without a
	// look at it, nobody else's bytes, nor the network's, would be seen.
	if now := time.Now(); now.Sub(r.looked) >= lookEvery {
		r.turn.pass()
		r.looked = now
	}
	// What the last read gave, and what the look has woken, goes on its way
	// first. Twice, since every 61st time the scheduler takes who yields before
	// who waits.
	runtime.Gosched()
	runtime.Gosched()
	for left := restFor - time.Since(r.last); left > 0; left = restFor - time.Since(r.last) {
		nap(left) // a signal ends it early
	}
	r.ended = time.Now()
}

// read notes that bytes have come.
func (r *rests) read() {
	now := time.Now()
	if r.ended.IsZero() {
		r.busy = now.Sub(r.last) < restFor
	} else {
		r.busy = now.Sub(r.ended) < atOnce
	}
	r.last = now
}

// timerSlack is how late the kernel ends a sleep to save itself wake-ups.
const timerSlack = 50 * time.Microsecond

// napUntil naps until end, and waits awake where a nap would be too long.
func napUntil(end time.Time) {
	for left := time.Until(end); left > 0; left = time.Until(end) {
		if left > timerSlack {
			nap(left - timerSlack) // a signal ends it early
		}
	}
}

// nap sleeps without a word to the Go runtime, and with it, where there is one
// processor, the whole program. A sleep that the runtime knows of ends up to a
// millisecond late, each arriving byte wakes the poller all the same, and
// every pause wakes the runtime's monitor thread: it would save nothing
// (docs/performance.md).
func nap(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0)
}

// turnstile lets the runtime look at its poller now: whoever passes waits
// there for an event of his own making, and all that has come in before is
// seen with it.
type turnstile struct {
	file  *os.File // an eventfd in Go's poller
	raw   syscall.RawConn
	asked bool                  // in this pass
	ask   func(fd uintptr) bool // made once: one for each pass would be garbage
}

func newTurnstile() (*turnstile, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("cannot make an eventfd: %w", err)
	}
	t := &turnstile{file: os.NewFile(uintptr(fd), "eventfd")}
	if t.raw, err = t.file.SyscallConn(); err != nil {
		_ = t.file.Close() // nothing was written
		return nil, fmt.Errorf("cannot make an eventfd: %w", err)
	}
	t.ask = t.event
	return t, nil
}

// pass lets everything else that can run do so, and looks at the poller.
func (t *turnstile) pass() {
	t.asked = false
	_ = t.raw.Read(t.ask) // it fails only once the turnstile is closed, and then waits for nothing
}

// event makes the event that the pass then waits for.
func (t *turnstile) event(fd uintptr) bool {
	if t.asked {
		return true
	}
	t.asked = true
	one := make([]byte, 8)
	binary.NativeEndian.PutUint64(one, 1) // it counts up to 2⁶⁴: never read, never full
	_, err := unix.Write(int(fd), one)
	return err != nil
}

func (t *turnstile) close() error { return t.file.Close() }
