package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"serialgw/internal/capture"
	"serialgw/internal/gateway"
	"serialgw/internal/reading"
	"serialgw/internal/uart"
)

// cable is a pty: the board's end, and the port at the other end.
type cable struct {
	board *os.File // the master
	port  *os.File // the slave, held open so that the line outlives a reopening

	opened     chan struct{} // closed when a gateway has opened the port
	openedOnce sync.Once
	played     chan struct{} // closed when all has been written
}

// newCable makes a pty that is raw from the start: what is written before the
// port is opened must not pass the line discipline of a terminal.
func newCable() (*cable, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("cannot make a pty: %w", err)
	}
	if _, err := term.MakeRaw(int(slave.Fd())); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot prepare the pty: %w", err), master.Close(), slave.Close())
	}
	board, err := interruptible(master)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot prepare the pty: %w", err), slave.Close())
	}
	return &cable{board: board, port: slave, opened: make(chan struct{}), played: make(chan struct{})}, nil
}

// interruptible returns file, which is closed, as one whose reads and writes
// take deadlines.
func interruptible(file *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(err, unix.Close(fd), file.Close())
	}
	return os.NewFile(uintptr(fd), file.Name()), file.Close()
}

// Name returns the path of the port.
func (c *cable) Name() string { return c.port.Name() }

func (c *cable) close() { _ = errors.Join(c.board.Close(), c.port.Close()) }

// onPort notes that the port was opened: opening it discards what came before.
func (c *cable) onPort(e uart.Event) {
	if e.Kind == uart.Opened {
		c.openedOnce.Do(func() { close(c.opened) })
	}
}

// play plays into the cable, once the port is open.
func (c *cable) play(ctx context.Context, p *capture.Player) error {
	select {
	case <-c.opened:
	case <-ctx.Done():
		return nil
	}
	if err := c.playNow(ctx, p, c.board); err != nil || stopped(ctx) {
		return err
	}
	close(c.played)
	return nil
}

// playNow plays into to, which writes to the board's end, until the end, or until
// ctx ends, which is no error. A port that nobody reads does not hold it up.
func (c *cable) playNow(ctx context.Context, p *capture.Player, to io.Writer) error {
	defer context.AfterFunc(ctx, func() { _ = c.board.SetWriteDeadline(past) })()
	if err := p.Play(ctx, to); !stopped(ctx) {
		return err
	}
	return nil
}

// past is a deadline that ends what goes on.
var past = time.Unix(1, 0) //nolint:gochecknoglobals // a constant

// stopped reports whether it is we who stop.
func stopped(ctx context.Context) bool { return ctx.Err() != nil }

// silence is how long nothing may come out of a pty before it counts as empty.
const silence = 100 * time.Millisecond

// ending is a port that ends when what was played into it has come out.
type ending struct {
	gateway.Source
	played <-chan struct{}
}

// Next returns the next bytes of the port, io.EOF after the last.
func (e ending) Next(ctx context.Context, wait time.Duration) (reading.Chunk, error) {
	for end := time.Now().Add(wait); ; {
		left := silence
		if wait > 0 {
			left = max(min(silence, time.Until(end)), time.Millisecond)
		}
		chunk, err := e.Source.Next(ctx, left)
		if err != nil || len(chunk.Bytes) > 0 {
			return chunk, err
		}
		select {
		case <-e.played:
			if left == silence {
				return reading.Chunk{}, io.EOF
			}
		default:
		}
		if wait > 0 && !time.Now().Before(end) {
			return chunk, nil
		}
	}
}

// waitForReader returns when another program has opened the port of a pty whose
// own port end is closed. Nothing tells of it, so it is looked at often enough
// for a person not to notice.
func waitForReader(ctx context.Context, board *os.File) error {
	const look = 10 * time.Millisecond
	for {
		fds := []unix.PollFd{{Fd: int32(board.Fd()), Events: unix.POLLOUT}}
		if _, err := unix.Poll(fds, 0); err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("cannot watch the pty: %w", err)
		}
		if fds[0].Revents&unix.POLLHUP == 0 {
			return nil
		}
		if err := sleep(ctx, look); err != nil {
			return err
		}
	}
}
