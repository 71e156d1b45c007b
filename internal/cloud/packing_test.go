package cloud

import "serialgw/internal/reading"

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
		untimed = untimed || !e.Reading.Stamp.Synced
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
