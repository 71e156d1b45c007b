//go:build system

package systemtest

import (
	"os"
	"sync"
	"testing"

	"serialgw/internal/clocktest"
)

// clockedBuild is the program with a clock of the tests', built once.
var clockedBuild = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // once a run
	dir, err := os.MkdirTemp("", "serialgw-clocked-")
	if err != nil {
		return "", err
	}
	clockedDir = dir
	return clocktest.Build(dir)
})

var clockedDir string //nolint:gochecknoglobals // removed by TestMain

// clockedProgram returns the path of a program that has its time from the clock
// returned, which stands as given.
func clockedProgram(t *testing.T, s clocktest.State) (string, *clocktest.Clock) {
	t.Helper()
	path, err := clockedBuild()
	must(t, err)
	c, err := clocktest.New(t.TempDir())
	must(t, err)
	must(t, c.Set(s))
	return path, c
}
