package gateway

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/reading"
)

// house runs a whole gateway inside a synctest bubble.
type house struct {
	g      *Gateway
	q      *memQueue
	cloud  *scriptedCloud
	a, b   *pipe
	cfg    Config
	ledger *bytes.Buffer
	stop   func() error
}

func newHouse(t *testing.T) *house {
	t.Helper()
	letters, err := OpenDeadLetters(filepath.Join(t.TempDir(), "dead.jsonl"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{q: newMemQueue(), cloud: newCloud(nil), a: newPipe(), b: newPipe(), ledger: new(bytes.Buffer)}
	plan := testPlan(t)
	h.cfg = Config{
		Boards: []Board{
			{Name: "b", Plan: plan, Source: h.b, Baud: 9600, Fingerprint: "b1"},
			{Name: "a", Plan: plan, Source: h.a, Baud: 9600, Fingerprint: "a1", Prefix: "A_"},
		},
		Uplink:       Uplink{Publisher: h.cloud, PostInterval: time.Second, InFlight: 4, Fingerprint: "u1"},
		SyncInterval: time.Second, DrainLimit: 5 * time.Second,
	}
	h.g = New(Deps{Queue: h.q, DeadLetters: letters, Now: stampNow, Log: zerolog.Nop(), Ledger: h.ledger})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.g.Run(ctx, h.cfg) }()
	h.stop = sync.OnceValue(func() error {
		cancel()
		err := <-done
		_ = letters.Close()
		return err
	})
	t.Cleanup(func() { _ = h.stop() })
	synctest.Wait()
	h.cloud.link(reading.LinkReady)
	synctest.Wait()
	return h
}

func (h *house) apply(t *testing.T, change func(*Config)) {
	t.Helper()
	next := h.cfg
	next.Boards = append([]Board(nil), h.cfg.Boards...)
	change(&next)
	if err := h.g.Apply(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	h.cfg = next
}

func TestGateway_FromBytesToConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		plan := h.cfg.Boards[0].Plan
		h.a.feed(power(t, plan, 5)...)
		<-time.After(100 * time.Millisecond)
		synctest.Wait()
		if got := h.cloud.seen(); len(got) != 1 || got[0].names()[0] != "A_volt" || h.q.waiting() != 0 {
			t.Fatalf("posts %+v, %d stored", got, h.q.waiting())
		}
		s := h.g.Status()
		if len(s.Boards) != 2 || s.Boards[0].Name != "a" || s.Boards[0].Latest[0].Value != "0.005" || s.Uplink.Confirmed != 1 || !s.Uplink.Ready || s.Uptime != 100*time.Millisecond {
			t.Errorf("status %+v", s)
		}
		if err := h.stop(); err != nil {
			t.Error(err)
		}
		if !h.cloud.ended || h.a.ends != 1 || h.b.ends != 1 {
			t.Errorf("at the end: publisher ended %v, sources %d and %d", h.cloud.ended, h.a.ends, h.b.ends)
		}
	})
}

// An unchanged board runs on untouched: opening a port again moves DTR and
// restarts many a board.
func TestGateway_ApplyRestartsOnlyWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		plan := h.cfg.Boards[0].Plan
		fresh, unused := newPipe(), newPipe()
		h.apply(t, func(c *Config) {
			c.Boards[0].Source = unused // unchanged but for the object
			c.Boards[1].Source, c.Boards[1].Fingerprint, c.Boards[1].Prefix = fresh, "a2", "B_"
		})
		if h.a.ends != 1 || h.b.ends != 0 || unused.nexts != 0 || fresh.nexts == 0 || h.cloud.runs != 1 {
			t.Errorf("ended: a %d, b %d; read: unused %d, fresh %d; uplinks %d", h.a.ends, h.b.ends, unused.nexts, fresh.nexts, h.cloud.runs)
		}
		fresh.feed(power(t, plan, 5)...)
		h.b.feed(power(t, plan, 6)...)
		<-time.After(3 * time.Second)
		synctest.Wait()
		n := map[string]int{}
		for _, p := range h.cloud.seen() {
			for _, name := range p.names() {
				n[name]++
			}
		}
		if n["B_volt"] != 1 || n["volt"] != 1 || len(n) != 2 {
			t.Errorf("posted %v", n)
		}
	})
}

func TestGateway_ApplyRemovesABoard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.apply(t, func(c *Config) { c.Boards = c.Boards[:1] })
		if s := h.g.Status(); len(s.Boards) != 1 || s.Boards[0].Name != "b" || h.a.ends != 1 || h.b.ends != 0 {
			t.Errorf("boards %+v; ended: a %d, b %d", s.Boards, h.a.ends, h.b.ends)
		}
	})
}

// A changed uplink first waits for the verdicts on its way, and what the old
// one did not get through goes out by the new one.
func TestGateway_ApplyDrainsAndReplacesTheUplink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		plan := h.cfg.Boards[0].Plan
		h.cloud.delay = 3 * time.Second
		old := h.cloud
		h.a.feed(power(t, plan, 5)...)
		next := newCloud(nil)
		began := time.Now()
		h.apply(t, func(c *Config) { c.Uplink.Publisher, c.Uplink.Fingerprint = next, "u2" })
		<-time.After(3500 * time.Millisecond)
		h.b.feed(power(t, plan, 6)...)
		if took := time.Since(began); !old.ended || next.runs != 1 || h.q.waiting() != 1 {
			t.Fatalf("after %v: old ended %v, new runs %d, %d stored", took, old.ended, next.runs, h.q.waiting())
		}
		next.link(reading.LinkReady)
		<-time.After(time.Second)
		synctest.Wait()
		if len(old.seen()) != 1 || len(next.seen()) != 1 || h.q.waiting() != 0 {
			t.Errorf("posts %d and %d, %d stored; want 1, 1, 0", len(old.seen()), len(next.seen()), h.q.waiting())
		}
	})
}

// Records are synced one interval after the first, and acknowledgements are
// written down too; an idle gateway touches no disk.
func TestGateway_SyncsOnceAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		plan := h.cfg.Boards[0].Plan
		h.cloud.delay = 5 * time.Second
		for range 5 {
			h.a.feed(power(t, plan, 5)...)
		}
		syncs := func(after time.Duration) int {
			<-time.After(after)
			synctest.Wait()
			h.q.mu.Lock()
			defer h.q.mu.Unlock()
			return h.q.syncs
		}
		if got := syncs(time.Second); got != 1 {
			t.Errorf("%d syncs after the first interval, want 1", got)
		}
		if got := syncs(3 * time.Second); got > 2 {
			t.Errorf("%d syncs while nothing happens", got)
		}
		before := syncs(0)
		if got := syncs(5 * time.Second); got == before {
			t.Error("the acknowledgements were not written down")
		}
		settled := syncs(time.Minute)
		if got := syncs(time.Hour); got != settled {
			t.Errorf("an idle gateway synced %d times", got-settled)
		}
		if err := h.stop(); err != nil {
			t.Fatal(err)
		}
		if got := h.ledger.String(); !strings.HasPrefix(got, "W 1\nW 2\nW 3\nW 4\nW 5\nS 5\n") {
			t.Errorf("ledger %q", got)
		}
	})
}

func TestGateway_NoBoard(t *testing.T) {
	g := New(Deps{})
	if err := g.Run(t.Context(), Config{}); err == nil || err.Error() != "no board to read from" {
		t.Errorf("got %v", err)
	}
}
