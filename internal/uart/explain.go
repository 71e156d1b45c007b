package uart

import (
	"errors"
	"fmt"
	"io/fs"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"
)

// lockedError says that another program holds the lock on the port.
type lockedError struct {
	holder string // "process 812 (minicom)"; empty when unknown
}

// Error names who holds the port, where that is known.
func (e *lockedError) Error() string {
	holder := e.holder
	if holder == "" {
		holder = "another program"
	}
	return holder + " holds it, and a port cannot be shared"
}

// Is makes a locked port match EBUSY, as one does that refuses to be opened.
func (e *lockedError) Is(target error) bool { return target == unix.EBUSY }

// explain adds to an error of the port at path what to do about it.
func explain(path string, err error) error {
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err // it would only repeat the path
	}
	return fmt.Errorf("cannot open %s: %w%s", path, err, advice(err))
}

func advice(err error) string {
	_, locked := errors.AsType[*lockedError](err)
	switch {
	case locked:
		return "; stop it, or choose another port"
	case errors.Is(err, errAmbiguous):
		return ""
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		return "; is the board plugged in?"
	case errors.Is(err, fs.ErrPermission):
		return "; add the user to the group dialout (sudo usermod -aG dialout USER) and log in again"
	case errors.Is(err, unix.EBUSY), code(err) == serial.PortBusy:
		return "; another program has it for itself (sudo fuser -v names it): stop it"
	case errors.Is(err, unix.ENOTTY), errors.Is(err, unix.EISDIR):
		return "; it is not a serial port"
	}
	return ""
}

// code returns the library's own error code; its errors do not unwrap.
func code(err error) serial.PortErrorCode {
	if portErr, ok := errors.AsType[*serial.PortError](err); ok {
		return portErr.Code()
	}
	return -1
}
