package gateway

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

// alarm is the log line of a quarantine.
const alarm = "the cloud refuses this property"

// Promise 3: one misspelt name must not cost all the data.
func TestRefuse_OneIdentifierOfFive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, refuseName("Volt"))
		r.up()
		for range 20 {
			r.add("temp", "hum", "Volt", "amp", "speed")
			r.wait(time.Second)
		}
		r.wait(time.Minute)
		if r.q.waiting() != 0 {
			t.Errorf("%d records still stored", r.q.waiting())
		}
		posts := r.cloud.seen()
		for _, p := range posts[1:] {
			if !slices.Equal(p.names(), []string{"temp", "hum", "amp", "speed"}) {
				t.Errorf("post %d carries %v", p.id, p.names())
			}
		}
		if got := r.logged(alarm); got != 1 {
			t.Errorf("%d alarms, want 1", got)
		}
		letters := r.letters()
		if len(letters) != 20 {
			t.Fatalf("%d dead letters, want 20", len(letters))
		}
		l := letters[0]
		if l.Identifier != "Volt" || string(l.Value) != "0.2" || l.Code != 2306 || l.Reply != "identifier not exist:identifier:Volt" || l.Board != "press" || l.Message != "env" {
			t.Errorf("dead letter %+v", l)
		}
		if got := r.d.status.snapshot().Quarantine["Volt"]; got.Code != 2306 {
			t.Errorf("status shows %+v", got)
		}
	})
}

// Posts that were on their way when the first refusal came are refused too;
// that is one alarm, and every record goes out without the value.
func TestRefuse_IdentifierInABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{}, refuseName("Volt"))
		for range 50 {
			r.add("temp", "Volt")
		}
		r.up()
		r.wait(time.Second)
		if r.q.waiting() != 0 || len(r.letters()) != 50 || r.logged(alarm) != 1 {
			t.Errorf("%d stored, %d letters, %d alarms; want 0, 50, 1", r.q.waiting(), len(r.letters()), r.logged(alarm))
		}
	})
}

// A message of which every property is refused is given up only when others
// get through.
func TestRefuse_MessageLeftEmptyIsBuriedAfterASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second, OldestFirst: true}, refuseName("Volt"))
		r.up()
		for range 100 {
			r.add("Volt")
		}
		r.wait(10 * time.Second)
		if len(r.letters()) != 0 || r.q.waiting() != 100 {
			t.Fatalf("without a success: %d letters, %d stored; want 0, 100", len(r.letters()), r.q.waiting())
		}
		good := r.add("temp")
		r.wait(30 * time.Minute)
		if r.q.holds(good) || len(r.letters()) != 100 || r.q.waiting() != 0 {
			t.Errorf("after one: good stored %v, %d letters, %d stored; want false, 100, 0", r.q.holds(good), len(r.letters()), r.q.waiting())
		}
	})
}

// A wrong product refuses every name. The backlog waits until the thing model
// is mended.
func TestRefuse_EveryIdentifierIsNoReasonToBury(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second, History: true, HistoryValues: 100}, refuseName("volt", "amp", "temp"))
		r.up()
		for range 200 {
			r.add("volt", "amp")
			r.add("temp")
			r.wait(10 * time.Second)
		}
		if len(r.letters()) != 0 || r.q.waiting() != 400 {
			t.Fatalf("%d letters, %d stored; want 0, 400", len(r.letters()), r.q.waiting())
		}
		if got := len(r.cloud.seen()); got > 100 {
			t.Errorf("%d posts in 2000 s: no pause", got)
		}
		if got := r.logged(alarm); got != 3 {
			t.Errorf("%d alarms for three names", got)
		}
		r.cloud.setJudge(nil)
		r.wait(time.Hour)
		if r.q.waiting() != 0 || len(r.letters()) != 0 || len(r.d.status.snapshot().Quarantine) != 0 {
			t.Errorf("mended: %d stored, %d letters, quarantine %v", r.q.waiting(), len(r.letters()), r.d.status.snapshot().Quarantine)
		}
	})
}

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
		want := []time.Duration{1, 2, 4, 8, 10, 10}
		for i, w := range want {
			if gaps[i] != w*time.Minute {
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

func TestRefuse_BusyPausesOnceABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{}, func(p sent) reading.Outcome {
			if p.id <= 32 {
				return reading.Outcome{Verdict: reading.Busy, Code: 500}
			}
			return confirm(p)
		})
		for range 16 {
			r.add("volt")
		}
		r.up()
		r.wait(busyFirst)
		if got := len(r.cloud.seen()); got != 16 {
			t.Fatalf("%d posts within the pause, want 16", got)
		}
		r.wait(10 * time.Second) // the second pause is twice as long
		if got := len(r.cloud.seen()); got != 32 || r.q.waiting() != 16 {
			t.Fatalf("%d posts, %d stored; want 32, 16", got, r.q.waiting())
		}
		r.wait(time.Second)
		if r.q.waiting() != 0 {
			t.Errorf("%d records still stored", r.q.waiting())
		}
	})
}

// A late confirmation of a record whose quarantined value was held back puts
// that value into the dead letters like any other.
func TestRefuse_LateConfirmationBuriesWhatWasWithheld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, refuseName("Volt"))
		r.up()
		r.add("temp", "Volt")
		r.wait(2 * time.Second)
		r.cloud.setJudge(func(sent) reading.Outcome { return reading.Outcome{Verdict: reading.Lost} })
		seq := r.add("temp", "Volt")
		r.wait(2 * time.Second)
		r.cloud.link(reading.LinkDown)
		r.wait(time.Second)
		r.cloud.outcomes <- reading.Outcome{Post: 3, Seqs: []uint64{seq}, Verdict: reading.Confirmed, Late: true}
		synctest.Wait()
		letters := r.letters()
		if r.q.holds(seq) || len(letters) != 2 || letters[1].Seq != seq || letters[1].Code != 2306 {
			t.Errorf("stored %v, letters %+v", r.q.holds(seq), letters)
		}
	})
}

// The worst fault possible is a record that is never sent again. Whatever a
// bad hour brings, once the cloud behaves every record is confirmed; only the
// guilty ones lie in the dead letters, and nothing is left in memory.
func TestDeliver_NothingIsForgotten(t *testing.T) {
	for seed := range uint64(120) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { badHour(t, rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))) })
		})
	}
}

// badHour takes one source of chance for the board's goroutine and one for the
// cloud's.
func badHour(t *testing.T, rnd, fate *rand.Rand) {
	up := Uplink{
		PostInterval: time.Duration(rnd.IntN(2)) * time.Second, InFlight: 1 + rnd.IntN(16),
		History: rnd.IntN(2) == 0, HistoryValues: 20, OldestFirst: rnd.IntN(2) == 0,
	}
	bad := map[uint64]bool{}
	blame := func(p sent, o reading.Outcome) reading.Outcome {
		for _, seq := range p.seqs() {
			if bad[seq] {
				return refuseForm(p)
			}
		}
		if slices.Contains(p.names(), "Wrong") {
			return refuseName("Wrong")(p)
		}
		return o
	}
	var r *rig
	dropped := map[uint64]bool{}
	r = newRig(t, up, func(p sent) reading.Outcome {
		o := blame(p, confirm(p))
		switch fate.IntN(6) {
		case 0:
			o = reading.Outcome{Verdict: reading.Lost}
			if fate.IntN(3) == 0 { // stored after all, told late
				late := reading.Outcome{Post: p.id, Seqs: p.seqs(), Verdict: blame(p, confirm(p)).Verdict, Late: true}
				if late.Verdict == reading.Confirmed {
					time.AfterFunc(time.Duration(1+fate.IntN(20))*time.Second, func() { r.cloud.tell(late) })
				}
			}
		case 1:
			o = reading.Outcome{Verdict: reading.Busy}
		case 2:
			o = refuseForm(p)
		}
		return o
	})
	r.up()
	names := [][]string{{"volt"}, {"volt", "amp"}, {"temp"}, {"temp", "Wrong"}, {"Wrong"}}
	for range 150 {
		seq := r.add(names[rnd.IntN(len(names))]...)
		r.cloud.mu.Lock()
		bad[seq] = rnd.IntN(12) == 0
		r.cloud.mu.Unlock()
		switch rnd.IntN(25) {
		case 0:
			r.cloud.link(reading.LinkDown)
		case 1, 2:
			r.cloud.link(reading.LinkReady)
		case 3:
			old := 1 + rnd.Uint64N(seq)
			r.q.drop(old)
			dropped[old] = true
		}
		r.wait(time.Duration(rnd.IntN(3000)) * time.Millisecond)
	}
	r.cloud.setJudge(func(p sent) reading.Outcome { return blame(p, confirm(p)) })
	r.cloud.link(reading.LinkReady)
	for range 40 { // the board talks on
		r.add("volt")
		r.wait(10 * time.Minute)
	}
	if n := r.q.waiting(); n > 0 {
		t.Errorf("%d records were forgotten (%+v)", n, up)
	}
	if len(r.d.pick.taken)+len(r.d.posts)+len(r.d.parked)+len(r.d.pick.again) > 0 {
		t.Errorf("left in memory: %d taken, %d posts, %d parked, %d groups", len(r.d.pick.taken), len(r.d.posts), len(r.d.parked), len(r.d.pick.again))
	}
	buried := map[uint64]bool{}
	for _, l := range r.letters() {
		buried[l.Seq] = true
	}
	for seq := uint64(1); seq <= r.q.last; seq++ {
		if r.cloud.good[seq] == 0 && !buried[seq] && !dropped[seq] {
			t.Errorf("record %d was neither confirmed nor buried", seq)
		}
	}
}
