package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// drainLimit is how long the other program has to take the last bytes.
const drainLimit = 5 * time.Second

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
	if err := waitForReader(ctx, c.board); err != nil {
		return r.stopped(r.player.From.Bytes)
	}
	stop := r.showProgress(func() string { return "" })
	err = c.playNow(ctx, r.player)
	stop()
	if stopped(ctx) {
		return r.stopped(r.player.Position().Bytes)
	}
	return errors.Join(r.ended(err), waitTaken(ctx, name))
}

// waitTaken waits until the other program has read all: the end of the pty
// would throw away what it has not.
func waitTaken(ctx context.Context, name string) error {
	port, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil // the other end is gone
	}
	defer func() { _ = port.Close() }()
	for end := time.Now().Add(drainLimit); time.Now().Before(end); {
		waiting, err := unix.IoctlGetInt(int(port.Fd()), unix.TIOCINQ)
		if err != nil || waiting == 0 {
			return nil
		}
		if sleep(ctx, 10*time.Millisecond) != nil {
			break
		}
	}
	return fmt.Errorf("the other program did not read the last bytes within %v", drainLimit)
}
