package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"serialgw/internal/clock"
	"serialgw/internal/cloud"
	"serialgw/internal/config"
	"serialgw/internal/gateway"
	"serialgw/internal/queue"
	"serialgw/internal/uart"
)

// deadLetterLimit bounds each of the two dead-letter files, in bytes.
const deadLetterLimit = 8 << 20

// node is one gateway with everything it owns.
type node struct {
	cfg     *config.Config
	dir     string // state directory
	socket  string // status socket; empty = none
	device  string // product/device, the same for the node's whole life
	log     zerolog.Logger
	clock   *clock.Clock
	queue   store
	options nodeOptions
	letters *gateway.DeadLetters
	gateway *gateway.Gateway
	intake  intake

	client      atomic.Pointer[cloud.Client] // of the uplink now in use
	uplinkPrint string

	mu       sync.Mutex
	lines    map[string]line // by board
	believed bool            // the clock is, whatever the kernel says of it
	waits    bool            // readings wait for it
}

// line is a board's port, with the settings that it was made for.
type line struct {
	print  string
	config uart.Config
	tap    *tap // the board's, whatever becomes of its port
	*uart.Line
}

// store is the queue as a node uses it: on disk, or for a measurement not.
type store interface {
	gateway.Queue
	Stats() queue.Stats
	Room() int64
	Clear(last uint64) uint64
	Recovery() queue.Recovery
	Close() error
}

// nodeOptions are what a verb adds to the configuration.
type nodeOptions struct {
	dir       string // state directory
	socket    string // status socket; empty = none
	newDevice bool   // send a queue that was filled for another device
	ledger    io.Writer
	inMemory  bool // no queue on disk
	noWait    bool // readings do not wait for the clock: somebody looks on

	// source returns what to read instead of the board's port, which line opens.
	source func(line func() gateway.Source) gateway.Source
	onPort func(uart.Event)    // sees the events of all ports
	hooks  func(*gateway.Deps) // adds what the verb wants to see
}

// openNode opens the store. Nothing is read or sent before run.
func openNode(cfg *config.Config, log zerolog.Logger, o nodeOptions) (*node, error) {
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the state directory: %w; set [queue] dir to a place that can be written", err)
	}
	q, err := openStore(cfg.Queue, o)
	if err != nil {
		return nil, err
	}
	n := &node{cfg: cfg, dir: o.dir, socket: o.socket, log: log, clock: clock.New(), queue: q, options: o, lines: make(map[string]line)}
	if err := n.claim(cfg.OneNET, o.newDevice); err != nil {
		return nil, errors.Join(err, q.Close())
	}
	n.letters, err = gateway.OpenDeadLetters(filepath.Join(o.dir, lettersName), deadLetterLimit)
	if err != nil {
		return nil, errors.Join(err, q.Close())
	}
	n.restoreClock()
	deps := gateway.Deps{
		Queue: q, DeadLetters: n.letters, Now: n.clock.Now, Log: log,
		Ledger: o.ledger, Health: n.health,
	}
	if o.hooks != nil {
		o.hooks(&deps)
	}
	n.gateway = gateway.New(deps)
	n.tellRecovery()
	return n, nil
}

func openStore(cfg queue.Config, o nodeOptions) (store, error) {
	if o.inMemory {
		return queue.NewMemory(), nil
	}
	cfg.Dir = o.dir
	q, err := queue.Open(cfg, queue.Options{})
	switch {
	case errors.Is(err, queue.ErrLocked):
		return nil, fmt.Errorf("the queue in %s is held by another serialgw: \"serialgw status\" asks it; stop that one first", o.dir)
	case err != nil:
		return nil, fmt.Errorf("cannot open the queue in %s: %w", o.dir, err)
	}
	return q, nil
}

// health is what the gateway's log tells of the queue.
func (n *node) health() gateway.Health {
	s := n.queue.Stats()
	return gateway.Health{Dropped: s.Dropped, InMemory: s.InMemory, Damaged: s.DamagedRecords}
}

// claim notes which device the queue is for. A queue with records for one
// device is not sent to another by a slip of the editor.
func (n *node) claim(c cloud.Config, confirmed bool) error {
	path := filepath.Join(n.dir, "device")
	n.device = c.Product + "/" + c.Device
	text, err := os.ReadFile(path)
	old := strings.TrimSpace(string(text))
	if err == nil && old == n.device {
		return nil
	}
	if waiting := n.queue.Stats().Records; old != "" && waiting > 0 && !confirmed {
		return usagef("the queue in %s holds %s for %s, and the configuration names %s: start with --new-device to send what waits to that one",
			n.dir, count(waiting, "reading"), old, n.device)
	}
	if err := replaceFile(path, n.device+"\n"); err != nil {
		n.log.Warn().Err(err).Msg("cannot note which device the queue is for")
	}
	return nil
}

// replaceFile puts text in a file's place so that a power cut leaves the old
// text or the new one: written beside it, synced, renamed, directory synced.
func replaceFile(path, text string) error {
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	_, err = file.WriteString(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("cannot sync the directory of %s: %w", path, err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// run works until ctx ends and closes what openNode opened.
func (n *node) run(ctx context.Context, reload <-chan struct{}, load func() (*config.Config, error)) error {
	gcfg, err := n.gatewayConfig(n.cfg)
	if err != nil {
		return errors.Join(err, n.close())
	}
	n.tellRates(gateway.CapacityOf(gcfg.Boards, gcfg.Uplink))
	n.use(gcfg.Uplink)
	said := n.tellClock()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return n.gateway.Run(ctx, gcfg) })
	group.Go(func() error { n.serveStatus(ctx); return nil })
	group.Go(func() error { n.measureIntake(ctx); return nil })
	group.Go(func() error { n.watchNetwork(ctx); return nil })
	group.Go(func() error { n.watchClock(ctx, said); return nil })
	group.Go(func() error { n.watchReload(ctx, reload, load); return nil })
	err = group.Wait()
	n.log.Info().Int("waiting", int(n.queue.Stats().Records)).Msg("stopped; readings that wait are sent at the next start")
	return errors.Join(err, n.close())
}

// tellRates compares what the boards give with what the uplink carries. What
// could be at worst is no reason to warn.
func (n *node) tellRates(r gateway.Rates) {
	n.log.Info().Msg(r.String())
	level := zerolog.InfoLevel
	if r.Sure > r.Uplink {
		level = zerolog.WarnLevel
	}
	if text := r.Warning(); text != "" {
		n.log.WithLevel(level).Msg(text)
	}
}

// use remembers the client of the uplink that the gateway runs with. One whose
// fingerprint is unchanged was not restarted, so its client stays.
func (n *node) use(up gateway.Uplink) {
	if up.Fingerprint == n.uplinkPrint {
		return
	}
	n.uplinkPrint = up.Fingerprint
	n.client.Store(up.Publisher.(*cloud.Client)) //nolint:forcetypeassert // gatewayConfig made it
}

func (n *node) close() error {
	return errors.Join(n.letters.Close(), n.queue.Close())
}

// watchNetwork ends a reconnect wait when the network comes back.
func (n *node) watchNetwork(ctx context.Context) {
	if err := watchLinks(ctx, func() { n.client.Load().LinkUp() }); err != nil {
		n.log.Debug().Err(err).Msg("reconnection waits for its timer only")
	}
}

// serveStatus answers other serialgw processes. A gateway without its status
// socket still does its work.
func (n *node) serveStatus(ctx context.Context) {
	if n.socket == "" {
		return
	}
	offer := gateway.Service{
		Answers: map[string]gateway.Answer{
			"status": func([]string) any { return n.status() },
			"queue":  func([]string) any { return n.queueStatus() },
		},
		Streams: map[string]gateway.Stream{
			"record": n.record, "queue-read": n.readQueue, "queue-clear": n.clearQueue,
			"deadletter-retry": n.retryLetters, "deadletter-clear": n.clearLetters,
		},
	}
	if err := gateway.ServeSocket(ctx, n.socket, offer); err != nil {
		n.log.Warn().Err(err).Msg("no status socket")
	}
}

// watchReload applies the configuration anew when asked to. A bad file changes
// nothing: the gateway runs on with what it has.
func (n *node) watchReload(ctx context.Context, reload <-chan struct{}, load func() (*config.Config, error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-reload:
			if err := n.reload(ctx, load); err != nil {
				n.log.Error().Err(err).Msg("the new configuration is refused; the old one stays in force")
			}
		}
	}
}

func (n *node) reload(ctx context.Context, load func() (*config.Config, error)) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	if cfg.OneNET.Product != n.cfg.OneNET.Product || cfg.OneNET.Device != n.cfg.OneNET.Device {
		return errors.New("product or device changed: restart with --new-device, so that the queue is not sent to the wrong one")
	}
	n.warnOfRestart(cfg)
	gcfg, err := n.gatewayConfig(cfg)
	if err != nil {
		return err
	}
	if err := n.gateway.Apply(ctx, gcfg); err != nil {
		return err
	}
	n.use(gcfg.Uplink)
	n.dropLines(cfg.Boards)
	n.log.Info().Msg("configuration read again")
	return nil
}

// warnOfRestart names the tables that are not taken over while running.
func (n *node) warnOfRestart(cfg *config.Config) {
	for _, t := range []struct {
		name    string
		changed bool
	}{
		{"queue", cfg.Queue != n.cfg.Queue},
		{"status", cfg.Status != n.cfg.Status},
		{"log", cfg.Log != n.cfg.Log},
	} {
		if t.changed {
			n.log.Warn().Msgf("[%s] has changed; restart serialgw to use it", t.name)
		}
	}
}
