package gateway

import (
	"maps"
	"slices"
	"time"

	"serialgw/internal/reading"
)

const (
	busyFirst = 5 * time.Second // pause after a temporary refusal, doubling
	busyMost  = 3               // temporary refusals of a record that are believed
	formFirst = time.Minute     // pause after a refusal of the form, doubling
	pauseMost = 10 * time.Minute
	// rowMost is how many records may be refused in a row before the fault is
	// taken for the uplink's and not for theirs.
	rowMost = 3
	// parkMost is how many records without one value that may be sent are
	// passed over before the uplink pauses. They cost some 50 bytes each; what
	// stands behind them waits for the pause.
	parkMost = 1 << 14
	// parkRounds is after how many such pauses the oldest record has its turn
	// again: a backlog may be longer than the memory.
	parkRounds = 8
)

// refusals is what the uplink has learnt from being refused. One rule protects
// the backlog: nothing is given up to the dead letters unless something else
// was confirmed after it was refused.
//
//	identifier refused ─▶ quarantine ─▶ the rest of the record goes without it
//	record left empty  ─▶ parked     ─▶ buried after the next success
//	form refused       ─▶ halves ... ─▶ suspect ─▶ tried again after the next success
//	                                              └▶ refused again ─▶ buried
type refusals struct {
	quarantine map[string]*quarantined
	suspects   map[uint64]suspect
	busy       map[uint64]busy
	parked     []uint64
	parkRoom   int // records that may still be parked before a pause

	confirmed uint64 // posts
	count     uint64 // of refused single records
	row       int    // the same, since the last success

	probeDue  time.Time     // nothing that was refused is tried again for want of other work before
	probeWait time.Duration // the last such wait; doubles until a success

	resume  time.Time     // nothing is posted before
	pause   time.Duration // the last pause; doubles until a success
	patient bool          // the pause is the cloud's wish: a success does not end it
}

// refusal is the platform's own word.
type refusal struct {
	code int
	text string
}

type quarantined struct {
	refusal
	mark  uint64 // posts confirmed when it was refused
	told  bool   // the alarm was given
	doubt bool   // it is sent nevertheless, until it is refused again
}

// suspect is a record that was refused on its own.
type suspect struct {
	mark  uint64 // posts confirmed when it was refused
	turn  uint64 // when it was
	aside bool   // neither on its way nor waiting for its turn
}

// busy counts the temporary refusals of a record since the link came up.
type busy struct {
	times int
	mark  uint64 // posts confirmed at the first of them
}

func newRefusals() refusals {
	return refusals{
		quarantine: make(map[string]*quarantined), suspects: make(map[uint64]suspect), busy: make(map[uint64]busy),
		parkRoom: parkMost,
	}
}

// troubled reports whether perhaps nothing gets through at all.
func (r *refusals) troubled() bool { return r.row >= rowMost || r.row > 0 && r.confirmed == 0 }

// hold pauses posting, twice as long each time until a post succeeds. Refusals
// of one burst count once.
func (d *deliver) hold(first time.Duration) {
	if time.Until(d.resume) > 0 {
		return
	}
	d.pause = min(max(2*d.pause, first), pauseMost)
	d.resume = time.Now().Add(d.pause)
	d.patient = first == busyFirst
	d.status.pausedUntil(d.resume)
}

// success: something gets through, so what was refused may be tried again.
func (d *deliver) success(b batch) {
	d.pause, d.row, d.confirmed = 0, 0, d.confirmed+1
	d.probeWait, d.probeDue = 0, time.Time{}
	if !d.patient && !d.resume.IsZero() {
		d.resume = time.Time{}
		d.status.pausedUntil(d.resume)
	}
	for seq, s := range d.suspects {
		if s.aside {
			s.aside = false
			d.suspects[seq] = s
			d.pick.retry(seq)
		}
	}
	d.unpark()
	d.settleOwed()
	if len(d.quarantine) == 0 {
		return
	}
	for _, e := range b.entries {
		for _, p := range e.Reading.Props {
			if q, ok := d.quarantine[p.Name]; ok && q.doubt && q.told {
				q.told = false
				d.status.released(p.Name)
			}
		}
	}
}

// renew forgets what was refused under the former configuration, or the thing
// model of that time.
func (d *deliver) renew() { d.lift(slices.Collect(maps.Keys(d.quarantine))) }

// lift sends identifiers again that were refused. A Busy pause stays: it is the
// cloud's wish.
func (d *deliver) lift(names []string) {
	for _, name := range names {
		if d.quarantine[name] != nil {
			delete(d.quarantine, name)
			d.status.released(name)
		}
	}
	d.unpark()
	if !d.patient {
		d.pause, d.resume = 0, time.Time{}
		d.status.pausedUntil(d.resume)
	}
}

// forget drops what is known of a record that left the queue.
func (d *deliver) forget(seq uint64) {
	delete(d.suspects, seq)
	delete(d.busy, seq)
}

func (d *deliver) unpark() {
	for _, seq := range d.parked {
		d.pick.release(seq)
	}
	d.parked, d.parkRoom = nil, parkMost
}

// strip separates the quarantined values of the records from the rest.
func (d *deliver) strip(picked []reading.Entry) batch {
	if len(d.quarantine) == 0 {
		return batch{entries: picked}
	}
	b := batch{why: make(map[string]refusal)}
	for _, e := range picked {
		var keep, out []reading.Property
		for _, p := range e.Reading.Props {
			if q, bad := d.quarantine[p.Name]; bad && !q.doubt {
				out = append(out, p)
				b.why[p.Name] = q.refusal
			} else {
				keep = append(keep, p)
			}
		}
		if len(out) > 0 {
			withheld := e
			withheld.Reading.Props = out
			b.withheld = append(b.withheld, withheld)
		}
		if len(keep) > 0 {
			e.Reading.Props = keep
			b.entries = append(b.entries, e)
		}
	}
	return b
}

// withholdAll deals with records of which nothing may be sent. Those that are
// not proven to be the fault are parked, the others join what is to be buried.
// false = pause now.
func (d *deliver) withholdAll(b batch, proven *batch) bool {
	if proven.why == nil {
		proven.why = make(map[string]refusal)
	}
	maps.Copy(proven.why, b.why)
	for _, e := range b.withheld {
		if d.proven(e) {
			proven.withheld = append(proven.withheld, e)
			continue
		}
		d.pick.setAside(e.Seq)
		d.parked = append(d.parked, e.Seq)
		d.parkRoom--
	}
	if d.parkRoom > 0 {
		return true
	}
	d.parkRoom = parkMost
	if len(d.parked) >= parkRounds*parkMost {
		d.unpark()
	}
	d.doubt()
	return false
}

// proven reports whether posts were confirmed after each of the values'
// identifiers was refused.
func (d *deliver) proven(e reading.Entry) bool {
	for _, p := range e.Reading.Props {
		if d.quarantine[p.Name].mark >= d.confirmed {
			return false
		}
	}
	return true
}

// refuseValue quarantines the identifier that the platform named. The records
// go again without it: one misspelt name must not cost all the data.
func (d *deliver) refuseValue(b batch, o reading.Outcome) {
	if !b.has(o.Identifier) {
		d.refuseForm(b, o)
		return
	}
	d.release(b)
	q := d.quarantine[o.Identifier]
	if q == nil {
		q = &quarantined{doubt: true}
		d.quarantine[o.Identifier] = q
	}
	if !q.doubt {
		return // a post that was on its way when the first refusal came
	}
	told := q.told
	*q = quarantined{refusal: refusal{o.Code, o.Text}, mark: d.confirmed, told: true}
	d.status.quarantined(o.Identifier, o.Code, o.Text)
	if !told {
		d.deps.Log.Error().Str("identifier", o.Identifier).Int("code", o.Code).Str("reply", o.Text).
			Msg("the cloud refuses this property: its values go to the dead letters; compare its name and type with the thing model; then \"serialgw deadletter retry\" sends them again, with --as under another name")
	}
}
