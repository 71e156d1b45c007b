package gateway

import (
	"maps"
	"slices"

	"serialgw/internal/reading"
)

// batch is one post on its way.
type batch struct {
	entries  []reading.Entry
	withheld []reading.Entry    // the quarantined values of the same records
	why      map[string]refusal // of each withheld identifier
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

// condemn withholds every value.
func (b batch) condemn(why refusal) batch {
	c := batch{withheld: append(slices.Clip(b.withheld), b.entries...), why: make(map[string]refusal)}
	maps.Copy(c.why, b.why)
	for _, e := range b.entries {
		for _, p := range e.Reading.Props {
			c.why[p.Name] = why
		}
	}
	return c
}

// letters returns what is said of the withheld values.
func (b batch) letters() []DeadLetter {
	var letters []DeadLetter
	for _, e := range b.withheld {
		for _, p := range e.Reading.Props {
			letters = append(letters, newLetter(&e, &p, b.why[p.Name]))
		}
	}
	return letters
}

// values is the number of withheld values.
func (b batch) values() int {
	n := 0
	for _, e := range b.withheld {
		n += len(e.Reading.Props)
	}
	return n
}
