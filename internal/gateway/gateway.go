// Package gateway joins the rooms: what the boards say goes into the queue,
// what the queue holds goes to the cloud, and only the cloud's own verdict
// takes it out again.
//
//	Source ─▶ scanner ─▶ report ─▶ Queue.Append          (ingest, one loop a board)
//	                                   │
//	Queue.Read ─▶ pick ─▶ Publisher.Post ─▶ Outcome ─▶ Queue.Ack        (deliver)
//
// The two sides know of each other only through the queue: a dead network
// never stops the reading of a port, and a silent board never stops a backlog
// from draining.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
	"serialgw/internal/report"
)

// Board is one board as the gateway runs it.
type Board struct {
	Name   string
	Plan   *frame.Plan
	Source Source
	Baud   int

	Period  time.Duration // newest value per property and period, where no rule is; 0 = every frame
	Rules   []report.Rule
	Health  time.Duration // how the link is goes out once in so long; 0 = never
	Silence time.Duration // without a valid frame for so long the port is reopened; 0 = never
	Prefix  string        // put before every identifier
	Rename  map[string]string

	// Fingerprint is equal for two boards that need not be restarted when the
	// configuration is read again.
	Fingerprint string
}

// Uplink says how the queue is emptied.
type Uplink struct {
	Publisher     Publisher
	PostInterval  time.Duration // one message per interval; 0 = as fast as the window allows
	InFlight      int           // posts without a verdict
	History       bool          // several samples of a property may share a message
	HistoryValues int           // values in such a message
	OldestFirst   bool          // one strict order instead of live values first

	// Resolve gives a stamp its true wall time, as far as that is known; nil: a
	// stamp that is not marked synchronised has none.
	Resolve func(reading.Stamp) (reading.Stamp, reading.Certainty)
	// ClockWait is how long after the first connection readings wait for their
	// true time; 0 = not at all.
	ClockWait time.Duration

	Fingerprint string
}

// Config is what a gateway runs with.
type Config struct {
	Boards       []Board
	Uplink       Uplink
	SyncInterval time.Duration // appended records are synced at most this much later
	DrainLimit   time.Duration // wait for verdicts at shutdown
}

// Deps are the things a gateway uses and does not own.
type Deps struct {
	Queue       Queue
	DeadLetters *DeadLetters
	Now         func() reading.Stamp
	Log         zerolog.Logger
	Ledger      io.Writer // "W n" after a write, "S n" after a sync; nil = none
	// Kept, when set, sees each reading that is to be stored, before it is. It is
	// valid during the call only.
	Kept func(r *reading.Reading)
	// Stored, when set, is told that the next n of the readings kept have become
	// the records from first on; first 0: that they are lost.
	Stored func(first uint64, n int)
	// Settled, when set, sees each outcome just after it was acted upon.
	Settled func(reading.Outcome)
	// Acked, when set, is told after records have left the queue.
	Acked func()
	// Idle, when set, is told each time the uplink has nothing to send and no
	// verdict to wait for, until a record is stored or the link changes. It has
	// looked at all records below next.
	Idle func(next uint64)
	// Framed, when set, sees each accepted frame before what it said is stored.
	// The frame is valid during the call only.
	Framed func(board string, f *frame.Frame)
	// Ended, when set, is told that a board's source has ended, for which
	// reason, and that all it gave is stored.
	Ended func(board string, err error)
	// Health, when set, is asked after each sync; what changed is logged.
	Health func() Health
}

// Gateway runs boards and the uplink. Make one with New, run it once.
type Gateway struct {
	deps   Deps
	reload chan Config
	wake   chan struct{} // something was appended: the uplink looks
	dirty  chan struct{} // something was appended or acknowledged: the syncer's interval begins
	ledger ledger

	mu      sync.Mutex
	ingests map[string]*ingest
	uplink  *deliver
	started time.Time
}

// New returns a gateway that is not yet running.
func New(deps Deps) *Gateway {
	return &Gateway{
		deps:    deps,
		reload:  make(chan Config),
		wake:    make(chan struct{}, 1),
		dirty:   make(chan struct{}, 1),
		ledger:  ledger{w: deps.Ledger},
		ingests: make(map[string]*ingest),
	}
}

// task is a goroutine with a name for its end.
type task struct {
	cancel context.CancelFunc
	done   chan struct{}
	print  string
}

func start(ctx context.Context, print string, run func(context.Context)) *task {
	ctx, cancel := context.WithCancel(ctx)
	t := &task{cancel: cancel, done: make(chan struct{}), print: print}
	go func() { // awaited by stop
		defer close(t.done)
		run(ctx)
	}()
	return t
}

func (t *task) stop() {
	t.cancel()
	<-t.done
}

// Run works until ctx ends. Then it stops reading, waits for outstanding
// verdicts up to the drain limit, syncs the queue, and returns when every
// goroutine has.
func (g *Gateway) Run(ctx context.Context, cfg Config) error {
	if len(cfg.Boards) == 0 {
		return errors.New("no board to read from")
	}
	g.mu.Lock()
	g.started = time.Now()
	g.mu.Unlock()

	own, stopOwn := context.WithCancel(context.WithoutCancel(ctx))
	defer stopOwn()
	syncer := start(own, "", func(ctx context.Context) { g.runSync(ctx, cfg.SyncInterval) })
	boards := make(map[string]*task)
	uplink := g.startUplink(own, cfg)
	g.applyBoards(own, boards, cfg.Boards)
	for {
		select {
		case next := <-g.reload:
			g.applyBoards(own, boards, next.Boards)
			uplink = g.applyUplink(ctx, own, uplink, next)
		case <-ctx.Done():
			for _, t := range boards {
				t.stop()
			}
			uplink.stop()
			syncer.stop()
			return g.sync()
		}
	}
}

// Apply changes a running gateway to a new configuration: boards and an uplink
// whose fingerprints are unchanged run on untouched, but the uplink forgets
// which identifiers were refused.
func (g *Gateway) Apply(ctx context.Context, cfg Config) error {
	select {
	case g.reload <- cfg:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cannot apply the configuration: %w", ctx.Err())
	}
}

func (g *Gateway) applyBoards(ctx context.Context, running map[string]*task, want []Board) {
	keep := make(map[string]string, len(want))
	for _, b := range want {
		keep[b.Name] = b.Fingerprint
	}
	for name, t := range running {
		if print, ok := keep[name]; !ok || print != t.print {
			t.stop()
			delete(running, name)
			g.mu.Lock()
			delete(g.ingests, name)
			g.mu.Unlock()
		}
	}
	for _, b := range want {
		if running[b.Name] != nil {
			continue
		}
		in := newIngest(b, g.deps.Now, g.deps.Log, &recorder{g: g})
		if g.deps.Framed != nil {
			in.framed = func(f *frame.Frame) { g.deps.Framed(b.Name, f) }
		}
		g.mu.Lock()
		g.ingests[b.Name] = in
		g.mu.Unlock()
		running[b.Name] = start(ctx, b.Fingerprint, func(ctx context.Context) {
			err := in.run(ctx)
			if g.deps.Ended != nil {
				g.deps.Ended(b.Name, err)
			}
		})
	}
}

// applyUplink replaces an uplink that changed. The end of ctx cuts the wait for
// the old one's verdicts short.
func (g *Gateway) applyUplink(ctx, own context.Context, running *task, next Config) *task {
	g.mu.Lock()
	d := g.uplink
	g.mu.Unlock()
	if next.Uplink.Fingerprint == running.print {
		signal(d.renewed)
		return running
	}
	stop := context.AfterFunc(ctx, func() { signal(d.abort) })
	defer stop()
	running.stop()
	return g.startUplink(own, next)
}

// startUplink runs publisher and deliver loop as one task. Ending it first
// drains what is in flight, then ends the connection.
func (g *Gateway) startUplink(ctx context.Context, cfg Config) *task {
	d := newDeliver(cfg.Uplink, g.deps, g.wake, g.dirty, cfg.DrainLimit)
	g.mu.Lock()
	if g.uplink != nil {
		d.pick.hold.carry(g.uplink.pick.hold)
	}
	g.uplink = d
	g.mu.Unlock()
	return start(ctx, cfg.Uplink.Fingerprint, func(ctx context.Context) {
		link := start(context.WithoutCancel(ctx), "", func(ctx context.Context) {
			if err := cfg.Uplink.Publisher.Run(ctx); err != nil && ctx.Err() == nil {
				g.deps.Log.Error().Err(err).Msg("the uplink stopped")
			}
		})
		d.run(ctx)
		link.stop()
	})
}

// signal leaves a note in a one-slot channel.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // a note is there already
	}
}

// ledger tells another process which records were promised, for crash tests.
type ledger struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *ledger) line(what byte, seq uint64) {
	if l.w == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// A reader that is gone must not stop the gateway.
	_, _ = fmt.Fprintf(l.w, "%c %d\n", what, seq)
}
