package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"serialgw/internal/clock"
	"serialgw/internal/config"
	"serialgw/internal/gateway"
	"serialgw/internal/onenetsim"
	"serialgw/internal/reading"
)

// aheadMost is how many readings may wait when a recording is played as fast
// as possible: enough for the uplink never to wait, too few to fill a disk.
const aheadMost = 4096

// publisher takes a recording through a whole gateway of its own.
type publisher struct {
	*replay
	node    *node
	cable   *cable        // the pty between the recording and the gateway; nil without one
	settled chan struct{} // one slot: something left the queue
	over    chan error    // one slot: the source has ended, for this reason

	mu      sync.Mutex
	seams   []seam  // of the readings that wait, by number
	kept    []int64 // from where on those come that have no number yet
	lastEnd int64   // bytes played up to the last frame
	from    int64   // the same, when the last reading was kept
}

// publish plays the recording into the cloud of the configuration, or into a
// simulator.
func (r *replay) publish(ctx context.Context) (err error) {
	cfg := *r.cfg
	cfg.Boards = []config.Board{r.conf}
	cfg.Frames = r.cfg.Frames
	sim, err := r.simulator(&cfg)
	if err != nil {
		return err
	}
	if sim == nil {
		if err := refuseSecondLogin(ctx, r.cfg); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "serialgw-replay-")
	if err != nil {
		return fmt.Errorf("cannot make a temporary directory for the queue: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	p := &publisher{replay: r, settled: make(chan struct{}, 1), over: make(chan error, 1)}
	if r.pty {
		if p.cable, err = newCable(); err != nil {
			return err
		}
		defer p.cable.close()
	}
	if err := p.open(&cfg, dir); err != nil {
		return err
	}
	return p.run(ctx, sim)
}

// open prepares the gateway.
func (p *publisher) open(cfg *config.Config, dir string) error {
	stamp, err := p.stamps()
	if err != nil {
		return err
	}
	p.player.Stamp = stamp
	log := zerolog.New(zerolog.ConsoleWriter{Out: p.std.err, TimeFormat: "15:04:05.000", NoColor: !isTerminal(p.std.err)}).
		Level(zerolog.WarnLevel).With().Timestamp().Logger()
	if p.quiet {
		log = log.Level(zerolog.ErrorLevel)
	}
	o := nodeOptions{dir: dir, inMemory: p.inMemory, noWait: true, hooks: p.hooks}
	if p.cable != nil {
		cfg.Boards[0].Port = p.cable.Name()
		o.onPort = p.cable.onPort
		o.source = func(line func() gateway.Source) gateway.Source { return ending{line(), p.cable.played} }
	} else {
		o.source = func(func() gateway.Source) gateway.Source { return gated{p.player, p.room} }
	}
	cfg.Queue.KeepFree = 0 // a small temporary file system is enough
	if p.speed == 0 {
		cfg.OneNET.Order = "oldest-first" // nothing is live; a stop leaves nothing delivered behind its --from
	}
	if p.node, err = openNode(cfg, log, o); err != nil {
		return err
	}
	if _, believed := cfg.OneNET.ClockRule(); !believed && !p.originalTime && p.node.clock.State().By == clock.Nobody {
		log.Warn().Msg("the clock of this machine is not synchronised: the readings go without their time, and the cloud takes that of their arrival; \"timedatectl\" tells why the clock is not set")
	}
	return nil
}

// stamps returns how chunks get their times: as recorded, or moved so that the
// last is now.
func (p *publisher) stamps() (func(time.Duration, int64) reading.Stamp, error) {
	switch {
	case p.originalTime && p.pty:
		return nil, usagef("--original-time does not go with --pty: what comes through a port has the time of its arrival")
	case p.originalTime:
		if !p.rec.dated() {
			return nil, usagef("--original-time: %s has no times with a date", p.path)
		}
		return p.rec.stampOriginal, nil
	}
	var first, last int64
	if !p.rec.once() && !p.pty {
		var err error
		if first, last, err = p.rec.extent(); err != nil {
			return nil, err
		}
	}
	now := clock.New().Now()
	move := now.Wall - last
	return func(passed time.Duration, recorded int64) reading.Stamp {
		wall := recorded + move
		if first == 0 && last == 0 { // a pipe: its end is not known, so it begins now
			wall = now.Wall + int64(passed)
		}
		return reading.Stamp{Wall: wall, Boot: int64(passed), BootID: replayed, Synced: now.Synced}
	}, nil
}

// run plays to the end and waits for the last verdict.
func (p *publisher) run(parent context.Context, sim *onenetsim.Server) error {
	ctx, stop := context.WithCancel(parent)
	defer stop()
	simCtx, stopSim := context.WithCancel(context.WithoutCancel(parent))
	defer stopSim()
	group, simCtx := errgroup.WithContext(simCtx)
	if sim != nil {
		group.Go(func() error { return sim.Serve(simCtx) })
	}
	var cause, lineErr error
	if p.cable != nil {
		group.Go(func() error {
			if lineErr = p.cable.play(ctx, p.player); lineErr != nil {
				close(p.cable.played) // the port ends behind what was
			}
			return nil
		})
	}
	group.Go(func() error {
		defer stop()
		cause = p.await(ctx)
		return nil
	})
	start := time.Now()
	done := p.showProgress(p.waiting)
	group.Go(func() error {
		defer stopSim() // the gateway's last verdicts are in
		return p.node.run(ctx, nil, nil)
	})
	err := group.Wait()
	done()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	if lineErr != nil {
		cause = lineErr
	}
	return p.conclude(parent, err, cause, time.Since(start))
}

// conclude says what became of the recording: failed is what went wrong
// elsewhere, cause how the recording ended.
func (p *publisher) conclude(parent context.Context, failed, cause error, took time.Duration) error {
	interrupted := stopped(parent)
	end := p.ended(cause)
	if failed != nil || end != nil && !isDamage(end) {
		return errors.Join(failed, end)
	}
	err := p.summary(parent, took, interrupted)
	if end != nil && !interrupted {
		return end
	}
	return err
}

// await returns when the recording has ended and all it gave is settled, with
// the reason of its end, or when ctx ends.
func (p *publisher) await(ctx context.Context) error {
	var cause error
	select {
	case cause = <-p.over:
	case <-ctx.Done():
		return nil
	}
	for p.node.queue.Stats().Records > 0 {
		select {
		case <-p.settled:
		case <-ctx.Done():
			return nil
		}
	}
	return cause
}

// waiting says what the uplink has still to do.
func (p *publisher) waiting() string {
	s := p.node.status()
	u := s.Gateway.Uplink
	text := fmt.Sprintf("; %s confirmed, %d waiting", count(u.Records, "reading"), s.Queue.Records)
	if !u.Ready && s.Link.LastError != "" {
		text += "; " + s.Link.LastError
	}
	return text
}

// summary says what became of the recording, in the figures of both ends.
func (p *publisher) summary(ctx context.Context, took time.Duration, interrupted bool) error {
	s := p.node.status()
	u := s.Gateway.Uplink
	for _, b := range s.Gateway.Boards {
		if err := summarise(p.std, b.Frame, b.Metrics, b.Stored, p.rec.raw); err != nil && !interrupted {
			return err
		}
		p.tellSilences(ctx, b.Metrics)
		p.tellThinning(b, "sent", "sends")
	}
	_, _ = fmt.Fprintf(p.std.err, "%s stored, %d confirmed in %s, %d refused, %s to the dead letters, %d waiting, in %v\n",
		count(s.Queue.Appended, "reading"), u.Records, count(u.Confirmed, "post"), u.Refused, count(u.DeadLetters, "value"), s.Queue.Records, took.Round(time.Millisecond))
	if p.arrived != nil {
		p.arrived.write(p.std.err)
	}
	if !interrupted {
		return nil
	}
	p.forget(s.Queue.OldestSeq)
	from := p.from
	if len(p.seams) > 0 {
		from = p.seams[0].from
	}
	return p.stopped(from)
}
