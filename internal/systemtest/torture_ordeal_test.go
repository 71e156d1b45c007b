//go:build system

package systemtest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"serialgw/internal/clocktest"
)

const (
	// startLimit is for a program to open its port on a busy machine.
	startLimit = 20 * time.Second
	// keepalive is the shortest that there is.
	keepalive = 10 * time.Second
	// drainLimit is longer than the longest wait for a connection.
	drainLimit = suspicion + 30*time.Second
)

// lifetime is one process.
type lifetime struct {
	g        *gateway
	begun    time.Time
	ended    time.Time
	by       fault // what ended it; "" = the end of the schedule
	sessions []*session
	frozen   time.Time // power cut: just before it
	safe     uint64    // power cut: the last "S n" read before the power went
}

// blindness is a time in which packets vanish: what the cable has handed over
// arrives only when TCP sends it again.
type blindness struct{ from, to time.Time }

// ordeal is one schedule at work.
type ordeal struct {
	t     *testing.T
	plan  *plan
	board *board
	feed  *feeder
	conf  *configuration
	disk  disk
	cloud *cloud
	net   *netns // nil: loopback
	lives []*lifetime
	begun time.Time

	machine *pauses
	control bool // the disk forgets what was flushed: losses are wanted

	clock  *clocktest.Clock // nil: this machine's
	timers []*time.Timer    // ends of faults
	ptys   []*os.File       // hold names, so that the board gets another one

	refused, crashed int
	noticed          []time.Duration // half-open connections
	resumed          []time.Duration // the disk after I/O errors

	blind []blindness

	mu    sync.Mutex
	notes []string
	ends  []time.Time // outages
	plugs []time.Duration

	answers map[uint64]time.Time // of firstAnswer
}

func newOrdeal(t *testing.T, p *plan, control bool, machine *pauses) *ordeal {
	t.Helper()
	r := &ordeal{t: t, plan: p, control: control, machine: machine, begun: time.Now()}
	r.board = newBoard(t)
	r.board.encode = func(b []byte, n uint64) []byte { return numberedFrame(b, p.base+uint32(n)) }
	r.disk = openDisk(t, p, control)
	listener := func() net.Listener { return local(t) }
	if p.theme == themeNetwork {
		r.net = newNetns(t, p.seed)
		listener = func() net.Listener { return r.net.listen(t) }
	}
	r.cloud = openCloud(t, p, r.board, listener)
	r.conf = configure(t, r.board, r.cloud.link.addr, func(c *configuration) {
		c.dir = r.disk.dir()
		c.onenet["reply_timeout"] = quoted(p.timeout.String())
		c.onenet["keepalive"] = quoted(keepalive.String())
		if p.oldest {
			c.onenet["order"] = `"oldest-first"`
		}
		c.board["frame"] = `"torture"`
		c.queue["segment_bytes"], c.queue["max_bytes"] = `"64 KiB"`, `"8 MiB"`
		c.queue["sync_interval"] = quoted(p.sync.String())
		if p.theme == themeFull {
			c.queue["keep_free"] = []string{`"0 MiB"`, `"256 KiB"`}[p.seed/20%2]
		}
		if p.theme == themeClock || p.theme == themeNetwork {
			// At a loopback address the clock is believed, whatever the kernel says.
			c.onenet["clock_wait"] = `"10m"`
			c.program, r.clock = clockedProgram(t, p.clock())
			c.env = []string{r.clock.Env()}
		}
		if r.net != nil {
			c.through = r.net.through()
		}
		c.more = tortureFrame
	})
	r.feed = newFeeder(r.board, p.rate, rand.New(rand.NewPCG(p.seed, 2)))
	t.Cleanup(func() {
		r.feed.close()
		for _, f := range r.ptys {
			_ = f.Close()
		}
	})
	return r
}

func (r *ordeal) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf("%8.3fs ", time.Since(r.begun).Seconds())+fmt.Sprintf(format, args...))
}

func (r *ordeal) life() *lifetime   { return r.lives[len(r.lives)-1] }
func (r *ordeal) session() *session { l := r.life(); return l.sessions[len(l.sessions)-1] }

// begin starts the process on a port that nobody has used.
func (r *ordeal) begin() {
	r.t.Helper()
	r.board.plug()
	l := &lifetime{begun: time.Now()}
	l.g = start(r.t, r.conf)
	r.lives = append(r.lives, l)
	if _, err := l.g.log.await(within(r.t, startLimit), state("opened")); err != nil {
		r.refused++
		r.t.Fatalf("refused start: life %d does not open its port: %v", len(r.lives), err)
	}
	r.note("life %d has opened its port", len(r.lives))
	r.connect(0)
}

// connect lets the board send to the port that has just been opened.
func (r *ordeal) connect(first int) {
	s := &session{life: r.life(), first: first, end: -1}
	r.life().sessions = append(r.life().sessions, s)
	r.feed.begin(s)
}

// die ends the process.
func (r *ordeal) die(by fault, how func()) {
	r.t.Helper()
	r.alive()
	how()
	r.feed.end()
	r.board.unplug()
	l, s := r.life(), r.session()
	<-l.g.ended
	l.ended, l.by = time.Now(), by
	s.end, s.killed = len(l.g.ledger.records()), by == faultKill || by == faultPower
	r.note("life %d ended by %s: %d records written, synced up to %d", len(r.lives), by, s.end, l.g.ledger.safe())
}

// alive fails if the process ended by itself.
func (r *ordeal) alive() {
	r.t.Helper()
	select {
	case <-r.life().g.ended:
		r.crashed++
		r.t.Fatalf("crash: the process ended by itself: %v", r.life().g.err)
	default:
	}
}

// settle returns how many records the process has written, when the ledger has
// all of them.
func (r *ordeal) settle() int {
	r.t.Helper()
	g := r.life().g
	s := g.awaitStatus(startLimit, "an answer", func(status) bool { return true })
	must(r.t, g.ledger.await(within(r.t, startLimit), int(s.Queue.Appended)))
	return int(s.Queue.Appended)
}

// replug takes the port away for a time, and gives it another name where that
// is asked for.
func (r *ordeal) replug(away time.Duration, rename bool) {
	r.t.Helper()
	r.feed.end()
	r.board.unplug()
	g := r.life().g
	g.expect(startLimit, "port lost", func(l line) bool { return state("lost")(l) && l.field("board") != "" })
	r.session().end = r.settle()
	if rename {
		r.ptys = append(r.ptys, sparePty(r.t))
	}
	wait(r.t, away)
	plugged := r.board.plug()
	r.plugs = append(r.plugs, g.opened().at.Sub(plugged))
	r.connect(r.session().end)
}

// until ends a fault of the link later.
func (r *ordeal) until(d time.Duration, outage bool, heal func()) {
	r.timers = append(r.timers, time.AfterFunc(d, func() {
		heal()
		if outage {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.ends = append(r.ends, time.Now())
		}
	}))
}

// heal ends all faults now.
func (r *ordeal) heal() {
	for _, timer := range r.timers {
		timer.Stop()
	}
	r.timers = nil
	if r.net != nil {
		r.net.heal(r.t)
	}
	if r.clock != nil {
		must(r.t, r.clock.Set(clockTrue))
	}
	r.cloud.link.heal()
	if sim := r.cloud.sim; sim != nil {
		sim.DelayReplies(0)
		sim.SwallowReplies(0)
		sim.DuplicateReply(0)
		sim.WrongID(0)
		sim.NoID(0)
		sim.SwallowPubacks(0)
	}
}

// run works the schedule off, lets everything drain, and ends the process.
func (r *ordeal) run() status {
	r.t.Helper()
	r.begin()
	for _, a := range r.plan.acts {
		wait(r.t, a.after)
		r.alive()
		r.note("%v", a)
		r.act(a)
	}
	wait(r.t, 300*time.Millisecond)
	r.heal()
	r.note("all faults have ended")
	r.feed.calm()
	wait(r.t, 200*time.Millisecond)
	must(r.t, r.feed.hush(within(r.t, startLimit)))
	g := r.life().g
	want := r.session().first + r.feed.sent(r.session())
	if err := g.ledger.await(within(r.t, startLimit), want); err != nil {
		s, _ := g.ask()
		r.t.Errorf("not every intact frame was accepted: %v; %+v", err, s)
	}
	s := g.awaitStatus(drainLimit, "queue empty", func(s status) bool { return s.Queue.Records == 0 })
	r.note("drained")
	r.die("", func() {
		if code, took := g.stop(30 * time.Second); code != 0 {
			r.t.Errorf("exit status %d after %v, want 0", code, took)
		}
	})
	return s
}
