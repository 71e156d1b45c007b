package gateway

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func addLetter(t *testing.T, d *DeadLetters, seq uint64) {
	t.Helper()
	err := d.Add(DeadLetter{Seq: seq, Identifier: "Volt", Value: []byte("-0.05"), Code: 2306, Reply: "not\n\"exist\""})
	if err != nil {
		t.Fatal(err)
	}
}

func openLetters(t *testing.T, path string, limit int64) *DeadLetters {
	t.Helper()
	d, err := OpenDeadLetters(path, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestDeadLetters_OneObjectALineInBoundedSpace(t *testing.T) {
	const limit = 1000
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	d := openLetters(t, path, limit)
	for seq := range uint64(50) {
		addLetter(t, d, seq)
		for _, p := range []string{path, path + ".1"} {
			if info, err := os.Stat(p); err == nil && info.Size() > limit {
				t.Fatalf("%s has %d bytes, at most %d are allowed", filepath.Base(p), info.Size(), limit)
			}
		}
	}
	all := append(readLetters(t, path+".1"), readLetters(t, path)...)
	for i, l := range all { // the newest are kept, none is missing among them
		if want := uint64(50 - len(all) + i); l.Seq != want {
			t.Errorf("letter %d has the number %d, want %d", i, l.Seq, want)
		}
	}
	if len(all) < 6 || all[0].Reply != "not\n\"exist\"" || string(all[0].Value) != "-0.05" {
		t.Errorf("%d letters kept: %+v", len(all), all)
	}
}

func TestDeadLetters_GoOnWhereTheyStopped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	addLetter(t, openLetters(t, path, 1000), 1)
	d := openLetters(t, path, 1000)
	addLetter(t, d, 2)
	if got := readLetters(t, path); len(got) != 2 {
		t.Errorf("%d letters, want 2", len(got))
	}
}

// A line torn by a power cut must not spoil the one after it.
func TestDeadLetters_AfterATornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	if err := os.WriteFile(path, []byte(`{"seq":1,"boa`), 0o600); err != nil {
		t.Fatal(err)
	}
	addLetter(t, openLetters(t, path, 1000), 2)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(string(text), "\n"); len(lines) != 3 || !strings.Contains(lines[1], `"seq":2,`) {
		t.Errorf("got %q", text)
	}
}

// A rotation that failed half-way is made good by the next letter.
func TestDeadLetters_RotationThatFailedOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "dead.jsonl")
	d := openLetters(t, path, 200)
	addLetter(t, d, 1)
	if err := os.Rename(path, path+".1"); err != nil { // as far as it came
		t.Fatal(err)
	}
	addLetter(t, d, 2)
	if got := readLetters(t, path); len(got) != 1 || got[0].Seq != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestOpenDeadLetters_SaysWhatItCannot(t *testing.T) {
	_, err := OpenDeadLetters(filepath.Join(t.TempDir(), "none", "dead.jsonl"), 1)
	if err == nil || !strings.Contains(err.Error(), "cannot open the dead letters") {
		t.Errorf("got %v", err)
	}
}
