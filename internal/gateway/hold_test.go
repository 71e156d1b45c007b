package gateway

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

func TestHold_ReadingsWaitForTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t, unpacedHistory())
		for range 10 { // before the first connection
			c.store(thisBoot, -3*time.Hour, false, "volt")
			c.wait(time.Minute)
		}
		c.idle.Store(0)
		c.up()
		for range 20 {
			c.store(thisBoot, -3*time.Hour, false, "volt")
			c.wait(20 * time.Second)
		}
		if n := len(c.cloud.seen()); n != 0 {
			t.Fatalf("%d posts before the clock was right", n)
		}
		if s := c.status(); s.Unclocked != 30 || time.Until(s.ClockUntil) != 10*time.Minute-400*time.Second {
			t.Errorf("status: %d wait, for another %v", s.Unclocked, time.Until(s.ClockUntil))
		}
		if c.idle.Load() != 0 {
			t.Error("readings wait, and the uplink says that nothing is left to do")
		}
		c.clock.learn(thisBoot)
		c.wait(holdLook + 100*time.Millisecond)
		c.wantTrueTimes(30)
		if got := c.q.waiting(); got != 0 {
			t.Errorf("%d records are left", got)
		}
		s := c.status()
		if s.Unclocked != 0 || !s.ClockUntil.IsZero() || s.Corrected != 30 || s.Untimed != 0 {
			t.Errorf("status %+v", s)
		}
		if c.logged(`"readings":30,"clock_was_ahead":"-3h0m0s"`) != 1 {
			t.Errorf("log:\n%s", c.log)
		}
		var backlog, live []uint64
		for _, e := range c.entries() {
			if e.Seq <= 10 {
				backlog = append(backlog, e.Seq)
			} else {
				live = append(live, e.Seq)
			}
		}
		if !slices.IsSorted(backlog) || !slices.IsSorted(live) {
			t.Errorf("order: backlog %v, live %v", backlog, live)
		}
	})
}

func TestHold_GoesWithoutTimeWhenTheWaitIsOver(t *testing.T) {
	for _, tt := range []struct {
		name string
		wait time.Duration
	}{{"TenMinutes", 10 * time.Minute}, {"NoWait", 0}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				up := unpacedHistory()
				up.ClockWait = tt.wait
				c := newClocked(t, up)
				for range 5 {
					c.store(thisBoot, 0, false, "volt")
				}
				c.wait(time.Hour) // not connected: this does not count
				c.up()
				if tt.wait > 0 {
					c.wait(tt.wait - time.Second)
					if n := len(c.cloud.seen()); n != 0 {
						t.Fatalf("%d posts too early", n)
					}
				}
				c.wait(2 * time.Second)
				c.store(thisBoot, 0, false, "volt")
				c.wait(time.Second)
				for _, p := range c.cloud.seen() {
					if p.history {
						t.Errorf("records %v share a history/post without their times", p.seqs())
					}
					for _, e := range p.entries {
						if e.Reading.Stamp.Synced {
							t.Errorf("record %d went with a time", e.Seq)
						}
					}
				}
				if s := c.status(); s.Untimed != 6 || s.Corrected != 0 || s.Unclocked != 0 || c.q.waiting() != 0 {
					t.Errorf("status %+v, %d records left", s, c.q.waiting())
				}
				if c.logged("go without their time") != 1 || c.logged("timedatectl") != 1 || c.logged(`"readings":5`) != 1 {
					t.Errorf("log:\n%s", c.log)
				}
				c.clock.learn(thisBoot) // better late than never
				seq := c.store(thisBoot, 0, false, "volt")
				c.wait(time.Second)
				all := c.entries()
				if e := all[len(all)-1]; e.Seq != seq || !e.Reading.Stamp.Synced {
					t.Errorf("after the clock was set, record %d went with synced %v", e.Seq, e.Reading.Stamp.Synced)
				}
			})
		})
	}
}

// What has its time, or will never have one, is not held up by what waits.
func TestHold_NothingElseWaits(t *testing.T) {
	for _, oldestFirst := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			up := unpacedHistory()
			up.OldestFirst = oldestFirst
			c := newClocked(t, up, 1)
			for range 4 {
				c.store(1, -aDay, false, "volt") // an earlier boot with an anchor,
				c.store(2, -aDay, false, "volt") // one without,
				c.store(3, 0, true, "volt")      // and one whose clock was right
				c.store(0, -aDay, false, "volt") // of no boot at all
				c.wait(time.Minute)
			}
			for range 3 {
				c.store(thisBoot, -aDay, false, "volt")
			}
			c.up()
			c.wait(5 * time.Second)
			for _, e := range c.entries() {
				s := e.Reading.Stamp
				want := s.BootID[0] == 1 || s.BootID[0] == 3
				if s.BootID[0] == thisBoot || s.Synced != want || want && s.Wall != trueWall(s) {
					t.Errorf("record %d of boot %d: synced %v, off by %v", e.Seq, s.BootID[0], s.Synced, time.Duration(s.Wall-trueWall(s)))
				}
			}
			s := c.status()
			if len(c.entries()) != 16 || c.q.waiting() != 3 || s.Untimed != 8 || s.Corrected != 4 || s.Unclocked != 3 {
				t.Errorf("%d posted, %d left, status %+v", len(c.entries()), c.q.waiting(), s)
			}
			if c.logged("it is too late to learn it") != 1 {
				t.Errorf("log:\n%s", c.log)
			}
			c.clock.learn(thisBoot)
			c.wait(2 * time.Second)
			if c.q.waiting() != 0 || c.logged(`"readings":8`) != 1 || c.logged(`"readings":7`) != 1 {
				t.Errorf("%d left, log:\n%s", c.q.waiting(), c.log)
			}
		})
	}
}

// Without a clock the values shown are those of now: what has waited in vain
// goes when nothing newer does, and a clock that is right at last gives all that
// is left its time.
func TestHold_OldValuesDoNotOvertakeWithoutAClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := unpacedHistory()
		up.PostInterval, up.ClockWait = time.Second, time.Minute
		c := newClocked(t, up)
		c.up()
		step := func(n int) (last uint64) {
			for range n {
				last = c.store(thisBoot, -time.Hour, false, "volt")
				c.wait(time.Second)
			}
			return last
		}
		step(70) // the wait ends
		behind := c.q.waiting()
		for range 30 {
			last := step(1)
			posts := c.entries()
			if newest := posts[len(posts)-1].Seq; newest+1 < last {
				t.Errorf("shown is record %d, the newest is %d", newest, last)
			}
		}
		if n := c.q.waiting(); n > behind+1 {
			t.Errorf("%d records wait, %d before", n, behind)
		}
		c.wait(20 * time.Second) // the board is silent
		if n := c.q.waiting(); n+15 > behind {
			t.Errorf("%d records still wait of %d", n, behind)
		}
		left := c.q.waiting()
		c.clock.learn(thisBoot)
		c.wait(20 * time.Second)
		if s := c.status(); c.q.waiting() != 0 || s.Corrected < uint64(left)-1 {
			t.Errorf("%d records wait, %d of %d got their time", c.q.waiting(), s.Corrected, left)
		}
	})
}

// One record without a time does not cost the others their history/post. The
// newest value goes by itself: it is to be shown.
func TestHold_HistoryIsOffForTheRecordAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t, unpacedHistory())
		for _, boot := range []byte{3, 3, 3, 2, 3, 3, 3} {
			c.store(boot, 0, boot == 3, "volt")
		}
		c.up()
		c.wait(time.Second)
		var sizes []int
		for _, p := range c.cloud.seen() {
			sizes = append(sizes, len(p.entries))
		}
		if !slices.Equal(sizes, []int{3, 1, 2, 1}) || c.d.pick.historyOff {
			t.Errorf("posts of %v records, history off %v, want 3, 1, 2 and 1", sizes, c.d.pick.historyOff)
		}
	})
}

// The order is that of the records, whatever the wall clock says: it steps back
// an hour and on again, and the times go on.
func TestHold_OrderAcrossSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t, Uplink{PostInterval: time.Second, History: true, HistoryValues: 50, ClockWait: time.Minute}, thisBoot)
		for _, ahead := range []time.Duration{0, -time.Hour, 0, 50 * 365 * aDay, 0} {
			for range 40 {
				c.store(thisBoot, ahead, ahead == 0, "volt")
				c.wait(100 * time.Millisecond)
			}
		}
		c.up()
		c.wait(time.Minute)
		c.wantTrueTimes(200)
		var last reading.Entry
		for _, e := range c.entries() {
			if e.Seq < last.Seq || e.Reading.Stamp.Wall < last.Reading.Stamp.Wall {
				t.Errorf("record %d at %d after record %d at %d", e.Seq, e.Reading.Stamp.Wall, last.Seq, last.Reading.Stamp.Wall)
			}
			last = e
		}
	})
}

// A clock that somebody has set wrong stays so for days: the log says how many
// readings were corrected when it is right again, and not before.
func TestHold_AClockThatStaysWrongDoesNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t, unpacedHistory(), thisBoot)
		c.up()
		for range 100 {
			c.store(thisBoot, time.Hour, false, "volt")
			c.store(2, 0, false, "amp")
			c.wait(time.Minute)
		}
		if n := c.logged("\n"); n != 1 { // that some go without their time
			t.Errorf("%d lines:\n%s", n, c.log)
		}
		c.store(thisBoot, 0, true, "volt")
		c.wait(time.Minute)
		if c.logged(`"readings":100,"clock_was_ahead":"1h0m0s"`) != 1 || c.logged(`"readings":100`) != 2 {
			t.Errorf("log:\n%s", c.log)
		}
		c.store(thisBoot, 0, true, "volt")
		c.wait(time.Minute)
		if n := c.logged("\n"); n != 3 {
			t.Errorf("%d lines, want none more:\n%s", n, c.log)
		}
	})
}

// After a crash the numbers go on higher up. What waits is counted, not computed;
// and when it goes, nothing is said to wait any more, however long that takes.
func TestHold_CountsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t, Uplink{PostInterval: time.Second, ClockWait: 10 * time.Minute})
		c.store(thisBoot, 0, false, "volt")
		c.q.last += 200_000
		for range 30 {
			c.store(thisBoot, 0, false, "volt")
		}
		c.up()
		c.wait(time.Second)
		if n := c.status().Unclocked; n != 31 {
			t.Errorf("%d are said to wait, want 31", n)
		}
		c.wait(10 * time.Minute) // the wait is over, and a post a second takes half a minute
		if s := c.status(); s.Unclocked != 0 || !s.ClockUntil.IsZero() || s.Untimed == 0 || c.q.waiting() == 0 {
			t.Errorf("%d are said to wait until %v; %d have gone, %d are stored", s.Unclocked, s.ClockUntil, s.Untimed, c.q.waiting())
		}
		if c.logged(`"readings":31`) != 1 {
			t.Errorf("log:\n%s", c.log)
		}
	})
}

// While readings wait the loop looks once a second; when none does, not at all.
func TestHold_WakesOnlyWhileReadingsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t, unpacedHistory())
		c.up()
		c.store(thisBoot, 0, false, "volt")
		c.wait(time.Second)
		c.clock.questions()
		c.wait(100 * time.Second)
		if n := c.clock.questions(); n < 95 || n > 210 {
			t.Errorf("the clock was asked %d times in 100 s, want it once or twice a second", n)
		}
		c.clock.learn(thisBoot)
		c.wait(2 * time.Second)
		c.clock.questions()
		c.q.shorten(alwaysShort) // each look at the queue is counted from here on
		c.wait(time.Hour)
		if n := c.clock.questions(); n != 0 || c.q.failed != 0 {
			t.Errorf("%d questions and %d looks in an hour in which nothing waits", n, c.q.failed)
		}
	})
}

// The wait runs from the process's first connection, whatever is reloaded.
func TestGateway_ReloadDoesNotRestartTheClockWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		clock := &knownClock{}
		h.apply(t, func(c *Config) {
			c.Uplink.Resolve, c.Uplink.ClockWait, c.Uplink.Fingerprint = clock.resolve, 10*time.Minute, "u2"
		})
		r := say("volt")
		r.Stamp = reading.Stamp{BootID: reading.BootID{thisBoot}}
		if _, err := h.q.Append(reading.AppendRecord(nil, r)); err != nil {
			t.Fatal(err)
		}
		h.cloud.link(reading.LinkReady)
		<-time.After(6 * time.Minute)
		h.apply(t, func(c *Config) { c.Uplink.InFlight, c.Uplink.Fingerprint = 5, "u3" })
		h.cloud.link(reading.LinkReady)
		<-time.After(3*time.Minute + 58*time.Second)
		synctest.Wait()
		if n := h.q.waiting(); n != 1 {
			t.Fatalf("%d records wait, want the one", n)
		}
		<-time.After(4 * time.Second)
		synctest.Wait()
		if n := h.q.waiting(); n != 0 {
			t.Error("the reload has begun the wait anew")
		}
	})
}

// A time that a broker on this machine believes is not true anywhere else: a
// letter does not say it is.
func TestHold_ABelievedTimeIsNoTrueOneInALetter(t *testing.T) {
	for _, known := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			up := unpacedHistory()
			c := newClocked(t, up)
			c.d.pick.hold.resolve = func(s reading.Stamp) (reading.Stamp, reading.Certainty) {
				if known {
					s.Wall -= int64(time.Hour)
				}
				s.Synced = true
				return s, reading.TimeKnown
			}
			c.cloud.setJudge(refuseName("volt"))
			c.up()
			c.store(thisBoot, 0, false, "volt", "amp")
			c.store(thisBoot, 0, false, "amp")
			c.wait(time.Minute)
			letters := c.letters()
			if len(letters) != 1 || letters[0].Synced != known {
				t.Errorf("known %v: letters %+v", known, letters)
			}
		})
	}
}
