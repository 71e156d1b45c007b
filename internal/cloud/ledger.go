package cloud

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"serialgw/internal/reading"
)

const (
	idMost = 9_999_999_999_999 // 13 digits [ONENET-11]
	// rememberMost bounds how many given-up posts can still be confirmed.
	rememberMost = 4096
	// companyMost is how long a confirmation waits for others.
	companyMost = 100 * time.Millisecond
)

// flight is one post: an attempt to deliver some records.
type flight struct {
	id      uint64
	seqs    []uint64
	history bool
	sent    reading.Stamp
	one     [1]uint64 // seqs of a single record: one piece of memory a post
}

// ledger knows which records each post carried, and what is still to be told
// about it. Each post is in exactly one place:
//
//	open ──verdict──▶ untold ──▶ (the user)
//	  └───lost──────▶ untold, and given up ──late 200──▶ untold
//
// It is not safe for concurrent use; the client's mutex guards it.
type ledger struct {
	lastID  uint64
	open    map[uint64]*flight
	givenUp map[uint64]*flight
	ring    []uint64 // ids in givenUp, for forgetting the oldest
	oldest  int

	outcomes chan reading.Outcome // to the user
	crowd    int                  // more posts than that are open: confirmations wait for company
	untold   []reading.Outcome    // what is not there yet
	held     bool                 // untold waits for company, not for room
	taken    bool                 // one of untold is on its way there
	verdicts int                  // those of untold, and that one, that end a post
	wake     chan struct{}        // deliver has something to do; one slot
}

// newLedger starts the ids at a random number, so that the replies to an
// earlier process are not taken for ours.
func newLedger(window int) *ledger {
	l := &ledger{
		outcomes: make(chan reading.Outcome, window+16), crowd: window,
		lastID: rand.Uint64N(idMost), open: make(map[uint64]*flight), givenUp: make(map[uint64]*flight),
		wake: make(chan struct{}, 1),
	}
	// A broker that is the limit acknowledges one post at a time. To wake the
	// user for each costs more than the rest together; for a quarter of a large
	// window it does not, and the broker has the other three meanwhile.
	if window >= 64 {
		l.crowd = window - window/4
	}
	return l
}

// nextID returns an id that no outstanding post has. [ONENET-11]
func (l *ledger) nextID() uint64 {
	for {
		l.lastID = l.lastID%idMost + 1
		if l.open[l.lastID] == nil && l.givenUp[l.lastID] == nil {
			return l.lastID
		}
	}
}

// inFlight counts the posts that the user has no verdict on.
func (l *ledger) inFlight() int { return len(l.open) + l.verdicts }

// settle ends an open post.
func (l *ledger) settle(f *flight, o reading.Outcome) {
	delete(l.open, f.id)
	if o.Verdict == reading.Lost {
		l.giveUp(f)
	}
	o.Post, o.Seqs, o.History = f.id, f.seqs, f.history
	l.tell(o)
}

func (l *ledger) giveUp(f *flight) {
	l.givenUp[f.id] = f
	if len(l.ring) < rememberMost {
		l.ring = append(l.ring, f.id)
		return
	}
	delete(l.givenUp, l.ring[l.oldest])
	l.ring[l.oldest] = f.id
	l.oldest = (l.oldest + 1) % rememberMost
}

// late ends a given-up post: whatever is said about it again is unknown.
func (l *ledger) late(id uint64) (*flight, bool) {
	f, ok := l.givenUp[id]
	delete(l.givenUp, id)
	return f, ok
}

// only returns the one open post.
func (l *ledger) only() *flight {
	for _, f := range l.open {
		return f
	}
	return nil
}

// overdue returns the open posts that are late, oldest first.
func (l *ledger) overdue(late func(*flight) bool) []*flight {
	var fs []*flight
	for _, f := range l.open {
		if late(f) {
			fs = append(fs, f)
		}
	}
	slices.SortFunc(fs, func(a, b *flight) int {
		return cmp.Or(cmp.Compare(a.sent.Boot, b.sent.Boot), cmp.Compare(a.id, b.id))
	})
	return fs
}

// tell gives the user an outcome. Of changes of the link that follow each other
// unread, only the last counts. A confirmation may wait for others, as long as
// many posts are open and companyMost has not passed.
func (l *ledger) tell(o reading.Outcome) {
	if last := len(l.untold) - 1; o.Post == 0 && last >= 0 && l.untold[last].Post == 0 {
		l.untold[last] = o
	} else {
		l.untold = append(l.untold, o)
	}
	if o.Post != 0 && !o.Late {
		l.verdicts++
	}
	switch {
	case o.Verdict != reading.Confirmed || o.Late || len(l.open) <= l.crowd:
		l.push()
	case len(l.untold) == 1:
		l.held = true
		l.signal() // its wait begins
	}
}

// push hands over all that is untold and finds room at once; the rest is for
// deliver.
func (l *ledger) push() {
	l.held = false
	for len(l.untold) > 0 && !l.taken {
		select {
		case l.outcomes <- l.untold[0]:
			o, _ := l.take()
			l.handed(o)
			continue
		default:
		}
		break
	}
	if len(l.untold) == 0 {
		l.untold = nil
		return
	}
	l.signal()
}

func (l *ledger) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take removes the oldest untold outcome, which is then handed to the user: no
// other may overtake it. What waits for company is not to be had.
func (l *ledger) take() (reading.Outcome, bool) {
	if len(l.untold) == 0 || l.held {
		return reading.Outcome{}, false
	}
	o := l.untold[0]
	l.untold, l.taken = l.untold[1:], true
	return o, true
}

// handed says that the user has what take returned.
func (l *ledger) handed(o reading.Outcome) {
	l.taken = false
	if o.Post != 0 && !o.Late {
		l.verdicts--
	}
}
