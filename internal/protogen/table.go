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
	taken  map[string]*confusion        // part
	wrong  []string                     // a row each
}

// confusion counts what each kind of truth was taken for.
type confusion struct {
	counts  map[[2]string]int // truth, claim
	truths  map[string]bool
	claimed map[string]bool
}

func (c *confusion) add(truth, claimed string) {
	c.counts[[2]string{truth, claimed}]++
	c.truths[truth], c.claimed[claimed] = true, true
}

// String returns the matrix in Markdown: a row a truth, a column a claim.
func (c *confusion) String() string {
	columns := slices.Sorted(maps.Keys(c.claimed))
	var b strings.Builder
	b.WriteString("| truth \\ claim | " + strings.Join(columns, " | ") + " |\n|---|" + strings.Repeat("---:|", len(columns)) + "\n")
	for _, truth := range slices.Sorted(maps.Keys(c.truths)) {
		b.WriteString("| " + truth + " |")
		for _, claimed := range columns {
			if n := c.counts[[2]string{truth, claimed}]; n > 0 {
				fmt.Fprintf(&b, " %d", n)
			}
			b.WriteString(" |")
		}
		b.WriteByte('\n')
	}
	return b.String()
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
		t.parts, t.truths, t.taken = map[string]*tally{}, map[string]map[string]*tally{}, map[string]*confusion{}
		for _, part := range partNames {
			t.parts[part], t.truths[part] = &tally{}, map[string]*tally{}
			t.taken[part] = &confusion{map[[2]string]int{}, map[string]bool{}, map[string]bool{}}
		}
	}
	t.n++
	classes, claimed, truth := p.Classes(), wordsOf(c), wordsOf(p.Truth())
	kinds, kindsOfTruth := kindsOf(c, s), kindsOf(p.Truth(), Score{})
	for i, j := range []Judgement{s.Sync, s.Size, s.Check, s.ID} {
		part, class := partNames[i], classes[i]
		t.parts[part].add(j)
		if t.truths[part][class] == nil {
			t.truths[part][class] = &tally{}
		}
		t.truths[part][class].add(j)
		t.taken[part].add(kindsOfTruth[i], kinds[i])
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
// truth is, what each kind was taken for, and every wrong claim.
func (t *Table) String() string {
	if t.n == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(tallyHead)
	for _, part := range partNames {
		b.WriteString(t.parts[part].row(part))
	}
	for _, part := range partNames {
		fmt.Fprintf(&b, "\nBy what the truth is, %s:\n\n%s", part, tallyHead)
		for _, class := range slices.Sorted(maps.Keys(t.truths[part])) {
			b.WriteString(t.truths[part][class].row(class))
		}
	}
	for _, part := range partNames {
		fmt.Fprintf(&b, "\nWhat it was taken for, %s:\n\n%s", part, t.taken[part])
	}
	if len(t.wrong) > 0 {
		b.WriteString("\nEvery wrong claim:\n\n| seed | part | truth | claim | said | why it is wrong |\n|---:|---|---|---|---|---|\n")
		for _, row := range t.wrong {
			b.WriteString(row)
		}
	}
	return b.String()
}
