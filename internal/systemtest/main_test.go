//go:build system

package systemtest

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// side is how many tests may run at the same time: most of them wait for
// somebody's timer, not for a core.
const side = "6"

// seed makes a run's random moments come again.
var seed = flag.Uint64("seed", 0, "seed of the random moments, as a run has printed it; 0: a new one")

// programPath is what is tested.
var programPath = flag.String("program", "../../bin/serialgw", "the program under test")

// seeded returns a source of random moments and says how to get it again.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("again with: go test -tags system ./internal/systemtest -run '^%s$' -args -seed %d", t.Name(), s)
	return rand.New(rand.NewPCG(s, 0))
}

func TestMain(m *testing.M) {
	flag.Parse()
	explicit := false
	flag.Visit(func(f *flag.Flag) { explicit = explicit || f.Name == "test.parallel" })
	if !explicit {
		if err := flag.Set("test.parallel", side); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	if _, err := os.Stat(program()); err != nil {
		fmt.Fprintf(os.Stderr, "cannot test the program: %v; run make build first\n", err)
		os.Exit(2)
	}
	code := m.Run()
	_ = os.RemoveAll(clockedDir)
	_ = os.RemoveAll(cutdiskDir)
	os.Exit(code)
}

// program returns the absolute path of the program under test.
func program() string {
	path, err := filepath.Abs(*programPath)
	if err != nil {
		return *programPath
	}
	return path
}

// within bounds a wait.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), d, fmt.Errorf("not within %v", d))
	t.Cleanup(cancel)
	return ctx
}

// wait lets time pass where time itself is the condition: a random moment to
// cut, a connection that must have lived for so long.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// must ends the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bell wakes those who wait for a change of something. Its owner's lock
// guards it.
type bell struct{ c chan struct{} }

func (b *bell) wait() <-chan struct{} {
	if b.c == nil {
		b.c = make(chan struct{})
	}
	return b.c
}

func (b *bell) ring() {
	if b.c != nil {
		close(b.c)
		b.c = nil
	}
}
