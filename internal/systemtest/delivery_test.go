//go:build system

package systemtest

import (
	"math/rand/v2"
	"testing"
	"time"
)

const (
	allFrames = 10_000
	cuts      = 20

	// Shipped settings that bound what one cut can double.
	inFlight      = 16
	historyValues = 100
	// A cut leaves at most inFlight posts unanswered, and each carries at most
	// as many readings as historyValues has room for.
	doubledByCut = inFlight * (historyValues / demoProperties)

	// suspicion is the longest wait for a new connection: three in a row that
	// carried next to nothing look like a second login.
	suspicion = 90 * time.Second
)

// onenetFilters are what a responder listens to when it plays OneNET.
func onenetFilters() []string {
	prefix := "$sys/" + testProduct + "/" + testDevice + "/thing/"
	return []string{prefix + "property/post", prefix + "history/post"}
}

// cloudSide is one end of the line: where to connect, what arrived, and how to
// cut the connection.
type cloudSide struct {
	addr  string
	tally *tally
	cut   func()
}

// cloudSides are the simulator and, independent of everything of ours,
// mosquitto.
func cloudSides() map[string]func(*testing.T) cloudSide {
	return map[string]func(*testing.T) cloudSide{
		"Simulator": func(t *testing.T) cloudSide {
			p := servePlatform(t, unpaced())
			return cloudSide{p.addr, p.tally, func() { p.Drop(testDevice) }}
		},
		"Mosquitto": func(t *testing.T) cloudSide {
			broker := mosquitto(t)
			r := respond(t, broker, true, onenetFilters()...)
			cable := serveProxy(t, broker)
			return cloudSide{cable.addr, r.tally, cable.cut}
		},
	}
}

// TestDelivery_EveryReadingOnce sends 10,000 frames at the pace of a 921600
// baud line. When nothing fails, each is confirmed exactly once.
func TestDelivery_EveryReadingOnce(t *testing.T) {
	for name, open := range cloudSides() {
		t.Run(name, func(t *testing.T) {
			side, b := open(t), pluggedBoard(t)
			g := start(t, configure(t, b, side.addr, nil))
			g.opened()
			g.ready(10 * time.Second)

			begun := time.Now()
			b.mustSend(allFrames, fullPace)
			line := time.Since(begun)
			g.mustDeliver(side.tally, allFrames)
			t.Logf("%d frames in %v on the line (%.0f bytes/s), all confirmed after %v",
				allFrames, line.Round(time.Millisecond), allFrames*demoSize/line.Seconds(), time.Since(begun).Round(time.Millisecond))

			s := g.wantEmpty()
			side.tally.wantAll(t, allFrames, 0)
			if s.Queue.Dropped != 0 || s.Gateway.Uplink.Lost != 0 || s.Gateway.Uplink.Records != allFrames {
				t.Errorf("status is %+v, want %d records confirmed, none dropped, no post unanswered", s, allFrames)
			}
			if m := s.Gateway.Boards[0].Metrics; m.Frames != allFrames || m.CheckFailed+m.Noise != 0 {
				t.Errorf("the line gave %+v, want %d frames and no damage", m, allFrames)
			}
			if code, took := g.stop(15 * time.Second); code != 0 {
				t.Errorf("exit status %d after %v, want 0", code, took)
			}
		})
	}
}

// TestDelivery_CutTwentyTimes cuts the connection at random moments while
// frames pour in. Nothing may be missing, and what is doubled stays within the
// promise: the readings of the posts that a cut left unanswered.
func TestDelivery_CutTwentyTimes(t *testing.T) {
	t.Parallel()
	for name, open := range cloudSides() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := seeded(t)
			side, b := open(t), pluggedBoard(t)
			g := start(t, configure(t, b, side.addr, nil))
			g.opened()
			for range cuts {
				g.ready(suspicion)
				cutWhileSending(t, b, random, side.cut)
			}
			g.mustDeliver(side.tally, allFrames)
			s := g.wantEmpty()
			side.tally.wantAll(t, allFrames, cuts*doubledByCut)
			t.Logf("%d posts unanswered, %d connections", s.Gateway.Uplink.Lost, s.Link.Connects)
			if s.Gateway.Uplink.Lost == 0 {
				t.Error("no post was ever unanswered: the cuts hit nothing")
			}
			if s.Queue.Dropped != 0 {
				t.Errorf("%d records dropped, want none", s.Queue.Dropped)
			}
		})
	}
}

// cutWhileSending sends a cut's share of the frames at the full pace and cuts
// at a random moment of it.
func cutWhileSending(t *testing.T, b *board, random *rand.Rand, cut func()) {
	t.Helper()
	const share = allFrames / cuts
	takes := time.Duration(share) * demoSize * time.Second / fullPace
	sent := make(chan error, 1)
	go func() { sent <- b.send(t.Context(), share, fullPace) }()
	wait(t, time.Duration(random.Int64N(int64(takes))))
	cut()
	must(t, <-sent)
}

// TestDelivery_PubackAndOwnTopic runs against a plain broker: the PUBACK is
// the confirmation, and the topic is the site's own.
func TestDelivery_PubackAndOwnTopic(t *testing.T) {
	t.Parallel()
	broker := mosquitto(t)
	r := respond(t, broker, false, "site/"+testProduct+"/"+testDevice+"/up")
	b := pluggedBoard(t)
	g := start(t, configure(t, b, broker, func(c *configuration) {
		c.onenet["confirm"], c.onenet["topic"] = `"puback"`, `"site/{pid}/{device}/up"`
	}))
	g.opened()
	g.ready(10 * time.Second)
	const frames = 2000
	b.mustSend(frames, fullPace)
	g.mustDeliver(r.tally, frames)
	g.wantEmpty()
	r.tally.wantAll(t, frames, 0)
}
