package gateway

import (
	"math"

	"serialgw/internal/reading"
)

const (
	// backlogShare: while live values flow, every so-manieth post carries
	// backlog, so that it always moves.
	backlogShare = 4
	// lookMost bounds how many live records one look reads.
	lookMost = 4096
)

// picker chooses which records the next post carries. It reads one log with
// two marks:
//
//	acked ...│ back ──▶ backlog ... │ live ──▶ what came since │ tail
//
// Everything below live is backlog and goes oldest first. Live records are
// taken newest first as long as no property repeats; what they leave behind
// becomes backlog, because live moves past it. In oldest-first order there is
// no live part at all.
type picker struct {
	queue    Queue
	cfg      Uplink
	inFlight map[uint64]bool // chosen and without a verdict, or suspended
	lost     func(seq uint64, err error)

	back, live uint64 // the next number to read for each
	turn       int    // posts since the last one of backlog
	splits     [][]uint64
	historyOff bool // history/post went unanswered on this connection
}

// linkUp makes everything stored so far backlog.
func (p *picker) linkUp() {
	p.historyOff = false
	p.back = 0
	p.live = p.queue.NextSeq()
	if p.cfg.OldestFirst {
		p.live = math.MaxUint64
	}
}

// next returns the records for one post; none when nothing is waiting.
func (p *picker) next() []reading.Entry {
	if halves := p.nextSplit(); len(halves) > 0 {
		return p.take(halves)
	}
	if p.cfg.OldestFirst {
		return p.take(p.backlog())
	}
	p.turn++
	if p.turn >= backlogShare {
		if entries := p.backlog(); len(entries) > 0 {
			p.turn = 0
			return p.take(entries)
		}
	}
	if entries := p.liveOnes(); len(entries) > 0 {
		return p.take(entries)
	}
	p.turn = 0
	return p.take(p.backlog())
}

// only returns one certain record, whatever its turn.
func (p *picker) only(seq uint64) []reading.Entry {
	got, raw, ok := p.queue.Read(seq)
	if !ok || got != seq {
		return nil
	}
	r, err := reading.ParseRecord(raw)
	if err != nil {
		return nil
	}
	return p.take([]reading.Entry{{Seq: seq, Reading: r}})
}

func (p *picker) take(entries []reading.Entry) []reading.Entry {
	for _, e := range entries {
		p.inFlight[e.Seq] = true
	}
	return entries
}

// done forgets a record that left the queue.
func (p *picker) done(seq uint64) { delete(p.inFlight, seq) }

// release makes a record available again.
func (p *picker) release(seq uint64) {
	delete(p.inFlight, seq)
	p.back = min(p.back, seq)
}

// suspend keeps a record out of the turn until it is asked for by number.
func (p *picker) suspend(seq uint64) { p.inFlight[seq] = true }

// split asks for the two parts to be sent one after the other.
func (p *picker) split(parts ...[]reading.Entry) {
	for _, part := range parts {
		seqs := make([]uint64, len(part))
		for i, e := range part {
			seqs[i] = e.Seq
			p.inFlight[e.Seq] = true
		}
		p.splits = append(p.splits, seqs)
	}
}

func (p *picker) nextSplit() []reading.Entry {
	for len(p.splits) > 0 {
		seqs := p.splits[0]
		p.splits = p.splits[1:]
		var entries []reading.Entry
		for _, seq := range seqs {
			delete(p.inFlight, seq)
			entries = append(entries, p.only(seq)...)
		}
		if len(entries) > 0 {
			return entries
		}
	}
	return nil
}

// read returns the first record from the mark on that is not on its way.
func (p *picker) read(from uint64) (reading.Entry, bool) {
	for {
		seq, raw, ok := p.queue.Read(from)
		if !ok {
			return reading.Entry{}, false
		}
		from = seq + 1
		if p.inFlight[seq] {
			continue
		}
		r, err := reading.ParseRecord(raw)
		if err != nil {
			p.inFlight[seq] = true
			p.lost(seq, err)
			continue
		}
		return reading.Entry{Seq: seq, Reading: r}, true
	}
}

// backlog returns the oldest waiting records that fit into one post.
func (p *picker) backlog() []reading.Entry {
	var entries []reading.Entry
	var used names
	values := 0
	from := p.back
	for {
		e, ok := p.read(from)
		if !ok || e.Seq >= p.live {
			break
		}
		values += len(e.Reading.Props)
		fresh := used.add(e.Reading.Props)
		if len(entries) > 0 && !p.fits(fresh, values) {
			break
		}
		entries = append(entries, e)
		from = e.Seq + 1
	}
	if len(entries) > 0 {
		p.back = from
	}
	return entries
}

// fits says whether a further record may join a post: as one value per
// property always, with repeated properties only as history.
func (p *picker) fits(fresh bool, values int) bool {
	if p.cfg.History && !p.historyOff {
		return values <= p.cfg.HistoryValues
	}
	return fresh && p.cfg.PostInterval > 0
}

// liveOnes returns the newest live records of which no property repeats, in
// order of arrival. Without a pace every record is a post of its own, in order.
func (p *picker) liveOnes() []reading.Entry {
	if p.cfg.PostInterval == 0 {
		e, ok := p.read(p.live)
		if !ok {
			return nil
		}
		p.live = e.Seq + 1
		return []reading.Entry{e}
	}
	var waiting []reading.Entry
	for from := p.live; len(waiting) < lookMost; {
		e, ok := p.read(from)
		if !ok {
			break
		}
		from = e.Seq + 1
		waiting = append(waiting, e)
	}
	if len(waiting) == 0 {
		return nil
	}
	p.live = waiting[len(waiting)-1].Seq + 1
	var used names
	first := len(waiting)
	for first > 0 && used.add(waiting[first-1].Reading.Props) {
		first--
	}
	return waiting[first:]
}

// names is a small set of identifiers.
type names map[string]bool

// add puts the properties' names in and reports whether all were new.
func (n *names) add(props []reading.Property) bool {
	if *n == nil {
		*n = make(names)
	}
	fresh := true
	for _, p := range props {
		fresh = fresh && !(*n)[p.Name]
		(*n)[p.Name] = true
	}
	return fresh
}
