package main

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// savedOnce is a clock that has something to save, once.
type savedOnce struct{ text []byte }

func (s *savedOnce) Save() ([]byte, error) {
	text := s.text
	s.text = nil
	return text, nil
}

// TestClockKeeper_TriesAgain: what the disk refuses is written when it can be, and
// without a change of the clock; when nothing waits, nobody wakes up.
func TestClockKeeper_TriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "state")
		k := clockKeeper{path: filepath.Join(dir, clockFile), log: zerolog.Nop()}
		c := &savedOnce{[]byte("kept")}
		if k.again() != nil {
			t.Error("nothing waits, and it is to be saved again")
		}
		for range 2 {
			k.save(c)
			start := time.Now()
			if <-k.again(); time.Since(start) != saveAgain {
				t.Errorf("saved again after %v, want %v", time.Since(start), saveAgain)
			}
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		k.save(c)
		if text, err := os.ReadFile(k.path); err != nil || string(text) != "kept" {
			t.Errorf("kept %q, %v", text, err)
		}
		if k.again() != nil {
			t.Error("all is saved, and it is to be saved again")
		}
	})
}
