package cloud_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/cloud"
	"serialgw/internal/onenetsim"
	"serialgw/internal/reading"
)

// The client against the strict simulator, which shares no code with it and
// keeps the platform's pace and login limit.

const (
	product = "Abcdef1234"
	device  = "board-01"
	key     = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	years   = 27 * 365 * 24 * time.Hour // from the bubble's epoch to a sound date
)

// pair is a client connected to a simulator by pipes.
type pair struct {
	t   *testing.T
	sim *onenetsim.Server
	c   *cloud.Client
}

func connect(t *testing.T, cfg cloud.Config) *pair {
	t.Helper()
	platform := onenetsim.Defaults()
	platform.Products = []onenetsim.Product{{ID: product, AccessKey: key, Devices: map[string]string{device: key}}}
	platform.Now = func() time.Time { return time.Now().Add(years) }
	p := &pair{t: t, sim: onenetsim.New(platform)}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	dial := func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		wg.Go(func() { p.sim.ServeConn(ctx, far) })
		return near, nil
	}
	clock := func() reading.Stamp {
		now := time.Now()
		return reading.Stamp{Wall: now.Add(years).UnixNano(), Boot: now.UnixNano(), Synced: true}
	}
	c, err := cloud.New(cfg, clock, cloud.Options{Dial: dial})
	if err != nil {
		t.Fatal(err)
	}
	p.c = c
	running, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Run(running)
	}()
	t.Cleanup(func() {
		stop()
		<-done
		cancel()
		wg.Wait()
	})
	return p
}

func config() cloud.Config {
	cfg := cloud.Defaults()
	cfg.Product, cfg.Device, cfg.Key = product, device, key
	return cfg
}

// samples returns n readings of one property, a second apart, the last now.
func samples(n int) []reading.Entry {
	entries := make([]reading.Entry, n)
	for i := range entries {
		wall := time.Now().Add(years).Add(time.Duration(i-n+1) * time.Second)
		entries[i] = reading.Entry{Seq: uint64(i + 1), Reading: reading.Reading{
			Stamp: reading.Stamp{Wall: wall.UnixNano(), Synced: true},
			Props: []reading.Property{{Name: "count", Value: reading.IntValue(int64(i + 1))}},
		}}
	}
	return entries
}

// deliver sends the entries, batch by batch, until each is confirmed, as a
// gateway would; the link must be there and come back by itself.
func (p *pair) deliver(cfg cloud.Config, entries []reading.Entry) {
	p.t.Helper()
	waiting := append([]reading.Entry(nil), entries...)
	sent := map[uint64][]reading.Entry{}
	confirmed := map[uint64]bool{}
	end := time.Now().Add(12 * time.Hour)
	for len(confirmed) < len(entries) {
		if time.Now().After(end) {
			p.t.Fatalf("%d of %d confirmed; status %+v", len(confirmed), len(entries), p.c.Status())
		}
		if n := cloud.Batch(cfg, waiting); n > 0 {
			id, err := p.c.Post(waiting[:n])
			p.c.Flush()
			if err == nil {
				sent[id] = waiting[:n:n]
				waiting = waiting[n:]
			} else if !errors.Is(err, cloud.ErrNotReady) && !errors.Is(err, cloud.ErrWindowFull) {
				p.t.Fatal(err)
			}
		}
		select {
		case o := <-p.c.Outcomes():
			switch {
			case o.Verdict == reading.Confirmed:
				for _, seq := range o.Seqs {
					confirmed[seq] = true
				}
			case o.Post != 0:
				if o.History && o.Verdict == reading.Lost {
					cfg.History = false
				}
				waiting = append(waiting, sent[o.Post]...)
			}
		case <-time.After(time.Second):
		}
	}
}

func TestContract_EachLevelAndMethod_ONENET_3(t *testing.T) {
	for _, level := range []string{"device", "product"} {
		for _, method := range []string{"sha256", "sha1", "md5"} {
			synctest.Test(t, func(t *testing.T) {
				cfg := config()
				cfg.Level, cfg.Method = level, method
				p := connect(t, cfg)
				p.deliver(cfg, samples(1))
				if s := p.sim.Stats(); s.Rejected != 0 || s.Logins != 1 || s.Values != 1 {
					t.Errorf("%s %s: %+v", level, method, s)
				}
			})
		}
	}
}

// Whatever goes wrong, each sample arrives, under its own time, and nothing
// makes the platform refuse a message.
func TestContract_EachSampleArrives(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault func(*onenetsim.Server)
	}{
		{"NoFault", func(*onenetsim.Server) {}},
		{"RepliesSwallowed", func(s *onenetsim.Server) { s.SwallowReplies(2) }},
		{"RepliesLate", func(s *onenetsim.Server) { s.DelayReplies(15 * time.Second) }},
		{"RepliesTwice", func(s *onenetsim.Server) { s.DuplicateReply(5) }},
		{"RepliesWithWrongID", func(s *onenetsim.Server) { s.WrongID(2) }},
		{"RepliesWithNullID", func(s *onenetsim.Server) { s.NullID(2) }},
		{"RepliesWithoutID", func(s *onenetsim.Server) { s.NoID(2) }},
		{"PubacksSwallowed", func(s *onenetsim.Server) { s.SwallowPubacks(3) }},
		{"LoginsRefused", func(s *onenetsim.Server) { s.ConnackCode(4, 2) }},
		{"ServerDown", func(s *onenetsim.Server) { s.RefuseFor(5 * time.Minute) }},
		{"HalfClosed", func(s *onenetsim.Server) { time.AfterFunc(1500*time.Millisecond, s.HalfClose) }},
		{"Banned", func(s *onenetsim.Server) {
			time.AfterFunc(1500*time.Millisecond, func() { s.Ban(product, device, 5*time.Minute) })
		}},
		{"BlackHole", func(s *onenetsim.Server) {
			time.AfterFunc(1500*time.Millisecond, func() { s.Silent(true) })
			time.AfterFunc(3*time.Minute, func() { s.Silent(false) })
		}},
		{"Dropped", func(s *onenetsim.Server) { time.AfterFunc(1500*time.Millisecond, s.DropAll) }},
	} {
		for _, history := range []bool{true, false} {
			name := tt.name + "/HistoryPost"
			if !history {
				name = tt.name + "/PropertyPost"
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cfg := config()
					cfg.History, cfg.HistoryValues = history, 7
					p := connect(t, cfg)
					tt.fault(p.sim)
					want := samples(20)
					p.deliver(cfg, want)
					p.checkStored(want)
				})
			})
		}
	}
}

func (p *pair) checkStored(want []reading.Entry) {
	p.t.Helper()
	stored := map[int64]string{}
	for _, v := range p.sim.History(product, device) {
		if old, known := stored[v.Time]; known && old != string(v.Raw) {
			p.t.Errorf("at %d both %s and %s", v.Time, old, v.Raw)
		}
		stored[v.Time] = string(v.Raw)
	}
	for _, e := range want {
		if got := stored[e.Reading.Stamp.UnixMilli()]; got != e.Reading.Props[0].Value.String() {
			p.t.Errorf("record %d: %q is stored under its time", e.Seq, got)
		}
	}
	s := p.sim.Stats()
	if len(stored) != len(want) || s.Refused != 0 || s.Unheard != 0 {
		p.t.Errorf("%d samples stored of %d; %+v", len(stored), len(want), s)
	}
}

func TestContract_FullHistoryPost_ONENET_14(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		p := connect(t, cfg)
		want := samples(250)
		p.deliver(cfg, want)
		p.checkStored(want)
		if s := p.sim.Stats(); s.Posts != 3 {
			t.Errorf("%d messages for 250 samples, want 3", s.Posts)
		}
	})
}

func TestContract_Downlink_ONENET_22(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		p := connect(t, cfg)
		p.deliver(cfg, samples(3))
		set, err := p.sim.SetProperty(t.Context(), product, device, map[string]any{"count": 1})
		if err != nil || set.Code != 400 || set.Msg == "" {
			t.Errorf("set: %+v, %v", set, err)
		}
		call, err := p.sim.InvokeService(t.Context(), product, device, "reboot", nil)
		if err != nil || call.Code != 400 {
			t.Errorf("invoke: %+v, %v", call, err)
		}
		get, err := p.sim.GetProperty(t.Context(), product, device, "count", "other")
		if err != nil || get.Code != 200 || string(get.Data) != `{"count":3}` {
			t.Errorf("get: %+v, %v", get, err)
		}
	})
}
