package gateway

import (
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

// Promise 2: only the cloud's verdict takes a record out of the queue.
func TestDeliver_AcksOnlyAfterVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, nil)
		r.cloud.delay = 3 * time.Second
		r.q.onAck = func(seq uint64) {
			r.cloud.mu.Lock()
			defer r.cloud.mu.Unlock()
			if r.cloud.good[seq] == 0 {
				t.Errorf("record %d left the queue before the cloud had confirmed it", seq)
			}
		}
		seq := r.add("volt")
		r.up()
		r.wait(2999 * time.Millisecond)
		if len(r.cloud.seen()) != 1 || !r.q.holds(seq) {
			t.Fatalf("before the verdict: %d posts, stored %v; want 1, true", len(r.cloud.seen()), r.q.holds(seq))
		}
		r.wait(time.Millisecond)
		if r.q.holds(seq) {
			t.Error("after the verdict the record is still stored")
		}
		select {
		case <-r.dirty:
		default:
			t.Error("the syncer was not told of the acknowledgement")
		}
	})
}

func TestDeliver_LostIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, func(p sent) reading.Outcome {
			if p.id <= 2 {
				return reading.Outcome{Verdict: reading.Lost}
			}
			return confirm(p)
		})
		seq := r.add("volt")
		r.up()
		r.wait(1900 * time.Millisecond)
		if !r.q.holds(seq) {
			t.Fatal("a lost post cost its record")
		}
		r.wait(time.Second)
		if got := counts(r.cloud.seen())[seq]; got != 3 || r.q.holds(seq) {
			t.Errorf("posted %d times, stored %v; want 3, false", got, r.q.holds(seq))
		}
	})
}

func TestDeliver_LateConfirmation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, func(p sent) reading.Outcome {
			return reading.Outcome{Verdict: reading.Lost}
		})
		late, other := r.add("volt"), r.add("volt")
		r.up()
		r.wait(100 * time.Millisecond)
		first := r.cloud.seen()[0]
		r.cloud.setJudge(func(sent) reading.Outcome { return reading.Outcome{} }) // attempts hang
		r.wait(time.Second)
		r.cloud.outcomes <- reading.Outcome{Post: first.id, Seqs: first.seqs(), Verdict: reading.Confirmed, Late: true}
		synctest.Wait()
		if r.q.holds(first.seqs()[0]) {
			t.Error("a late confirmation left its record stored")
		}
		// Whatever becomes of the second attempt, the other record gets through.
		for _, p := range r.cloud.seen()[1:] {
			r.cloud.answer(p, reading.Outcome{Verdict: reading.Lost})
		}
		r.cloud.setJudge(nil)
		r.wait(5 * time.Second)
		if r.q.waiting() != 0 {
			t.Errorf("late %v, other %v still stored", r.q.holds(late), r.q.holds(other))
		}
	})
}

func TestDeliver_WindowIsRespected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{InFlight: 3}, func(sent) reading.Outcome { return reading.Outcome{} })
		for range 10 {
			r.add("volt")
		}
		r.up()
		r.wait(time.Minute)
		if got := len(r.cloud.seen()); got != 3 {
			t.Fatalf("%d posts without a verdict, want 3", got)
		}
		r.cloud.answer(r.cloud.seen()[0], confirm(sent{}))
		synctest.Wait()
		if got := len(r.cloud.seen()); got != 4 {
			t.Errorf("%d posts after one verdict, want 4", got)
		}
	})
}

// The pace holds whatever happens: refusals, losses, a link that comes and goes.
func TestDeliver_NeverTwoPostsWithinTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		verdicts := []reading.Verdict{reading.Confirmed, reading.Lost, reading.Confirmed, reading.RefusedForm}
		r := newRig(t, Uplink{PostInterval: time.Second}, func(p sent) reading.Outcome {
			return reading.Outcome{Verdict: verdicts[p.id%4]}
		})
		r.up()
		for i := range 300 {
			r.add("volt")
			r.wait(370 * time.Millisecond)
			if i%50 == 49 {
				r.cloud.link(reading.LinkDown)
				r.cloud.link(reading.LinkReady)
			}
		}
		posts := r.cloud.seen()
		for i := 1; i < len(posts); i++ {
			if gap := posts[i].at.Sub(posts[i-1].at); gap < time.Second {
				t.Errorf("posts %d and %d are %v apart", i, i+1, gap)
			}
		}
		if len(posts) < 100 {
			t.Errorf("%d posts in 111 s: the pace is not used", len(posts))
		}
	})
}

func TestDeliver_PostThatTheConnectionRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, nil)
		r.cloud.down = true
		seq := r.add("volt")
		r.up()
		r.wait(time.Second)
		if got := r.d.status.snapshot().LastError; got != "cannot post: not connected" {
			t.Errorf("last error %q", got)
		}
		r.cloud.mu.Lock()
		r.cloud.down = false
		r.cloud.mu.Unlock()
		r.wait(postRetry)
		if r.q.holds(seq) {
			t.Error("the record was not tried again")
		}
	})
}

// A record of a newer program stays; a damaged one is given up. Neither stops
// the others.
func TestDeliver_UnreadableRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, nil)
		newer, err1 := r.q.Append([]byte{99, 1, 2, 3})
		damaged, err2 := r.q.Append([]byte{1, 2, 3})
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		good := r.add("volt")
		r.up()
		for range 3 {
			r.cloud.link(reading.LinkDown)
			r.cloud.link(reading.LinkReady)
			r.wait(time.Second)
		}
		if !r.q.holds(newer) || r.q.holds(damaged) || r.q.holds(good) {
			t.Errorf("stored: newer %v, damaged %v, good %v; want true, false, false", r.q.holds(newer), r.q.holds(damaged), r.q.holds(good))
		}
		if r.logged("needs a newer serialgw") != 1 || r.logged("given up") != 1 {
			t.Errorf("want each said once: %s", r.log)
		}
	})
}

func TestDeliver_ShutdownDrainsUpToTheLimit(t *testing.T) {
	for _, tt := range []struct {
		name         string
		delay, takes time.Duration
		stored       bool
	}{
		{"VerdictInTime", 2 * time.Second, 1900 * time.Millisecond, false},
		{"VerdictTooLate", time.Hour, 5 * time.Second, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Uplink{PostInterval: time.Second}, nil)
				r.cloud.delay = tt.delay
				seq := r.add("volt")
				r.up()
				r.wait(100 * time.Millisecond)
				r.add("amp") // is not posted any more
				began := time.Now()
				r.stop()
				if took := time.Since(began); took != tt.takes || r.q.holds(seq) != tt.stored {
					t.Errorf("took %v, stored %v; want %v, %v", took, r.q.holds(seq), tt.takes, tt.stored)
				}
				if got := len(r.cloud.seen()); got != 1 {
					t.Errorf("%d posts, want 1", got)
				}
			})
		})
	}
}

func TestDeliver_TenThousandEachOnce(t *testing.T) {
	for _, up := range []Uplink{{}, {History: true, HistoryValues: 100}, {OldestFirst: true}} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, up, nil)
			for range 5000 {
				r.add("volt")
			}
			r.up()
			for i := range 5000 {
				r.add("volt")
				if i%100 == 0 {
					r.wait(time.Millisecond)
				}
			}
			r.wait(time.Hour)
			n := counts(r.cloud.seen())
			for seq := uint64(1); seq <= 10000; seq++ {
				if n[seq] != 1 || r.q.acks[seq] != 1 {
					t.Fatalf("record %d: posted %d times, acknowledged %d times", seq, n[seq], r.q.acks[seq])
				}
			}
			if len(r.d.pick.taken) != 0 || len(r.d.posts) != 0 {
				t.Errorf("left in memory: %d taken, %d posts", len(r.d.pick.taken), len(r.d.posts))
			}
		})
	}
}

// Idle is told when nothing is left to send and no verdict to wait for, with
// what was looked at; neither while a verdict is out nor while the pace holds.
func TestDeliver_SaysWhenItIsIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, nil)
		r.cloud.delay = 3 * time.Second
		r.up()
		if got := r.idle.Swap(0); got != 1 {
			t.Errorf("with an empty queue: told %d, want 1", got)
		}
		r.add("volt")
		r.add("volt")
		r.wait(3999 * time.Millisecond)
		if got := r.idle.Load(); got != 0 {
			t.Errorf("before the last verdict: told %d, want nothing", got)
		}
		r.wait(2 * time.Second)
		if got := r.idle.Load(); got != 3 {
			t.Errorf("after the last verdict: told %d, want 3", got)
		}
	})
}
