package cloud

import "serialgw/internal/reading"

// HistoryUsable reports whether several samples of a property may share a
// message at all: that is a message of OneNET's own, with an answer.
func (c Config) HistoryUsable() bool {
	return c.History && c.Topic == "" && c.Confirm == confirmReply
}

// repeats reports whether an identifier stands twice in the entries. seen is
// scratch space.
func repeats(entries []reading.Entry, seen map[string]struct{}) bool {
	if len(entries) == 1 {
		return false // a reading names each property once
	}
	clear(seen)
	for i := range entries {
		for _, p := range entries[i].Reading.Props {
			if _, again := seen[p.Name]; again {
				return true
			}
			seen[p.Name] = struct{}{}
		}
	}
	return false
}

// givenMost bounds how many records' times are remembered.
const givenMost = 1 << 14

// timeline gives each record its time. OneNET keeps one value per identifier
// and millisecond, so that a second sample in the same one would replace the
// first: it is moved on by 1 ms. A record that is sent again keeps the time it
// was given, so that a duplicate stays harmless. [ONENET-13]
type timeline struct {
	spans byName[span]     // the milliseconds given last
	found []*span          // of the record at hand; scratch
	given map[uint64]int64 // per record
	ring  []uint64         // the records in given, for forgetting the oldest
	next  int
}

type span struct{ first, last int64 }

func (s span) holds(ms int64) bool { return s.first <= ms && ms <= s.last }

func newTimeline() *timeline {
	return &timeline{spans: newByName[span](), given: make(map[uint64]int64)}
}

// at is a TimeFunc.
func (t *timeline) at(e *reading.Entry) (int64, bool) {
	if !e.Reading.Stamp.Synced {
		return 0, false
	}
	if ms, ok := t.given[e.Seq]; ok {
		return ms, true
	}
	t.found = t.found[:0]
	t.spans.start()
	for i := range e.Reading.Props {
		name := e.Reading.Props[i].Name
		s := t.spans.get(name)
		if s == nil {
			s = &span{first: 1} // holds nothing
			t.spans.add(name, s)
		}
		t.found = append(t.found, s)
	}
	start := e.Reading.Stamp.UnixMilli()
	ms := start
	for moved := true; moved; {
		moved = false
		for _, s := range t.found {
			if s.holds(ms) {
				ms, moved = s.last+1, true
			}
		}
	}
	for _, s := range t.found {
		if !s.holds(start) {
			s.first = start
		}
		s.last = ms
	}
	t.remember(e.Seq, ms)
	return ms, true
}

func (t *timeline) remember(seq uint64, ms int64) {
	if len(t.ring) < givenMost {
		t.ring = append(t.ring, seq)
	} else {
		delete(t.given, t.ring[t.next])
		t.ring[t.next] = seq
		t.next = (t.next + 1) % givenMost
	}
	t.given[seq] = ms
}

// forget drops records that are stored: they are not sent again.
func (t *timeline) forget(seqs []uint64) {
	for _, seq := range seqs {
		delete(t.given, seq)
	}
}
