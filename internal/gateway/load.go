package gateway

import "serialgw/internal/reading"

// load is what a post holds while it is put together.
type load struct {
	single   bool // one record only
	most     int  // values when a property repeats; 0 = none may
	values   int
	repeated bool
	seen     map[string]bool
}

func newLoad(p *picker) load {
	if p.cfg.History && !p.historyOff {
		return load{most: p.cfg.HistoryValues}
	}
	return load{single: p.cfg.PostInterval == 0}
}

// add reports whether a further record may join: the first one always, later
// ones without limit as long as no property repeats.
func (l *load) add(props []reading.Property) bool {
	first := l.seen == nil
	if first {
		l.seen = make(map[string]bool, len(props))
	}
	repeated := l.repeated
	for _, p := range props {
		repeated = repeated || l.seen[p.Name]
	}
	values := l.values + len(props)
	if !first && (l.single || repeated && values > l.most) {
		return false
	}
	for _, p := range props {
		l.seen[p.Name] = true
	}
	l.values, l.repeated = values, repeated
	return true
}
