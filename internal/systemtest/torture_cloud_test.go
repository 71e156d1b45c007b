//go:build system

package systemtest

import (
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"serialgw/internal/onenetsim"
)

// cloudLog is what the cloud has stored, judged as it comes.
type cloudLog struct {
	*traffic
	board *board
	base  uint32

	mu       sync.Mutex
	count    int            // readings, doubled ones included
	times    map[uint64]int // how often each reading came
	stamps   []stamp
	bad      []string // false readings
	timeless int      // readings without a time
}

// store takes one post that the cloud has accepted.
func (c *cloudLog) store(payload []byte) (string, error) {
	id, all, err := readPost(payload)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.bad = append(c.bad, err.Error())
	}
	readings := make([]uint64, 0, len(all))
	for _, a := range all {
		n := uint64(a.seq - c.base)
		if n >= c.board.frames() || a.content != contentOf(a.seq) {
			c.bad = append(c.bad, fmt.Sprintf("%+v was never sent", a))
			continue
		}
		c.count++
		c.times[n]++
		if a.timed {
			c.stamps = append(c.stamps, stamp{n, time.UnixMilli(a.ms)})
		} else {
			c.timeless++
		}
		readings = append(readings, n)
	}
	if !c.took(id, readings) {
		c.bad = append(c.bad, "post "+id+" came twice, or from nowhere")
	}
	return id, nil
}

// stamp is the time that a reading came with.
type stamp struct {
	frame uint64
	at    time.Time
}

// cloud is either of the two, behind the cable.
type cloud struct {
	log  *cloudLog
	link *cable
	sim  *onenetsim.Server // nil: mosquitto
}

// openCloud starts the cloud of a schedule, and the cable to it.
func openCloud(t *testing.T, p *plan, b *board, listener func() net.Listener) *cloud {
	t.Helper()
	c := &cloud{log: &cloudLog{traffic: newTraffic(), board: b, base: p.base, times: map[uint64]int{}}}
	var target string
	if p.theme == themeMosquitto {
		if _, err := os.Stat("/usr/sbin/mosquitto"); err != nil {
			t.Fatalf("this schedule needs mosquitto (apt install mosquitto): %v", err) // a skip would count as passed
		}
		target = mosquitto(t)
		respondTo(t, target, true, c.log.store, onenetFilters()...)
	} else {
		cfg := unpaced()
		cfg.Products = []onenetsim.Product{{ID: testProduct, Devices: map[string]string{testDevice: testKey}}}
		cfg.Keep = 16
		cfg.OnPost = func(post onenetsim.Post) {
			if post.Code != 200 {
				t.Errorf("the platform refuses %s: %d %s", post.Payload, post.Code, post.Msg)
				return
			}
			_, _ = c.log.store(post.Payload) // what is wrong with it is in c.bad
		}
		sim := &platform{Server: onenetsim.New(cfg)}
		sim.serve(t, "127.0.0.1:0")
		c.sim, target = sim.Server, sim.addr
	}
	c.link = serveCable(t, listener(), target, c.log.traffic)
	return c
}

// local returns a listener on loopback.
func local(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	return l
}
