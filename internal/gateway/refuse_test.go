package gateway

import (
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

// A thousand records in a row of which nothing may be sent do not hold up what
// stands behind them, in whatever order.
func TestRefuse_ManyLeftEmptyHoldUpNothing(t *testing.T) {
	for name, up := range map[string]Uplink{
		"NoPace": {}, "OldestFirst": {PostInterval: time.Second, OldestFirst: true},
		"LiveFirst": {PostInterval: time.Second, History: true, HistoryValues: 100},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, up, refuseName("Volt"))
				r.up()
				r.add("temp")
				r.wait(2 * time.Second)
				for range 1000 {
					if _, err := r.q.Append(reading.AppendRecord(nil, say("Volt"))); err != nil {
						t.Fatal(err)
					}
				}
				good := r.add("temp")
				r.wait(5 * time.Second)
				if n := r.d.status.snapshot().DeadLetters; r.q.holds(good) || n != 1000 || r.q.waiting() != 0 {
					t.Errorf("the good one is stored %v, %d letters, %d stored", r.q.holds(good), n, r.q.waiting())
				}
			})
		})
	}
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
		r.cloud.setJudge(refuseName("volt"))
		r.add("volt", "amp")
		r.wait(time.Minute)
		if got := r.logged(alarm); got != 4 || len(r.letters()) != 1 {
			t.Errorf("refused anew: %d alarms, %d letters; want 4, 1", got, len(r.letters()))
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

// The cloud's wish to be left alone holds even when an earlier post succeeds.
func TestRefuse_BusyPauseOutlivesASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{InFlight: 2}, func(p sent) reading.Outcome {
			switch p.id {
			case 1:
				return reading.Outcome{Verdict: reading.Busy, Code: 500}
			case 2:
				return reading.Outcome{} // answered below
			}
			return confirm(p)
		})
		for range 4 {
			r.add("volt")
		}
		r.up()
		r.wait(time.Second)
		r.cloud.answer(r.cloud.seen()[1], confirm(sent{}))
		r.wait(busyFirst - time.Second)
		if got := len(r.cloud.seen()); got != 2 {
			t.Errorf("%d posts within the pause, want 2", got)
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

// Where nothing at all gets through, what is passed over of a long backlog costs
// a bounded memory, and all of it goes once the thing model is mended.
func TestRefuse_LongBacklogCostsBoundedMemory(t *testing.T) {
	const n = 2 * parkRounds * parkMost
	synctest.Test(t, func(t *testing.T) {
		var r *rig
		most := 0
		r = newRig(t, Uplink{PostInterval: time.Second, History: true, HistoryValues: 1000}, func(p sent) reading.Outcome {
			most = max(most, len(r.d.pick.taken)) // the loop itself is here
			return refuseName("Volt")(p)
		})
		record := reading.AppendRecord(nil, say("Volt"))
		for range n {
			if _, err := r.q.Append(record); err != nil {
				t.Fatal(err)
			}
		}
		r.up()
		r.wait(4 * time.Hour)
		if r.q.waiting() != n || len(r.letters()) != 0 {
			t.Fatalf("%d stored, %d letters", r.q.waiting(), len(r.letters()))
		}
		r.cloud.setJudge(confirm)
		r.wait(20 * time.Minute)
		r.stop()
		if most < parkMost || most > (parkRounds+1)*parkMost {
			t.Errorf("%d records passed over", most)
		}
		if r.q.waiting() != 0 || len(r.d.pick.taken) != 0 {
			t.Errorf("%d stored, %d taken", r.q.waiting(), len(r.d.pick.taken))
		}
	})
}
