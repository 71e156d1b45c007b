package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"serialgw/internal/reading"
)

// resendMost is how many readings are given to the queue at once.
const resendMost = 256

// Resent is what became of dead letters that were to be sent again, or cleared.
type Resent struct {
	Letters  int `json:"letters"`  // that left the dead letters
	Readings int `json:"readings"` // that the queue got for them
	Unfit    int `json:"unfit"`    // that hold nothing that can be sent, and stay
	Left     int `json:"left"`     // that are there now
}

// LetterStore takes readings back.
type LetterStore interface {
	// AppendAll is that of Queue.
	AppendAll(records [][]byte) (first uint64, stored int, err error)
	// Sync is that of Queue.
	Sync() (synced uint64, err error)
}

// Resend puts the letters meant back into the queue, as readings of their own
// time. They leave the dead letters only when the readings survive a power cut:
// a crash before that sends them twice, and loses none. With an error, those
// that left the dead letters are in the queue.
func (d *DeadLetters) Resend(pick LetterPick, store LetterStore) (Resent, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := resending{store: store, as: pick.As}
	var err error
	for l, lerr := range Letters(d.path) {
		if err = lerr; err != nil {
			break
		}
		if l.Err != nil || !pick.Matches(&l.DeadLetter) {
			continue
		}
		if err = x.add(l.DeadLetter); err != nil {
			break
		}
	}
	if err == nil {
		err = x.flush()
	}
	if x.letters == 0 {
		return d.counted(x.Resent, err)
	}
	if _, serr := store.Sync(); serr != nil {
		return d.counted(Resent{Unfit: x.Unfit}, fmt.Errorf("the queue has the readings, and cannot sync them; their letters stay: %w", serr))
	}
	left := x.letters
	rerr := d.remove(func(l *StoredLetter) bool {
		if left == 0 || l.Err != nil || !pick.Matches(&l.DeadLetter) {
			return false
		}
		if _, err := l.reading(); err != nil {
			return false
		}
		left--
		return true
	})
	x.Letters = x.letters - left
	if rerr != nil {
		rerr = fmt.Errorf("the queue has the readings, and some of their letters stay: %w", rerr)
	}
	if err == nil {
		err = rerr
	}
	return d.counted(x.Resent, err)
}

// Clear throws the letters meant away.
func (d *DeadLetters) Clear(pick LetterPick) (Resent, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var r Resent
	err := d.remove(func(l *StoredLetter) bool {
		gone := l.Err == nil && pick.Matches(&l.DeadLetter)
		if gone {
			r.Letters++
		}
		return gone
	})
	return d.counted(r, err)
}

func (d *DeadLetters) counted(r Resent, err error) (Resent, error) {
	for l, lerr := range Letters(d.path) {
		if lerr != nil {
			break
		}
		if l.Err == nil {
			r.Left++
		}
	}
	return r, err
}

// remove rewrites both files without the letters that are gone.
func (d *DeadLetters) remove(gone func(*StoredLetter) bool) error {
	place := uint64(0)
	keep := func(l *StoredLetter) bool { return !gone(l) }
	err := rewrite(d.path+".1", &place, 0, keep)
	if err == nil {
		err = rewrite(d.path, &place, d.next-1, keep)
	}
	if err != nil {
		err = fmt.Errorf("cannot rewrite the dead letters: %w", err)
	}
	// After an error, too: what is written to a file that was replaced is lost.
	if d.file != nil {
		_ = d.file.Close() // everything in it was written before
		d.file = nil
	}
	return errors.Join(err, d.open())
}

// resending turns letters into records. Those of one frame that follow each
// other become one reading.
type resending struct {
	Resent
	store   LetterStore
	as      string // the identifier, instead of the letters' own
	letters int    // of the readings that are stored

	present reading.Reading
	last    DeadLetter
	records [][]byte
	of      []int // letters in each record
}

func (x *resending) add(l DeadLetter) error {
	r, err := l.reading()
	if err != nil {
		x.Unfit++
		return nil //nolint:nilerr // it stays, and is counted
	}
	if x.as != "" {
		r.Props[0].Name = x.as
	}
	if n := len(x.of); n > 0 && l.sameFrame(&x.last) && !x.has(r.Props[0].Name) {
		x.present.Props = append(x.present.Props, r.Props...)
		x.records[n-1] = reading.AppendRecord(x.records[n-1][:0], x.present)
		x.of[n-1]++
		return nil
	}
	if len(x.of) == resendMost {
		if err := x.flush(); err != nil {
			return err
		}
	}
	x.present, x.last = r, l
	x.records, x.of = append(x.records, reading.AppendRecord(nil, r)), append(x.of, 1)
	return nil
}

func (x *resending) has(identifier string) bool {
	return slices.ContainsFunc(x.present.Props, func(p reading.Property) bool { return p.Name == identifier })
}

func (x *resending) flush() error {
	if len(x.records) == 0 {
		return nil
	}
	_, stored, err := x.store.AppendAll(x.records)
	for _, n := range x.of[:stored] {
		x.letters += n
	}
	x.Readings += stored
	x.records, x.of = nil, nil
	if err != nil {
		return fmt.Errorf("the queue does not take all readings: %w", err)
	}
	return nil
}

// Resend is that of DeadLetters, for a gateway that runs: the identifiers are
// sent again from now on, until they are refused anew.
func (g *Gateway) Resend(ctx context.Context, pick LetterPick) (Resent, error) {
	names := make(map[string]bool)
	for l, err := range Letters(g.deps.DeadLetters.path) {
		if err != nil {
			return Resent{}, err
		}
		if l.Err == nil && pick.Matches(&l.DeadLetter) {
			names[cmp.Or(pick.As, l.Identifier)] = true
		}
	}
	// Before they are stored: what is still quarantined would be buried at once.
	if err := g.lift(ctx, slices.Collect(maps.Keys(names))); err != nil {
		return Resent{}, err
	}
	r, err := g.deps.DeadLetters.Resend(pick, resendStore{g})
	signal(g.dirty)
	signal(g.wake)
	return r, err
}

// resendStore tells what is stored as for a board's readings.
type resendStore struct{ g *Gateway }

// AppendAll implements LetterStore.
func (s resendStore) AppendAll(records [][]byte) (first uint64, stored int, err error) {
	first, stored, err = s.g.deps.Queue.AppendAll(records)
	for i := range uint64(stored) {
		s.g.ledger.line('W', first+i)
	}
	return first, stored, err
}

// Sync implements LetterStore.
func (s resendStore) Sync() (uint64, error) { return 0, s.g.sync() }

// lifting asks a deliver loop to send identifiers again.
type lifting struct {
	names []string
	done  chan struct{}
}

// lift waits until the uplink knows. One that has ended has nothing to forget.
func (g *Gateway) lift(ctx context.Context, names []string) error {
	g.mu.Lock()
	d := g.uplink
	g.mu.Unlock()
	if d == nil || len(names) == 0 {
		return nil
	}
	l := lifting{names, make(chan struct{})}
	select {
	case d.lifts <- l:
		<-l.done
	case <-d.ended:
	case <-ctx.Done():
		return fmt.Errorf("cannot send dead letters again: %w", ctx.Err())
	}
	return nil
}
