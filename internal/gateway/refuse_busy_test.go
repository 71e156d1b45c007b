package gateway

import (
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

// One misspelt identifier in a message of its own: nothing pauses while others
// get through.
func TestRefuse_ParkedWithoutAPauseWhileOthersGetThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, refuseName("Volt"))
		r.up()
		r.add("temp")
		r.wait(5 * time.Second)
		seq := r.add("Volt")
		r.wait(5 * time.Second)
		if !r.q.holds(seq) || r.logged("the uplink pauses") != 0 || r.d.status.snapshot().PausedUntil.After(time.Now()) {
			t.Fatalf("stored %v, %s", r.q.holds(seq), r.log)
		}
		r.add("temp")
		r.wait(5 * time.Second)
		if r.q.waiting() != 0 || len(r.letters()) != 1 || r.logged("the uplink pauses") != 0 {
			t.Errorf("%d stored, %d letters, %s", r.q.waiting(), len(r.letters()), r.log)
		}
	})
}

// busyFor answers posts with one of the records with an unlisted code.
func busyFor(seq uint64) judge {
	refuse := guilty(seq)
	return func(p sent) reading.Outcome {
		if o := refuse(p); o.Verdict == reading.Confirmed {
			return o
		}
		return reading.Outcome{Verdict: reading.Busy, Code: 4711}
	}
}

// A record that the cloud calls a temporary fault for ever must not hold up
// what is sent with it.
func TestRefuse_BusyForOneRecordNeverBlocks(t *testing.T) {
	for _, up := range []Uplink{
		{PostInterval: time.Second, History: true, HistoryValues: 100},
		{PostInterval: time.Second, History: true, HistoryValues: 100, OldestFirst: true},
		{PostInterval: time.Second, InFlight: 1, OldestFirst: true},
		{},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, up, busyFor(13))
			for range 64 {
				r.add("volt")
			}
			r.up()
			for range 30 {
				r.add("volt")
				r.wait(time.Minute)
			}
			l := r.letters()
			if r.q.waiting() != 0 || len(l) != 1 || l[0].Seq != 13 || l[0].Code != 4711 {
				t.Errorf("%+v: %d stored, letters %+v", up, r.q.waiting(), l)
			}
		})
	}
}

// A cloud that is busy for everybody costs nothing, however long.
func TestRefuse_BusyForAllBuriesNothing(t *testing.T) {
	for _, oldest := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, Uplink{PostInterval: time.Second, OldestFirst: oldest}, nil)
			r.up()
			r.add("volt")
			r.wait(time.Minute)
			r.cloud.setJudge(func(sent) reading.Outcome { return reading.Outcome{Verdict: reading.Busy, Code: 500} })
			for range 100 {
				r.add("volt")
				r.wait(time.Minute)
			}
			r.cloud.setJudge(nil)
			r.wait(2 * time.Hour)
			if r.q.waiting() != 0 || len(r.letters()) != 0 || len(r.d.busy) != 0 {
				t.Errorf("oldest first %v: %d stored, %d letters, %d counted", oldest, r.q.waiting(), len(r.letters()), len(r.d.busy))
			}
		})
	}
}

// A suspect that a full queue dropped is forgotten.
func TestRefuse_SuspectThatLeftIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{}, nil)
		r.up()
		r.add("volt")
		r.wait(time.Second)
		seq := r.add("volt")
		r.cloud.setJudge(func(p sent) reading.Outcome {
			if p.seqs()[0] == seq {
				return refuseForm(p)
			}
			return reading.Outcome{} // answered below
		})
		r.add("volt")
		r.wait(time.Second)
		r.q.drop(seq)
		posts := r.cloud.seen()
		r.cloud.answer(posts[len(posts)-1], confirm(sent{}))
		r.wait(time.Second)
		if len(r.d.suspects) != 0 || len(r.d.pick.taken) != 0 || len(r.letters()) != 0 {
			t.Errorf("suspects %v, taken %v, %d letters", r.d.suspects, r.d.pick.taken, len(r.letters()))
		}
	})
}
