package gateway

import (
	"errors"
	"slices"
	"time"

	"serialgw/internal/reading"
)

const (
	// owedMost is how many batches wait in memory for a dead-letter file that
	// cannot be written.
	owedMost = 1024
	// owedAgain spaces the attempts to write them.
	owedAgain = time.Minute
)

// undertaker is what the uplink knows of records that leave the queue without
// a confirmation.
type undertaker struct {
	owed    []batch // their letters are not written; the records stay stored
	owedDue time.Time
	failing bool // the last letter could not be written

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
		owed := batch{withheld: b.withheld, why: b.why}
		if len(d.owed) < owedMost {
			d.owed = append(d.owed, owed)
			kept := owed.seqs()
			for _, seq := range kept {
				d.forget(seq)
				d.pick.setAside(seq)
			}
			seqs = slices.DeleteFunc(seqs, func(seq uint64) bool { return slices.Contains(kept, seq) })
		} else {
			d.status.lostLetters(owed.values())
		}
	}
	d.leave(seqs)
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
		d.owed = d.owed[1:]
	}
	if len(d.owed) == 0 {
		d.owed = nil
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
