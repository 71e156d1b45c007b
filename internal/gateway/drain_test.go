package gateway

import (
	"context"
	"flag"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/cloud"
	"serialgw/internal/onenetsim"
	"serialgw/internal/queue"
	"serialgw/internal/reading"
)

const (
	drainProduct = "Abcdef1234"
	drainDevice  = "board-01"
	drainKey     = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	// years lie between the bubble's epoch and a date that a cloud believes.
	years = 27 * 365 * 24 * time.Hour
)

// drain is a deliver loop between the queue on disk and the simulator, which
// keeps the platform's limits and shares no code with our packing. What a
// history/post brings is not shown there.
type drain struct {
	t     testing.TB
	queue *queue.Queue
	sim   *onenetsim.Server
	wake  chan struct{}
	acked chan struct{} // one slot: records have left the queue
	props int           // of a reading
	path  string

	mu     sync.Mutex
	posts  []arrival
	stored map[string]int // values of the first property, by their text
}

// arrival is one post as the platform got it.
type arrival struct {
	at      time.Time
	code    int
	history bool
	values  int
	size    int
	oldest  time.Time // of the values' own times
	newest  time.Time
}

func wallNow() reading.Stamp {
	now := time.Now()
	return reading.Stamp{Wall: now.Add(years).UnixNano(), Boot: now.UnixNano(), BootID: reading.BootID{1}, Synced: true}
}

func drainConfig() cloud.Config {
	cfg := cloud.Defaults()
	cfg.Product, cfg.Device, cfg.Key = drainProduct, drainDevice, drainKey
	return cfg
}

// newDrain must be called in a bubble. The loop runs from start on. Without a
// pace the platform has none.
func newDrain(t testing.TB, props int, pace time.Duration) *drain {
	t.Helper()
	x := &drain{t: t, props: props, wake: make(chan struct{}, 1), acked: make(chan struct{}, 1), path: filepath.Join(t.TempDir(), "dead.jsonl"), stored: make(map[string]int)}
	cfg := queue.Defaults()
	cfg.Dir, cfg.KeepFree, cfg.MaxBytes = t.TempDir(), 0, 1<<30
	q, err := queue.Open(cfg, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	x.queue = q
	platform := onenetsim.Defaults()
	platform.Keep, platform.HistoryHidden, platform.PostPace = 1000, true, pace
	platform.Products = []onenetsim.Product{{ID: drainProduct, Devices: map[string]string{drainDevice: drainKey}}}
	platform.Now = func() time.Time { return time.Now().Add(years) }
	platform.OnPost = x.arrived
	x.sim = onenetsim.New(platform)
	return x
}

func (x *drain) arrived(p onenetsim.Post) {
	a := arrival{at: time.Now().Add(years), code: p.Code, history: p.Topic == "thing/history/post", values: len(p.Values), size: len(p.Payload)}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, v := range p.Values {
		at := time.UnixMilli(v.Time)
		if a.newest.Before(at) {
			a.newest = at
		}
		if a.oldest.IsZero() || at.Before(a.oldest) {
			a.oldest = at
		}
		if v.Identifier == "p0" {
			x.stored[string(v.Raw)]++
		}
	}
	x.posts = append(x.posts, a)
}

func (x *drain) letters() []DeadLetter { return readLetters(x.t, x.path) }

// start connects and delivers until the test ends.
func (x *drain) start(cfg cloud.Config) {
	x.t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(x.t.Context()))
	var serving, running sync.WaitGroup
	dial := func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		serving.Go(func() { x.sim.ServeConn(context.WithoutCancel(ctx), far) })
		return near, nil
	}
	client, err := cloud.New(cfg, wallNow, cloud.Options{Dial: dial})
	if err != nil {
		x.t.Fatal(err)
	}
	letters, err := OpenDeadLetters(x.path, 1<<20)
	if err != nil {
		x.t.Fatal(err)
	}
	up := Uplink{
		Publisher: client, PostInterval: cfg.PostInterval, InFlight: cfg.Window(),
		History: cfg.HistoryUsable(), HistoryValues: cfg.HistoryValues, OldestFirst: cfg.Order == "oldest-first",
	}
	d := newDeliver(up, Deps{Queue: x.queue, DeadLetters: letters, Log: zerolog.Nop(), Acked: func() { signal(x.acked) }}, x.wake, make(chan struct{}, 1), time.Second)
	running.Go(func() { _ = client.Run(ctx) })
	running.Go(func() { d.run(ctx) })
	x.t.Cleanup(func() { stop(); running.Wait(); serving.Wait(); _ = letters.Close() })
}

// fill stores readings n of them, so far apart, the last one just now.
func (x *drain) fill(n int, apart time.Duration) {
	x.t.Helper()
	var batch [][]byte
	now := wallNow()
	for i := range n {
		batch = append(batch, x.record(i, now.Add(time.Duration(i-n+1)*apart)))
		if len(batch) == 1000 || i == n-1 {
			x.append(batch...)
			batch = batch[:0]
		}
	}
}

func (x *drain) append(records ...[]byte) {
	x.t.Helper()
	if _, _, err := x.queue.AppendAll(records); err != nil {
		x.t.Fatal(err)
	}
}

// record is the reading n, whose values all are n.
func (x *drain) record(n int, at reading.Stamp) []byte {
	r := reading.Reading{Board: "press", Message: "env", Stamp: at}
	for i := range x.props {
		r.Props = append(r.Props, reading.Property{Name: fmt.Sprintf("p%d", i), Value: reading.IntValue(int64(n))})
	}
	return reading.AppendRecord(nil, r)
}

// live says a reading every so often until until is true; n is the number of
// the first.
func (x *drain) live(n int, apart time.Duration, until func() bool) (said int) {
	tick := time.NewTicker(apart)
	defer tick.Stop()
	for !until() {
		<-tick.C
		x.append(x.record(n+said, wallNow()))
		said++
		signal(x.wake)
	}
	return said
}

// wantShown fails unless the platform shows the reading n.
func (x *drain) wantShown(n int) {
	x.t.Helper()
	for i := range x.props {
		v := x.sim.Current(drainProduct, drainDevice)[fmt.Sprintf("p%d", i)]
		if string(v.Raw) != fmt.Sprint(n) {
			x.t.Errorf("the platform shows %s as p%d, and the newest reading says %d", v.Raw, i, n)
		}
	}
}

// wantEach fails unless the readings 0 to n-1 arrived, each once.
func (x *drain) wantEach(n int) {
	x.t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range n {
		if got := x.stored[fmt.Sprint(i)]; got != 1 {
			x.t.Fatalf("reading %d arrived %d times", i, got)
		}
	}
}

// day lets TestDrain_ADayAtTenFramesASecond take minutes.
var day = flag.Bool("day", false, "drain a day's backlog of each kind, not an hour's of most")

// TestDrain_ADayAtTenFramesASecond drains the backlog of a day, or of an hour,
// while the board goes on. Of the posts that carry backlog there
// are hardly more than the limits allow, and what the platform shows is never
// older than two post intervals and the distance of two frames.
func TestDrain_ADayAtTenFramesASecond(t *testing.T) {
	const apart = 100 * time.Millisecond
	for _, props := range []int{1, 5, 7} {
		t.Run(fmt.Sprintf("Properties=%d", props), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				span := time.Hour
				if *day || props == 1 && !testing.Short() {
					span *= 24
				}
				waiting := int(span / apart)
				cfg := drainConfig()
				x := newDrain(t, props, cfg.PostInterval)
				x.fill(waiting, apart)
				began := time.Now().Add(years)
				x.start(cfg)
				said := x.live(waiting, apart, func() bool { return x.queue.Stats().OldestSeq > uint64(waiting) })
				took := time.Now().Add(years).Sub(began)
				x.wantEach(waiting)

				// Worked out from the limits alone: whole readings, and if they were split.
				whole, split := ceil(waiting, cfg.HistoryValues/props), ceil(waiting*props, cfg.HistoryValues)
				x.mu.Lock()
				defer x.mu.Unlock()
				backlog, live, late := 0, 0, time.Duration(0)
				shown := began // nothing yet
				for _, p := range x.posts {
					switch {
					case p.code != 200:
						t.Fatalf("code %d", p.code)
					case p.oldest.Before(began.Add(time.Millisecond)):
						backlog++
					default:
						live++
						late = max(late, p.at.Sub(shown))
						shown = p.newest
					}
				}
				t.Logf("%d readings of %d: %d posts of backlog, least %d (%.4f), were readings split %d (%.4f); %d live ones of %d; %v; shown %v old at most",
					waiting, props, backlog, whole, float64(backlog)/float64(whole), split, float64(backlog)/float64(split), live, said, took.Round(time.Second), late)
				if most := split + split/20; backlog > most {
					t.Errorf("%d posts carried backlog, want %d at most", backlog, most)
				}
				if most := 2*cfg.PostInterval + apart; late > most {
					t.Errorf("what the platform showed was %v old, want %v at most", late, most)
				}
				if held := x.sim.Stats().Held; held > 0 {
					t.Errorf("the platform held %d posts back", held)
				}
				if most := time.Duration(2*backlog+5) * cfg.PostInterval; took > most {
					t.Errorf("it took %v, want %v at most", took, most)
				}
			})
		})
	}
}

func ceil(n, by int) int { return (n + by - 1) / by }

// TestDrain_NewestIsShown: when all is sent and the board is silent, the
// platform shows the newest value of each property, though a history/post does
// not change what it shows there, and no reading is sent twice for it.
func TestDrain_NewestIsShown(t *testing.T) {
	for _, order := range []string{"live-first", "oldest-first"} {
		for _, history := range []bool{true, false} {
			for _, pace := range []time.Duration{time.Second, 0} {
				for _, n := range []int{1, 2, 99, 100, 101, 250} {
					t.Run(fmt.Sprintf("%s/history=%v/pace=%v/%d", order, history, pace, n), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							cfg := drainConfig()
							cfg.Order, cfg.History, cfg.PostInterval = order, history, pace
							x := newDrain(t, 1, pace)
							x.fill(n, time.Second)
							x.start(cfg)
							<-time.After(time.Duration(n)*pace + time.Minute)
							x.wantEach(n)
							x.wantShown(n - 1)
							if most := ceil(n, 100) + 2; history && len(x.posts) > most {
								t.Errorf("%d posts, want %d at most", len(x.posts), most)
							}
						})
					})
				}
			}
		}
	}
}

// TestDrain_NewestOfARareProperty: a property that comes seldom is shown, too,
// wherever in a backlog its last value stands, and while the board goes on.
func TestDrain_NewestOfARareProperty(t *testing.T) {
	for _, order := range []string{"live-first", "oldest-first"} {
		for _, at := range []int{0, 1, 50, 99, 100, 998, 999} {
			t.Run(fmt.Sprintf("%s/%d", order, at), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cfg := drainConfig()
					cfg.Order = order
					x := newDrain(t, 1, cfg.PostInterval)
					x.fill(at, time.Second)
					rare := reading.Reading{Board: "press", Stamp: wallNow(), Props: []reading.Property{{Name: "rare", Value: reading.IntValue(7)}}}
					x.append(reading.AppendRecord(nil, rare))
					<-time.After(time.Hour)
					x.fill(1000-at, time.Second)
					x.start(cfg)
					said := x.live(1000, 100*time.Millisecond, func() bool { return x.queue.Stats().OldestSeq > 1001 })
					<-time.After(time.Minute)
					if v := x.sim.Current(drainProduct, drainDevice)["rare"]; string(v.Raw) != "7" {
						t.Errorf("the platform shows %q", v.Raw)
					}
					x.wantShown(1000 + said - 1)
					if most := said/10 + said/100 + 3; len(x.posts) > most {
						t.Errorf("%d posts while the board spoke for %d s", len(x.posts), said/10)
					}
				})
			})
		}
	}
}
