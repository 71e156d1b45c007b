package uart

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// listen runs a line until the test ends and delivers what it says.
func listen(t *testing.T, cfg Config) (l *Line, bytes <-chan string, events <-chan Event) {
	t.Helper()
	ev, by := make(chan Event, 100), make(chan string, 100)
	l = NewLine(cfg, stampNow, func(e Event) { ev <- e })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			chunk, err := l.Next(ctx, 0)
			if err != nil {
				return
			}
			by <- string(chunk.Bytes)
		}
	}()
	t.Cleanup(func() { cancel(); <-done; _ = l.Close() })
	return l, by, ev
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	var none T
	return none
}

func wantEvent(t *testing.T, events <-chan Event, want Kind) Event {
	t.Helper()
	e := receive(t, events)
	if e.Kind != want {
		t.Fatalf("event %v (%s), want %v", e.Kind, e.Text, want)
	}
	return e
}

func TestLine_UnpluggedAndBackUnderAnotherName(t *testing.T) {
	old, fresh := newBoard(t), newBoard(t)
	port := filepath.Join(t.TempDir(), "by-path")
	link(t, old.path, port)
	l, bytes, events := listen(t, configFor(port))
	wantEvent(t, events, Opened)
	old.send(t, "one")
	if got := receive(t, bytes); got != "one" {
		t.Errorf("got %q", got)
	}

	unplugged := time.Now()
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	if e := wantEvent(t, events, Lost); e.Err == nil {
		t.Error("Lost without a cause")
	}
	link(t, fresh.path, port)
	wantEvent(t, events, Opened)
	if took := time.Since(unplugged); took > 500*time.Millisecond {
		t.Errorf("back after %v, want 500ms at most", took)
	}
	fresh.send(t, "two")
	if got := receive(t, bytes); got != "two" {
		t.Errorf("got %q", got)
	}
	if s := l.Status(); s.State != Opened || s.Path != fresh.path || s.Opens != 2 || s.Bytes != 6 {
		t.Errorf("status %+v", s)
	}
}

func TestLine_ContextEndsAPendingRead(t *testing.T) {
	b := newBoard(t)
	ctx, cancel := context.WithCancel(context.Background())
	l := NewLine(configFor(b.path), stampNow, func(Event) { cancel() }) // as soon as it is open
	t.Cleanup(func() { _ = l.Close() })
	start := time.Now()
	if _, err := l.Next(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("Next = %v, want the context's error", err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
	openPort(t, b.path) // free again, lock and all
}

func TestLine_EmptyChunkAfterWait(t *testing.T) {
	b := newBoard(t)
	for _, row := range []struct{ name, path string }{
		{"Open", b.path},
		{"Missing", filepath.Join(t.TempDir(), "none")},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := NewLine(configFor(row.path), stampNow, nil)
			t.Cleanup(func() { _ = l.Close() })
			before := stampNow()
			chunk, err := l.Next(t.Context(), 5*time.Millisecond)
			if err != nil || len(chunk.Bytes) != 0 {
				t.Fatalf("Next = %q, %v", chunk.Bytes, err)
			}
			if waited := chunk.Stamp.Since(before); waited < 5*time.Millisecond || waited > time.Second {
				t.Errorf("stamped after %v", waited)
			}
		})
	}
}

func TestLine_ReopenBySilence(t *testing.T) {
	b := newBoard(t)
	b.openTTY(t) // alive between the two opens
	l, bytes, events := listen(t, configFor(b.path))
	wantEvent(t, events, Opened)
	l.Reopen("no frame for 30s")
	if e := wantEvent(t, events, Silent); e.Text != "no frame for 30s" {
		t.Errorf("reason %q", e.Text)
	}
	// A byte that comes while the port is closed is lost; send until one is heard.
	for heard := false; !heard; {
		b.send(t, "x")
		select {
		case <-bytes:
			heard = true
		case <-time.After(10 * time.Millisecond):
		}
	}
	if e := wantEvent(t, events, Opened); e.Text != b.path+": bytes again" {
		t.Errorf("text %q", e.Text)
	}
	l.Reopen("")
	look := time.NewTicker(time.Millisecond) // it is no news: no event tells of it
	defer look.Stop()
	for opens := l.Status().Opens; l.Status().Opens == opens; {
		<-look.C
	}
	for heard := false; !heard; {
		b.send(t, "x")
		select {
		case <-bytes:
			heard = true
		case <-time.After(10 * time.Millisecond):
		}
	}
	if s := l.Status(); s.State != Opened || s.Text != l.openText(b.path) {
		t.Errorf("state %v, %q", s.State, s.Text)
	}
	select {
	case e := <-events:
		t.Errorf("reopening without a reason was said: %q", e.Text)
	default:
	}
}

func TestLine_CloseEndsNext(t *testing.T) {
	b := newBoard(t)
	opened := make(chan struct{})
	l := NewLine(configFor(b.path), stampNow, func(Event) { close(opened) })
	result := make(chan error, 1)
	go func() {
		_, err := l.Next(context.Background(), 0)
		result <- err
	}()
	<-opened
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := receive(t, result); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Next = %v, want os.ErrClosed", err)
	}
	if _, err := l.Write([]byte("x"), time.Second); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Write = %v", err)
	}
}

// script is a device whose reads and opens go as told, in synctest's time.
type script struct {
	device
	reads []error // one a read, then it blocks until Close
	gone  chan struct{}
	shut  bool
}

func (s *script) Path() string { return "/dev/ttyUSB0" }
func (s *script) Baud() int    { return 115200 }
func (s *script) Close() error {
	if !s.shut {
		s.shut = true
		close(s.gone)
	}
	return nil
}

func (s *script) Read(buf []byte, wait time.Duration) (int, error) {
	if len(s.reads) > 0 {
		err := s.reads[0]
		s.reads = s.reads[1:]
		if err == nil {
			return copy(buf, "x"), nil
		}
		return 0, err
	}
	<-s.gone
	return 0, os.ErrClosed
}

// A script's steps: nil opens a port whose only read fails, an error does not.
func runScript(t *testing.T, steps []error, d time.Duration) (said []Kind, opens int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := NewLine(configFor("/dev/ttyUSB0"), stampNow, func(e Event) { said = append(said, e.Kind) })
		l.open = func(Config) (device, error) {
			step := steps[min(opens, len(steps)-1)]
			opens++
			if step != nil {
				return nil, step
			}
			return &script{reads: []error{io.ErrUnexpectedEOF}, gone: make(chan struct{})}, nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		if _, err := l.Next(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next = %v", err)
		}
	})
	return said, opens
}

func TestLine_SaysEachChangeOnce(t *testing.T) {
	for _, row := range []struct {
		name  string
		steps []error
		want  []Kind
	}{
		{"NeverThere", []error{fs.ErrNotExist}, []Kind{Missing}},
		{"NotOursYet", []error{fs.ErrNotExist, fs.ErrPermission, fs.ErrNotExist, fs.ErrNotExist}, []Kind{Missing}},
		{"AnotherReason", []error{fs.ErrNotExist, fs.ErrNotExist, unix.EBUSY, unix.EBUSY}, []Kind{Missing, Missing}},
		{"LostAndNotThere", []error{nil, fs.ErrNotExist}, []Kind{Opened, Lost}},
		{"LostAndRefused", []error{nil, unix.EBUSY}, []Kind{Opened, Lost, Missing}},
		{"OpensAndFailsInTurn", []error{nil}, []Kind{Opened, Lost}},
	} {
		t.Run(row.name, func(t *testing.T) {
			said, _ := runScript(t, row.steps, time.Minute)
			if len(said) != len(row.want) {
				t.Fatalf("said %v, want %v", said, row.want)
			}
			for i := range said {
				if said[i] != row.want[i] {
					t.Errorf("said %v, want %v", said, row.want)
				}
			}
		})
	}
}

func TestLine_TriesForEverAtABoundedPace(t *testing.T) {
	for name, step := range map[string]error{"Missing": fs.ErrNotExist, "OpensAndFails": nil} {
		t.Run(name, func(t *testing.T) {
			_, opens := runScript(t, []error{step}, time.Hour)
			if least, most := int(time.Hour/retrySlow), int(time.Hour/retrySlow)+fastTries+1; opens < least || opens > most {
				t.Errorf("%d attempts in an hour, want %d to %d", opens, least, most)
			}
		})
	}
}

// BenchmarkLine_Next reads a board that is always a byte ahead: its time is
// that of the rest between two reads of a busy line, and says nothing; what
// counts is that it allocates nothing.
func BenchmarkLine_Next(bench *testing.B) {
	master, slave, err := pty.Open()
	if err != nil {
		bench.Fatal(err)
	}
	l := NewLine(configFor(slave.Name()), stampNow, nil)
	defer func() { _ = errors.Join(l.Close(), slave.Close(), master.Close()) }()
	ctx := bench.Context()
	if _, err := l.Next(ctx, time.Millisecond); err != nil { // opens
		bench.Fatal(err)
	}
	bench.ReportAllocs()
	for bench.Loop() {
		if _, err := master.WriteString("0123456789"); err != nil {
			bench.Fatal(err)
		}
		if chunk, err := l.Next(ctx, time.Second); err != nil || len(chunk.Bytes) == 0 {
			bench.Fatal(chunk, err)
		}
	}
}
