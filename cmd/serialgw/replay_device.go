package main

import (
	"context"
	"errors"
	"fmt"
	"os"
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
	if waitForReader(ctx, c.board) != nil || sleep(ctx, settle) != nil {
		return r.stopped(r.player.From.Bytes)
	}
	stop := r.showProgress(func() string { return "" })
	err = c.playNow(ctx, r.player)
	stop()
	if stopped(ctx) {
		left := waitTaken(name, stopLimit)
		return r.stopped(r.player.Position().Bytes - int64(left))
	}
	if left := waitTaken(name, drainLimit); left > 0 {
		return errors.Join(r.ended(err), fmt.Errorf("the other program did not read the last %d bytes within %v", left, drainLimit))
	}
	return r.ended(err)
}

// waitTaken waits until the other program has read all, because the end of the
// pty would throw away what it has not, and returns how many bytes are left.
func waitTaken(name string, limit time.Duration) (left int) {
	port, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0 // the other end is gone
	}
	defer func() { _ = port.Close() }()
	end := time.Now().Add(limit)
	for empty := 0; empty < looks && time.Now().Before(end); empty++ {
		if left, err = unix.IoctlGetInt(int(port.Fd()), unix.TIOCINQ); err != nil {
			return 0
		}
		if left > 0 {
			empty = -1
		}
		time.Sleep(lookAgain)
	}
	return left
}
