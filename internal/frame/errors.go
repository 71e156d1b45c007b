package frame

import (
	"fmt"
	"slices"
	"strings"
)

// Error is one mistake in a description.
type Error struct {
	Key   string // where, relative to the frame: "message[2].fields[3].scale"
	Found string // what stands there; without Want, the whole mistake
	Want  string // what may stand there; may be empty
	Cure  string // what to do; may be empty
}

// Error returns one plain sentence.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Key)
	switch {
	case e.Want == "":
		b.WriteString(": " + e.Found)
	case e.Found == "":
		b.WriteString(": want " + e.Want)
	default:
		b.WriteString(": found " + e.Found + ", want " + e.Want)
	}
	if e.Cure != "" {
		b.WriteString("; " + e.Cure)
	}
	return b.String()
}

// Errors lists every mistake of a description, in its own order.
type Errors []*Error

// Error returns the mistakes, one a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// mistakes collects errors; nothing stops at the first.
type mistakes struct{ list Errors }

func (m *mistakes) add(key, found, want, cure string) {
	m.list = append(m.list, &Error{Key: key, Found: found, Want: want, Cure: cure})
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

// nearest returns a cure that names the candidate closest to word, or "" when
// none is close.
func nearest(word string, candidates []string) string {
	best, distance := "", len(word)/2+1
	for _, c := range candidates {
		if d := editDistance(strings.ToLower(word), c); d < distance {
			best, distance = c, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + best + "?"
}

// editDistance is the number of letters to insert, remove or replace.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = slices.Min([]int{cost, row[j] + 1, row[j+1] + 1})
		}
	}
	return row[len(b)]
}
