package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// capturesDir holds the recordings, each with the board that spoke (NAME.toml)
// and its transcript (NAME.golden). NAME.model.json, where it stands, is the
// thing model of the product that the values go to.
const capturesDir = "../../testdata/captures"

// testCapture is one recording of the directory.
type testCapture struct {
	dir, name, format string
}

// path is that of a file that belongs to the recording.
func (c testCapture) path(ext string) string { return filepath.Join(c.dir, c.name+"."+ext) }

// TestTranscripts replays each recording into the whole program and compares
// what became of it, event by event, with the transcript that stands beside it.
// -update writes the transcripts anew.
func TestTranscripts(t *testing.T) {
	captures, faults := listCaptures(t, capturesDir)
	for _, fault := range faults {
		t.Error(fault)
	}
	for _, c := range captures {
		t.Run(c.name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			if secrets := ownersKeys(t, c); len(secrets) > 0 {
				t.Fatal(strings.Join(secrets, "\n"))
			}
			got, mute := perform(t, c)
			if *update {
				for _, board := range mute {
					fmt.Printf("%s, %s: 0 frames found, is that meant?\n", c.name, board)
				}
				if err := os.WriteFile(c.path("golden"), []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if fault := compare(c, got); fault != "" {
				t.Error(fault)
			}
		})
	}
}

// compare holds what a recording became against its transcript, and returns what
// is amiss.
func compare(c testCapture, got string) string {
	want, err := os.ReadFile(c.path("golden"))
	if err != nil {
		return fmt.Sprintf("there is no transcript: %v; %s", err, rebuild)
	}
	if text := firstDifference(string(want), got); text != "" {
		return fmt.Sprintf("%s.golden differs; %s\n%s", c.name, rebuild, text)
	}
	return ""
}

const rebuild = "`make transcripts` writes it anew: read what that changes before you commit it"

// listCaptures returns the recordings of a directory, and what is wrong in it: a
// file that is missing, or one that belongs to nothing.
func listCaptures(t *testing.T, dir string) (captures []testCapture, faults []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	parts := make(map[string][]string) // extensions by name
	var names []string
	for _, e := range entries {
		name, ext, _ := strings.Cut(e.Name(), ".")
		if parts[name] == nil {
			names = append(names, name)
		}
		parts[name] = append(parts[name], ext)
	}
	for _, name := range names {
		formats, fault := sortParts(name, parts[name])
		faults = append(faults, fault...)
		for _, format := range formats {
			captures = append(captures, testCapture{dir, name, format})
		}
	}
	return captures, faults
}

// sortParts finds the recording among the files of one name.
func sortParts(name string, exts []string) (formats, faults []string) {
	for _, ext := range exts {
		switch ext {
		case "pcapng", "raw", "hex":
			formats = append(formats, ext)
		case "toml", "golden", "model.json":
		default:
			faults = append(faults, fmt.Sprintf("%s.%s is neither recording, board (.toml), transcript (.golden) nor thing model (.model.json)", name, ext))
		}
	}
	switch {
	case len(formats) == 0:
		faults = append(faults, fmt.Sprintf("%s.%s belongs to no recording", name, strings.Join(exts, " and .")))
	case len(formats) > 1:
		faults = append(faults, fmt.Sprintf("%s is the name of %d recordings: give each its own", name, len(formats)))
		formats = nil
	case !slices.Contains(exts, "toml"):
		faults = append(faults, fmt.Sprintf("%s.%s has no %s.toml, which says what board it was", name, formats[0], name))
		formats = nil
	}
	return formats, faults
}

// shownLines is how many lines are shown in front of a difference, and of each
// side from there on.
const shownLines = 4

// firstDifference shows where two texts part; empty when they do not.
//
//	line 12
//	  the lines before
//	- wanted
//	+ got
func firstDifference(want, got string) string {
	w, g := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	at := 0
	for at < len(w) && at < len(g) && w[at] == g[at] {
		at++
	}
	if at == len(w) && at == len(g) {
		return ""
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "line %d\n", at+1)
	show := func(mark string, lines []string, from int) {
		for _, line := range lines[min(from, len(lines)):min(at+shownLines, len(lines))] {
			fmt.Fprintf(&b, "%s %s\n", mark, strings.TrimSuffix(line, "\n"))
		}
	}
	show(" ", w[:at], max(at-shownLines, 0))
	show("-", w, at)
	show("+", g, at)
	return b.String()
}
