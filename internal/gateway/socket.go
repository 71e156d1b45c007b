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
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	socketTimeout = 5 * time.Second // for one question and its answer, or one write of a stream
	socketClients = 8               // answered at the same time; further ones wait
	streamClients = 4               // served at the same time; further ones are sent away
	questionMost  = 256             // bytes
	acceptAgain   = time.Second     // wait after an error that may pass
)

// Answer returns the answer to one question on the status socket. What is said
// behind the question's name are its arguments.
type Answer func(arguments []string) any

// Stream answers one question by a stream, or refuses it with an error, whose
// words the client sees.
type Stream func(arguments []string) (Writing, error)

// Writing writes a stream until there is no more, or ctx ends: the client has
// gone, or the gateway stops. A client that does not read for five seconds makes
// a write fail.
type Writing func(ctx context.Context, w io.Writer) error

// Service is what a status socket offers, by the names of the questions.
type Service struct {
	Answers map[string]Answer
	Streams map[string]Stream
}

// refusal of a question.
type socketError struct {
	Error string `json:"error"`
}

// ServeSocket answers questions on a unix socket until ctx ends: one line with
// the question's name and its arguments in, one line of JSON out. A stream
// begins with a line of its own. At the end clients are cut off.
//
//	status\n        ──▶   ◀── {"uptime_ns":...}\n
//	record press\n  ──▶   ◀── {}\n 0A 0D 0D 0A ...
//	weather\n       ──▶   ◀── {"error":"unknown question weather"}\n
func ServeSocket(ctx context.Context, path string, offer Service) error {
	listener, err := listenSocket(ctx, path)
	if err != nil {
		return err
	}
	return serveOn(ctx, listener, offer)
}

// serveOn closes the listener in the end.
func serveOn(ctx context.Context, listener net.Listener, offer Service) error {
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	defer func() { _ = listener.Close() }()
	var clients sync.WaitGroup
	defer clients.Wait()
	d := desk{offer: offer, slots: make(chan struct{}, socketClients), streams: make(chan struct{}, streamClients)}
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
		d.slots <- struct{}{}
		clients.Go(func() { d.serve(ctx, conn) })
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

// desk serves the clients of a status socket.
type desk struct {
	offer   Service
	slots   chan struct{} // held by each client that has not become a stream
	streams chan struct{} // held by each stream
}

func (d *desk) serve(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	write := d.answer(conn)
	<-d.slots
	if write == nil {
		return
	}
	defer func() { <-d.streams }()
	stop() // a stream ends by itself, with its last words
	ctx, gone := context.WithCancel(ctx)
	defer gone()
	left := make(chan struct{})
	go func() { // awaited below
		defer close(left)
		_, _ = io.Copy(io.Discard, conn) // a client says nothing more; when it goes, this ends
		gone()
	}()
	defer func() { _ = conn.Close(); <-left }()
	_ = write(ctx, patient{conn}) // the client sees where it ends
}

// answer takes one question, and answers it unless it begins a stream, which
// then has its place.
func (d *desk) answer(conn net.Conn) Writing {
	_ = conn.SetDeadline(time.Now().Add(socketTimeout))
	line, err := bufio.NewReaderSize(conn, questionMost).ReadSlice('\n')
	if err != nil {
		return nil // a client that asks nothing gets nothing
	}
	name, arguments := "", strings.Fields(string(line))
	if len(arguments) > 0 {
		name, arguments = arguments[0], arguments[1:]
	}
	if stream, ok := d.offer.Streams[name]; ok {
		return d.begin(conn, stream, arguments)
	}
	var reply any = socketError{"unknown question " + name}
	if a, ok := d.offer.Answers[name]; ok {
		reply = a(arguments)
	}
	_ = json.NewEncoder(conn).Encode(reply)
	return nil
}

// begin gives a stream its place, or refuses it.
func (d *desk) begin(conn net.Conn, stream Stream, arguments []string) Writing {
	reply := json.NewEncoder(conn)
	select {
	case d.streams <- struct{}{}:
	default:
		_ = reply.Encode(socketError{fmt.Sprintf("%d others are being served already", streamClients)})
		return nil
	}
	write, refused := stream(arguments)
	if refused == nil {
		refused = reply.Encode(struct{}{})
	} else {
		_ = reply.Encode(socketError{refused.Error()})
	}
	if refused != nil {
		<-d.streams
		return nil
	}
	_ = conn.SetDeadline(time.Time{})
	return write
}

// patient gives each write a time limit of its own.
type patient struct{ net.Conn }

// Write writes b within the socket's time limit.
func (p patient) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(socketTimeout)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}
