package gateway

import (
	"errors"
	"io"
	"math"

	"serialgw/internal/reading"
)

const (
	// backlogShare: while live values flow, every so-manieth post carries
	// backlog. With two, a live value waits for two posts at most, and a backlog
	// has all that is left.
	backlogShare = 2
	// lookMost bounds how many live records one look reads.
	lookMost = 4096
)

// picker chooses which records the next post carries. It reads one log with
// two marks:
//
//	acked ...│ back ──▶ backlog ... │ live ──▶ what came since │ tail
//
// Everything below live is backlog and goes oldest first, each post as full as
// the limits allow. Live records are taken newest first, those of which no
// property was taken yet; what they leave behind becomes backlog, because live
// moves past it. Live values do not join a full post of backlog: whether a
// history/post changes what the platform shows is unknown. In oldest-first
// order there is no live part at all.
//
// Backlog that has waited in vain for the clock goes only when nothing live
// waits: one reading a message, and each counts on the platform as of now.
//
// Two rules keep a record from being forgotten: every number that was chosen
// lies below live, and every unacknowledged number below back is in taken. So
// whatever leaves taken unacknowledged must pull back down to itself (release)
// or go into again (retry).
type picker struct {
	queue Queue
	cfg   Uplink
	taken map[uint64]bool // chosen and without a verdict, set aside, or unreadable
	lost  func(seq uint64, err error)
	gone  func(seq uint64) // asked for by number, and no longer in the queue

	hold *hold // gives each record its time, or keeps it back

	parser reading.Parser
	spare  [][]reading.Entry // of one record each, for oneLive

	display    display    // for what the platform shows
	back, live uint64     // the next number to read for each
	turn       int        // posts since the last one of backlog
	again      [][]uint64 // groups to be sent as posts of their own; in taken
	historyOff bool       // history/post went unanswered
	unread     error      // why what waits could not all be read; the caller of next clears it
}

// linkUp makes everything stored so far backlog. That back starts anew is a
// net under the two rules above: no fault in keeping them outlives a connection.
func (p *picker) linkUp() {
	p.historyOff = false
	p.back = 0
	p.live = p.queue.NextSeq()
	if p.cfg.OldestFirst {
		p.live = math.MaxUint64
	}
}

// next returns the records for one post; none when nothing is waiting, or when
// that cannot be read now: then unread says why.
func (p *picker) next() []reading.Entry {
	if p.cfg.OldestFirst {
		return p.backlog()
	}
	p.turn++
	if p.turn >= backlogShare && !p.clockless() {
		if entries := p.backlog(); len(entries) > 0 {
			p.turn = 0
			return entries
		}
	}
	if entries := p.liveOnes(); len(entries) > 0 {
		return p.take(entries)
	}
	p.turn = 0
	return p.backlog()
}

// clockless reports whether the backlog, as far as it has a pace, begins with
// records that have waited for the clock in vain. Then all behind them have.
func (p *picker) clockless() bool {
	if p.cfg.PostInterval == 0 || len(p.again) > 0 || !p.hold.over() {
		return false
	}
	e, err := p.read(p.back, p.live)
	return err == nil && p.hold.waited(e.Seq)
}

// only returns one certain record, whatever its turn. Without one the error is
// io.EOF when it has left the queue or is unreadable, and another one when it
// cannot be read now.
func (p *picker) only(seq uint64) ([]reading.Entry, error) {
	e, err := p.readInto(nil, seq, seq+1, true)
	if err != nil {
		return nil, err
	}
	return p.take([]reading.Entry{e}), nil
}

func (p *picker) take(entries []reading.Entry) []reading.Entry {
	for _, e := range entries {
		p.taken[e.Seq] = true
	}
	p.hold.chosen(entries)
	p.display.posted(&p.cfg, entries)
	return entries
}

// done forgets a record that left the queue.
func (p *picker) done(seq uint64) {
	delete(p.taken, seq)
	p.hold.done(seq)
}

// release makes a record available again.
func (p *picker) release(seq uint64) {
	delete(p.taken, seq)
	p.hold.forget(seq)
	p.back = min(p.back, seq)
	p.display.returned(seq)
}

// setAside keeps a record out of the turn until it is released, retried, or
// asked for by number.
func (p *picker) setAside(seq uint64) { p.taken[seq] = true }

// retry asks for these records to be sent as a post of their own.
func (p *picker) retry(seqs ...uint64) {
	for _, seq := range seqs {
		p.taken[seq] = true
		p.display.returned(seq)
	}
	p.again = append(p.again, seqs)
}

// backlog returns what is to be retried, or the oldest waiting records that
// fit into one post.
func (p *picker) backlog() []reading.Entry {
	for len(p.again) > 0 {
		entries, ok := p.group(p.again[0])
		if !ok {
			return entries
		}
		p.again = p.again[1:]
		if len(entries) > 0 {
			return entries
		}
	}
	return p.take(p.oldest())
}

// group returns what is left of the first group to be retried. Where that cannot
// all be read now, ok is false and the rest stays the first group.
func (p *picker) group(seqs []uint64) (entries []reading.Entry, ok bool) {
	for i, seq := range seqs {
		one, err := p.only(seq)
		switch {
		case errors.Is(err, io.EOF):
			p.done(seq) // confirmed late, or dropped by a full queue
			p.gone(seq)
		case err != nil:
			p.again[0] = seqs[i:]
			return entries, false
		}
		entries = append(entries, one...)
	}
	return entries, true
}

// read returns the first record from one mark on and below another that is not
// taken. The error is io.EOF when there is none, errHeld when it waits for its
// time, and another one when it cannot be read now.
func (p *picker) read(from, below uint64) (reading.Entry, error) {
	return p.readInto(nil, from, below, false)
}

// readInto is read with memory for the properties. With takenToo set, a record
// that is taken counts too.
func (p *picker) readInto(props []reading.Property, from, below uint64, takenToo bool) (reading.Entry, error) {
	for {
		for !takenToo && from < below && p.taken[from] {
			from++
		}
		if from >= below {
			return reading.Entry{}, io.EOF
		}
		seq, raw, err := p.queue.Read(from)
		if err == nil && seq >= below {
			err = io.EOF
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				p.unread = err
			}
			return reading.Entry{}, err
		}
		if p.taken[seq] && !takenToo {
			from = seq + 1
			continue
		}
		r, err := p.parser.Parse(raw, props)
		if err == nil {
			e := reading.Entry{Seq: seq, Reading: r}
			if p.hold.time(&e) && !takenToo {
				return reading.Entry{}, errHeld
			}
			return e, nil
		}
		p.taken[seq] = true
		p.lost(seq, err)
		if takenToo {
			return reading.Entry{}, io.EOF
		}
		from = seq + 1
	}
}

// oldest returns the oldest records that are not taken and fit into one post,
// and moves back behind them. Where there is none, back moves on to live, so
// that nobody looks again; where one cannot be read now, it stays.
func (p *picker) oldest() []reading.Entry {
	if p.back >= p.live {
		return nil
	}
	var entries []reading.Entry
	entries, p.back = p.full(p.back, p.live)
	return entries
}

// full returns the first records from a mark on and below another that are not
// taken and fit into one post, and the mark behind them. Where there is none
// that is below; without an end below, and where one cannot be read now, from.
func (p *picker) full(from, below uint64) ([]reading.Entry, uint64) {
	var entries []reading.Entry
	l := newLoad(p)
	for {
		e, err := p.read(from, below)
		if len(entries) == 0 && errors.Is(err, io.EOF) && below != math.MaxUint64 {
			from = below
		}
		if err != nil {
			break
		}
		if !l.at(e.Reading.Stamp).add(e.Reading.Props) {
			p.display.sees(&e, from-1)
			break
		}
		entries = append(entries, e)
		from = e.Seq + 1
	}
	if l.repeated {
		if n := p.mayGo(entries); n < len(entries) {
			entries, from = entries[:n:n], entries[n].Seq
		}
	}
	return entries, from
}
