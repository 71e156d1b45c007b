package gateway

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// testPlan has two messages:
//
//	AA 55 │ length │ 01 │ temp i16 0.01 │ run bit │ CRC-16
//	AA 55 │ length │ 02 │ volt u16 0.001 │ CRC-16
func testPlan(t *testing.T) *frame.Plan {
	t.Helper()
	plan, errs := frame.Compile("test", frame.Description{
		Sync: "AA 55", Length: &frame.Length{At: 2, Add: 3}, ID: &frame.Ref{At: 3}, Data: 4,
		Check: []frame.Check{{Kind: "crc-16/modbus", Endian: "little"}},
		Messages: []frame.Message{
			{Name: "env", ID: []int{1}, Fields: []frame.Field{
				{Name: "temp", Type: "<h", Scale: 0.01, Invalid: []any{int64(0x7fff)}},
				{Type: "B", Flags: map[string]string{"0": "run"}},
			}},
			{Name: "power", ID: []int{2}, Fields: []frame.Field{{Name: "volt", Type: "<H", Scale: 0.001}}},
		},
	})
	if errs != nil {
		t.Fatal(errs)
	}
	return plan
}

func env(t *testing.T, p *frame.Plan, temp int64, run bool) []byte {
	return encode(t, p, "env", map[string]reading.Value{"temp": reading.DecimalValue(temp, 2), "run": reading.BoolValue(run)})
}

func power(t *testing.T, p *frame.Plan, volt int64) []byte {
	return encode(t, p, "power", map[string]reading.Value{"volt": reading.DecimalValue(volt, 3)})
}

func encode(t *testing.T, p *frame.Plan, message string, values map[string]reading.Value) []byte {
	t.Helper()
	b, err := p.Encode(nil, message, values)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pipe is a Source fed by the test.
type pipe struct {
	bytes  chan []byte
	buf    []byte
	mu     sync.Mutex
	reopen []string
	nexts  int
	ends   int
}

func newPipe() *pipe { return &pipe{bytes: make(chan []byte)} }

func (p *pipe) Next(ctx context.Context, wait time.Duration) (reading.Chunk, error) {
	p.mu.Lock()
	p.nexts++
	p.mu.Unlock()
	var due <-chan time.Time
	if wait > 0 {
		due = time.After(wait)
	}
	select {
	case b := <-p.bytes:
		p.buf = append(p.buf[:0], b...) // valid until the next call only
		return reading.Chunk{Bytes: p.buf, Stamp: stampNow()}, nil
	case <-due:
		return reading.Chunk{Stamp: stampNow()}, nil
	case <-ctx.Done():
		p.mu.Lock()
		p.ends++
		p.mu.Unlock()
		return reading.Chunk{}, ctx.Err()
	}
}

func (p *pipe) Reopen(reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reopen = append(p.reopen, reason)
}

func (p *pipe) reopened() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.reopen)
}

// feed hands bytes over and waits until they are dealt with.
func (p *pipe) feed(b ...byte) {
	p.bytes <- b
	synctest.Wait()
}

// bench runs one board's loop inside a synctest bubble.
type bench struct {
	*pipe
	q    *memQueue
	in   *ingest
	log  *bytes.Buffer
	plan *frame.Plan
	stop func()
}

func newBench(t *testing.T, b Board) *bench {
	t.Helper()
	x := &bench{pipe: newPipe(), q: newMemQueue(), log: new(bytes.Buffer), plan: testPlan(t)}
	g := New(Deps{Queue: x.q, Now: stampNow, Log: zerolog.New(x.log)})
	b.Name, b.Plan, b.Source, b.Baud = "press", x.plan, x.pipe, 115200
	x.in = newIngest(b, g)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		x.in.run(ctx)
	}()
	x.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(x.stop)
	synctest.Wait()
	return x
}

// values lists what is stored, one reading a string.
func (x *bench) values(t *testing.T) string {
	t.Helper()
	var out []string
	for _, r := range x.q.stored(t) {
		out = append(out, r.Message+" "+strings.TrimSpace(list(r.Props)))
	}
	return strings.Join(out, "; ")
}

func TestIngest_FramesBecomeRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{})
		stream := append(append([]byte{0, 0xaa}, env(t, x.plan, -5, false)...), power(t, x.plan, 11842)...)
		for _, b := range stream { // a byte at a time, 1 ms apart
			x.feed(b)
			<-time.After(time.Millisecond)
		}
		if got, want := x.values(t), "env temp=-0.05 run=false; power volt=11.842"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		r := x.q.stored(t)[1]
		if want := time.Now().Add(-time.Millisecond); r.Board != "press" || !r.Stamp.Time().Equal(want) {
			t.Errorf("board %q, stamp %v; want press and the arrival of the last byte, %v", r.Board, r.Stamp.Time(), want)
		}
		s := x.in.snapshot()
		if s.Stored != 2 || s.Metrics.Frames != 2 || s.Metrics.Noise != 2 || s.LastFrame != r.Stamp || len(s.Latest) != 3 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestIngest_PrefixAndRename(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Prefix: "P1_", Rename: map[string]string{"temp": "oil", "volt": "mains"}})
		x.feed(env(t, x.plan, 100, true)...)
		x.feed(power(t, x.plan, 1)...)
		if got, want := x.values(t), "env P1_oil=1.00 P1_run=true; power P1_mains=0.001"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// Promise 4: a frame whose check fails is never stored, in whole or in part,
// and costs no neighbour.
func TestIngest_BadFrameIsNeverStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{})
		good := env(t, x.plan, 100, true)
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 0x10
			x.feed(append(bad, power(t, x.plan, int64(i))...)...)
			<-time.After(time.Second)
		}
		stored := x.q.stored(t)
		for _, r := range stored {
			if r.Message != "power" {
				t.Errorf("stored %s %s", r.Message, list(r.Props))
			}
		}
		if len(stored) != len(good) {
			t.Errorf("%d of %d neighbours stored", len(stored), len(good))
		}
	})
}

// Half a frame must not swallow the beginning of the next one for ever.
func TestIngest_PartialFrameExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{})
		good := env(t, x.plan, 100, true)
		x.feed(good[:5]...)
		<-time.After(time.Minute)
		if got := x.in.snapshot().Metrics.Expired; got != 1 {
			t.Errorf("%d expired, want 1", got)
		}
		x.feed(good[5:]...)
		<-time.After(time.Minute)
		x.feed(good...)
		if got, want := x.values(t), "env temp=1.00 run=true"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// Bytes alone are no life: at the wrong baud rate there are plenty of them.
func TestIngest_SilenceIsReckonedFromValidFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Silence: 10 * time.Second})
		for range 9 {
			<-time.After(time.Second)
			x.feed(0xff, 0x00, 0x13)
		}
		if x.reopened() != 0 {
			t.Fatal("reopened too early")
		}
		<-time.After(time.Second)
		synctest.Wait()
		if x.reopened() != 1 || !x.in.snapshot().LastFrame.IsZero() {
			t.Fatalf("reopened %d times, last frame %v; want 1, none", x.reopened(), x.in.snapshot().LastFrame)
		}
		<-time.After(10 * time.Second)
		synctest.Wait()
		if x.reopened() != 2 {
			t.Errorf("still silent: reopened %d times, want 2", x.reopened())
		}
		for range 30 {
			<-time.After(time.Second)
			x.feed(power(t, x.plan, 1)...)
		}
		if x.reopened() != 2 {
			t.Errorf("with frames every second: reopened %d times, want 2", x.reopened())
		}
	})
}

func TestIngest_ShutdownStoresHeldValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Period: time.Minute})
		for volt := range int64(5) {
			x.feed(power(t, x.plan, volt)...)
		}
		if got, want := x.values(t), "power volt=0.000"; got != want {
			t.Fatalf("before: got %q, want %q", got, want)
		}
		x.stop()
		if got, want := x.values(t), "power volt=0.000; power volt=0.004"; got != want {
			t.Errorf("after: got %q, want %q", got, want)
		}
	})
}

// The held value goes out when its period ends, though the board says no more.
func TestIngest_HeldValueIsStoredInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Period: time.Second})
		x.feed(power(t, x.plan, 1)...)
		x.feed(power(t, x.plan, 2)...)
		<-time.After(time.Second + minWait)
		synctest.Wait()
		if got, want := x.values(t), "power volt=0.001; power volt=0.002"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// A frame that comes just after a period does not replace the period's value,
// even when the loop wakes late.
func TestIngest_PeriodEndsBeforeALaterFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Period: time.Second})
		x.stop() // the test takes the steps
		start := stampNow()
		x.in.step(reading.Chunk{Bytes: power(t, x.plan, 1), Stamp: start})
		x.in.step(reading.Chunk{Bytes: power(t, x.plan, 2), Stamp: start.Add(900 * time.Millisecond)})
		x.in.step(reading.Chunk{Bytes: power(t, x.plan, 3), Stamp: start.Add(1100 * time.Millisecond)})
		x.in.step(reading.Chunk{Stamp: start.Add(2 * time.Second)})
		if got, want := x.values(t), "power volt=0.001; power volt=0.002; power volt=0.003"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestIngest_QueueThatRefusesIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{})
		x.q.mu.Lock()
		x.q.refuse = errors.New("no space left on device")
		x.q.mu.Unlock()
		for range 10 {
			x.feed(power(t, x.plan, 1)...)
		}
		if got := strings.Count(x.log.String(), "no space left"); got != 1 {
			t.Errorf("said %d times, want once", got)
		}
		if s := x.in.snapshot(); s.Refused != 10 || s.Stored != 0 {
			t.Errorf("refused %d, stored %d; want 10, 0", s.Refused, s.Stored)
		}
	})
}

func TestIngest_AbsentValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{})
		x.feed(env(t, x.plan, 0x7fff, true)...)
		if got, want := x.values(t), "env run=true"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := x.in.snapshot().Absent; got != 1 {
			t.Errorf("%d absent, want 1", got)
		}
	})
}
