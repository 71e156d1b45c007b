package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Issue is one mistake, or one warning, in a configuration.
type Issue struct {
	File    string
	Line    int    // from 1; 0: no line of the file is to blame
	Key     string // "board[0].baud"
	Found   string // what stands there; without Want, the mistake itself
	Want    string // what was expected
	Cure    string // what to do about it
	Warning bool   // the configuration can be used all the same
}

// Error returns the issue as one line:
//
//	gateway.toml:12: board[0].baud: found "fast", expected a number of bits/s from 50 to 4000000, for example 115200
func (i Issue) Error() string {
	var b strings.Builder
	b.WriteString(i.File)
	if i.Line > 0 {
		fmt.Fprintf(&b, ":%d", i.Line)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if i.Warning {
		b.WriteString("warning: ")
	}
	if i.Key != "" {
		b.WriteString(i.Key + ": ")
	}
	switch {
	case i.Want == "":
		b.WriteString(i.Found)
	case i.Found == "":
		b.WriteString("expected " + i.Want)
	default:
		b.WriteString("found " + i.Found + ", expected " + i.Want)
	}
	if i.Cure != "" {
		b.WriteString("; " + i.Cure)
	}
	return b.String()
}

// String returns the same text as Error.
func (i Issue) String() string { return i.Error() }

// Failed reports whether one of the issues is more than a warning.
func Failed(issues []Issue) bool {
	return slices.ContainsFunc(issues, func(i Issue) bool { return !i.Warning })
}

// doc is one file on its way to a Config: where its keys stand and what was
// found wrong so far.
type doc struct {
	file   string
	lines  lineTable
	rules  map[string]rule
	issues []Issue

	// broken holds the key paths whose value is not what the file meant. No
	// second issue is raised for them or for anything below them.
	broken      map[string]bool
	holdsSecret bool // a key or password stands in the file itself
}

func newDoc(file string) *doc {
	return &doc{file: file, rules: rules(), broken: map[string]bool{}}
}

// fail adds a mistake at path, unless path is broken already, and breaks it.
func (d *doc) fail(path, found, want, cure string) {
	if d.isBroken(path) {
		return
	}
	d.broken[path] = true
	d.add(Issue{Line: d.lines.find(path), Key: path, Found: found, Want: want, Cure: cure})
}

func (d *doc) warn(path, found, want, cure string) {
	if d.isBroken(path) {
		return
	}
	d.add(Issue{Line: d.lines.find(path), Key: path, Found: found, Want: want, Cure: cure, Warning: true})
}

// add is the only way into the list: whatever looks like a key goes no
// further, wherever it came from.
func (d *doc) add(i Issue) {
	if i.File == "" {
		i.File = d.file
	}
	i.Key, i.Found, i.Cure = hideKeys(i.Key), hideKeys(i.Found), hideKeys(i.Cure)
	d.issues = append(d.issues, i)
}

func (d *doc) isBroken(path string) bool {
	for path != "" {
		if d.broken[path] {
			return true
		}
		path = parentPath(path)
	}
	return false
}

// brokenBelow reports whether something is wrong at path or inside it.
func (d *doc) brokenBelow(path string) bool {
	if d.isBroken(path) {
		return true
	}
	for p := range d.broken {
		if strings.HasPrefix(p, path) && len(p) > len(path) && strings.ContainsRune(".[", rune(p[len(path)])) {
			return true
		}
	}
	return false
}

// sorted returns the issues in the order of the file; those without a line
// come last.
func (d *doc) sorted() []Issue {
	slices.SortStableFunc(d.issues, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(uint(a.Line-1), uint(b.Line-1)), cmp.Compare(a.Key, b.Key))
	})
	return d.issues
}
