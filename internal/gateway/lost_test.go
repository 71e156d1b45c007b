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
		case 4: // all up to a number are cleared, whatever is in flight
			for old := range 1 + rnd.Uint64N(seq) {
				dropped[old+1] = dropped[old+1] || r.q.holds(old+1)
				r.q.drop(old + 1)
			}
		case 5, 6:
			r.q.shorten(alwaysShort)
		case 7, 8, 9:
			r.q.shorten(nil)
		}
		r.wait(time.Duration(rnd.IntN(3000)) * time.Millisecond)
	}
	r.q.shorten(nil)
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
