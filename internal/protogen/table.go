package protogen

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Table gathers the scores of many protocols.
type Table struct {
	n      int
	parts  map[string]*tally            // sync, size, check, id
	truths map[string]map[string]*tally // part, then the truth's class
	wrong  []string                     // a row each
}

// tally counts outcomes; the wrong ones by the grade that they were given.
type tally struct{ right, equivalent, unknown, wrongLikely, wrongCertain int }

func (t *tally) add(j Judgement) {
	switch {
	case j.Outcome == Right:
		t.right++
	case j.Outcome == Equivalent:
		t.equivalent++
	case j.Outcome == Silent:
		t.unknown++
	case j.Grade == Certain:
		t.wrongCertain++
	default:
		t.wrongLikely++
	}
}

func (t *tally) row(name string) string {
	total := t.right + t.equivalent + t.unknown + t.wrongLikely + t.wrongCertain
	good := t.right + t.equivalent
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %.0f %% |\n", name, total, t.right, t.equivalent,
		t.unknown, t.wrongLikely, t.wrongCertain, 100*float64(good)/float64(max(total, 1)))
}

const tallyHead = "| | protocols | right | equivalent | unknown | wrong, said likely | wrong, said certain | right in effect |\n" +
	"|---|---:|---:|---:|---:|---:|---:|---:|\n"

// partNames is the order of the parts.
var partNames = []string{"sync", "size", "check", "id"} //nolint:gochecknoglobals // a table that is only read

// Add notes what a search claimed of a protocol and what it is worth.
func (t *Table) Add(p *Protocol, c Claim, s Score) {
	if t.parts == nil {
		t.parts, t.truths = map[string]*tally{}, map[string]map[string]*tally{}
		for _, part := range partNames {
			t.parts[part], t.truths[part] = &tally{}, map[string]*tally{}
		}
	}
	t.n++
	classes, claimed, truth := p.Classes(), wordsOf(c), wordsOf(p.Truth())
	for i, j := range []Judgement{s.Sync, s.Size, s.Check, s.ID} {
		part, class := partNames[i], classes[i]
		t.parts[part].add(j)
		if t.truths[part][class] == nil {
			t.truths[part][class] = &tally{}
		}
		t.truths[part][class].add(j)
		if j.Outcome == Wrong {
			t.wrong = append(t.wrong, fmt.Sprintf("| %d | %s | `%s` | `%s` | %s | %s |\n", p.Seed, part, truth[i],
				claimed[i], j.Grade, j.Why))
		}
	}
}

// WrongCertain returns how many parts were claimed as certain and are wrong.
func (t *Table) WrongCertain() int {
	n := 0
	for _, one := range t.parts {
		n += one.wrongCertain
	}
	return n
}

// Share returns the share of protocols of which a part, "sync", "size",
// "check" or "id", is right or equivalent, 0 to 1.
func (t *Table) Share(part string) float64 {
	one := t.parts[part]
	if one == nil || t.n == 0 {
		return 0
	}
	return float64(one.right+one.equivalent) / float64(t.n)
}

// String returns the tables in Markdown: the four parts, each part by what the
// truth is, and every wrong claim.
func (t *Table) String() string {
	var b strings.Builder
	b.WriteString(tallyHead)
	for _, part := range partNames {
		if one := t.parts[part]; one != nil {
			b.WriteString(one.row(part))
		}
	}
	for _, part := range partNames {
		fmt.Fprintf(&b, "\nBy what the truth is, %s:\n\n%s", part, tallyHead)
		for _, class := range slices.Sorted(maps.Keys(t.truths[part])) {
			b.WriteString(t.truths[part][class].row(class))
		}
	}
	if len(t.wrong) > 0 {
		b.WriteString("\nEvery wrong claim:\n\n| seed | part | truth | claim | said | why it is wrong |\n|---:|---|---|---|---|---|\n")
		for _, row := range t.wrong {
			b.WriteString(row)
		}
	}
	return b.String()
}
