package gateway

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

// spoilLetters makes each write of dead letters fail until mend is called.
func (r *rig) spoilLetters() (mend func()) {
	r.t.Helper()
	d := r.d.deps.DeadLetters
	full, err := os.Open(r.path) // for reading only
	if err != nil {
		r.t.Fatal(err)
	}
	put := func(f *os.File) (before *os.File) {
		d.mu.Lock()
		defer d.mu.Unlock()
		before, d.file = d.file, f
		return before
	}
	good := put(full)
	return func() { _ = put(good).Close() }
}

// While the dead letters cannot be written the records stay stored, and the
// rest goes on.
func TestBury_LettersThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, refuseName("Volt"))
		mend := r.spoilLetters()
		r.up()
		r.add("temp", "Volt", "Volt")
		r.add("temp", "Volt")
		clean := r.add("temp")
		r.wait(10 * time.Second)
		s := r.d.status.snapshot()
		if r.q.waiting() != 2 || r.q.holds(clean) || s.DeadLetters != 0 || r.logged("cannot write the dead letters") != 1 {
			t.Fatalf("%d stored, %d letters counted, %s", r.q.waiting(), s.DeadLetters, r.log)
		}
		mend()
		r.wait(2 * time.Minute)
		r.add("temp")
		r.wait(10 * time.Second)
		s = r.d.status.snapshot()
		if r.q.waiting() != 0 || s.DeadLetters != 3 || s.LostLetters != 0 || len(r.letters()) != 3 || len(r.d.pick.taken) != 0 {
			t.Errorf("%d stored, %+v, %d letters", r.q.waiting(), s, len(r.letters()))
		}
	})
}

// However many letters are owed, memory holds a bounded number of values; none
// is given up, and all are written at last.
func TestBury_OwesMoreThanMemoryHolds(t *testing.T) {
	const n = 2*owedMost + 1000
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second, History: true, HistoryValues: 100}, refuseName("Volt"))
		r.up()
		r.add("temp", "Volt")
		r.wait(5 * time.Second) // Volt is quarantined, others get through
		before := len(r.letters())
		mend := r.spoilLetters()
		record := reading.AppendRecord(nil, say("Volt"))
		for range n {
			if _, err := r.q.Append(record); err != nil {
				t.Fatal(err)
			}
		}
		signal(r.wake)
		r.wait(30 * time.Second)
		values := 0
		for _, b := range r.d.owed {
			values += b.values()
		}
		if s := r.d.status.snapshot(); values > owedMost || values != r.d.owedValues || r.q.waiting() != n || s.LostLetters > 0 {
			t.Errorf("%d values in memory, %d stored of %d, %d lost", values, r.q.waiting(), n, s.LostLetters)
		}
		mend()
		r.d.deps.DeadLetters.limit = 1 << 30
		r.wait(2 * time.Minute)
		r.add("temp") // its success has the letters written
		r.wait(30 * time.Second)
		if got := len(r.letters()) - before; got != n || r.q.waiting() != 0 || len(r.d.pick.taken) != 0 || r.d.owedValues != 0 {
			t.Errorf("%d letters of %d; %d stored, %d taken, %d owed", got, n, r.q.waiting(), len(r.d.pick.taken), r.d.owedValues)
		}
	})
}

// A confirmation and a late one of the same record in one burst make one letter
// of each withheld value.
func TestBury_LateInABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, refuseName("Volt"))
		r.up()
		r.add("temp", "Volt")
		r.wait(3 * time.Second) // now Volt is withheld
		base := len(r.letters())
		r.cloud.setJudge(func(sent) reading.Outcome { return reading.Outcome{Verdict: reading.Lost} })
		seq := r.add("temp", "Volt")
		r.wait(1100 * time.Millisecond)
		r.cloud.setJudge(func(sent) reading.Outcome { return reading.Outcome{} })
		r.wait(2 * time.Second) // a further attempt is on its way
		posts := r.cloud.seen()
		lost, last := posts[len(posts)-2], posts[len(posts)-1]
		if lost.seqs()[0] != seq || last.seqs()[0] != seq {
			t.Fatalf("posts of %v and %v, want two of %d", lost.seqs(), last.seqs(), seq)
		}
		r.cloud.outcomes <- reading.Outcome{Post: last.id, Seqs: last.seqs(), Verdict: reading.Confirmed}
		r.cloud.outcomes <- reading.Outcome{Post: lost.id, Seqs: lost.seqs(), Verdict: reading.Confirmed, Late: true}
		synctest.Wait()
		if n := len(r.letters()) - base; n != 1 || r.q.waiting() != 0 {
			t.Errorf("%d letters of one withheld value; %d stored", n, r.q.waiting())
		}
	})
}

// A record that waits for its letters to be written gets no second ones by a
// late confirmation.
func TestBury_LateWhileLettersAreOwed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{PostInterval: time.Second}, refuseName("Volt"))
		mend := r.spoilLetters()
		r.up()
		seq := r.add("temp", "Volt")
		r.wait(3 * time.Second)
		first := r.cloud.seen()[0]
		mend()
		r.cloud.outcomes <- reading.Outcome{Post: first.id, Seqs: first.seqs(), Verdict: reading.Confirmed, Late: true}
		r.wait(2 * time.Minute)
		r.add("temp") // its success has the letters written
		r.wait(3 * time.Second)
		if n := len(r.letters()); n != 1 || r.q.waiting() != 0 || len(r.d.pick.taken) != 0 {
			t.Errorf("%d letters of one withheld value of record %d; %d stored, %d taken", n, seq, r.q.waiting(), len(r.d.pick.taken))
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
