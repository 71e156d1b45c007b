package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"serialgw/internal/capture"
	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/gateway"
	"serialgw/internal/onenetsim"
	"serialgw/internal/reading"
)

// patience ends a performance that got stuck. One takes milliseconds, or as
// long as the reply that it waits for in vain.
const patience = 30 * time.Second

// performance is one recording on its way through the whole program: the node
// that "serialgw run" runs, its queue on disk, the cloud client, and the
// simulator at the other end of a TCP connection. Only the ports are not there:
// the recording takes their place.
//
// Nothing goes by the clock. The next step, a packet or the end of a silence, is
// played when every board asks for more bytes and the uplink has nothing left to
// do, and the time is the recording's:
//
//	step ─▶ board ─▶ queue ─▶ uplink ─▶ simulator
//	  ▲       │                │  ▲          │
//	  └─ asks ┴────────── idle ┘  └─ reply ──┘
//
// One goroutine conducts; what the others call says so.
type performance struct {
	cfg    *config.Config
	sim    *onenetsim.Server
	node   *node
	script transcript

	rec     *recording
	ports   []capture.Port   // that were recorded
	packets []capture.Packet // still to come
	zero    int64            // recorded time of the beginning
	cut     bool             // the recording ends inside a block

	now     time.Duration // since the beginning
	parts   []*part       // one a board, in the configuration's order
	playing int           // boards whose recording has not ended
	asking  int           // of them, those that wait for an answer
	asks    chan struct{}
	ended   chan struct{} // a board has come to its end; holds one for each
	uplink  uplinkState
	online  bool // there is a cloud to log in to
	buried  int  // bytes of the dead letters that are told
}

// perform plays a recording and returns what became of it, and the boards of
// which no frame was found.
func perform(t *testing.T, c testCapture) (story string, mute []string) {
	t.Helper()
	p, err := newPerformance(t.TempDir(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.run(ctx); err != nil {
		t.Fatalf("%v; so far it was\n%s", err, p.script.text())
	}
	for _, b := range p.node.gateway.Status().Boards {
		if b.Metrics.Frames == 0 {
			mute = append(mute, b.Name)
		}
	}
	return p.script.text(), mute
}

func newPerformance(dir string, c testCapture) (*performance, error) {
	p := &performance{asks: make(chan struct{}), online: true, uplink: newUplinkState()}
	var err error
	if p.cfg, err = loadBoards(c); err != nil {
		return nil, err
	}
	p.cfg.Queue.KeepFree = 0 // a small temporary file system is enough
	if err := errors.Join(p.load(c), p.cast(), p.openCloud(c)); err != nil {
		return nil, err
	}
	sources := p.parts // asked for in the order of the configuration
	p.node, err = openNode(p.cfg, zerolog.New(&p.script).Level(zerolog.WarnLevel), nodeOptions{
		dir: dir, hooks: p.hooks,
		source: func(func() gateway.Source) gateway.Source {
			first := sources[0]
			sources = sources[1:]
			return first
		},
	})
	return p, err
}

// load reads the recording.
func (p *performance) load(c testCapture) error {
	p.rec = &recording{path: c.path(c.format), format: capture.Format(c.format), baud: p.cfg.Boards[0].Baud, step: pieces}
	src, err := p.rec.open()
	if err != nil {
		return err
	}
	file := p.rec.file.Load()
	for packet, err := range capture.Packets(src) {
		if errors.Is(err, capture.ErrCut) {
			p.cut = true
			break
		}
		if err != nil {
			return errors.Join(err, file.Close())
		}
		packet.Bytes = bytes.Clone(packet.Bytes)
		p.packets = append(p.packets, packet)
	}
	if reader, ok := file.Source.(*capture.Reader); ok {
		p.script.notes(reader.Notes())
		p.ports = slices.DeleteFunc(reader.Ports(), func(r capture.Port) bool { return r.Name == cloudPort })
	}
	if len(p.packets) > 0 {
		p.zero = p.packets[0].Time - int64(p.packets[0].Span)
	}
	return file.Close()
}

// cast makes a part for each board.
func (p *performance) cast() error {
	plans := p.cfg.Plans()
	for i, b := range p.cfg.Boards {
		d, err := p.cfg.Description(b.Frame)
		if err != nil {
			return err
		}
		port, err := p.recordedPort(b)
		if err != nil {
			return err
		}
		if b.Port == "" {
			p.cfg.Boards[i].Port = port
		}
		p.parts = append(p.parts, &part{
			performance: p, board: b, port: port, plan: plans[b.Frame], id: d.ID,
			answers: make(chan answer), counts: counters(gateway.BoardStatus{}),
		})
		p.script.head("board", "%s: frame %s, report %s, %d baud", b.Name, b.Frame, b.Report, b.Baud)
	}
	p.playing = len(p.parts)
	p.ended = make(chan struct{}, len(p.parts))
	return nil
}

// openCloud points the configuration at a simulator of its own. The uplink keeps
// the manners of its pace, live values first and a backlog as history, without
// the waiting; and there is one post at a time: else the order of posts and
// verdicts would be chance.
func (p *performance) openCloud(c testCapture) error {
	product := onenetsim.Product{ID: simProduct, Devices: map[string]string{simDevice: simKey}}
	if text, err := os.ReadFile(c.path("model.json")); err == nil {
		model, err := onenetsim.ParseModel(text)
		if err != nil {
			return err
		}
		product.Model = &model
	}
	p.sim = onenetsim.New(onenetsim.Config{Products: []onenetsim.Product{product}, OnPost: p.script.post})
	addr, err := p.sim.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	pointAtSimulator(&p.cfg.OneNET, addr)
	p.cfg.OneNET.PostInterval, p.cfg.OneNET.InFlight = time.Microsecond, 1
	return nil
}

// hooks lets the performance see what the gateway does. They are called by the
// gateway's goroutines: those about a board while it does not ask.
func (p *performance) hooks(d *gateway.Deps) {
	d.Now = func() reading.Stamp { return p.stamp(0) } // when a board begins; later each chunk says the time
	d.Framed = func(board string, f *frame.Frame) { p.part(board).framed(f) }
	d.Kept = func(r *reading.Reading) { p.script.reading(r, p.now) }
	d.Stored = func(first uint64, n int) {
		p.script.records(first, n)
		p.uplink.stored(first + uint64(n))
	}
	d.Settled = func(o reading.Outcome) {
		p.script.verdict(o)
		if o.Post == 0 {
			p.uplink.linked(o.Link == reading.LinkReady)
		}
	}
	d.Idle = p.uplink.idle
	d.Ended = func(board string, err error) {
		if errors.Is(err, io.EOF) {
			p.part(board).rest()
			p.ended <- struct{}{}
		}
	}
}

func (p *performance) part(board string) *part {
	return p.parts[slices.IndexFunc(p.parts, func(p *part) bool { return p.board.Name == board })]
}

// stamp is an instant of the recording.
func (p *performance) stamp(at time.Duration) reading.Stamp {
	return p.rec.stampOriginal(at, p.zero+int64(at))
}

// run plays the recording to its end.
func (p *performance) run(parent context.Context) error {
	group, ctx := errgroup.WithContext(parent)
	nodeCtx, stopNode := context.WithCancel(ctx)
	defer stopNode()
	simCtx, stopSim := context.WithCancel(context.WithoutCancel(parent))
	defer stopSim()
	if err := p.prelude(); err != nil {
		return err
	}
	group.Go(func() error { return p.sim.Serve(simCtx) })
	group.Go(func() error {
		defer stopSim() // the uplink has taken its leave
		return p.node.run(nodeCtx, nil, nil)
	})
	group.Go(func() error {
		defer stopNode()
		return p.conduct(ctx)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	p.totals()
	return nil
}

// uplinkState is what the uplink says of itself.
type uplinkState struct {
	mu     sync.Mutex
	ready  bool          // the link
	next   uint64        // the next record's number, by what the boards have stored
	looked uint64        // the same, by what the uplink saw when it was idle last
	news   chan struct{} // one slot
}

func newUplinkState() uplinkState { return uplinkState{next: 1, news: make(chan struct{}, 1)} }

func (u *uplinkState) note(change func()) {
	u.mu.Lock()
	change()
	u.mu.Unlock()
	select {
	case u.news <- struct{}{}:
	default: // a note is there already
	}
}

func (u *uplinkState) stored(next uint64) { u.note(func() { u.next = max(u.next, next) }) }
func (u *uplinkState) idle(next uint64)   { u.note(func() { u.looked = next }) }

// linked: that it was idle before the link changed says nothing any more.
func (u *uplinkState) linked(ready bool) { u.note(func() { u.ready, u.looked = ready, 0 }) }

// await returns when the link is as wanted, and the uplink has had a look at
// all that is stored and found nothing to do.
func (u *uplinkState) await(ctx context.Context, ready bool) error {
	for {
		u.mu.Lock()
		done := u.ready == ready && u.looked >= u.next
		u.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-u.news:
		case <-ctx.Done():
			return fmt.Errorf("the uplink does not come to rest: %w", ctx.Err())
		}
	}
}
