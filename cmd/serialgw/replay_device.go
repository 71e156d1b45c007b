package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"serialgw/internal/capture"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// settle is how long the other program has to set the port up once it is
	// open: most discard then what came in before.
	settle = 250 * time.Millisecond
	// drainLimit is how long it has to take the last bytes, stopLimit the same
	// when somebody waits at the keyboard.
	drainLimit = 5 * time.Second
	stopLimit  = time.Second
	// looks is how often in a row, lookAgain apart, nothing may wait in the pty
	// before it is empty: the kernel hands over what was written a little later.
	looks     = 25
	lookAgain = 10 * time.Millisecond
)

// playTo plays into a pty for another program to read, from the moment that
// program opens it.
func (r *replay) playTo(ctx context.Context) error {
	c, err := newCable()
	if err != nil {
		return err
	}
	defer c.close()
	name := c.Name()
	link, err := linkPort(name, r.device, "--device")
	if err != nil {
		return err
	}
	defer link.remove()
	if err := c.port.Close(); err != nil { // or the other's opening could not be seen
		return fmt.Errorf("cannot prepare the pty: %w", err)
	}
	_, _ = fmt.Fprintf(r.std.err, "%s is a port now; the recording begins when a program opens it\n", r.device)
	err = waitForReader(ctx, c.board)
	if stopped(ctx) || sleep(ctx, settle) != nil {
		return r.stopped(0)
	}
	if err != nil {
		return err
	}
	stop := r.showProgress(func() string { return "" })
	m, err := r.playMetered(ctx, c)
	left := untaken(ctx, c.board, name)
	stop()
	if stopped(ctx) {
		return r.stopped(m.taken(left))
	}
	err = r.ended(err)
	switch {
	case left > 0 && hungUp(c.board):
		return errors.Join(err, fmt.Errorf("the other program has left without the last %s; to go on, repeat the command with %s", count(left, "byte"), r.resume(m.taken(left))))
	case left > 0:
		return errors.Join(err, fmt.Errorf("the other program did not read the last %s within %v; to go on, repeat the command with %s", count(left, "byte"), drainLimit, r.resume(m.taken(left))))
	}
	return err
}

// meter counts what is written.
type meter struct {
	io.Writer
	n     int64 // bytes
	begun int64 // place of the first in the recording
	loop  int64 // bytes of the recording; 0 before it begins anew
}

// Write writes and counts.
func (m *meter) Write(b []byte) (int, error) {
	n, err := m.Writer.Write(b)
	m.n += int64(n)
	return n, err
}

// taken returns how far the playing has come when the last bytes are left: in
// its present loop, counted from where the first began.
func (m *meter) taken(left int) int64 {
	at := m.n - int64(left)
	if m.loop > 0 {
		at = (m.begun+at)%m.loop - m.begun
	}
	return at
}

// playMetered is playNow, and counts.
func (r *replay) playMetered(ctx context.Context, c *cable) (*meter, error) {
	m := &meter{Writer: c.board}
	open := r.player.Open
	r.player.Open = func() (capture.Source, error) {
		if m.n > 0 && m.loop == 0 {
			m.begun = r.player.Begun().Bytes
			m.loop = m.begun + m.n
		}
		return open()
	}
	return m, c.playNow(ctx, r.player, m)
}

// untaken waits until the other program has read all, has left, or there is no
// more time, and returns how many bytes it has not read. They end with the pty,
// and are counted by reading them: the kernel tells of 4095 at most.
func untaken(ctx context.Context, board *os.File, name string) (left int) {
	if allTaken(ctx, board, name) {
		return 0
	}
	port, err := openPort(name)
	if err != nil {
		return 0 // it never was opened
	}
	defer func() { _ = unix.Close(port) }()
	buf := make([]byte, 4096)
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for empty := 0; empty < looks; empty++ {
		n, _ := unix.Read(port, buf) // nothing, or nothing yet
		if n > 0 {
			left, empty = left+n, -1
			continue
		}
		<-look.C
	}
	return left
}

// allTaken waits and reports whether the other program has read all. When it is
// we who stop, it has less time for that.
func allTaken(ctx context.Context, board *os.File, name string) bool {
	start := time.Now()
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for empty := 0; empty < looks; empty++ {
		if waiting(name) {
			empty = -1
		}
		since := time.Since(start)
		if hungUp(board) || since > drainLimit || since > stopLimit && stopped(ctx) {
			return false
		}
		<-look.C
	}
	return true
}

// hungUp reports whether no program has the port open.
func hungUp(board *os.File) bool {
	fds := []unix.PollFd{{Fd: int32(board.Fd()), Events: unix.POLLOUT}}
	_, err := unix.Poll(fds, 0)
	return err == nil && fds[0].Revents&unix.POLLHUP != 0
}

// waiting reports whether bytes wait in the port. It is not held open, or the
// other's leaving could not be seen.
func waiting(name string) bool {
	port, err := openPort(name)
	if err != nil {
		return false
	}
	defer func() { _ = unix.Close(port) }()
	n, err := unix.IoctlGetInt(port, unix.TIOCINQ)
	return err == nil && n > 0
}

func openPort(name string) (int, error) {
	return unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}
