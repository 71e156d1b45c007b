package gateway

import (
	"time"

	"serialgw/internal/reading"
)

// refuseForm halves a refused batch until the guilty record stands alone. A
// single record that is refused again although others get through goes to the
// dead letters; when nothing gets through, the fault is not the record's, and
// the uplink pauses with the data safe.
func (d *deliver) refuseForm(b batch, o reading.Outcome) {
	d.release(b)
	if n := len(b.entries); n > 1 {
		d.pick.retry(batch{entries: b.entries[:n/2]}.seqs()...)
		d.pick.retry(batch{entries: b.entries[n/2:]}.seqs()...)
		return
	}
	e := b.entries[0]
	before, again := d.suspects[e.Seq]
	if again && before.mark < d.confirmed && d.row < rowMost {
		d.row++
		d.deps.Log.Error().Uint64("seq", e.Seq).Int("code", o.Code).Str("reply", o.Text).
			Msg("the cloud refuses one record while others get through; it goes to the dead letters")
		d.finish(b.condemn(refusal{o.Code, o.Text}))
		return
	}
	d.count++
	d.pick.setAside(e.Seq)
	d.suspects[e.Seq] = suspect{mark: d.confirmed, turn: d.count, aside: true}
	if again && !d.troubled() {
		// No news: it was tried because nothing else was waiting. What the board
		// says next must not wait for it.
		d.probeWait = min(max(2*d.probeWait, formFirst), pauseMost)
		d.probeDue = time.Now().Add(d.probeWait)
		return
	}
	if d.row++; !d.troubled() {
		return
	}
	d.hold(formFirst)
	if o.Verdict == reading.Busy {
		d.deps.Log.Warn().Int("code", o.Code).Str("reply", o.Text).Stringer("pause", d.pause).Msg("the cloud stays busy; the uplink pauses and nothing is lost")
		return
	}
	d.deps.Log.Error().Int("code", o.Code).Str("reply", o.Text).Stringer("pause", d.pause).
		Msg("the cloud refuses the form of a message; the uplink pauses and nothing is lost: check that the product is a thing-model (OneJSON) product")
}

// refuseBusy pauses as the cloud wishes. But a batch that is refused again and
// again while others get through is itself the fault, whatever the code says:
// it is halved like one whose form was refused. In the strict order nothing
// else may get through, so there the number of pauses decides.
func (d *deliver) refuseBusy(b batch, o reading.Outcome) {
	head := d.busy[b.entries[0].Seq]
	if head.times >= busyMost-1 && (head.mark < d.confirmed || d.cfg.OldestFirst) {
		for _, e := range b.entries {
			d.busy[e.Seq] = head // the halves are not believed again
		}
		d.refuseForm(b, o)
		return
	}
	for _, e := range b.entries {
		s, ok := d.busy[e.Seq]
		if !ok {
			s.mark = d.confirmed
		}
		s.times++
		d.busy[e.Seq] = s
	}
	d.release(b)
	d.hold(busyFirst)
	d.deps.Log.Warn().Int("code", o.Code).Str("reply", o.Text).Stringer("pause", d.pause).Msg("the cloud is busy; posting pauses")
}
