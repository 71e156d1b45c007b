package gateway

import "serialgw/internal/reading"

// batch is one post on its way.
type batch struct {
	entries  []reading.Entry
	withheld []reading.Entry // the quarantined values of the same records
}

// seqs may name a record twice.
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
