package cloud

import "serialgw/internal/reading"

// HistoryUsable reports whether several samples of a property may share a
// message at all: that is a message of OneNET's own, with an answer.
func (c Config) HistoryUsable() bool {
	return c.History && c.Topic == "" && c.Confirm == confirmReply
}

// Batch returns how many of the leading entries fit into one message; at least
// one, if there is one. As long as no identifier stands twice the message is a
// property/post. A second sample makes it a history/post, which must be usable,
// needs a time for every sample and takes HistoryValues values at most.
func Batch(cfg Config, pending []reading.Entry) int {
	seen := make(map[string]struct{})
	repeated, untimed := false, false
	values, size := 0, 128
	for i := range pending {
		e := &pending[i]
		for _, p := range e.Reading.Props {
			_, again := seen[p.Name]
			seen[p.Name] = struct{}{}
			repeated = repeated || again
			values++
			size += sizeBound(p)
		}
		untimed = untimed || !trusted(e.Reading.Stamp)
		history := repeated && (!cfg.HistoryUsable() || untimed || values > cfg.HistoryValues)
		if i > 0 && (history || size > messageMost) {
			return i
		}
	}
	return len(pending)
}

// sizeBound is what a sample can take in a message, never too little.
func sizeBound(p reading.Property) int {
	size := len(p.Name) + 64
	switch p.Value.Kind {
	case reading.Text:
		size += 6 * len(p.Value.Str()) // a control character becomes six
	case reading.Float32:
		size += 64
	case reading.Float64:
		size += 400 // without exponent the smallest one has 324 digits
	}
	return size
}

// repeats reports whether an identifier stands twice in the entries. seen is
// scratch space.
func repeats(entries []reading.Entry, seen map[string]struct{}) bool {
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
	spans map[string]span  // per identifier, the milliseconds given last
	given map[uint64]int64 // per record
	ring  []uint64         // the records in given, for forgetting the oldest
	next  int
}

type span struct{ first, last int64 }

func (s span) holds(ms int64) bool { return s.first <= ms && ms <= s.last }

func newTimeline() *timeline {
	return &timeline{spans: make(map[string]span), given: make(map[uint64]int64)}
}

// at is a TimeFunc.
func (t *timeline) at(e *reading.Entry) (int64, bool) {
	if !trusted(e.Reading.Stamp) {
		return 0, false
	}
	if ms, ok := t.given[e.Seq]; ok {
		return ms, true
	}
	start := e.Reading.Stamp.UnixMilli()
	ms := start
	for moved := true; moved; {
		moved = false
		for _, p := range e.Reading.Props {
			if s, ok := t.spans[p.Name]; ok && s.holds(ms) {
				ms, moved = s.last+1, true
			}
		}
	}
	for _, p := range e.Reading.Props {
		first := start
		if s, ok := t.spans[p.Name]; ok && s.holds(start) {
			first = s.first
		}
		t.spans[p.Name] = span{first, ms}
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
