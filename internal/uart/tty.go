package uart

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Counters are the driver's own, since it was loaded. Framing and parity
// errors are the only honest sign of a wrong baud rate.
type Counters struct {
	Received, Sent      uint32 // bytes; they wrap
	Framing, Parity     uint32 // damaged bytes
	Overrun, BufferFull uint32 // bytes lost in the UART, in the kernel
	Breaks              uint32
}

// icounter is struct serial_icounter_struct of linux/serial.h.
type icounter struct {
	CTS, DSR, RNG, DCD, RX, TX          int32
	Frame, Overrun, Parity, Brk, BufOvr int32
	_                                   [9]int32
}

// openAux opens our own descriptor and makes it ours: locked, and with HUPCL
// cleared, so that DTR stays up when the port is closed and the next open
// makes no edge (an edge resets many boards).
func openAux(path string) (*os.File, syscall.RawConn, error) {
	// os.OpenFile adds O_CLOEXEC. O_NONBLOCK: do not wait for a carrier, and
	// let Go's poller do the waiting later.
	f, err := os.OpenFile(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	raw, err := f.SyscallConn()
	if err == nil {
		err = control(raw, func(fd int) error { return claim(fd, path) })
	}
	if err == nil {
		err = f.SetDeadline(time.Time{}) // refused when the poller cannot watch it
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, raw, nil
}

func claim(fd int, path string) error {
	termios, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			return &lockedError{holder: lockHolder(path)}
		}
		return fmt.Errorf("cannot lock: %w", err)
	}
	if termios.Cflag&unix.HUPCL == 0 {
		return nil
	}
	termios.Cflag &^= unix.HUPCL
	return unix.IoctlSetTermios(fd, unix.TCSETS, termios)
}

// control runs f on the descriptor, which cannot be closed meanwhile.
func control(raw syscall.RawConn, f func(fd int) error) error {
	var err error
	if rawErr := raw.Control(func(fd uintptr) { err = f(int(fd)) }); rawErr != nil {
		return os.ErrClosed
	}
	return err
}

// unsupported reports whether this tty (a pty, or any under emulation) has no
// such request.
func unsupported(err error) bool {
	return errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL)
}

// checkBaud reads back the rate that the driver runs at: most drivers accept
// any rate and quietly keep the one they had. A UART tolerates about 2 %.
func checkBaud(raw syscall.RawConn, want int) (int, error) {
	var termios *unix.Termios
	err := control(raw, func(fd int) (err error) {
		termios, err = unix.IoctlGetTermios(fd, unix.TCGETS2)
		return err
	})
	if unsupported(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("cannot read back the baud rate: %w", err)
	}
	return int(termios.Ospeed), compareBaud(int(termios.Ospeed), want)
}

func compareBaud(got, want int) error {
	if deviation := got - want; max(deviation, -deviation)*50 > want {
		return fmt.Errorf("cannot run at %d baud: the driver gives %d; choose a rate that this UART has", want, got)
	}
	return nil
}

// Counters returns the driver's counters; ok is false where it has none (a
// pty, most USB CDC devices) or the port is closed.
func (p *Port) Counters() (c Counters, ok bool) {
	var raw icounter
	err := control(p.raw, func(fd int) error {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCGICOUNT, uintptr(unsafe.Pointer(&raw)))
		if errno != 0 {
			return errno
		}
		return nil
	})
	if err != nil {
		return Counters{}, false
	}
	return Counters{
		Received: uint32(raw.RX), Sent: uint32(raw.TX),
		Framing: uint32(raw.Frame), Parity: uint32(raw.Parity),
		Overrun: uint32(raw.Overrun), BufferFull: uint32(raw.BufOvr), Breaks: uint32(raw.Brk),
	}, true
}

func flushOutput(raw syscall.RawConn) error {
	return control(raw, func(fd int) error { return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCOFLUSH) })
}

// closeOnExec marks every descriptor of this tty, so that no child process
// inherits the port: the library opens without O_CLOEXEC and does not tell
// its descriptor. Failing to find one harms nobody yet.
func closeOnExec(raw syscall.RawConn) {
	_ = control(raw, func(aux int) error {
		var own, other unix.Stat_t
		if err := unix.Fstat(aux, &own); err != nil {
			return err
		}
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			return err
		}
		for _, e := range entries {
			fd, err := strconv.Atoi(e.Name())
			if err == nil && unix.Fstat(fd, &other) == nil && other.Mode&unix.S_IFMT == unix.S_IFCHR && other.Rdev == own.Rdev {
				unix.CloseOnExec(fd)
			}
		}
		return nil
	})
}
