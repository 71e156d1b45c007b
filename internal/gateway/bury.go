package gateway

import (
	"errors"
	"slices"
	"time"

	"serialgw/internal/reading"
)

const (
	// owedMost is how many values wait in memory for a dead-letter file that
	// cannot be written: some 20 MB.
	owedMost = 1 << 16
	// postponedMost is how many records more wait in the queue for it. They
	// cost some 50 bytes each.
	postponedMost = 1 << 18
	// owedAgain spaces the attempts to write them.
	owedAgain = time.Minute
)

// undertaker is what the uplink knows of records that leave the queue without
// a confirmation.
type undertaker struct {
	owed       []batch // their letters are not written; the records stay stored
	owedValues int     // in owed
	postponed  []uint64
	owedDue    time.Time
	failing    bool // the last letter could not be written

	foreign            map[uint64]bool // records of an unknown version
	damagedAt, newerAt time.Time       // the last one met
}

func newUndertaker() undertaker { return undertaker{foreign: make(map[uint64]bool)} }

// finish takes a batch's records out of the queue; withheld values go to the
// dead letters first, so that a crash between the two repeats and never loses.
// While that cannot be done the records stay stored.
func (d *deliver) finish(b batch) {
	seqs := b.seqs()
	if !d.bury(b) {
		kept := d.owe(batch{withheld: b.withheld, why: b.why})
		seqs = slices.DeleteFunc(seqs, func(seq uint64) bool { return slices.Contains(kept, seq) })
	}
	d.leave(seqs)
}

// owe keeps letters until they can be written. It returns the records that stay
// stored: those of the letters, unless there are too many even for their
// numbers.
func (d *deliver) owe(owed batch) (kept []uint64) {
	kept = owed.seqs()
	switch n := owed.values(); {
	case d.owedValues+n <= owedMost:
		d.owed, d.owedValues = append(d.owed, owed), d.owedValues+n
	case len(d.postponed)+len(kept) <= postponedMost:
		d.postponed = append(d.postponed, kept...) // what was confirmed of them is sent twice
	default:
		d.status.lostLetters(n)
		return nil
	}
	for _, seq := range kept {
		d.forget(seq)
		d.pick.setAside(seq)
	}
	return kept
}

func (d *deliver) leave(seqs []uint64) {
	for _, seq := range seqs {
		d.forget(seq)
		d.pick.done(seq)
	}
	d.ack(seqs...)
}

// bury writes the dead letters of a batch and reports whether they are on the
// disk.
func (d *deliver) bury(b batch) bool {
	if len(b.withheld) == 0 {
		return true
	}
	err := d.deps.DeadLetters.Add(b.letters()...)
	if err != nil && !d.failing {
		d.deps.Log.Error().Err(err).Msg("cannot write the dead letters; the records stay in the queue and it is tried again")
	}
	if d.failing = err != nil; d.failing {
		d.owedDue = time.Now().Add(owedAgain)
		return false
	}
	d.status.buried(b.values())
	return true
}

// settleOwed writes the letters that could not be written before.
func (d *deliver) settleOwed() {
	if len(d.owed) == 0 || time.Now().Before(d.owedDue) {
		return
	}
	for len(d.owed) > 0 && d.bury(d.owed[0]) {
		d.leave(d.owed[0].seqs())
		d.owedValues -= d.owed[0].values()
		d.owed = d.owed[1:]
	}
	if len(d.owed) == 0 {
		for _, seq := range d.postponed {
			d.pick.release(seq)
		}
		d.owed, d.postponed = nil, nil
		d.deps.Log.Info().Msg("the dead letters can be written again")
	}
}

// owes reports whether a record stays stored until its letters are written.
func (d *deliver) owes(seq uint64) bool {
	return slices.ContainsFunc(d.owed, func(b batch) bool { return slices.Contains(b.seqs(), seq) })
}

// ack takes records out of the queue, those of a burst of verdicts at its end:
// who reads from the queue before that calls writeAcks first.
func (d *deliver) ack(seqs ...uint64) {
	d.acks = append(d.acks, seqs...)
	if !d.burst {
		d.writeAcks()
	}
}

func (d *deliver) writeAcks() {
	if len(d.acks) == 0 {
		return
	}
	d.deps.Queue.Ack(d.acks...)
	d.acks = d.acks[:0]
	signal(d.dirty)
	if d.deps.Acked != nil {
		d.deps.Acked()
	}
}

// unreadable takes a record out of the queue that this program cannot read.
// One of a newer version stays. What follows within a minute is only counted.
func (d *deliver) unreadable(seq uint64, err error) {
	last, text := &d.damagedAt, "a stored record cannot be read and is given up; further ones are counted"
	newer := errors.Is(err, reading.ErrVersion)
	if newer {
		if d.foreign[seq] {
			return
		}
		d.foreign[seq] = true
		last, text = &d.newerAt, "a stored record needs a newer serialgw and stays in the queue; further ones are counted"
	}
	d.status.unreadable()
	if last.IsZero() || time.Since(*last) >= summaryEvery {
		d.deps.Log.Error().Uint64("seq", seq).Err(err).Msg(text)
	}
	*last = time.Now()
	if !newer {
		d.leave([]uint64{seq})
	}
}
