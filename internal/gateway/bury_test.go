package gateway

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

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
