//go:build system

package systemtest

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"serialgw/internal/onenetsim"
)

// shipped returns the repository's gateway.toml with the four values filled
// in that it asks for, and the simulator's address.
func shipped(t *testing.T, b *board, addr string) *configuration {
	t.Helper()
	text, err := os.ReadFile("../../gateway.toml")
	must(t, err)
	c := configure(t, b, addr, nil)
	filled := string(text)
	for key, value := range map[string]string{
		"product": testProduct, "device": testDevice, "key": testKey, "address": addr, "port": b.link,
	} {
		empty := regexp.MustCompile(`(?m)^` + key + ` *= ""`)
		if n := len(empty.FindAllString(filled, -1)); n != 1 {
			t.Fatalf("gateway.toml has %d lines with an empty %s, want 1", n, key)
		}
		filled = empty.ReplaceAllLiteralString(filled, key+" = "+quoted(value))
	}
	c.replace(filled)
	return c
}

// TestShipped_KeepsUpWithFiftyHertz gives the shipped settings a board of 50
// frames/s and 7 properties, and the platform's pace of one message a second:
// the queue does not grow and what arrives is fresh.
func TestShipped_KeepsUpWithFiftyHertz(t *testing.T) {
	t.Parallel()
	cfg := onenetsim.Defaults()
	p := servePlatform(t, cfg)
	b := pluggedBoard(t)
	g := start(t, shipped(t, b, p.addr))
	rates := g.expect(10*time.Second, "the two rates", saying("the boards give "))
	want := regexp.MustCompile(`the boards give 7 values/s, the uplink carries [0-9.]+ values/s`)
	if !want.MatchString(rates.text) {
		t.Errorf("the start-up line is %s, want it to match %v", rates.text, want)
	}
	g.opened()
	g.ready(10 * time.Second)

	const seconds = 20
	sent := make(chan error, 1)
	go func() { sent <- b.send(t.Context(), 50*seconds, 50*demoSize) }()
	waiting := sampleQueue(t, g, sent)
	t.Logf("records waiting, second by second: %v", waiting)
	half := len(waiting) / 2
	if early, late := slices.Max(waiting[:half]), slices.Max(waiting[half:]); late > early+1 || late > 4 {
		t.Errorf("the queue grows: at most %d records in the first half, %d in the second", early, late)
	}
	wantFresh(t, b, p, seconds)
}

// sampleQueue asks once a second how many records wait, until sent ends.
func sampleQueue(t *testing.T, g *gateway, sent <-chan error) (waiting []int) {
	t.Helper()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case err := <-sent:
			must(t, err)
			return waiting
		case <-ticker.C:
			s, err := g.ask()
			must(t, err)
			waiting = append(waiting, int(s.Queue.Records))
		}
	}
}

// wantFresh fails if a value was older than 2 s when the platform got it, or
// if it got too few of them.
func wantFresh(t *testing.T, b *board, p *platform, seconds int) {
	t.Helper()
	arrivals := p.tally.arrivals()
	var oldest time.Duration
	for seq, at := range arrivals {
		oldest = max(oldest, at.Sub(b.sentAt(seq)))
	}
	t.Logf("%d values of each property in %d s, the oldest %v old on arrival", len(arrivals), seconds, oldest.Round(time.Millisecond))
	if oldest > 2*time.Second {
		t.Errorf("a value was %v old on arrival, want at most 2s", oldest)
	}
	if len(arrivals) < seconds-3 {
		t.Errorf("%d values arrived in %d s, want about one a second", len(arrivals), seconds)
	}
}

// TestDemo_ShowsItself runs the demo where nobody watches.
func TestDemo_ShowsItself(t *testing.T) {
	t.Parallel()
	out, complaints, code := verb(t, 30*time.Second, "demo", "--for", "5s")
	if code != 0 {
		t.Fatalf("exit status %d, want 0\n%s%s", code, out, complaints)
	}
	confirmed := regexp.MustCompile(`(\d+) posts, (\d+) confirmed by reply`).FindStringSubmatch(out)
	if confirmed == nil || confirmed[2] == "0" {
		t.Errorf("the summary confirms nothing:\n%s", out)
	}
	if strings.Contains(out, "\x1b[") {
		t.Errorf("the demo draws although nobody watches:\n%q", out)
	}
}
