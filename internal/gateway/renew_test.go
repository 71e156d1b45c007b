package gateway

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

// The thing model was mended and the configuration read again: the identifier
// is sent, and when it is refused once more that is said once more.
func TestRenew_ForgetsTheQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, refuseName("Volt"))
		r.up()
		r.add("temp", "Volt")
		r.wait(10 * time.Second)
		r.cloud.setJudge(nil)
		signal(r.d.renewed)
		synctest.Wait()
		if got := r.d.status.snapshot().Quarantine; len(got) != 0 {
			t.Fatalf("quarantine %v", got)
		}
		seq := r.add("temp", "Volt")
		r.wait(10 * time.Second)
		if len(r.letters()) != 1 || r.q.holds(seq) {
			t.Errorf("mended: %d letters, stored %v; want 1, false", len(r.letters()), r.q.holds(seq))
		}
		r.cloud.setJudge(refuseName("Volt"))
		r.add("temp", "Volt")
		r.wait(10 * time.Second)
		if got := r.logged(alarm); got != 2 || len(r.letters()) != 2 {
			t.Errorf("refused anew: %d alarms, %d letters; want 2, 2", got, len(r.letters()))
		}
	})
}

// Every name was refused and the uplink pauses: the mended model counts at once.
func TestRenew_EndsThePauseAndReleasesTheParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, refuseName("Volt"))
		r.up()
		for range 5 {
			r.add("Volt")
		}
		r.wait(10 * time.Second)
		if r.q.waiting() != 5 || !r.d.status.snapshot().PausedUntil.After(time.Now()) {
			t.Fatalf("%d stored, paused until %v", r.q.waiting(), r.d.status.snapshot().PausedUntil)
		}
		r.cloud.setJudge(nil)
		signal(r.d.renewed)
		r.wait(10 * time.Second)
		if r.q.waiting() != 0 || len(r.letters()) != 0 {
			t.Errorf("%d stored, %d letters; want 0, 0", r.q.waiting(), len(r.letters()))
		}
	})
}

// A post that was on its way with a value withheld still says why.
func TestRenew_WhileAPostIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, refuseName("Volt"))
		r.up()
		r.add("temp", "Volt")
		r.wait(1020 * time.Millisecond) // the second post has no answer yet
		signal(r.d.renewed)
		r.wait(time.Second)
		if l := r.letters(); len(l) != 1 || l[0].Code != 2306 {
			t.Errorf("letters %+v", l)
		}
	})
}

func TestGateway_ApplyRenewsAnUnchangedUplink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		plan := h.cfg.Boards[0].Plan
		h.cloud.setJudge(refuseName("A_volt"))
		h.a.feed(power(t, plan, 5)...)
		<-time.After(time.Second)
		synctest.Wait()
		h.cloud.setJudge(nil)
		h.apply(t, func(*Config) {})
		<-time.After(2 * time.Second)
		synctest.Wait()
		if s := h.g.Status().Uplink; len(s.Quarantine) != 0 || s.Confirmed != 1 || h.cloud.runs != 1 {
			t.Errorf("uplink %+v, %d runs", s, h.cloud.runs)
		}
	})
}

// The end does not wait for the drain that a changed uplink began.
func TestGateway_EndCutsTheDrainOfAReloadShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.cloud.delay = time.Hour
		h.a.feed(power(t, h.cfg.Boards[0].Plan, 5)...)
		<-time.After(time.Second)
		next := h.cfg
		next.Uplink.Publisher, next.Uplink.Fingerprint = newCloud(nil), "u2"
		if err := h.g.Apply(context.Background(), next); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Second)
		began := time.Now()
		if err := h.stop(); err != nil || time.Since(began) > 0 || h.q.waiting() != 1 {
			t.Errorf("the end took %v, %v; %d stored", time.Since(began), err, h.q.waiting())
		}
		<-time.After(2 * time.Hour) // the answer that comes too late
	})
}

func TestDeliver_DrainIsCapped(t *testing.T) {
	if got := newDeliver(Uplink{}, Deps{}, nil, nil, time.Hour).drain; got != drainMost {
		t.Errorf("drain %v, want %v", got, drainMost)
	}
}

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
		r := newRig(t, Uplink{PostInterval: time.Second, InFlight: 2}, guilty(2))
		r.up()
		r.add("volt")
		r.wait(5 * time.Second)
		seq := r.add("volt")
		r.add("volt")
		r.cloud.mu.Lock()
		r.cloud.delay = 1500 * time.Millisecond
		r.cloud.mu.Unlock()
		r.wait(1700 * time.Millisecond) // refused, and another one is on its way
		r.q.drop(seq)
		r.wait(time.Minute)
		if len(r.d.suspects) != 0 || len(r.d.pick.taken) != 0 || len(r.letters()) != 0 {
			t.Errorf("suspects %v, taken %v, %d letters", r.d.suspects, r.d.pick.taken, len(r.letters()))
		}
	})
}

// While the dead letters cannot be written the records stay stored, and the
// rest goes on.
func TestBury_LettersThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, refuseName("Volt"))
		good := r.d.deps.DeadLetters.file
		full, err := os.Open(r.path) // for reading only: each write fails
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = full.Close() }()
		r.d.deps.DeadLetters.file = full
		r.up()
		r.add("temp", "Volt", "Volt")
		r.add("temp", "Volt")
		clean := r.add("temp")
		r.wait(10 * time.Second)
		s := r.d.status.snapshot()
		if r.q.waiting() != 2 || r.q.holds(clean) || s.DeadLetters != 0 || r.logged("cannot write the dead letters") != 1 {
			t.Fatalf("%d stored, %d letters counted, %s", r.q.waiting(), s.DeadLetters, r.log)
		}
		r.d.deps.DeadLetters.mu.Lock()
		r.d.deps.DeadLetters.file = good
		r.d.deps.DeadLetters.mu.Unlock()
		r.wait(2 * time.Minute)
		r.add("temp")
		r.wait(10 * time.Second)
		s = r.d.status.snapshot()
		if r.q.waiting() != 0 || s.DeadLetters != 3 || s.LostLetters != 0 || len(r.letters()) != 3 || len(r.d.pick.taken) != 0 {
			t.Errorf("%d stored, %+v, %d letters", r.q.waiting(), s, len(r.letters()))
		}
	})
}

// A damaged region is one line in the log, and a number in the status.
func TestBury_UnreadableIsCountedAndSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{}, nil)
		spoil := func() {
			for range 50 {
				for _, raw := range [][]byte{{1, 2, 3}, {99, 1}} {
					if _, err := r.q.Append(raw); err != nil {
						t.Fatal(err)
					}
				}
			}
			r.add("volt")
			r.wait(time.Second)
		}
		r.up()
		spoil()
		newer := uint64(2)
		r.cloud.outcomes <- reading.Outcome{Post: 99, Seqs: []uint64{newer}, Verdict: reading.Confirmed, Late: true}
		r.wait(2 * time.Minute)
		if got := r.d.status.snapshot().Unreadable; got != 100 || r.logged("given up") != 1 || r.logged("newer serialgw") != 1 {
			t.Errorf("%d counted; %s", got, r.log)
		}
		spoil()
		if r.logged("given up") != 2 || r.logged("newer serialgw") != 2 || r.q.waiting() != 100 {
			t.Errorf("second episode, %d stored: %s", r.q.waiting(), r.log)
		}
	})
}
