package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// What is wrong with the number of arguments is the typist's to cure, for every
// verb that takes no free list of them.
func TestRun_WrongArgumentsAreUsage(t *testing.T) {
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		for _, verb := range cmd.Commands() {
			check(verb)
		}
		if cmd.Args == nil || cmd.Name() == "replay" {
			return
		}
		var errs bytes.Buffer
		args := append(strings.Fields(cmd.CommandPath())[1:], "a", "b", "c")
		if code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &errs, err: &errs}); code != exitUsage {
			t.Errorf("%v: exit %d, %s", args, code, &errs)
		}
	}
	check(newRoot(streams{}))
}
