//go:build system

package systemtest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"serialgw/internal/clocktest"
	"serialgw/internal/onenetsim"
)

const (
	// timeError is how far a reading's time may be from when the board sent it.
	timeError = 50 * time.Millisecond
	// clockPace is the pace of these tests' boards, in bytes/s: 100 frames.
	clockPace = 100 * demoSize
)

// clocked is a gateway whose clock the test steps, its board and its cloud.
type clocked struct {
	t     *testing.T
	clock *clocktest.Clock
	board *board
	cloud *platform
	conf  *configuration
	g     *gateway

	stored []time.Time // when each frame was known to be stored, by the gateways before
}

// newClocked prepares a gateway with a clock in a state, and does not start it.
func newClocked(t *testing.T, s clocktest.State, addr, wait string) *clocked {
	t.Helper()
	c := &clocked{t: t, board: pluggedBoard(t), cloud: newPlatform(t, unpaced())}
	program, clock := clockedProgram(t, s)
	c.clock = clock
	c.conf = configure(t, c.board, addr, func(conf *configuration) {
		conf.program, conf.env = program, []string{clock.Env()}
		conf.onenet["clock_wait"] = quoted(wait) // the simulator is on this machine
	})
	return c
}

func (c *clocked) set(s clocktest.State) { c.t.Helper(); must(c.t, c.clock.Set(s)) }

// start runs the gateway, anew where it was killed.
func (c *clocked) start() {
	c.t.Helper()
	if c.g != nil {
		c.stored = append(c.stored, c.g.ledger.times()...)
	}
	c.g = start(c.t, c.conf)
}

// connected waits until the gateway's board and cloud are there.
func (c *clocked) connected() {
	c.t.Helper()
	c.g.opened()
	c.g.ready(20 * time.Second)
}

// arrived returns the counter's values in order of arrival.
func (c *clocked) arrived() (values []onenetsim.Value) {
	for _, v := range c.cloud.History(testProduct, testDevice) {
		if v.Identifier == counter {
			values = append(values, v)
		}
	}
	return values
}

// wantTimes wants each of the frames from first to before last to have arrived
// once, with its time or, without stamped, with none. A time is within timeError
// of when the board sent the frame, or, on a machine so busy that the gateway
// read it later, not after it was known to be stored. An error of the clock's
// would shift all of them.
func (c *clocked) wantTimes(first, last uint64, stamped bool) {
	c.t.Helper()
	var errors []time.Duration
	seen := map[uint64]int{}
	must(c.t, c.g.ledger.await(within(c.t, 10*time.Second), int(c.board.frames())-len(c.stored))) // the last lines are on their way
	stored := append(slices.Clip(c.stored), c.g.ledger.times()...)
	for _, v := range c.arrived() {
		seq, err := frameNumber(v.Raw)
		must(c.t, err)
		if seq < first || seq >= last {
			continue
		}
		seen[seq]++
		if v.Stamped != stamped {
			c.t.Errorf("frame %d: with a time of its own %v, want %v", seq, v.Stamped, stamped)
			continue
		}
		if !stamped {
			continue
		}
		at := time.UnixMilli(v.Time)
		off, late := at.Sub(c.board.sentAt(seq)), stored[seq].Sub(at)
		errors = append(errors, off.Abs())
		if off < -timeError || late < -timeError {
			c.t.Errorf("frame %d: its time is %v after it was sent and %v before it was stored", seq, off, late)
		}
	}
	for seq := first; seq < last; seq++ {
		if seen[seq] != 1 {
			c.t.Errorf("frame %d arrived %d times", seq, seen[seq])
		}
	}
	if !stamped || len(errors) == 0 {
		return
	}
	slices.Sort(errors)
	least, median, worst := errors[0], errors[len(errors)/2], errors[len(errors)-1]
	c.t.Logf("frames %d to %d: error %v, at least %v, at worst %v", first, last-1, median, least, worst)
	if least > timeError {
		c.t.Errorf("frames %d to %d: all times are %v or more from when the board sent them, want at most %v", first, last-1, least, timeError)
	}
}

// TestClock_ReadingsWaitForIt starts with a clock that is three hours behind and
// not synchronised. Nothing is posted until a time service sets it; then every
// reading has its true time, also those after the clock is stepped by hand.
func TestClock_ReadingsWaitForIt(t *testing.T) {
	t.Parallel()
	c := newClocked(t, clocktest.State{Off: -3 * time.Hour}, "", "10m")
	c.serve()
	c.start()
	c.g.expect(5*time.Second, "what the clock is", saying("the clock is not synchronised; readings wait for it, at most 10m after the first connection, then go without their time"))
	c.connected()
	c.board.mustSend(100, clockPace)
	s := c.g.awaitStatus(10*time.Second, "all wait", func(s status) bool { return s.Gateway.Uplink.Unclocked == 100 })
	wait(t, 2*time.Second) // two looks at the clock
	if n := len(c.arrived()); n != 0 || s.Queue.Records != 100 {
		t.Fatalf("%d readings have arrived before the clock was right, %d are stored", n, s.Queue.Records)
	}

	c.set(clocktest.State{Synced: true})
	l := c.g.expect(10*time.Second, "the clock was set", saying("the clock is synchronised"))
	if got := l.field("it_was_ahead"); got != "-3h0m0s" {
		t.Errorf("the log says that the clock was ahead by %q, want -3h0m0s: %s", got, l.text)
	}
	c.g.mustDeliver(c.cloud.tally, 100)
	c.wantTimes(0, 100, true)

	for i, s := range []clocktest.State{{Synced: true}, {Off: -time.Hour}, {Off: 50 * 365 * 24 * time.Hour}, {Synced: true}} {
		c.set(s)
		first := c.board.frames()
		c.board.mustSend(50, clockPace)
		c.g.mustDeliver(c.cloud.tally, int(first)+50)
		t.Logf("step %d: %+v", i, s)
		c.wantTimes(first, first+50, true)
	}
	s = c.g.wantEmpty()
	if u := s.Gateway.Uplink; u.Corrected != 200 || u.Untimed != 0 || u.Unclocked != 0 {
		t.Errorf("corrected %d, untimed %d, waiting %d, want 200, 0, 0", u.Corrected, u.Untimed, u.Unclocked)
	}
	c.wantOrder()
}

// serve opens the cloud on a port that the kernel chooses.
func (c *clocked) serve() {
	c.t.Helper()
	c.cloud.serve(c.t, "127.0.0.1:0")
	c.conf.onenet["address"] = quoted(c.cloud.addr)
	c.conf.write()
}

// wantOrder wants the times of each frame to be later than of the one before.
func (c *clocked) wantOrder() {
	c.t.Helper()
	times := map[uint64]int64{}
	for _, v := range c.arrived() {
		seq, err := frameNumber(v.Raw)
		must(c.t, err)
		times[seq] = v.Time
	}
	for seq := uint64(1); seq < c.board.frames(); seq++ {
		if times[seq] <= times[seq-1] {
			c.t.Errorf("frame %d has the time %d, the one before %d", seq, times[seq], times[seq-1])
		}
	}
}

// TestClock_WaitRunsOut: a network without a time service.
func TestClock_WaitRunsOut(t *testing.T) {
	t.Parallel()
	c := newClocked(t, clocktest.State{Off: 40 * 24 * time.Hour}, "", "4s")
	c.serve()
	c.start()
	c.connected()
	ready := time.Now()
	c.board.mustSend(50, clockPace)
	c.g.mustDeliver(c.cloud.tally, 50)
	for seq, at := range c.cloud.tally.arrivals() {
		if at.Sub(ready) < 3*time.Second {
			t.Errorf("frame %d has waited for %v only", seq, at.Sub(ready))
		}
	}
	c.wantTimes(0, 50, false)
	l := c.g.expect(5*time.Second, "what goes without a time", saying("go without their time, and the cloud takes"))
	if l.field("readings") != "50" {
		t.Errorf("want 50 readings in %s", l.text)
	}
	c.board.mustSend(10, clockPace) // nothing waits any more
	c.g.mustDeliver(c.cloud.tally, 60)
	if s := c.g.wantEmpty(); s.Gateway.Uplink.Untimed != 60 || s.Gateway.Uplink.Corrected != 0 {
		t.Errorf("%d untimed, %d corrected, want 60 and 0", s.Gateway.Uplink.Untimed, s.Gateway.Uplink.Corrected)
	}
	if n := c.g.log.count(saying("go without their time, and the cloud takes")); n != 1 {
		t.Errorf("it is said %d times", n)
	}
}

// TestClock_AcrossAReboot collects readings without a cloud while the clock is
// wrong, sees it set, loses power, and boots with a wrong clock again. With what
// was kept of the clock the readings of the first boot have their true time;
// without, they go without, and are counted. Those of the second boot wait.
func TestClock_AcrossAReboot(t *testing.T) {
	for name, keep := range map[string]bool{"Kept": true, "Lost": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hold := reserve(t)
			c := newClocked(t, clocktest.State{Off: -5 * time.Hour}, hold.addr, "10m")
			c.start()
			c.g.opened()
			c.board.mustSend(100, clockPace)
			must(t, c.g.ledger.await(within(t, 10*time.Second), 100))
			c.set(clocktest.State{Synced: true})
			c.g.expect(20*time.Second, "the clock was set", saying("the clock is synchronised"))
			kept := filepath.Join(c.conf.dir, "clock.json")
			awaitFile(t, kept)
			c.g.kill()

			must(t, c.clock.Reboot())
			c.set(clocktest.State{Off: -6 * time.Hour})
			if !keep {
				must(t, os.Remove(kept))
			}
			hold.release()
			c.cloud.serve(t, hold.addr)
			c.start()
			c.connected()
			c.board.mustSend(20, clockPace)
			c.g.mustDeliver(c.cloud.tally, 100)
			s := c.g.awaitStatus(10*time.Second, "the second boot's wait", func(s status) bool {
				return s.Gateway.Uplink.Unclocked == 20 && s.Queue.Records == 20
			})
			c.wantTimes(0, 100, keep)
			u := s.Gateway.Uplink
			if want := map[bool][2]uint64{true: {100, 0}, false: {0, 100}}[keep]; u.Corrected != want[0] || u.Untimed != want[1] {
				t.Errorf("corrected %d, untimed %d, want %v", u.Corrected, u.Untimed, want)
			}
			c.set(clocktest.State{Synced: true})
			c.g.mustDeliver(c.cloud.tally, 120)
			c.wantTimes(100, 120, true)
			c.g.wantEmpty()
		})
	}
}

// awaitFile waits until a file is there: nobody tells.
func awaitFile(t *testing.T, path string) {
	t.Helper()
	ctx := within(t, 10*time.Second)
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		if _, err := os.Stat(path); err == nil {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("%s does not come", path)
		}
	}
}
