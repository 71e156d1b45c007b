package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"syscall"
	"time"
)

// IsAbsent reports whether an error of Ask or Listen says that no gateway runs
// there: the socket is not there, or a dead one left it. After any other a
// gateway may well run.
func IsAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}

// Ask puts one question to a running gateway and decodes the answer into v. It
// waits five seconds at most, and not after ctx has ended.
func Ask(ctx context.Context, path, question string, v any) error {
	conn, err := put(ctx, path, question)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := json.NewDecoder(conn).Decode(v); err != nil {
		return unanswered(ctx, err)
	}
	return nil
}

// Listen puts a question to a running gateway that is answered by a stream. The
// caller closes it; the end of ctx ends it, too. A refusal is an error with the
// gateway's words.
func Listen(ctx context.Context, path, question string) (io.ReadCloser, error) {
	conn, err := put(ctx, path, question)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(conn)
	var refused socketError
	line, err := r.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &refused)
	}
	if err != nil {
		_ = conn.Close()
		return nil, unanswered(ctx, err)
	}
	if refused.Error != "" {
		_ = conn.Close()
		return nil, fmt.Errorf("the gateway refuses: %s", refused.Error)
	}
	_ = conn.SetDeadline(time.Time{})
	return streamed{r, conn}, nil
}

type streamed struct {
	io.Reader
	io.Closer
}

// line is a connection that the end of a context closes.
type line struct {
	net.Conn
	forget func() bool // the context
}

// Close closes the connection.
func (l line) Close() error {
	l.forget()
	return l.Conn.Close()
}

// put connects and asks.
func put(ctx context.Context, path, question string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("cannot reach the gateway: %w", err)
	}
	_ = conn.SetDeadline(time.Now().Add(socketTimeout))
	l := line{conn, context.AfterFunc(ctx, func() { _ = conn.Close() })}
	if _, err := fmt.Fprintln(l, question); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("cannot ask the gateway: %w", because(ctx, err))
	}
	return l, nil
}

func unanswered(ctx context.Context, err error) error {
	return fmt.Errorf("cannot read the gateway's answer: %w", because(ctx, err))
}

// because returns why the connection failed: when ctx has ended, that closed it.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
