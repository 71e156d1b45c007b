package speed

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"serialgw/internal/clock"
	"serialgw/internal/cloud"
	"serialgw/internal/reading"
)

// publisher posts so many messages, never more than a window of them without
// an acknowledgement, and returns when all are acknowledged.
type publisher interface {
	publish(tb testing.TB, n int)
}

// The windows: what a gateway of one's own writing would use, and what
// serialgw finds for a broker that takes all it gets.
const (
	smallWindow = 64
	largeWindow = 1024
)

// bare is the MQTT library as its documentation shows it.
type bare struct {
	client  mqtt.Client
	payload []byte
	ring    []mqtt.Token // the oldest is waited for when it is full
	at      int
}

const postTopic = "$sys/Abcdef1234/board-01/thing/property/post"

func newBare(tb testing.TB, addr string, window int) *bare {
	tb.Helper()
	o := mqtt.NewClientOptions().AddBroker("tcp://" + addr).SetClientID("board-01").SetProtocolVersion(4).SetOrderMatters(false)
	b := &bare{client: mqtt.NewClient(o), ring: make([]mqtt.Token, window)}
	if t := b.client.Connect(); t.Wait() && t.Error() != nil {
		tb.Fatal(t.Error())
	}
	tb.Cleanup(func() { b.client.Disconnect(250) })
	b.payload = cloud.AppendPropertyPost(nil, 1, []reading.Entry{{Seq: 1, Reading: sample()}}, cloud.StampTime)
	return b
}

func (b *bare) publish(tb testing.TB, n int) {
	for range n {
		b.await(tb)
		b.ring[b.at] = b.client.Publish(postTopic, 1, false, b.payload)
		b.at = (b.at + 1) % len(b.ring)
	}
	for range b.ring {
		b.await(tb)
		b.at = (b.at + 1) % len(b.ring)
	}
}

// await waits for the oldest post.
func (b *bare) await(tb testing.TB) {
	t := b.ring[b.at]
	if t == nil {
		return
	}
	if t.Wait(); t.Error() != nil {
		tb.Fatal(t.Error())
	}
	b.ring[b.at] = nil
}

// ours is the gateway's client, used as the gateway uses it.
type ours struct {
	client  *cloud.Client
	window  int
	entries []reading.Entry
	open    int
}

func newOurs(tb testing.TB, addr string, window int) *ours {
	tb.Helper()
	c, err := cloud.New(uplink(addr, window), clock.New().Now, cloud.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Error(err)
		}
	})
	for o := range c.Outcomes() {
		if o.Post == 0 && o.Link == reading.LinkReady {
			break
		}
	}
	return &ours{client: c, window: window, entries: []reading.Entry{{Reading: sample()}}}
}

// uplink is a broker of one's own, whose PUBACK counts.
func uplink(addr string, window int) cloud.Config {
	cfg := cloud.Defaults()
	cfg.Product, cfg.Device, cfg.User, cfg.Password = "Abcdef1234", "board-01", "Abcdef1234", "x"
	cfg.Address, cfg.Confirm, cfg.PostInterval, cfg.InFlight = addr, "puback", 0, window
	return cfg
}

// publish lets the last post go alone: the client confirms a post before the
// library has taken in its PUBACK, but all those before it. What the library
// allocates for them is then counted, too.
func (u *ours) publish(tb testing.TB, n int) {
	u.burst(tb, n-1)
	u.burst(tb, 1)
}

func (u *ours) burst(tb testing.TB, n int) {
	for n > 0 || u.open > 0 {
		for ; n > 0 && u.open < u.window; n-- {
			e := &u.entries[0]
			e.Seq++
			e.Reading.Stamp = e.Reading.Stamp.Add(2 * time.Millisecond)
			if _, err := u.client.Post(u.entries); err != nil {
				tb.Fatal(err)
			}
			u.open++
		}
		u.client.Flush()
		u.settle(tb, <-u.client.Outcomes())
		for more := true; more; {
			select {
			case o := <-u.client.Outcomes():
				u.settle(tb, o)
			default:
				more = false
			}
		}
	}
}

func (u *ours) settle(tb testing.TB, o reading.Outcome) {
	if o.Verdict != reading.Confirmed {
		tb.Fatalf("post %d: %v, %s", o.Post, o.Verdict, o.Text)
	}
	u.open--
}

// sample is a reading of the bench frame.
func sample() reading.Reading {
	return reading.Reading{Board: "board", Message: "m", Stamp: believed()(), Props: []reading.Property{
		{Name: "seq", Value: reading.UintValue(500_000)},
		{Name: "temp", Value: reading.DecimalValue(2498, 2)},
		{Name: "volt", Value: reading.DecimalValue(3312, 3)},
		{Name: "current", Value: reading.Float32Value(1.6948675)},
		{Name: "flags", Value: reading.IntValue(195)},
		{Name: "status", Value: reading.IntValue(0)},
	}}
}

// warmUp is how many posts come before those that count: buffers, maps and
// channels have their size then.
const warmUp = 4 * largeWindow

// clients are those that are compared.
var clients = []struct {
	name    string
	connect func(tb testing.TB, addr string, window int) publisher
}{
	{"paho", func(tb testing.TB, addr string, window int) publisher { return newBare(tb, addr, window) }},
	{"serialgw", func(tb testing.TB, addr string, window int) publisher { return newOurs(tb, addr, window) }},
}

// BenchmarkPublish is one post from the entries, or for paho from the finished
// payload, to its PUBACK.
func BenchmarkPublish(b *testing.B) {
	for _, window := range []int{smallWindow, largeWindow} {
		for _, c := range clients {
			b.Run(fmt.Sprintf("client=%s/window=%d", c.name, window), func(b *testing.B) {
				p := c.connect(b, newSink(b).addr(), window)
				p.publish(b, warmUp)
				b.ReportAllocs()
				b.ResetTimer()
				p.publish(b, b.N)
			})
		}
	}
}

// TestPublish_AllocatesPahosOwnAndThree compares a post with the library's
// publish, over the same kind of connection.
func TestPublish_AllocatesPahosOwnAndThree(t *testing.T) {
	posts := 20_000
	if testing.Short() {
		posts = 4000
	}
	each := make(map[string]float64)
	for _, c := range clients {
		p := c.connect(t, newSink(t).addr(), smallWindow)
		p.publish(t, warmUp)
		each[c.name] = float64(mallocs(func() { p.publish(t, posts) })) / float64(posts)
	}
	t.Logf("allocations a post: %.2f, of paho alone %.2f", each["serialgw"], each["paho"])
	if each["serialgw"] > each["paho"]+3 {
		t.Errorf("%.2f allocations a post, at most 3 more than paho's own %.2f", each["serialgw"], each["paho"])
	}
}

// mallocs returns how many allocations the whole program makes meanwhile.
func mallocs(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}
