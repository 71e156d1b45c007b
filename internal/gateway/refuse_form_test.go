package gateway

import (
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

func TestRefuse_FormIsBisectedToTheGuiltyRecord(t *testing.T) {
	for _, up := range []Uplink{
		{PostInterval: time.Second, History: true, HistoryValues: 100},
		{PostInterval: time.Second, History: true, HistoryValues: 100, OldestFirst: true},
		{},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, up, guilty(33))
			for range 64 {
				r.add("volt", "amp")
			}
			r.up()
			r.wait(2 * time.Minute)
			r.add("volt", "amp") // one more success
			r.wait(2 * time.Minute)
			if r.q.waiting() != 0 {
				t.Errorf("%d records still stored", r.q.waiting())
			}
			letters := r.letters()
			if len(letters) != 2 || letters[0].Seq != 33 || letters[0].Code != 2402 || letters[1].Identifier != "amp" {
				t.Errorf("dead letters %+v", letters)
			}
			if r.d.status.snapshot().PausedUntil.After(time.Now()) {
				t.Error("paused for one record's fault")
			}
		})
	}
}

// Several guilty records in a row, at the head, before any success: they must
// not block what stands behind them.
func TestRefuse_GuiltyRowNeverBlocks(t *testing.T) {
	for _, oldestFirst := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, Uplink{OldestFirst: oldestFirst}, guilty(1, 2, 3, 4, 5, 6, 7, 8))
			for range 40 {
				r.add("volt")
			}
			r.up()
			for range 20 {
				r.add("volt")
				r.wait(10 * time.Minute)
			}
			letters := r.letters()
			if r.q.waiting() != 0 || len(letters) != 8 {
				t.Errorf("oldest first %v: %d stored, %d letters; want 0, 8", oldestFirst, r.q.waiting(), len(letters))
			}
			for _, l := range letters {
				if l.Seq > 8 {
					t.Errorf("record %d was buried and is innocent", l.Seq)
				}
			}
		})
	}
}

// The fault is the uplink's: nothing acknowledged, nothing buried, posts rarer
// and rarer, and all goes out when it is mended.
func TestRefuse_EverythingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, refuseForm)
		r.up()
		for range 120 {
			r.add("volt")
			r.wait(time.Minute)
		}
		if r.q.waiting() != 120 || len(r.letters()) != 0 {
			t.Fatalf("%d stored, %d letters; want 120, 0", r.q.waiting(), len(r.letters()))
		}
		var gaps []time.Duration
		posts := r.cloud.seen()
		for i := 1; i < len(posts); i++ {
			gaps = append(gaps, posts[i].at.Sub(posts[i-1].at).Round(time.Minute))
		}
		want := []int{1, 2, 4, 8, 10, 10}
		for i, w := range want {
			if gaps[i] != time.Duration(w)*time.Minute {
				t.Fatalf("pauses %v, want %v min and 10 for ever", gaps, want)
			}
		}
		r.cloud.setJudge(nil)
		r.wait(3 * time.Hour)
		if r.q.waiting() != 0 || len(r.letters()) != 0 {
			t.Errorf("mended: %d stored, %d letters", r.q.waiting(), len(r.letters()))
		}
	})
}

// After good times the same: a few records are suspected, none is buried.
func TestRefuse_EverythingAfterASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{}, nil)
		r.add("volt")
		r.up()
		r.wait(time.Second)
		r.cloud.setJudge(refuseForm)
		for range 100 {
			r.add("volt")
		}
		r.wait(5 * time.Hour)
		if r.q.waiting() != 100 || len(r.letters()) != 0 {
			t.Fatalf("%d stored, %d letters; want 100, 0", r.q.waiting(), len(r.letters()))
		}
		if got := len(r.cloud.seen()); got > 80 {
			t.Errorf("%d posts in 5 hours", got)
		}
		r.cloud.setJudge(nil)
		r.wait(time.Hour)
		if r.q.waiting() != 0 || len(r.letters()) != 0 {
			t.Errorf("mended: %d stored, %d letters", r.q.waiting(), len(r.letters()))
		}
	})
}

// One success among refusals does not condemn all that was refused before it.
func TestRefuse_OneSuccessBuriesFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{}, refuseForm)
		r.up()
		for range 40 {
			r.add("volt")
			r.wait(10 * time.Minute)
		}
		first := len(r.cloud.seen())
		r.cloud.setJudge(func(p sent) reading.Outcome {
			if int(p.id) == first+1 {
				return confirm(p)
			}
			return refuseForm(p)
		})
		r.wait(5 * time.Hour)
		if got := len(r.letters()); got > rowMost {
			t.Errorf("%d records were buried on the word of one success, want at most %d", got, rowMost)
		}
		if got := r.q.waiting() + len(r.letters()); got != 39 {
			t.Errorf("%d stored or buried, want 39", got)
		}
	})
}

// A suspect waits for a success, not for the next free moment.
func TestRefuse_SuspectIsNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{}, guilty(2))
		r.up()
		r.add("volt")
		r.wait(time.Second)
		seq := r.add("volt")
		r.cloud.setJudge(func(p sent) reading.Outcome {
			if p.seqs()[0] == seq {
				return refuseForm(p)
			}
			return reading.Outcome{} // on its way for long
		})
		r.add("volt")
		r.wait(time.Minute)
		if got := counts(r.cloud.seen())[seq]; got != 1 {
			t.Errorf("posted %d times without news, want once", got)
		}
	})
}

// A suspect that a full queue drops must not hold up the rest.
func TestRefuse_SuspectThatLeftTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{}, refuseForm)
		for range 8 {
			r.add("volt")
		}
		r.up()
		r.wait(3 * time.Hour)
		for seq := range uint64(8) {
			r.q.drop(seq + 1)
		}
		r.cloud.setJudge(nil)
		r.wait(time.Hour)
		seq := r.add("volt")
		r.wait(time.Second)
		if r.q.holds(seq) || len(r.d.suspects) != 0 || len(r.d.pick.taken) != 0 {
			t.Errorf("stored %v, %d suspects, %d taken", r.q.holds(seq), len(r.d.suspects), len(r.d.pick.taken))
		}
	})
}
