package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"serialgw/internal/reading"
)

const (
	busyFirst = 5 * time.Second // pause after a temporary refusal, doubling
	formFirst = time.Minute     // pause after a refusal of the form, doubling
	pauseMost = 10 * time.Minute
	// suspectsMost is how many refused records may wait, without any success,
	// before new ones are no longer tried.
	suspectsMost = 3
)

// deliver empties the queue. Its loop owns everything here; counters that
// other goroutines read are behind d.status.
type deliver struct {
	cfg   Uplink
	deps  Deps
	wake  chan struct{}
	drain time.Duration

	pick    picker
	limiter *rate.Limiter // nil = no pace
	link    reading.LinkState
	posts   map[uint64]batch // without a verdict
	resume  time.Time        // nothing is posted before
	pause   time.Duration    // the last pause; doubles until a success

	quarantine map[string]refusal
	suspects   map[uint64]int // refused records, by number: how often
	successes  uint64         // verdicts Confirmed since the uplink started
	status     uplinkCounters
}

// refusal is the platform's own word on an identifier.
type refusal struct {
	code int
	text string
}

// batch is one post on its way.
type batch struct {
	entries  []reading.Entry
	withheld []reading.Entry // the quarantined values of the same records
}

func newDeliver(cfg Uplink, deps Deps, wake chan struct{}, drain time.Duration) *deliver {
	d := &deliver{
		cfg: cfg, deps: deps, wake: wake, drain: drain,
		posts:      make(map[uint64]batch),
		quarantine: make(map[string]refusal),
		suspects:   make(map[uint64]int),
	}
	if cfg.PostInterval > 0 {
		d.limiter = rate.NewLimiter(rate.Every(cfg.PostInterval), 1)
	}
	d.pick = picker{queue: deps.Queue, cfg: cfg, inFlight: make(map[uint64]bool), lost: d.unreadable}
	return d
}

// run posts until ctx ends, then waits for outstanding verdicts up to the
// drain limit.
func (d *deliver) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wait := d.step()
		var due <-chan time.Time
		if wait > 0 {
			timer.Reset(wait)
			due = timer.C
		}
		select {
		case <-ctx.Done():
			d.drainVerdicts()
			return
		case o := <-d.cfg.Publisher.Outcomes():
			d.settle(o)
			d.settleWaiting()
		case <-d.wake:
		case <-due:
		}
	}
}

// settleWaiting takes the verdicts that are there already, so that a burst of
// them costs one look at the queue.
func (d *deliver) settleWaiting() {
	for {
		select {
		case o := <-d.cfg.Publisher.Outcomes():
			d.settle(o)
		default:
			return
		}
	}
}

func (d *deliver) drainVerdicts() {
	timer := time.NewTimer(d.drain)
	defer timer.Stop()
	for len(d.posts) > 0 && d.link == reading.LinkReady {
		select {
		case o := <-d.cfg.Publisher.Outcomes():
			d.settle(o)
		case <-timer.C:
			return
		}
	}
}

// step posts whatever link, pause, window and pace allow. It returns how long
// to wait before posting is allowed again; 0 = until something happens.
func (d *deliver) step() time.Duration {
	for d.link == reading.LinkReady && len(d.posts) < d.cfg.InFlight {
		if wait := time.Until(d.resume); wait > 0 {
			return wait
		}
		if d.limiter != nil && d.limiter.Tokens() < 1 {
			return max(time.Duration((1-d.limiter.Tokens())*float64(d.cfg.PostInterval)), time.Millisecond)
		}
		b, ok := d.next()
		if !ok {
			return 0
		}
		if !d.post(b) {
			return busyFirst
		}
	}
	return 0
}

// next makes the next post: the records picked, without what is quarantined.
func (d *deliver) next() (batch, bool) {
	for {
		picked := d.choose()
		if len(picked) == 0 {
			return batch{}, false
		}
		b := d.strip(picked)
		if len(b.entries) > 0 {
			return b, true
		}
		d.finish(b) // nothing is left to send
	}
}

// choose prefers a suspect when nothing but refusals has come back lately, and
// falls back to one when nothing else is waiting.
func (d *deliver) choose() []reading.Entry {
	if len(d.suspects) < suspectsMost {
		if entries := d.pick.next(); len(entries) > 0 {
			return entries
		}
	}
	if len(d.suspects) == 0 || len(d.posts) > 0 {
		return nil
	}
	return d.pick.only(oldest(d.suspects))
}

// strip separates the quarantined values of the records from the rest.
func (d *deliver) strip(picked []reading.Entry) batch {
	if len(d.quarantine) == 0 {
		return batch{entries: picked}
	}
	var b batch
	for _, e := range picked {
		var keep, out []reading.Property
		for _, p := range e.Reading.Props {
			if _, bad := d.quarantine[p.Name]; bad {
				out = append(out, p)
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

// post sends one batch. false means that the connection would not take it.
func (d *deliver) post(b batch) bool {
	id, err := d.cfg.Publisher.Post(b.entries)
	if err != nil {
		d.release(b)
		d.status.setError(fmt.Sprintf("cannot post: %v", err))
		return false
	}
	if d.limiter != nil {
		d.limiter.Allow()
	}
	d.posts[id] = b
	d.status.posted(len(d.posts))
	return true
}

// settle acts on one outcome.
func (d *deliver) settle(o reading.Outcome) {
	if o.Post == 0 {
		d.setLink(o.Link)
	} else {
		d.settlePost(o)
	}
	d.status.outcome(o, len(d.posts))
	if d.deps.Settled != nil {
		d.deps.Settled(o)
	}
}

func (d *deliver) setLink(link reading.LinkState) {
	d.link = link
	if link == reading.LinkReady {
		d.pick.linkUp()
	}
}

func (d *deliver) settlePost(o reading.Outcome) {
	if o.Late {
		// Given up before, stored after all: whatever attempt is now on its
		// way for the same records finds them gone. [ONENET promise 2]
		d.deps.Queue.Ack(o.Seqs...)
		return
	}
	b, ok := d.posts[o.Post]
	if !ok {
		return
	}
	delete(d.posts, o.Post)
	switch o.Verdict {
	case reading.Confirmed:
		d.pause, d.successes = 0, d.successes+1
		d.finish(b)
		for seq := range d.suspects { // others get through: try these again
			d.pick.release(seq)
		}
	case reading.RefusedValue:
		d.refuseValue(b, o)
	case reading.RefusedForm:
		d.refuseForm(b, o)
	case reading.Busy:
		d.release(b)
		d.hold(busyFirst)
		d.deps.Log.Warn().Int("code", o.Code).Str("reply", o.Text).Stringer("pause", d.pause).Msg("the cloud is busy; posting pauses")
	default: // Lost
		d.release(b)
		if o.History && d.link == reading.LinkReady {
			d.pick.historyOff = true
		}
	}
}

// finish takes a batch's records out of the queue; withheld values go to the
// dead letters first, so that a crash between the two repeats and never loses.
func (d *deliver) finish(b batch) {
	for _, e := range b.withheld {
		for _, p := range e.Reading.Props {
			why := d.quarantine[p.Name]
			d.bury(e, p, why)
		}
	}
	for _, seq := range b.seqs() {
		delete(d.suspects, seq)
		d.pick.done(seq)
		d.deps.Queue.Ack(seq)
	}
}

func (b batch) seqs() []uint64 {
	seqs := make([]uint64, 0, len(b.entries)+len(b.withheld))
	for _, e := range b.entries {
		seqs = append(seqs, e.Seq)
	}
	for _, e := range b.withheld {
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

// release puts a batch's records back: they are sent again.
func (d *deliver) release(b batch) {
	for _, seq := range b.seqs() {
		d.pick.release(seq)
	}
}

// refuseValue quarantines the identifier that the platform named. The records
// go again without it: one misspelt name must not cost all the data.
func (d *deliver) refuseValue(b batch, o reading.Outcome) {
	if !b.has(o.Identifier) {
		d.refuseForm(b, o)
		return
	}
	d.release(b)
	if _, known := d.quarantine[o.Identifier]; known {
		return // a post that was on its way when the first refusal came
	}
	d.quarantine[o.Identifier] = refusal{o.Code, o.Text}
	d.status.quarantined(o.Identifier, o.Code, o.Text)
	d.deps.Log.Error().Str("identifier", o.Identifier).Int("code", o.Code).Str("reply", o.Text).
		Msg("the cloud refuses this property: its values go to the dead letters until the configuration changes; compare its name and type with the thing model")
}

func (b batch) has(identifier string) bool {
	for _, e := range b.entries {
		for _, p := range e.Reading.Props {
			if p.Name == identifier {
				return true
			}
		}
	}
	return false
}

// refuseForm halves a refused batch until the guilty record stands alone. A
// single record that is refused again although others get through goes to the
// dead letters; when nothing gets through, the fault is not the record's, and
// the uplink pauses with the data safe.
func (d *deliver) refuseForm(b batch, o reading.Outcome) {
	d.release(b)
	if seqs := b.entries; len(seqs) > 1 {
		half := len(seqs) / 2
		d.pick.split(seqs[:half], seqs[half:])
		return
	}
	seq := b.entries[0].Seq
	d.suspects[seq]++
	if d.suspects[seq] > 1 && d.successes > 0 {
		d.successes = 0
		for _, p := range b.entries[0].Reading.Props {
			d.bury(b.entries[0], p, refusal{o.Code, o.Text})
		}
		b.entries[0].Reading.Props = nil
		d.finish(b)
		return
	}
	d.successes = 0
	d.pick.suspend(seq)
	d.hold(formFirst)
	d.deps.Log.Error().Int("code", o.Code).Str("reply", o.Text).Stringer("pause", d.pause).
		Msg("the cloud refuses the form of a message; the uplink pauses and nothing is lost: check that the product is a thing-model (OneJSON) product")
}

// hold pauses posting, twice as long each time until a post succeeds.
func (d *deliver) hold(first time.Duration) {
	d.pause = min(max(2*d.pause, first), pauseMost)
	d.resume = time.Now().Add(d.pause)
	d.status.pausedUntil(d.resume)
}

func (d *deliver) bury(e reading.Entry, p reading.Property, why refusal) {
	err := d.deps.DeadLetters.Add(DeadLetter{
		Seq: e.Seq, Board: e.Reading.Board, Message: e.Reading.Message, Time: e.Reading.Stamp.Time(),
		Identifier: p.Name, Value: p.Value.AppendJSON(nil), Code: why.code, Reply: why.text,
	})
	if err != nil {
		d.deps.Log.Error().Err(err).Str("identifier", p.Name).Msg("cannot write a dead letter")
	}
	d.status.buried()
}

// unreadable takes a record out of the queue that this program cannot read.
func (d *deliver) unreadable(seq uint64, err error) {
	if errors.Is(err, reading.ErrVersion) {
		d.deps.Log.Error().Uint64("seq", seq).Err(err).Msg("a stored record needs a newer serialgw; it stays in the queue")
		return
	}
	d.deps.Log.Error().Uint64("seq", seq).Err(err).Msg("a stored record cannot be read and is given up")
	d.deps.Queue.Ack(seq)
}

func oldest(set map[uint64]int) uint64 {
	var first uint64
	for seq := range set {
		if first == 0 || seq < first {
			first = seq
		}
	}
	return first
}
