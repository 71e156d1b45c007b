package uart

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// devices opens scripts that wait for ever, and counts them.
type devices struct {
	opens int
	ports []*script
}

func (d *devices) open(Config) (device, error) {
	d.opens++
	p := &script{gone: make(chan struct{})}
	d.ports = append(d.ports, p)
	return p, nil
}

func (d *devices) line() *Line {
	l := NewLine(configFor("/dev/ttyUSB0"), stampNow, nil)
	l.open = d.open
	return l
}

// Whatever Next waits for, the end of its context ends it: at once, with the
// context's error, and with the port closed.
func TestLine_CancelledWhileWaiting(t *testing.T) {
	for _, row := range []struct {
		name  string
		open  func(*devices) func(Config) (device, error)
		wait  time.Duration
		ports int
	}{
		{"ForBytes", func(d *devices) func(Config) (device, error) { return d.open }, 0, 1},
		{"ForBytesWithLimit", func(d *devices) func(Config) (device, error) { return d.open }, time.Hour, 1},
		{"ForThePort", func(*devices) func(Config) (device, error) { return missing }, 0, 0},
		{"ForThePortWithLimit", func(*devices) func(Config) (device, error) { return missing }, time.Hour, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &devices{}
				l := d.line()
				l.open = row.open(d)
				ctx, cancel := context.WithCancel(t.Context())
				result := make(chan error)
				go func() {
					_, err := l.Next(ctx, row.wait)
					result <- err
				}()
				<-time.After(10 * retrySlow)
				synctest.Wait()
				start := time.Now()
				cancel()
				if err := <-result; !errors.Is(err, context.Canceled) || time.Since(start) != 0 {
					t.Errorf("Next = %v after %v", err, time.Since(start))
				}
				synctest.Wait()
				if len(d.ports) != row.ports {
					t.Fatalf("%d ports, want %d", len(d.ports), row.ports)
				}
				for _, p := range d.ports {
					if !p.shut {
						t.Error("a port is still open")
					}
				}
			})
		})
	}
}

func missing(Config) (device, error) { return nil, fs.ErrNotExist }

// A context that has ended already opens nothing.
func TestLine_CancelledBefore(t *testing.T) {
	d := &devices{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.line().Next(ctx, 0); !errors.Is(err, context.Canceled) || d.opens != 0 {
		t.Errorf("Next = %v, %d opens", err, d.opens)
	}
}

// talking is a device that always has a byte.
type talking struct {
	device
	closed int
}

func (*talking) Path() string                                { return "/dev/ttyUSB0" }
func (*talking) Baud() int                                   { return 115200 }
func (*talking) Counters() (Counters, bool)                  { return Counters{}, false }
func (d *talking) Close() error                              { d.closed++; return nil }
func (*talking) Read(b []byte, _ time.Duration) (int, error) { return copy(b, "x"), nil }

// Each context may be another one: the one before is forgotten, and its end
// closes nothing any more.
func TestLine_ManyContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &talking{}
		l := NewLine(configFor("/dev/ttyUSB0"), stampNow, nil)
		l.open = func(Config) (device, error) { return d, nil }
		before := runtime.NumGoroutine()
		var cancels []context.CancelFunc
		for i := range 1000 {
			ctx, cancel := context.WithCancel(t.Context())
			cancels = append(cancels, cancel)
			for range 1 + i%3 {
				if chunk, err := l.Next(ctx, 0); string(chunk.Bytes) != "x" || err != nil {
					t.Fatalf("Next = %q, %v", chunk.Bytes, err)
				}
			}
		}
		if n := runtime.NumGoroutine(); n > before+10 {
			t.Errorf("%d goroutines, %d before", n, before)
		}
		for _, cancel := range cancels[:999] {
			cancel()
		}
		synctest.Wait()
		if d.closed != 0 {
			t.Fatal("the end of a former context closed the port")
		}
		cancels[999]()
		synctest.Wait()
		if d.closed != 1 {
			t.Errorf("the end of the last context closed %d ports, want 1", d.closed)
		}
		// A context of its own, later, opens it again.
		if chunk, err := l.Next(t.Context(), 0); string(chunk.Bytes) != "x" || err != nil {
			t.Errorf("Next = %q, %v", chunk.Bytes, err)
		}
		if s := l.Status(); s.Opens != 2 {
			t.Errorf("%d opens, want 2", s.Opens)
		}
		_ = l.Close()
	})
}

// The next context may come while the one before is closing the port: what is
// opened for the next is not what gets closed.
func TestLine_ContextEndsWhileTheNextBegins(t *testing.T) {
	for range 300 {
		synctest.Test(t, func(t *testing.T) {
			d := &talking{}
			l := NewLine(configFor("/dev/ttyUSB0"), stampNow, nil)
			l.open = func(Config) (device, error) { return d, nil }
			first, cancel := context.WithCancel(t.Context())
			defer cancel()
			if _, err := l.Next(first, 0); err != nil {
				t.Fatal(err)
			}
			cancel()
			if _, err := l.Next(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if s := l.Status(); s.Path == "" || s.Opens != 2 || d.closed != 1 {
				t.Fatalf("closed %d times, status %+v", d.closed, s)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Next(t.Context(), 0); !errors.Is(err, os.ErrClosed) {
				t.Fatalf("Next = %v", err)
			}
		})
	}
}
