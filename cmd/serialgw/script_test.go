package main

import (
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
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"fillqueue": fillQueue},
	})
}
