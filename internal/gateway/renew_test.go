package gateway

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
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
