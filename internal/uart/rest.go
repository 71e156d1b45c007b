package uart

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// restFor is how far apart the reads of a busy line are kept. A UART hands
// over 16 bytes or so at a time: at 921600 baud a wake-up each 174 µs, which
// costs more than all that is then done with the bytes. At 460800 baud and
// below the line itself leaves more time than this.
const restFor = 300 * time.Microsecond

// rests spaces out the reads of a busy line. It is the reading goroutine's.
type rests struct {
	last time.Time // the last read that brought bytes
	busy bool      // it came soon after the one before
}

// wait lets the line fill up, where it is busy.
func (r *rests) wait() {
	if !r.busy || time.Since(r.last) >= restFor {
		return
	}
	// What the last read gave goes on its way first. Twice, since every 61st
	// time the scheduler takes who yields before who waits.
	runtime.Gosched()
	runtime.Gosched()
	for left := restFor - time.Since(r.last); left > 0; left = restFor - time.Since(r.last) {
		nap(left)
	}
}

// read notes that bytes have come.
func (r *rests) read() {
	now := time.Now()
	r.busy = now.Sub(r.last) < 2*restFor
	r.last = now
}

// nap sleeps without a word to the Go runtime, and with it, where there is one
// processor, the whole program. A sleep that the runtime knows of ends up to a
// millisecond late, each arriving byte wakes the poller all the same, and
// every pause wakes the runtime's monitor thread: it would save nothing
// (docs/performance.md).
func nap(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0) // a signal ends it early
}
