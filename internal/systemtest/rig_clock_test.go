//go:build system

package systemtest

import (
	"fmt"
	"testing"
	"time"

	"serialgw/internal/clocktest"
)

// rigClock: in the middle of an outage somebody sets the clock wrong; later the
// time service sets it right.
func rigClock(t *testing.T, off time.Duration) string {
	r := newRig(t)
	program, clock := clockedProgram(t, clocktest.State{Synced: true})
	r.conf.program, r.conf.env = program, []string{clock.Env()}
	r.conf.onenet["clock_wait"] = `"10m"` // the broker is on this machine
	r.conf.write()
	g := r.start()
	g.ready(10 * time.Second)
	stored := 0
	say := func(s clocktest.State) {
		must(t, clock.Set(s))
		r.board.mustSend(300, rigPace)
		stored += 300
		must(t, g.ledger.await(within(t, 10*time.Second), stored))
	}
	say(clocktest.State{Synced: true})
	r.cable.away()
	say(clocktest.State{Synced: true})
	say(clocktest.State{Off: off})
	r.cable.back()
	say(clocktest.State{Off: off})
	say(clocktest.State{Synced: true})
	return fmt.Sprintf("clock %v wrong for 600 of 1500 frames: %s", off, r.settle(g).wantNothingLost(t, inFlight))
}

func rigClockHour(t *testing.T) string { return rigClock(t, -time.Hour) }

func rigClockYears(t *testing.T) string { return rigClock(t, -50*365*24*time.Hour) }

func rigClockAhead(t *testing.T) string { return rigClock(t, 50*365*24*time.Hour) }
