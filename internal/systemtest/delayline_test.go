//go:build system

package systemtest

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"
)

const (
	delayEachWay = 300 * time.Millisecond
	stallEvery   = 5 * time.Second
	stallFor     = 2 * time.Second

	delayedPace   = 400 // frames/s
	delayedFrames = 20 * delayedPace
)

// delayline passes TCP on, each byte delayEachWay later in either direction.
// Regularly it stalls: nothing comes out for stallFor, and then all of it.
//
//	gateway ──▶ ▒▒▒▒ 300 ms ▒▒▒▒ ──▶ platform
//	        ◀── ▒▒▒▒ 300 ms ▒▒▒▒ ◀──
type delayline struct {
	addr  string
	began time.Time
	ended chan struct{}
}

// parcel is what was read at once.
type parcel struct {
	bytes []byte
	due   time.Time
}

func serveDelayline(t *testing.T, target string) *delayline {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	d := &delayline{addr: l.Addr().String(), began: time.Now(), ended: make(chan struct{})}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			far, err := net.Dial("tcp", target)
			if err != nil {
				_ = near.Close()
				continue
			}
			all.Go(func() { d.pass(near, far) })
			all.Go(func() { d.pass(far, near) })
		}
	})
	t.Cleanup(func() { close(d.ended); _ = l.Close(); all.Wait() })
	return d
}

// pass carries one direction. The end of either side ends both.
func (d *delayline) pass(from, to net.Conn) {
	way := make(chan parcel, 1<<14)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(way)
		for {
			buf := make([]byte, 32<<10)
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			way <- parcel{buf[:n], time.Now().Add(delayEachWay)}
		}
	})
	broken := false
	for p := range way {
		if !broken && d.until(d.out(p.due)) {
			_, err := to.Write(p.bytes)
			broken = err != nil
		} else {
			broken = true
			_ = from.Close()
		}
	}
	_ = from.Close()
	_ = to.Close()
	reading.Wait()
}

// out returns when something that is due comes out: after the stall that it
// falls into.
func (d *delayline) out(due time.Time) time.Time {
	phase := due.Sub(d.began) % stallEvery
	if phase < stallEvery-stallFor {
		return due
	}
	return due.Add(stallEvery - phase)
}

// until waits, and reports whether the line goes on.
func (d *delayline) until(at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-d.ended:
		return false
	}
}

// TestDelayLine_KeepsThePace sends 400 frames/s over a line with 300 ms more
// each way and stalls of 2 s, with the shortest keepalive. The line keeps its
// pace: nothing is lost or doubled, no connection is given up, and the queue
// holds no more than what the delay keeps under way. A window of posts fits into
// a round trip: with more readings than posts in it they share posts. The
// shipped window of 16 carries 370 such frames a second, in either order.
func TestDelayLine_KeepsThePace(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"live-first", "oldest-first"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			testDelayLine(t, order, 64)
		})
	}
}

func testDelayLine(t *testing.T, order string, window int) {
	p := servePlatform(t, unpaced())
	line := serveDelayline(t, p.addr)
	b := pluggedBoard(t)
	g := start(t, configure(t, b, line.addr, func(c *configuration) {
		c.onenet["keepalive"] = quoted(shortKeepAlive.String())
		c.onenet["order"], c.onenet["in_flight"] = quoted(order), fmt.Sprint(window)
	}))
	g.opened()
	g.ready(20 * time.Second)

	var sending sync.WaitGroup
	defer sending.Wait()
	sent := make(chan error, 1)
	sending.Go(func() { sent <- b.send(t.Context(), delayedFrames, delayedPace*demoSize) })
	deepest, calm := watchQueue(t, g, sent)
	g.mustDeliver(p.tally, delayedFrames)
	s := g.wantEmpty()
	p.tally.wantAll(t, delayedFrames, 0)

	// A record is confirmed a round trip after it was posted, and the stall
	// later that it falls into; what came meanwhile goes out at once then.
	const underWay = delayedPace * 2 * delayEachWay / time.Second
	const stalled = delayedPace * stallFor / time.Second
	t.Logf("the queue held %d records at most, and %d between the last stalls; the delay explains %d, a stall %d more",
		deepest, calm, underWay, stalled)
	if limit := uint64(underWay+stalled) * 5 / 4; deepest > limit {
		t.Errorf("%d records in the queue, want %d at most", deepest, limit)
	}
	if limit := uint64(underWay) * 3 / 2; calm > limit {
		t.Errorf("%d records in the queue between the stalls, want %d at most: it grows", calm, limit)
	}
	if s.Gateway.Uplink.Lost != 0 || s.Queue.Dropped != 0 || s.Link.Connects != 1 {
		t.Errorf("status %+v, want no post unanswered, nothing dropped, one connection", s)
	}
}

// watchQueue looks at the queue until all is sent. It returns how many records
// it held at most, and at least in the last two periods of the stalls.
func watchQueue(t *testing.T, g *gateway, sent <-chan error) (deepest, calm uint64) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	late := time.After(delayedFrames/delayedPace*time.Second - 2*stallEvery)
	for {
		select {
		case err := <-sent:
			must(t, err)
			return deepest, calm
		case <-late:
			calm = deepest
			late = nil
		case <-ticker.C:
			s, err := g.ask()
			if err != nil {
				t.Fatal(err)
			}
			deepest = max(deepest, s.Queue.Records)
			if late == nil {
				calm = min(calm, s.Queue.Records)
			}
		}
	}
}
