package speed

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"serialgw/internal/clock"
	"serialgw/internal/cloud"
	"serialgw/internal/gateway"
	"serialgw/internal/onenetsim"
	"serialgw/internal/queue"
	"serialgw/internal/reading"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	// readMost is what a read of a port returns at most, in bytes.
	readMost = 4096
	// aheadMost is how many readings may wait for their confirmation: as many
	// as the replay verb lets.
	aheadMost = 4096
)

// store is the queue, on disk or in memory.
type store interface {
	gateway.Queue
	Stats() queue.Stats
	Close() error
}

// board is a Source that sends what it is asked for as fast as it is read,
// as long as not too much waits for its confirmation.
type board struct {
	frames []byte // of one size, again and again
	size   int
	now    func() reading.Stamp
	queue  store
	ahead  uint64 // so many records may wait in the queue

	asked chan int      // so many frames more are to be sent
	room  chan struct{} // one slot: something left the queue
	left  int           // frames still to be sent
	at    int           // in frames, of the next one
}

// Next need not keep its wait: whole frames leave nothing to wait for.
func (b *board) Next(ctx context.Context, _ time.Duration) (reading.Chunk, error) {
	for b.left == 0 || b.queue.Stats().Records > b.ahead {
		select {
		case n := <-b.asked:
			b.left += n
		case <-b.room:
		case <-ctx.Done():
			return reading.Chunk{}, ctx.Err()
		}
	}
	n := min(readMost/b.size, b.left, (len(b.frames)-b.at)/b.size)
	bytes := b.frames[b.at : b.at+n*b.size]
	b.at = (b.at + len(bytes)) % len(b.frames)
	b.left -= n
	return reading.Chunk{Bytes: bytes, Stamp: b.now()}, nil
}

// Reopen is for a board that has gone silent; this one does only when all is
// confirmed.
func (*board) Reopen(string) {}

// line is a whole gateway between a board and a broker.
type line struct {
	board  *board
	stored chan struct{} // one slot: something came into the queue
	acked  chan struct{} // one slot: something left it
	total  uint64        // frames asked for
}

// newLine runs a gateway to a broker until the test ends.
func newLine(tb testing.TB, cfg cloud.Config, q store) *line {
	tb.Helper()
	client, err := cloud.New(cfg, clock.New().Now, cloud.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return newLineTo(tb, gateway.Uplink{
		Publisher: client, PostInterval: cfg.PostInterval, InFlight: cfg.Window(),
		History: cfg.HistoryUsable(), HistoryValues: cfg.HistoryValues,
	}, q, aheadMost)
}

func newLineTo(tb testing.TB, up gateway.Uplink, q store, ahead uint64) *line {
	tb.Helper()
	now, plan := believed(), benchFrame(tb)
	letters, err := gateway.OpenDeadLetters(filepath.Join(tb.TempDir(), "deadletters.jsonl"), 1<<20)
	if err != nil {
		tb.Fatal(err)
	}
	l := &line{stored: make(chan struct{}, 1), acked: make(chan struct{}, 1), board: &board{
		frames: benchStream(tb, plan, 1000), size: plan.MaxSize(), now: now, queue: q, ahead: ahead,
		asked: make(chan int), room: make(chan struct{}, 1),
	}}
	g := gateway.New(gateway.Deps{
		Queue: q, DeadLetters: letters, Now: now, Log: zerolog.Nop(),
		Stored: func(uint64, int) { note(l.stored) },
		Acked:  func() { note(l.acked); note(l.board.room) },
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- g.Run(ctx, gateway.Config{
			Boards:       []gateway.Board{{Name: "board", Plan: plan, Source: l.board, Baud: 115200}},
			Uplink:       up,
			SyncInterval: time.Second, DrainLimit: time.Second,
		})
	}()
	tb.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, letters.Close(), q.Close()); err != nil {
			tb.Error(err)
		}
	})
	return l
}

func note(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // a note is there already
	}
}

// run sends n frames and returns when all are confirmed and out of the queue;
// the last goes alone, as those of publish do.
func (l *line) run(n int) {
	l.send(n - 1)
	l.send(1)
}

func (l *line) send(n int) {
	l.total += uint64(n)
	l.board.asked <- n
	for l.board.queue.Stats().Acked < l.total {
		<-l.acked
	}
}

// simulated is the platform's own way of confirming, by its replies, without
// its pace.
func simulated(tb testing.TB) cloud.Config {
	tb.Helper()
	const product, device, key = "Abcdef1234", "board-01", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	sim := onenetsim.New(onenetsim.Config{
		Products: []onenetsim.Product{{ID: product, Devices: map[string]string{device: key}}}, Keep: 64,
	})
	addr, err := sim.Listen("127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sim.Serve(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Error(err)
		}
	})
	cfg := cloud.Defaults()
	cfg.Product, cfg.Device, cfg.Key, cfg.Address, cfg.PostInterval = product, device, key, addr.String(), 0
	return cfg
}

func inMemory(testing.TB) store { return queue.NewMemory() }

func onDisk(tb testing.TB) store {
	tb.Helper()
	cfg := queue.Defaults()
	cfg.Dir, cfg.KeepFree = tb.TempDir(), 0
	q, err := queue.Open(cfg, queue.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return q
}

// BenchmarkLine is a frame from its bytes to its confirmation and out of the
// queue: a whole gateway, every frame a post of its own. Board and broker run
// in the same process, and the simulator, which judges each post as the
// platform would, does more than the gateway.
func BenchmarkLine(b *testing.B) {
	toSink := func(tb testing.TB) cloud.Config { return uplink(newSink(tb).addr(), largeWindow) }
	for _, row := range []struct {
		name   string
		broker func(testing.TB) cloud.Config
		queue  func(testing.TB) store
	}{
		{"broker=sink/queue=memory", toSink, inMemory},
		{"broker=sink/queue=disk", toSink, onDisk},
		{"broker=onenetsim/queue=disk", simulated, onDisk},
	} {
		b.Run(row.name, func(b *testing.B) {
			l := newLine(b, row.broker(b), row.queue(b))
			l.run(warmUp)
			b.ReportAllocs()
			b.ResetTimer()
			l.run(b.N)
		})
	}
}
