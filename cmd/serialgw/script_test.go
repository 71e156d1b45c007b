package main

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be serialgw itself, so that scripts run the
// real verbs as processes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"serialgw": main})
}

// TestScript runs the verbs as a person at a shell would.
func TestScript(t *testing.T) {
	params := scripts("testdata/script", "model", "queue_running", "run")
	params.Cmds = map[string]func(ts *testscript.TestScript, neg bool, args []string){"fillqueue": fillQueue}
	testscript.Run(t, params)
}

// scripts are all of a directory; with -short only those named, in which several
// goroutines are at work: under the race detector the program takes a second to
// start.
func scripts(dir string, concurrent ...string) testscript.Params {
	if !testing.Short() {
		return testscript.Params{Dir: dir}
	}
	var p testscript.Params
	for _, name := range concurrent {
		p.Files = append(p.Files, filepath.Join(dir, name+".txtar"))
	}
	return p
}
