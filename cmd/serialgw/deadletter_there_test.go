package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func TestCountLines_WholeOnes(t *testing.T) {
	for text, want := range map[string]uint64{
		"":                          0,
		"{}\n":                      1,
		`{"a":"}"}` + "\n" + `{"b"`: 1,
		`{"a":1}` + "\n" + `{"b"` + "\n" + `{"c":1}` + "\n": 2,
		strings.Repeat(`{"a":1}`+"\n", 50_000):              50_000, // many reads
	} {
		if got, err := countLines(strings.NewReader(text)); err != nil || got != want {
			t.Errorf("%.30q: %d, %v, want %d", text, got, err, want)
		}
		if got, err := countLines(iotest.OneByteReader(strings.NewReader(text))); err != nil || got != want {
			t.Errorf("%.30q, a byte at a time: %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestLettersKept_OfBothFiles(t *testing.T) {
	dir := t.TempDir()
	if n, err := lettersKept(dir); n != 0 || err != nil {
		t.Errorf("none there: %d, %v", n, err)
	}
	for name, text := range map[string]string{lettersName: "{}\n{}\n", lettersName + ".1": "{}\n{\"torn\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := lettersKept(dir); n != 3 || err != nil {
		t.Errorf("%d, %v, want 3", n, err)
	}
}
