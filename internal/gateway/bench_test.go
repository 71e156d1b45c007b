package gateway

import (
	"bytes"
	"context"
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
		Sync: "AA 55", Length: &frame.Length{At: 2, Add: 3}, ID: &frame.Ref{At: 3}, Data: 4, Max: 32,
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
	x.in = newIngest(b, g.deps.Now, g.deps.Log, &recorder{g: g})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = x.in.run(ctx)
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

func list(props []reading.Property) string {
	text := ""
	for _, p := range props {
		text += p.Name + "=" + p.Value.String() + " "
	}
	return text
}
