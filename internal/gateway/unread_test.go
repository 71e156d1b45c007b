package gateway

import (
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

// What cannot be read for a moment is neither forgotten until the next
// connection nor asked for without a pause.
func TestDeliver_UnreadableForAMoment(t *testing.T) {
	for name, up := range pickUplinks {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, up, nil)
				for range 5 {
					r.add("volt")
				}
				r.q.shorten(alwaysShort)
				r.up()
				r.idle.Store(0) // it was, before the link was up
				r.wait(time.Minute)
				if n, most := r.q.failed, 2*int(time.Minute/readAgain)+10; n < 50 || n > most {
					t.Errorf("read %d times within a minute, want about one each %v", n, readAgain)
				}
				if s := r.d.status.snapshot(); s.LastError != errShort.Error() || r.idle.Load() != 0 {
					t.Errorf("last error %q; idle below %d", s.LastError, r.idle.Load())
				}
				r.q.shorten(nil)
				r.wait(10 * time.Second)
				if n := r.q.waiting(); n != 0 {
					t.Errorf("%d of 5 records were forgotten", n)
				}
			})
		})
	}
}

// The halves of a refused post, and a record that waits for its second trial,
// are not taken for gone.
func TestDeliver_UnreadableAfterARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second, History: true, HistoryValues: 20}, nil)
		r.cloud.judge = func(p sent) reading.Outcome {
			if p.id <= 2 { // the post of all, and the first half of it
				r.q.shorten(alwaysShort)
				return refuseForm(p)
			}
			return confirm(p)
		}
		for range 4 {
			r.add("volt")
		}
		r.up()
		for range 2 {
			r.wait(10 * time.Second)
			r.q.shorten(nil)
		}
		r.wait(time.Minute)
		if n := r.q.waiting(); n != 0 || len(r.d.pick.taken)+len(r.d.pick.again) != 0 {
			t.Errorf("%d records were forgotten; %d taken, %d groups", n, len(r.d.pick.taken), len(r.d.pick.again))
		}
	})
}

func TestDeliver_UnreadableProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, nil)
		r.cloud.judge = func(p sent) reading.Outcome {
			if p.id == 1 {
				r.q.shorten(alwaysShort)
				return refuseForm(p)
			}
			return confirm(p)
		}
		r.add("volt")
		r.up()
		r.wait(10 * time.Minute)
		if len(r.d.suspects) != 1 {
			t.Error("the refused record was taken for gone")
		}
		r.q.shorten(nil)
		r.wait(time.Minute)
		if n := r.q.waiting(); n != 0 || len(r.d.suspects) != 0 {
			t.Errorf("%d records were forgotten, %d suspects", n, len(r.d.suspects))
		}
	})
}

// A late confirmation of a record that cannot be read now costs at most a
// repeat.
func TestDeliver_UnreadableWhenConfirmedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, func(sent) reading.Outcome { return reading.Outcome{Verdict: reading.Lost} })
		r.add("volt")
		r.up()
		r.wait(100 * time.Millisecond)
		first := r.cloud.seen()[0]
		r.q.shorten(alwaysShort)
		r.cloud.setJudge(nil)
		r.cloud.answer(first, reading.Outcome{Verdict: reading.Confirmed, Late: true})
		r.wait(5 * time.Second)
		r.q.shorten(nil)
		r.wait(5 * time.Second)
		if n := r.q.waiting(); n != 0 || len(r.d.pick.taken) != 0 {
			t.Errorf("%d records stored, %d taken", n, len(r.d.pick.taken))
		}
	})
}
