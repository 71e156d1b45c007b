package gateway

import "serialgw/internal/reading"

const (
	// messageMost is the platform's limit for one message, in bytes. [ONENET-14]
	messageMost = 256 << 10
	// envelopeSize is what a message has around its samples, at most.
	envelopeSize = 128
	// sampleSize is what a sample has around its value, at most:
	// {"value":,"time":-9223372036854775808},
	sampleSize = 40
	// nameSize is what stands around the name of a property: "":[],
	nameSize = 6
)

// load is what a post holds while it is put together. Readings are not split:
// one record is in one post at a time, so that one verdict decides on it. With
// history_values = 100 and seven properties a reading, a post holds 14 readings.
type load struct {
	single   bool // one record only
	most     int  // values when a property repeats; 0 = none may
	values   int
	size     int // bytes of the message, or some more
	repeated bool
	seen     map[string]bool
	scratch  []byte
}

func newLoad(p *picker) load {
	if p.history() {
		return load{most: p.cfg.HistoryValues}
	}
	return load{single: p.cfg.PostInterval == 0}
}

// add reports whether a further record may join: the first one always, later
// ones as long as the message keeps its limits.
func (l *load) add(props []reading.Property) bool {
	first := l.seen == nil
	if first {
		l.seen = make(map[string]bool, len(props))
	} else if l.single {
		return false
	}
	repeated, values, size := l.repeated, l.values+len(props), max(l.size, envelopeSize)
	for i := range props {
		again := l.seen[props[i].Name]
		repeated = repeated || again
		size += l.sizeOf(&props[i], again)
	}
	if !first && (repeated && values > l.most || size > messageMost) {
		return false
	}
	for _, p := range props {
		l.seen[p.Name] = true
	}
	l.values, l.size, l.repeated = values, size, repeated
	return true
}

// block keeps records with these properties from joining.
func (l *load) block(props []reading.Property) {
	for _, p := range props {
		l.seen[p.Name] = true
	}
}

func (l *load) sizeOf(p *reading.Property, again bool) int {
	l.scratch = p.Value.AppendJSON(l.scratch[:0])
	size := sampleSize + len(l.scratch)
	if !again {
		size += nameSize + len(p.Name)
	}
	return size
}
