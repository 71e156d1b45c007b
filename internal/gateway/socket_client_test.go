package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// silentGateway accepts and never answers, as a process that was stopped does.
// It answers asked for each client.
func silentGateway(t *testing.T, path, firstWords string) (asked <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	seen := make(chan struct{})
	go func() { // ends with the listener
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadAtLeast(conn, make([]byte, questionMost), 1)
			_, _ = io.WriteString(conn, firstWords)
			seen <- struct{}{}
			defer func() { _ = conn.Close() }()
		}
	}()
	return seen
}

// Whoever asks need not wait for a gateway that does not answer.
func TestSocket_ContextEndsTheWait(t *testing.T) {
	for _, tt := range []struct {
		name, firstWords string
		ask              func(ctx context.Context, path string) error
	}{
		{"Ask", "", func(ctx context.Context, path string) error { return Ask(ctx, path, "status", new(Status)) }},
		{"Listen", "", func(ctx context.Context, path string) error {
			_, err := Listen(ctx, path, "say")
			return err
		}},
		{"Stream", "{}\n", func(ctx context.Context, path string) error {
			r, err := Listen(ctx, path, "say")
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }()
			if _, err := r.Read(make([]byte, 1)); err != nil {
				return ctx.Err()
			}
			return nil
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			asked := silentGateway(t, path, tt.firstWords)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			ended := make(chan error, 1)
			go func() { ended <- tt.ask(ctx, path) }()
			<-asked
			began := time.Now()
			stop()
			err := <-ended
			if took := time.Since(began); !errors.Is(err, context.Canceled) || took > socketTimeout/2 {
				t.Errorf("after %v: %v", took, err)
			}
		})
	}
}

func TestSocket_IsAbsent(t *testing.T) {
	dir := t.TempDir()
	dead := filepath.Join(dir, "dead")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	_ = listener.Close()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path string
		want bool
	}{
		{filepath.Join(dir, "none"), true},
		{dead, true},
		{filepath.Join(plain, "below"), false},
	} {
		if err := Ask(t.Context(), tt.path, "status", new(Status)); IsAbsent(err) != tt.want {
			t.Errorf("%s: %v, want absent %v", tt.path, err, tt.want)
		}
	}
	if IsAbsent(nil) || IsAbsent(context.DeadlineExceeded) || IsAbsent(os.ErrPermission) {
		t.Error("a gateway that answers, is slow, or may not be asked is not absent")
	}
}
