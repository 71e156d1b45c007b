package gateway

import (
	"time"

	"serialgw/internal/reading"
)

// settleBurst takes a verdict and those that are there already, so that a burst
// of them costs one look at the queue.
func (d *deliver) settleBurst(o reading.Outcome) {
	d.burst, d.now = true, time.Now()
	d.settle(o)
	for more := true; more; {
		select {
		case o := <-d.cfg.Publisher.Outcomes():
			d.settle(o)
		default:
			more = false
		}
	}
	d.burst = false
	d.writeAcks()
}

func (d *deliver) drainVerdicts() {
	timer := time.NewTimer(d.drain)
	defer timer.Stop()
	for len(d.posts) > 0 && d.link == reading.LinkReady {
		select {
		case o := <-d.cfg.Publisher.Outcomes():
			d.settleBurst(o)
		case <-d.abort:
			return
		case <-timer.C:
			return
		}
	}
}

// settle acts on one outcome.
func (d *deliver) settle(o reading.Outcome) {
	if o.Post == 0 {
		d.setLink(o.Link)
	} else {
		d.settlePost(o)
	}
	d.status.outcome(o, len(d.posts), d.now)
	if d.deps.Settled != nil {
		d.deps.Settled(o)
	}
}

func (d *deliver) setLink(link reading.LinkState) {
	d.link = link
	if link == reading.LinkReady {
		d.pick.linkUp()
		d.pick.hold.connected()
		clear(d.busy)
	}
}

func (d *deliver) settlePost(o reading.Outcome) {
	if o.Late {
		d.settleLate(o)
		return
	}
	b, ok := d.posts[o.Post]
	if !ok {
		return
	}
	delete(d.posts, o.Post)
	switch o.Verdict {
	case reading.Confirmed:
		d.success(b)
		d.finish(b)
		if len(b.withheld) == 0 {
			d.pick.recycle(b.entries)
		}
	case reading.RefusedValue:
		d.refuseValue(b, o)
	case reading.RefusedForm:
		d.refuseForm(b, o)
	case reading.Busy:
		d.refuseBusy(b, o)
	default: // Lost
		d.release(b)
		if o.History && d.link == reading.LinkReady {
			d.pick.historyOff, d.history = true, time.Now().Add(historyAgain)
		}
	}
}

// settleLate: given up before, stored after all. Another attempt that is on its
// way for the same records finds them gone, and buries what it withholds.
func (d *deliver) settleLate(o reading.Outcome) {
	d.writeAcks() // what this burst has confirmed is not there to be read
	for _, seq := range o.Seqs {
		if d.posted(seq) {
			d.ack(seq)
			continue
		}
		if d.owes(seq) {
			continue // it leaves with its letters
		}
		entries, err := d.pick.only(seq)
		if err != nil {
			continue // it has left; where it cannot be read now, it is sent again
		}
		d.finish(d.strip(entries))
	}
}

func (d *deliver) posted(seq uint64) bool {
	for _, b := range d.posts {
		for _, e := range b.entries {
			if e.Seq == seq {
				return true
			}
		}
	}
	return false
}

// release puts a batch's records back: they are sent again.
func (d *deliver) release(b batch) {
	for _, seq := range b.seqs() {
		d.pick.release(seq)
	}
}
