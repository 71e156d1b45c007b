package gateway

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

// After an outage the newest value shows at once and the backlog drains too.
func TestDeliver_LiveFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, nil)
		for range 500 {
			r.add("volt")
		}
		r.up()
		born := make(map[uint64]time.Time)
		r.wait(300 * time.Millisecond)
		for range 200 {
			born[r.add("volt")] = time.Now()
			r.wait(time.Second)
		}
		r.wait(2 * time.Second)
		var backlog, live []uint64
		since := 0
		for _, p := range r.cloud.seen() {
			seq := p.seqs()[0]
			since++
			at, isLive := born[seq]
			if !isLive {
				backlog, since = append(backlog, seq), 0
			} else if live = append(live, seq); p.at.Sub(at) > 2*time.Second {
				t.Errorf("live record %d waited %v", seq, p.at.Sub(at))
			}
			if since >= backlogShare {
				t.Fatalf("%d posts in a row without backlog", since)
			}
		}
		if !slices.IsSorted(backlog) || len(backlog) < 50 {
			t.Errorf("the backlog is out of order: %v", backlog)
		}
		newest := live[len(live)-1]
		if newest < 699 {
			t.Errorf("the newest live value sent is %d of 700", newest)
		}
	})
}

// Order is promised within live and within backlog.
func TestDeliver_OrderWithinLiveAndBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second, History: true, HistoryValues: 10}, nil)
		for range 100 {
			r.add("volt", "amp")
		}
		r.up()
		for range 60 { // live, slower than every second post: none is left behind
			r.wait(2500 * time.Millisecond)
			r.add("volt", "amp")
		}
		r.wait(time.Minute)
		var backlog, live []uint64
		for _, p := range r.cloud.seen() {
			for _, seq := range p.seqs() {
				if seq <= 100 {
					backlog = append(backlog, seq)
				} else {
					live = append(live, seq)
				}
			}
		}
		if !slices.IsSorted(backlog) || !slices.IsSorted(live) || len(backlog) != 100 || len(live) != 60 {
			t.Errorf("backlog %v\nlive %v", backlog, live)
		}
	})
}

// What a live post leaves behind is backlog: it goes in order, after it.
func TestDeliver_BurstOfLiveValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, nil)
		r.up()
		for _, name := range []string{"volt", "volt", "volt", "volt", "volt", "amp"} {
			if _, err := r.q.Append(reading.AppendRecord(nil, say(name))); err != nil {
				t.Fatal(err)
			}
		}
		signal(r.wake) // only now, so that one look finds all of them
		r.wait(time.Minute)
		var order []uint64
		for _, p := range r.cloud.seen() {
			order = append(order, p.seqs()...)
		}
		if want := []uint64{5, 6, 1, 2, 3, 4}; !slices.Equal(order, want) {
			t.Errorf("posted in the order %v, want %v", order, want)
		}
	})
}

// Without a pace each live value is a post of its own, until more wait than the
// window has posts: those share posts, and their order stays.
func TestDeliver_LiveValuesShareAFullWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const delay, window = 600 * time.Millisecond, 4
		r := newRig(t, Uplink{InFlight: window, History: true, HistoryValues: 10}, nil)
		r.cloud.delay = delay
		r.up()
		for range 400 {
			r.add("volt", "amp")
			r.wait(50 * time.Millisecond) // 12 a round trip, of which 4 find a post
		}
		r.wait(5 * delay)
		var order []uint64
		alone := 0
		for _, p := range r.cloud.seen() {
			order = append(order, p.seqs()...)
			if len(p.entries) == 1 {
				alone++
			}
		}
		if !slices.IsSorted(order) || len(order) != 400 || alone == 0 {
			t.Errorf("%d posted in %d posts, %d of them of one record: %v", len(order), len(r.cloud.seen()), alone, order)
		}
	})
}

func TestDeliver_OldestFirstIsOneStrictOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second, OldestFirst: true, History: true, HistoryValues: 6}, nil)
		for range 30 {
			r.add("volt")
		}
		r.up()
		for range 30 {
			r.add("volt", "amp")
			r.wait(200 * time.Millisecond)
		}
		r.wait(time.Minute)
		var order []uint64
		for _, p := range r.cloud.seen() {
			order = append(order, p.seqs()...)
		}
		if !slices.IsSorted(order) || len(order) != 60 {
			t.Errorf("posted in the order %v", order)
		}
	})
}

func TestDeliver_HistoryBatching(t *testing.T) {
	tests := []struct {
		name    string
		up      Uplink
		records [][]string
		want    []int // records in each post
	}{
		{"On/ValuesAreLimited", Uplink{History: true, HistoryValues: 5}, repeat(7, "volt", "amp"), []int{2, 2, 2, 1}},
		{"On/NoLimitWithoutARepeat", Uplink{History: true, HistoryValues: 2}, [][]string{{"a", "b"}, {"c", "d"}, {"e"}, {"a"}}, []int{3, 1}},
		{"On/OneRecordAlwaysFits", Uplink{History: true, HistoryValues: 1}, repeat(2, "volt", "amp"), []int{1, 1}},
		{"Off/OnlyDisjointNames", Uplink{}, [][]string{{"a"}, {"b"}, {"a"}, {"b", "c"}, {"c"}}, []int{2, 2, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.up.PostInterval = time.Second
				r := newRig(t, tt.up, nil)
				for _, names := range tt.records {
					r.add(names...)
				}
				r.up()
				r.wait(time.Minute)
				var got []int
				for _, p := range r.cloud.seen() {
					got = append(got, len(p.entries))
					if p.history && !tt.up.History {
						t.Errorf("post %d repeats a property: %v", p.id, p.names())
					}
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("records in each post: got %v, want %v", got, tt.want)
				}
			})
		})
	}
}

func repeat(n int, names ...string) [][]string { return slices.Repeat([][]string{names}, n) }

// A platform that does not answer history/post still gets the data; later, or
// on the next connection, it is tried again.
func TestDeliver_HistoryUnansweredFallsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second, History: true, HistoryValues: 10}, func(p sent) reading.Outcome {
			if p.history {
				return reading.Outcome{Verdict: reading.Lost}
			}
			return confirm(p)
		})
		for range 400 {
			r.add("volt")
		}
		r.up()
		history := func() (n int) {
			for _, p := range r.cloud.seen() {
				if p.history {
					n++
				}
			}
			return n
		}
		r.wait(historyAgain - time.Second)
		if got, left := history(), r.q.waiting(); got != 1 || left > 110 {
			t.Fatalf("%d history posts, %d records left; want 1, about 100", got, left)
		}
		r.wait(10 * time.Second)
		if got := history(); got != 2 {
			t.Errorf("after %v: %d history posts, want 2", historyAgain, got)
		}
		r.cloud.link(reading.LinkDown)
		r.cloud.link(reading.LinkReady)
		r.wait(3 * time.Second)
		if got := history(); got != 3 {
			t.Errorf("after a new connection: %d history posts, want 3", got)
		}
	})
}

// Only oneLive takes the memory of records again; with a pace they may be the
// ends of long looks, and keeping them would keep those.
func TestPicker_KeepsNoMemoryItHasNoUseFor(t *testing.T) {
	for name, cfg := range pickUplinks {
		q := newMemQueue()
		p := &picker{queue: q, cfg: cfg, taken: make(map[uint64]bool), display: newDisplay()}
		p.linkUp()
		for range 10 {
			if _, err := q.Append(reading.AppendRecord(nil, say("volt"))); err != nil {
				t.Fatal(err)
			}
		}
		for entries := p.next(); len(entries) > 0; entries = p.next() {
			p.recycle(entries)
		}
		if want := cfg.PostInterval == 0; (len(p.spare) > 0) != want {
			t.Errorf("%s: %d spare ones, wanted %v", name, len(p.spare), want)
		}
	}
}
