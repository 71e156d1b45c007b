package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	socketTimeout = 5 * time.Second // for one question and its answer
	socketClients = 8               // answered at the same time; further ones wait
	questionMost  = 256             // bytes
	acceptAgain   = time.Second     // wait after an error that may pass
)

// Answer returns the answer to one question on the status socket.
type Answer func() any

// ServeSocket answers questions on a unix socket until ctx ends: one line with
// the question's name in, one line of JSON out. At the end clients are cut off.
//
//	status\n  ──▶   ◀── {"uptime_ns":...}\n
func ServeSocket(ctx context.Context, path string, answers map[string]Answer) error {
	listener, err := listenSocket(ctx, path)
	if err != nil {
		return err
	}
	return serveOn(ctx, listener, answers)
}

// serveOn closes the listener in the end.
func serveOn(ctx context.Context, listener net.Listener, answers map[string]Answer) error {
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	defer func() { _ = listener.Close() }()
	var clients sync.WaitGroup
	defer clients.Wait()
	slots := make(chan struct{}, socketClients)
	for {
		conn, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			if temporary(err) {
				pause(ctx, acceptAgain)
				continue
			}
			return fmt.Errorf("cannot accept on the status socket: %w", err)
		}
		slots <- struct{}{}
		clients.Go(func() {
			defer func() { <-slots }()
			answer(ctx, conn, answers)
		})
	}
}

// temporary reports whether accepting may succeed later: a client that gave up,
// or a machine short of descriptors or memory.
func temporary(err error) bool {
	for _, e := range []error{syscall.ECONNABORTED, syscall.EINTR, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// listenSocket removes a socket that a dead process left behind, and nothing
// else. The caller holds the queue's lock, so no living gateway owns it.
func listenSocket(ctx context.Context, path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != fs.ModeSocket {
		return nil, fmt.Errorf("cannot open the status socket: %s exists and is no socket", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot replace the status socket: %w", err)
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("cannot open the status socket: %w", err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("cannot open the status socket: %w", err)
	}
	return listener, nil
}

func answer(ctx context.Context, conn net.Conn, answers map[string]Answer) {
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(socketTimeout))
	line, err := bufio.NewReaderSize(conn, questionMost).ReadSlice('\n')
	if err != nil {
		return // a client that asks nothing gets nothing
	}
	name := strings.TrimSpace(string(line))
	reply := any(map[string]string{"error": "unknown question " + name})
	if a, ok := answers[name]; ok {
		reply = a()
	}
	_ = json.NewEncoder(conn).Encode(reply)
}

// Ask puts one question to a running gateway and decodes the answer into v.
func Ask(ctx context.Context, path, question string, v any) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("cannot reach the gateway: %w", err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(socketTimeout))
	if _, err := fmt.Fprintln(conn, question); err != nil {
		return fmt.Errorf("cannot ask the gateway: %w", err)
	}
	if err := json.NewDecoder(conn).Decode(v); err != nil {
		return fmt.Errorf("cannot read the gateway's answer: %w", err)
	}
	return nil
}
