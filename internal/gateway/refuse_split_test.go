package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

// A full history/post with a guilty reading is split: each step of the search
// costs two posts, the guilty one is sent once more, and all others arrive once.
func TestRefuse_FullHistoryPostIsSplitCheaply(t *testing.T) {
	const steps = 7 // 100 readings are halved so often
	run := func(t *testing.T, bad ...uint64) (posts int) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, Uplink{PostInterval: time.Second, History: true, HistoryValues: 100}, guilty(bad...))
			for range 300 {
				r.add("volt")
			}
			r.up()
			r.wait(10 * time.Minute)
			posts = len(r.cloud.seen())
			var buried []uint64
			for _, l := range r.letters() {
				buried = append(buried, l.Seq)
			}
			slices.Sort(buried)
			if !slices.Equal(buried, bad) || r.q.waiting() != 0 {
				t.Errorf("guilty %v, buried %v, %d stored", bad, buried, r.q.waiting())
			}
			for seq := range uint64(300) {
				if !slices.Contains(bad, seq+1) && r.cloud.good[seq+1] != 1 {
					t.Errorf("record %d was confirmed %d times", seq+1, r.cloud.good[seq+1])
				}
			}
		})
		return posts
	}
	clean := run(t)
	for _, tt := range []struct {
		bad  []uint64
		most int // posts more than without
	}{
		{[]uint64{101}, 2*steps + 1},
		{[]uint64{137}, 2*steps + 1},
		{[]uint64{200}, 2*steps + 1},
		{[]uint64{137, 138}, 2 * (2*steps + 1)},
		{[]uint64{101, 200}, 2 * (2*steps + 1)},
		{[]uint64{100, 101}, 2 * (2*steps + 1)}, // of two posts
	} {
		t.Run(fmt.Sprint(tt.bad), func(t *testing.T) {
			more := run(t, tt.bad...) - clean
			t.Logf("%d posts without a guilty one, %d more with", clean, more)
			if more > tt.most {
				t.Errorf("%d posts more, want %d at most", more, tt.most)
			}
		})
	}
}

// longTexts are readings of which fewer than 100 fill a message: 87 with plain
// bytes, 14 with such as become six.
func longTexts(n int, text string) (records [][]byte) {
	for i := range n {
		records = append(records, reading.AppendRecord(nil, reading.Reading{
			Board: "press", Message: "note", Stamp: wallNow().Add(time.Duration(i-n) * time.Second),
			Props: []reading.Property{{Name: "p0", Value: reading.TextValue(fmt.Sprint(i, text))}},
		}))
	}
	return records
}

// TestDrain_MessagesOf256KB: no message is too long for the platform, and none
// is much shorter than it may be.
func TestDrain_MessagesOf256KB(t *testing.T) {
	for name, text := range map[string]string{
		"Plain": strings.Repeat("x", 3000), "Escaped": strings.Repeat("\x01", 3000), "Quoted": strings.Repeat(`"`, 1500),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 1000
				cfg := drainConfig()
				x := newDrain(t, 1, cfg.PostInterval)
				x.append(longTexts(n, text)...)
				x.start(cfg)
				<-time.After(20 * time.Minute)
				x.mu.Lock()
				defer x.mu.Unlock()
				bytes, values := 0, 0
				for _, p := range x.posts {
					bytes, values = bytes+p.size, values+p.values
				}
				least := max(ceil(bytes, 256<<10), ceil(n, 100))
				t.Logf("%d values, %d bytes in %d posts, least %d", values, bytes, len(x.posts), least)
				if s := x.sim.Stats(); values != n || s.Refused > 0 || s.Duplicates > 0 || s.Logins != 1 || x.queue.Stats().Records > 0 {
					t.Errorf("%d values of %d, %d records left, %+v", values, n, x.queue.Stats().Records, s)
				}
				if most := least + ceil(least, 20) + 1; len(x.posts) > most {
					t.Errorf("%d posts, want %d at most", len(x.posts), most)
				}
			})
		})
	}
}

// TestRefuse_GuiltyAtTheEdgeOfALongMessage: it is found there, too.
func TestRefuse_GuiltyAtTheEdgeOfALongMessage(t *testing.T) {
	for _, bad := range []int{0, 86, 87, 173, 174, 199} {
		t.Run(fmt.Sprint(bad), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := drainConfig()
				x := newDrain(t, 1, cfg.PostInterval)
				records := longTexts(200, strings.Repeat("x", 3000))
				records[bad] = longTexts(bad+1, strings.Repeat("x", 257<<10))[bad] // longer than any message may be
				x.append(records...)
				x.start(cfg)
				<-time.After(20 * time.Minute)
				x.append(longTexts(1, "")...) // nothing is given up unless something is confirmed after it
				signal(x.wake)
				<-time.After(time.Minute)
				s := x.sim.Stats()
				if s.Values != 200 || s.Duplicates > 0 || s.Refused > 0 || s.Logins != 1 || x.queue.Stats().Records > 0 {
					t.Errorf("%d records left, %+v", x.queue.Stats().Records, s)
				}
				if got := x.letters(); len(got) != 1 || got[0].Seq != uint64(bad+1) || !strings.Contains(got[0].Reply, "at most 262144 are allowed") {
					t.Errorf("%d letters", len(got))
				}
			})
		})
	}
}

// One guilty reading that is the last for a while is tried again, ever more
// seldom; what the board says next does not wait for it.
func TestRefuse_LastReadingDoesNotHoldUpTheNext(t *testing.T) {
	for _, oldestFirst := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, Uplink{PostInterval: time.Second, History: true, HistoryValues: 100, OldestFirst: oldestFirst}, guilty(2))
			r.up()
			r.add("volt")
			r.wait(time.Second)
			r.add("volt")
			r.wait(3*time.Hour + 30*time.Minute)
			if got := counts(r.cloud.seen())[2]; got < 10 || got > 30 {
				t.Errorf("posted %d times in 3.5 hours", got)
			}
			if until := r.d.status.snapshot().PausedUntil; until.After(time.Now()) || len(r.letters()) > 0 {
				t.Errorf("paused until %v, %d letters", until, len(r.letters()))
			}
			next := r.add("volt")
			r.wait(3 * time.Second)
			if r.q.holds(next) {
				t.Error("the next reading waits for the refused one")
			}
			r.wait(time.Minute)
			if got := r.letters(); len(got) != 1 || got[0].Seq != 2 || r.q.waiting() != 0 {
				t.Errorf("letters %+v, %d stored", got, r.q.waiting())
			}
		})
	}
}
