package cloud

import (
	"math/rand/v2"
	"slices"
	"testing"

	"serialgw/internal/reading"
)

// TestLedger_NewsOnceAndInOrder: however the user reads, each verdict arrives
// once, in the order in which it was given, and none stays behind once the last
// post has ended.
func TestLedger_NewsOnceAndInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		l := newLedger(1 + rng.IntN(100))
		var given, got []uint64
		read := func(most int) {
			for range most {
				select {
				case o := <-l.outcomes:
					got = append(got, o.Post)
				default: // as Client.deliver does
					o, ok := l.take()
					if !ok {
						return
					}
					l.outcomes <- o
					l.handed(o)
				}
			}
		}
		end := func() {
			f := l.only()
			for _, other := range l.open {
				if rng.IntN(3) == 0 {
					f = other
				}
			}
			given = append(given, f.id)
			l.settle(f, reading.Outcome{Verdict: []reading.Verdict{reading.Confirmed, reading.Confirmed, reading.Lost, reading.Busy}[rng.IntN(4)]})
		}
		for range 300 {
			switch rng.IntN(4) {
			case 0, 1:
				f := &flight{id: l.nextID()}
				l.open[f.id] = f
			case 2:
				if len(l.open) > 0 {
					end()
				}
			case 3:
				read(rng.IntN(5))
			}
			if want := len(l.open) + len(given) - len(got) - len(l.outcomes); l.inFlight() != want {
				t.Fatalf("%d in flight, want %d", l.inFlight(), want)
			}
		}
		for len(l.open) > 0 {
			end()
			read(rng.IntN(5))
		}
		read(1 << 20)
		if !slices.Equal(got, given) {
			t.Fatalf("%d verdicts arrived of %d", len(got), len(given))
		}
	}
}

// In a crowded window a confirmation waits for company, and anything else does
// not.
func TestLedger_ConfirmationsWaitForCompany(t *testing.T) {
	const window = 100
	for _, row := range []struct {
		verdict reading.Verdict
		alone   int // verdicts there after the first
	}{{reading.Confirmed, 0}, {reading.Lost, 1}, {reading.RefusedForm, 1}} {
		l := newLedger(window)
		for range window {
			f := &flight{id: l.nextID()}
			l.open[f.id] = f
		}
		ended := 0
		end := func() { l.settle(l.only(), reading.Outcome{Verdict: row.verdict}); ended++ }
		if end(); len(l.outcomes) != row.alone {
			t.Errorf("%v: %d verdicts at once, want %d", row.verdict, len(l.outcomes), row.alone)
		}
		for len(l.open) > l.crowd {
			end()
		}
		if len(l.outcomes) != ended || ended > window/4 {
			t.Errorf("%v: %d verdicts there of %d, with %d still open", row.verdict, len(l.outcomes), ended, len(l.open))
		}
	}
}

// The wait for company begins with the first that waits, and nobody is woken
// for another, nor once all is told.
func TestLedger_WakesOnceForWhatIsHeld(t *testing.T) {
	l := newLedger(64)
	for range 64 {
		f := &flight{id: l.nextID()}
		l.open[f.id] = f
	}
	woken := func() bool {
		select {
		case <-l.wake:
			return true
		default:
			return false
		}
	}
	for n, want := range []bool{true, false, false} {
		if l.settle(l.only(), reading.Outcome{Verdict: reading.Confirmed}); woken() != want {
			t.Errorf("confirmation %d: woken %t, want %t", n, !want, want)
		}
		if _, ok := l.take(); ok || !l.held {
			t.Errorf("confirmation %d does not wait", n)
		}
	}
	if l.push(); len(l.outcomes) != 3 || l.held || woken() {
		t.Errorf("%d told of 3, held %t", len(l.outcomes), l.held)
	}
}
