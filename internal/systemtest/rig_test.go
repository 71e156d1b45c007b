//go:build system

package systemtest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// rigLong gives each row of the rig its full length.
var rigLong = flag.Bool("rig", false, "the rig's rows at their full length, one after the other, as a table")

const (
	rigPace = 100 * rigSize // 100 frames a second
	// rigFast is the most at which each frame has a millisecond of its own: the
	// platform keeps one value of a property for each.
	rigFast = 900 * rigSize
)

// rig is a board, the program, and a broker behind a cable that can be pulled.
//
//	board (pty) ──▶ bin/serialgw ──▶ cable ──▶ mosquitto ──▶ sink (answers as OneNET does)
type rig struct {
	t     *testing.T
	board *board
	cable *proxy
	sink  *rigSink
	conf  *configuration
}

// newRig returns a rig whose board is plugged in and whose program is not yet
// started. Readings go out oldest first, so that their order can be held
// against the board's.
func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, board: newBoard(t), sink: &rigSink{}}
	r.board.encode = encodeRig
	r.board.plug()
	broker := mosquitto(t)
	respondTo(t, broker, true, r.sink.read, onenetFilters()...)
	r.cable = serveProxy(t, broker)
	r.conf = configure(t, r.board, r.cable.addr, func(c *configuration) {
		c.board["frame"], c.more = `"rig"`, rigFrame
		c.onenet["order"] = `"oldest-first"`
		c.queue["dir"] = quoted(c.dir) // for the verbs
	})
	return r
}

// start runs the program until the port is open.
func (r *rig) start() *gateway {
	r.t.Helper()
	g := start(r.t, r.conf)
	g.opened()
	return g
}

// settle waits until the last frame, which must be a good one, has arrived and
// all is confirmed, and counts.
func (r *rig) settle(g *gateway) rigCount {
	r.t.Helper()
	if err := r.sink.await(within(r.t, long(5*time.Minute, suspicion)), r.board.frames()-1); err != nil {
		s, askErr := g.ask()
		r.t.Fatalf("%v; the gateway says %+v, %v", err, s, askErr)
	}
	g.awaitStatus(deliverLimit, "queue empty", func(s status) bool { return s.Queue.Records == 0 })
	return r.sink.count(r.board)
}

// long is the full figure where the rig runs in full, else the short one.
func long[T any](full, short T) T {
	if *rigLong {
		return full
	}
	return short
}

// rigTable collects the rows.
type rigTable struct {
	mu   sync.Mutex
	rows []string
}

func (y *rigTable) add(name, result string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.rows = append(y.rows, fmt.Sprintf("| %s | %s |", name, result))
}

// TestRig is the measuring set-up of docs/reliability.md: the faults on which
// the programs of its kind were tried, and this program's figures. Each row
// fails where its aim is missed.
func TestRig(t *testing.T) {
	var y rigTable
	t.Cleanup(func() {
		_, _ = fmt.Fprintf(os.Stdout, "| test | serialgw |\n|---|---|\n%s\n", strings.Join(y.rows, "\n"))
	})
	for _, row := range []struct {
		name string
		run  func(t *testing.T) string
	}{
		{"Steady", rigSteady},
		{"ByteDamageSum8", rigByteDamage},
		{"ByteDamageCRC16", rigByteDamageCRC},
		{"LengthField", rigLengthField},
		{"Noise", rigNoise},
		{"Outage6s", rigOutage},
		{"Outage1h", rigLongOutage},
		{"OutageAndKill", rigOutageKill},
		{"StartWithoutCloud", rigStartAway},
		{"TornTail", rigTornTail},
		{"FlippedBit", rigFlippedBit},
		{"EmptyFile", rigEmptyFile},
		{"DiskFull", rigDiskFull},
		{"Unplug4s", rigUnplug},
		{"ClockBack1h", rigClockHour},
		{"ClockBack50y", rigClockYears},
		{"ClockAhead50y", rigClockAhead},
		{"Values", rigEdgeValues},
	} {
		t.Run(row.name, func(t *testing.T) {
			if !*rigLong {
				t.Parallel()
			}
			if result := row.run(t); !t.Failed() {
				y.add(row.name, result)
			}
		})
	}
}

// wantNothingLost holds a count against the aim of most rows.
func (c rigCount) wantNothingLost(t *testing.T, doubles int) string {
	t.Helper()
	if c.missing+c.wrong+c.backward+c.untimed > 0 || c.doubled > doubles {
		t.Errorf("got %v, %d without a time; want all, right, in order and with their times, and at most %d doubled", c, c.untimed, doubles)
	}
	// A frame is stamped when it is read: a busy machine reads it later.
	if most := long(500*time.Millisecond, 5*time.Second); c.off > most {
		t.Errorf("a time is off by %v, want at most %v", c.off, most)
	}
	return c.String()
}

// rigSteady: nothing fails. With the figures of the process: first with each
// frame posted as it comes, then with five messages a second, as programs do
// that collect before they send.
func rigSteady(t *testing.T) string {
	result, used := rigUsage(t, `"0s"`)
	_, calm := rigUsage(t, `"200ms"`)
	if used.rss > 25 || calm.rss > 25 {
		t.Errorf("%.1f and %.1f MiB resident, want at most the 25 of the best other program", used.rss, calm.rss)
	}
	if *rigLong && (used.cpu > 0.06 || calm.cpu > 0.02) {
		t.Errorf("%.2f and %.2f %% of a core, want at most the 6 and 2 of the best other program", 100*used.cpu, 100*calm.cpu)
	}
	return fmt.Sprintf("%s; %.1f MiB; with the queue on disk %.2f %% of a core, each frame posted as it comes; %.2f %% with five messages a second",
		result, max(used.rss, calm.rss), 100*used.cpu, 100*calm.cpu)
}

func rigUsage(t *testing.T, interval string) (result string, used usage) {
	t.Helper()
	r := newRig(t)
	r.conf.onenet["post_interval"] = interval
	r.conf.write()
	g := r.start()
	g.ready(10 * time.Second)
	before := processOf(t, g)
	r.board.mustSend(long(3000, 300), rigPace)
	used = processOf(t, g).since(before)
	return r.settle(g).wantNothingLost(t, 0), used
}

// rigOutage: the broker is away for 6 s of 15.
func rigOutage(t *testing.T) string {
	r := newRig(t)
	g := r.start()
	g.ready(10 * time.Second)
	sent := r.sendAside(long(1500, 900))
	wait(t, long(4*time.Second, time.Second))
	r.cable.away()
	wait(t, 6*time.Second)
	r.cable.back()
	must(t, <-sent)
	return r.settle(g).wantNothingLost(t, inFlight)
}

// rigLongOutage: the frames of an hour come in while the broker is away, nine
// times as fast as they would.
func rigLongOutage(t *testing.T) string {
	r := newRig(t)
	g := r.start()
	g.ready(10 * time.Second)
	r.board.mustSend(100, rigPace)
	r.cable.away()
	r.board.mustSend(long(360_000, 5000), rigFast)
	r.cable.back()
	return r.settle(g).wantNothingLost(t, inFlight)
}

// rigOutageKill: kill -9 in the middle of the outage, and a new start. What is
// on its way from the board at that moment is lost with the process: the board
// pauses for the kill, so that nothing is.
func rigOutageKill(t *testing.T) string {
	r := newRig(t)
	g := r.start()
	g.ready(10 * time.Second)
	r.board.mustSend(300, rigPace)
	r.cable.away()
	r.board.mustSend(300, rigPace)
	must(t, g.ledger.await(within(t, 10*time.Second), 600))
	g.kill()
	r.board.unplug()
	r.board.plug()
	g = r.start()
	r.board.mustSend(long(900, 300), rigPace)
	r.cable.back()
	// A kill brings back what was confirmed since the last note of it: one
	// sync interval of frames, and what was on its way.
	return r.settle(g).wantNothingLost(t, 100+2*inFlight)
}

// rigStartAway: there is no broker at the start.
func rigStartAway(t *testing.T) string {
	r := newRig(t)
	r.cable.away()
	g := r.start()
	r.board.mustSend(300, rigPace)
	r.cable.back()
	return r.settle(g).wantNothingLost(t, 0)
}

// rigUnplug: the port is gone for 4 s and comes back under another name.
func rigUnplug(t *testing.T) string {
	r := newRig(t)
	g := r.start()
	g.ready(10 * time.Second)
	r.board.mustSend(300, rigPace)
	must(t, g.ledger.await(within(t, 10*time.Second), 300))
	r.board.unplug()
	wait(t, 4*time.Second)
	plugged := r.board.plug()
	took := g.opened().at.Sub(plugged)
	r.board.mustSend(300, rigPace)
	result := r.settle(g).wantNothingLost(t, 0)
	if took > portBack {
		t.Errorf("the port is in use %v after its return, want at most %v", took, portBack)
	}
	return fmt.Sprintf("%s; port in use %v after its return", result, took.Round(time.Millisecond))
}

// sendAside sends frames at the rig's pace beside the test.
func (r *rig) sendAside(frames int) <-chan error {
	sent := make(chan error, 1)
	ctx := context.WithoutCancel(r.t.Context())
	go func() { sent <- r.board.send(ctx, frames, rigPace) }() // awaited by the receive
	return sent
}
