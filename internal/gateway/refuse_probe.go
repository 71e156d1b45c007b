package gateway

import (
	"errors"
	"io"
	"time"

	"serialgw/internal/reading"
)

// doubt pauses because nothing is left to send, and then tries the refused
// identifiers once more: the thing model may have been mended meanwhile.
func (d *deliver) doubt() {
	d.hold(formFirst)
	for _, q := range d.quarantine {
		q.doubt = true
	}
	d.deps.Log.Error().Stringer("pause", d.pause).
		Msg("the cloud refuses every property that is waiting; the uplink pauses and nothing is lost: compare the names and types with the thing model")
}

// probeIn returns how long no probe may be sent yet. In trouble the pause spaces
// them.
func (d *deliver) probeIn() time.Duration {
	if d.probeDue.IsZero() || d.troubled() {
		return 0
	}
	return max(time.Until(d.probeDue), 0)
}

// probe returns a record that was refused before, when nothing else is waiting
// and nothing on its way: the one that was not tried for the longest time.
func (d *deliver) probe() []reading.Entry {
	if d.probeIn() > 0 {
		return nil
	}
	for {
		var next uint64
		for seq, s := range d.suspects {
			if s.aside && (next == 0 || s.turn < d.suspects[next].turn) {
				next = seq
			}
		}
		if next == 0 {
			break
		}
		s := d.suspects[next]
		s.aside = false
		entries, err := d.pick.only(next)
		if err == nil {
			d.suspects[next] = s
			return entries
		}
		if !errors.Is(err, io.EOF) {
			return nil
		}
		d.forget(next) // it has left the queue
		d.pick.done(next)
	}
	// Where something gets through, the next success decides on the parked.
	if len(d.parked) > 0 && (d.confirmed == 0 || d.troubled()) {
		d.unpark()
		d.doubt()
	}
	return nil
}
