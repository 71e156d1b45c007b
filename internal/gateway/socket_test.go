package gateway

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
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
	answers := map[string]Answer{"status": func() any { return Status{Uptime: 7} }}
	go func() { done <- ServeSocket(ctx, path, answers) }()
	t.Cleanup(cancel)
	return func() error { cancel(); return <-done }
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
	if err := ServeSocket(t.Context(), path, nil); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "precious" {
		t.Errorf("the file now holds %q, %v", text, err)
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
				err := serveOn(t.Context(), l, nil)
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
