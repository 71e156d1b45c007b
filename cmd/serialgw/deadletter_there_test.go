package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLettersKept_OfBothFiles(t *testing.T) {
	dir := t.TempDir()
	if n, err := lettersKept(dir); n != 0 || err != nil {
		t.Errorf("none there: %d, %v", n, err)
	}
	const letter = `{"letter":1,"identifier":"volt","value":1}` + "\n"
	for name, text := range map[string]string{
		lettersName:        letter + letter + `{"letter":7}` + "\n", // which only keeps a number
		lettersName + ".1": letter + letter[:20] + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := lettersKept(dir); n != 3 || err != nil {
		t.Errorf("%d, %v, want 3", n, err)
	}
}
