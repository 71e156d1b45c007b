package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// serve runs a status socket and returns what ends it and gives its error.
func serve(t *testing.T, path string) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	offer := Service{
		Answers: map[string]Answer{"status": func([]string) any { return Status{Uptime: 7} }},
		Streams: map[string]Stream{"say": sayBack},
	}
	go func() { done <- ServeSocket(ctx, path, offer) }()
	t.Cleanup(cancel)
	return func() error { cancel(); return <-done }
}

// sayBack streams its arguments, and then waits for the client to go.
func sayBack(arguments []string) (Writing, error) {
	if len(arguments) == 0 {
		return nil, errors.New("nothing to say")
	}
	return func(ctx context.Context, w io.Writer) error {
		_, err := fmt.Fprintln(w, strings.Join(arguments, "+"))
		if slices.Contains(arguments, "wait") {
			<-ctx.Done()
		}
		return err
	}, nil
}

// ask waits until the socket is there.
func ask(t *testing.T, path, question string, v any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for {
		err := Ask(ctx, path, question, v)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

func TestSocket_QuestionAndAnswer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stop := serve(t, path)
	var s Status
	ask(t, path, "status", &s)
	if s.Uptime != 7 {
		t.Errorf("got %+v", s)
	}
	var unknown map[string]string
	ask(t, path, "weather", &unknown)
	if unknown["error"] != "unknown question weather" {
		t.Errorf("got %v", unknown)
	}
	ask(t, path, "", &unknown)
	if unknown["error"] != "unknown question " {
		t.Errorf("no question: got %v", unknown)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("mode %v, %v; want 0660", info.Mode(), err)
	}
	if err := stop(); err != nil {
		t.Errorf("ended with %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket file stays behind")
	}
	if err := Ask(t.Context(), path, "status", &s); err == nil || !strings.Contains(err.Error(), "cannot reach the gateway") {
		t.Errorf("nobody there: got %v", err)
	}
}

func TestSocket_ReplacesADeadOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	stop := serve(t, path)
	var s Status
	ask(t, path, "status", &s)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestSocket_NeverRemovesAnotherFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.toml")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ServeSocket(t.Context(), path, Service{}); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "precious" {
		t.Errorf("the file now holds %q, %v", text, err)
	}
}

func TestSocket_Streams(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stop := serve(t, path)
	var s Status
	ask(t, path, "status", &s)
	r, err := Listen(t.Context(), path, "say one two")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "one+two\n" {
		t.Errorf("got %q, %v", got, err)
	}
	_ = r.Close()
	for range 2 * streamClients { // one that is refused takes no place
		if _, err := Listen(t.Context(), path, "say"); err == nil || err.Error() != "the gateway refuses: nothing to say" {
			t.Errorf("got %v", err)
		}
	}
	if _, err := Listen(t.Context(), path, "sing"); err == nil || err.Error() != "the gateway refuses: unknown question sing" {
		t.Errorf("got %v", err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// More clients than are served at a time are sent away; questions are answered
// all the same, a client that goes makes room, and the end waits for nobody.
func TestSocket_StreamsAreFew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stop := serve(t, path)
	var s Status
	ask(t, path, "status", &s)
	var open []io.ReadCloser
	for range streamClients {
		r, err := Listen(t.Context(), path, "say wait")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, make([]byte, len("wait\n"))); err != nil {
			t.Fatal(err)
		}
		open = append(open, r)
	}
	if _, err := Listen(t.Context(), path, "say wait"); err == nil || !strings.Contains(err.Error(), "others are being served") {
		t.Errorf("one too many: got %v", err)
	}
	ask(t, path, "status", &s)
	_ = open[0].Close()
	for { // until the gateway has noticed
		r, err := Listen(t.Context(), path, "say again")
		if err == nil {
			_ = r.Close()
			break
		}
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if rest, err := io.ReadAll(open[1]); err != nil || len(rest) > 0 {
		t.Errorf("after the end: %q, %v", rest, err)
	}
	for _, r := range open[1:] {
		_ = r.Close()
	}
}

// Clients that ask nothing, or too much, neither block others nor the end.
func TestSocket_SilentClients(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stop := serve(t, path)
	var s Status
	ask(t, path, "status", &s)
	for range socketClients + 4 {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
	}
	began := time.Now()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > socketTimeout/2 {
		t.Errorf("the end took %v", took)
	}
}

func TestSocket_QuestionTooLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stop := serve(t, path)
	var s Status
	ask(t, path, "status", &s)
	if err := Ask(t.Context(), path, strings.Repeat("x", 2*questionMost), &s); err == nil {
		t.Error("a question without end was answered")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// tired is a listener that fails to accept, as one out of descriptors does.
type tired struct {
	net.Listener
	errs   []error
	closed bool
}

func (l *tired) Accept() (net.Conn, error) {
	if len(l.errs) == 0 {
		return nil, net.ErrClosed
	}
	err := l.errs[0]
	l.errs = l.errs[1:]
	return nil, err
}

func (l *tired) Close() error { l.closed = true; return nil }

func TestSocket_AcceptErrors(t *testing.T) {
	wrap := func(err error) error {
		return &net.OpError{Op: "accept", Net: "unix", Err: os.NewSyscallError("accept4", err)}
	}
	for _, tt := range []struct {
		name  string
		errs  []error
		takes time.Duration
		want  string
	}{
		{"TooManyFilesPasses", []error{wrap(syscall.EMFILE), wrap(syscall.ECONNABORTED)}, 2 * acceptAgain, ""},
		{"AnotherEnds", []error{wrap(syscall.EINVAL)}, 0, "cannot accept on the status socket"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &tired{errs: tt.errs}
				began := time.Now()
				err := serveOn(t.Context(), l, Service{})
				if got := fmt.Sprint(err); (err == nil) != (tt.want == "") || !strings.Contains(got, tt.want) && err != nil {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				if took := time.Since(began); took != tt.takes || !l.closed || len(l.errs) != 0 {
					t.Errorf("took %v, want %v; closed %v", took, tt.takes, l.closed)
				}
			})
		})
	}
}
