//go:build system

package systemtest

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	shortKeepAlive = 10 * time.Second
	// byPing is the earliest that a ping without an answer can tell: what is
	// noticed before, something else has told.
	byPing = shortKeepAlive/2 - slack
	// streamPace is a board of 50 frames/s, in bytes/s.
	streamPace = 50 * demoSize
)

// TestHalfOpen_NoticedInTime cuts the way to the platform as a dead router
// does: the packets are gone, no reset comes, and the gateway's own link stays
// up. The gateway notices within 1.5 times the keepalive, in whatever direction
// it is cut and whether it posts or not, goes on collecting, and delivers
// everything when the way is there again.
func TestHalfOpen_NoticedInTime(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("networks of one's own need root")
	}
	for name, to := range map[string][]string{
		"Both": {trunkPlatform, trunkGateway}, "Ours": {trunkPlatform}, "Theirs": {trunkGateway},
	} {
		for _, posting := range []bool{false, true} {
			full := name + "/Idle"
			if posting {
				full = name + "/Posting"
			}
			t.Run(full, func(t *testing.T) {
				t.Parallel()
				testHalfOpen(t, to, posting)
			})
		}
	}
}

func testHalfOpen(t *testing.T, to []string, posting bool) {
	p := newPlatform(t, unpaced())
	k := newTrunk(t)
	must(t, inNetworkOf(k.platform, func() error { return p.listen(trunkAddress) }))
	p.run(t)
	b := pluggedBoard(t)
	conf := configure(t, b, trunkAddress, func(c *configuration) {
		c.onenet["keepalive"] = quoted(shortKeepAlive.String())
		c.onenet["clock_wait"] = `"0s"` // the platform is not on a loopback address
	})
	conf.isolated = true
	g := start(t, conf)
	g.opened()
	k.connect(g)
	g.ready(30 * time.Second)
	b.mustSend(50, fullPace)
	must(t, p.tally.await(within(t, 20*time.Second), 50))

	var streaming sync.WaitGroup
	ctx, enough := context.WithCancel(t.Context())
	defer streaming.Wait()
	defer enough()
	if posting {
		streaming.Go(func() {
			if err := b.send(ctx, mostFrames/2, streamPace); err != nil {
				t.Error(err)
			}
		})
	}
	wait(t, 3*time.Second)
	news := k.listenTo(g)
	for _, address := range to {
		k.cut(address)
	}
	cut := time.Now()
	lost := g.expect(2*shortKeepAlive, "connection lost", state("lost"))
	took := lost.at.Sub(cut)
	t.Logf("noticed %v after the cut: %s", took.Round(time.Millisecond), lost.field("message"))
	if limit := shortKeepAlive * 3 / 2; took > limit || took < byPing {
		t.Errorf("noticed after %v, want %v to %v", took, byPing, limit)
	}
	if heard := news.stop(); heard != "" {
		t.Errorf("the kernel told the gateway: %s", heard)
	}
	if !posting {
		b.mustSend(50, fullPace)
		must(t, g.ledger.await(within(t, 10*time.Second), 100))
	}
	for _, address := range to {
		k.heal(address)
	}
	g.ready(60 * time.Second)
	enough()
	streaming.Wait()
	sent := b.frames()
	g.mustDeliver(p.tally, int(sent))
	s := g.wantEmpty()
	// What was unanswered at the cut, and again what was sent once more before
	// it was noticed, may have arrived although no answer came back.
	p.tally.wantAll(t, sent, 2*doubledByCut)
	if s.Queue.Dropped != 0 || s.Gateway.Uplink.DeadLetters != 0 {
		t.Errorf("status %+v, want nothing dropped nor buried", s)
	}
	if strings.Contains(g.log.String(), "same device name") {
		t.Error("a dead link is suspected of being a second program")
	}
}
