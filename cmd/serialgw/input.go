package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// inputLook is how often one that waits for bytes sees whether it is to stop.
const inputLook = 50 // milliseconds

// attentive reads what may keep it waiting, such as a pipe or a terminal, only
// until ctx ends. Any other reader stays as it is.
func attentive(ctx context.Context, r io.Reader) io.Reader {
	file, ok := r.(*os.File)
	if !ok {
		return r
	}
	if info, err := file.Stat(); err != nil || info.Mode().IsRegular() {
		return r
	}
	conn, err := file.SyscallConn()
	if err != nil {
		return r // it is closed, and its Read says so
	}
	return readerFunc(func(b []byte) (int, error) {
		for {
			ready, err := awaitInput(conn)
			switch {
			case ctx.Err() != nil:
				return 0, ctx.Err()
			case err != nil:
				return 0, err
			case ready:
				return file.Read(b)
			}
		}
	})
}

// awaitInput reports whether there is something to read, an end or an error.
func awaitInput(conn interface {
	Control(f func(fd uintptr)) error
}) (ready bool, err error) {
	var pollErr error
	err = conn.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, inputLook)
		ready = n > 0
		if !errors.Is(err, unix.EINTR) {
			pollErr = err
		}
	})
	return ready, errors.Join(err, pollErr)
}

type readerFunc func([]byte) (int, error)

// Read calls the function.
func (r readerFunc) Read(b []byte) (int, error) { return r(b) }

// openInput opens what is to be read. A named pipe is not waited for: the
// reading does that.
func openInput(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot read the bytes: %w", err)
	}
	return file, nil
}
