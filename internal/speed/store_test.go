package speed

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"serialgw/internal/gateway"
	"serialgw/internal/queue"
	"serialgw/internal/reading"
)

// offline is a cloud that is never reached.
type offline struct{}

func (offline) Run(ctx context.Context) error                 { <-ctx.Done(); return nil }
func (offline) Post([]reading.Entry) (post uint64, err error) { return 0, errors.New("offline") }
func (offline) Flush()                                        {}
func (offline) Outcomes() <-chan reading.Outcome              { return nil }

// newStoring runs a gateway that only stores.
func newStoring(tb testing.TB, q store) *line {
	tb.Helper()
	return newLineTo(tb, gateway.Uplink{Publisher: offline{}, PostInterval: time.Second, InFlight: 1}, q, math.MaxUint64)
}

// store sends n frames and returns when all are in the queue.
func (l *line) store(n int) {
	l.total += uint64(n)
	l.board.asked <- n
	for l.board.queue.Stats().Appended < l.total {
		<-l.stored
	}
}

// burst is how many frames the board sends at once: fewer than fill a slab of
// the queue.
const burst = 64

// TestStore_AllocatesNothing: from the bytes of a read over frames and readings
// into the queue no frame makes garbage. The queue takes memory for records a
// slab at a time, one for 150 of these; with what a file or a sync needs now
// and then that is less than one allocation a step, which counts as none.
func TestStore_AllocatesNothing(t *testing.T) {
	for name, q := range map[string]store{"Disk": onDisk(t), "Memory": queue.NewMemory()} {
		t.Run(name, func(t *testing.T) {
			l := newStoring(t, q)
			l.store(20_000) // buffers have their size then
			if n := testing.AllocsPerRun(1000, func() { l.store(burst) }); n != 0 {
				t.Errorf("%v allocations for %d frames", n, burst)
			}
		})
	}
}

// BenchmarkStore is a frame from its bytes into the queue.
func BenchmarkStore(b *testing.B) {
	for _, row := range []struct {
		name  string
		queue func(testing.TB) store
	}{{"memory", inMemory}, {"disk", onDisk}} {
		b.Run("queue="+row.name, func(b *testing.B) {
			l := newStoring(b, row.queue(b))
			l.store(20_000)
			b.SetBytes(int64(burst * l.board.size))
			b.ReportAllocs()
			for b.Loop() {
				l.store(burst)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*burst), "ns/frame")
		})
	}
}
