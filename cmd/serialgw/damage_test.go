package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"serialgw/internal/config"
	"serialgw/internal/queue"
)

// logged opens a gateway on a state directory, ends it, and returns what it
// logged.
func logged(t *testing.T, dir string) (lines []map[string]any) {
	t.Helper()
	cfg, issues := config.Parse([]byte(sampleWith("[queue]\nkeep_free = 0\n", "")), "gateway.toml", os.Getenv)
	if config.Failed(issues) {
		t.Fatal(issues)
	}
	var out bytes.Buffer
	n, err := openNode(cfg, zerolog.New(&out), nodeOptions{dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.close(); err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(&out); d.More(); {
		var line map[string]any
		if err := d.Decode(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

// segments returns the paths of the files of a queue.
func segments(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "queue", "*.seg"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	return paths
}

// TestStart_TellsOfAFileThatCannotBeRead at warn, with its number and what to
// do; "queue" tells of it before and after, until a person has deleted it.
func TestStart_TellsOfAFileThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	if err := fill(dir, 5); err != nil {
		t.Fatal(err)
	}
	path := configure(t, dir, "")
	file := segments(t, dir)[0]
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text[9] ^= 1 // of the header
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, out, _ := verb("queue", "--config", path); !strings.Contains(out, "damaged  "+filepath.Base(file)+" cannot be read: the next start sets it aside\n") {
		t.Errorf("before: %s", out)
	}

	lines := logged(t, dir)
	want := "a file of the queue could not be read and was set aside as " + file + ".bad; its readings are not sent; keep it for a report, or delete it"
	at := slices.IndexFunc(lines, func(l map[string]any) bool { return l["message"] == want })
	if at < 0 {
		t.Fatalf("not said: %q\nin %v", want, lines)
	}
	for key, want := range map[string]any{"level": "warn", "records": 0.0, "lost": 0.0, "torn": 0.0, "damaged_bytes": 0.0} {
		if lines[at][key] != want {
			t.Errorf("%s = %v, want %v", key, lines[at][key], want)
		}
	}
	if aside, _ := lines[at]["set_aside"].([]any); len(aside) != 1 || aside[0] != filepath.Base(file)+".bad" {
		t.Errorf("set_aside = %v", lines[at]["set_aside"])
	}
	if lines := logged(t, dir); slices.ContainsFunc(lines, func(l map[string]any) bool { return l["level"] == "warn" }) {
		t.Errorf("said again: %v", lines)
	}

	row := "set aside  " + filepath.Base(file) + ".bad could not be read: keep it for a report, or delete it\n"
	if _, out, _ := verb("queue", "--config", path); !strings.Contains(out, row) {
		t.Errorf("after: %s", out)
	}
	if err := os.Remove(file + ".bad"); err != nil {
		t.Fatal(err)
	}
	if _, out, _ := verb("queue", "--config", path); strings.Contains(out, "set aside") {
		t.Errorf("when it is deleted: %s", out)
	}
}

// TestStart_TellsOfRecordsThatAreNotWhole: damage of a record that no sync had
// covered must not hide behind a line at info.
func TestStart_TellsOfRecordsThatAreNotWhole(t *testing.T) {
	dir := t.TempDir()
	cfg := queue.Defaults()
	cfg.Dir, cfg.KeepFree = dir, 0
	q, err := queue.Open(cfg, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := q.Append([]byte("the same words")); err != nil {
			t.Fatal(err)
		}
	}
	// What a kill leaves, with one bit of the second record changed.
	file := segments(t, dir)[0]
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	words := []byte("the same words")
	second := bytes.Index(text, words) + 1
	second += bytes.Index(text[second:], words)
	text[second] ^= 1
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	lines := logged(t, dir)
	open, warn := lines[0], lines[1]
	if want := "2 records in 1 segment, 1 record not whole, and not yet synced when the last run ended, 34 damaged bytes skipped" +
		"; the last run did not end in order: numbers go on at 209719"; open["recovery"] != want {
		t.Errorf("%v, want %q", open["recovery"], want)
	}
	if want := "1 record lost: not whole, and not yet synced when the last run ended; 34 damaged bytes skipped"; warn["message"] != want ||
		warn["level"] != "warn" || warn["records"] != 2.0 || warn["segments"] != 1.0 || warn["torn"] != 1.0 || warn["damaged_bytes"] != 34.0 {
		t.Errorf("%v, want %q", warn, want)
	}
}

func TestDamageText_SaysWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		recovery queue.Recovery
		want     string
	}{
		{queue.Recovery{SetAside: []string{"a.seg.bad", "b.seg.bad"}, Lost: 7},
			"2 files of the queue could not be read and were set aside as /s/queue/a.seg.bad /s/queue/b.seg.bad; their readings are not sent; " +
				"keep them for a report, or delete them; 7 synced records lost to damage: check the disk or card"},
		{queue.Recovery{ReadErrors: 1, DamagedBytes: 1}, "1 damaged byte skipped; 1 read error: check the disk or card"},
	} {
		if got := damageText("/s", tt.recovery); got != tt.want {
			t.Errorf("got  %q\nwant %q", got, tt.want)
		}
	}
}

func TestRecoveryText_TellsWhereNumbersGoOn(t *testing.T) {
	for _, tt := range []struct {
		recovery queue.Recovery
		next     uint64
		want     string
	}{
		{queue.Recovery{}, 1, "0 records in 0 segments"},
		{queue.Recovery{Segments: 1, Records: 17, Clean: true}, 18, "17 records in 1 segment"},
		{queue.Recovery{Segments: 1, Records: 17}, 210210, "17 records in 1 segment; the last run did not end in order: numbers go on at 210210"},
		{queue.Recovery{SetAside: []string{"x"}}, 9, "0 records in 0 segments, set aside: x; numbers go on at 9"},
	} {
		if got := recoveryText(tt.recovery, tt.next); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
