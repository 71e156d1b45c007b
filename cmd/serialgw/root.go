package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"serialgw/internal/config"
)

// streams are the process's three, so that a test can be a process.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// Exit statuses, fit for scripts.
const (
	exitOK     = 0
	exitFailed = 1 // it was tried and did not work
	exitUsage  = 2 // the command line or the configuration is wrong
)

// usageError marks what the person who typed can cure.
type usageError struct{ error }

// Unwrap returns the cause.
func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errReported ends a command whose complaint has been printed already.
var errReported = errors.New("reported")

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, std streams) int {
	root := newRoot(std)
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var usage usageError
	wrong := errors.As(err, &usage)
	// Who looks at the first lines only, as head does, has seen enough.
	if !errors.Is(err, errReported) && !errors.Is(err, syscall.EPIPE) {
		_, _ = fmt.Fprintf(std.err, "serialgw: %v\n", err)
	}
	if wrong {
		return exitUsage
	}
	return exitFailed
}

const rootHelp = `serialgw reads binary frames from a serial port, decodes them into properties,
and publishes them to OneNET, with a queue on disk for the time when the
network is away.

See it work without a board and without an account:

  serialgw demo

Then, with a board:

  serialgw ports                             which ports there are, and who holds them
  serialgw detect /dev/ttyUSB0               which protocol and baud rate it speaks
  serialgw record --port /dev/ttyUSB0        what it says, into a file
  serialgw replay --print -p jy901 FILE      what that means; also into OneNET
  serialgw decode --preset jy901 "55 53 69 21 7d f8 e8 c4 82 46 1b"
  serialgw check  --config gateway.toml      every mistake in the file at once
  serialgw model export model.json           the properties, for the console's import
  serialgw run    --config gateway.toml      the gateway itself`

func newRoot(std streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "serialgw",
		Short:         "Carry a board's serial frames to OneNET",
		Long:          rootHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var wrong *pflag.InvalidValueError
		if errors.As(err, &wrong) && wrong.GetFlag().Value.Type() == "duration" {
			return usagef("--%s %q: write 1s, 10m or 1h; try: %s --help", wrong.GetFlag().Name, wrong.GetValue(), cmd.CommandPath())
		}
		return usagef("%w; try: %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(newRun(std), newDemo(std), newDecode(std), newDetect(std), newRecord(std), newReplay(std), newExport(std), newExplain(std), newFrame(std), newCheck(std), newToken(std), newSim(std), newModel(std), newStatus(std), newQueue(std), newDeadLetter(std), newPorts(std), newVersion(std))
	checkArgs(root)
	return root
}

// checkArgs makes too many arguments, or too few, an error of the command line.
func checkArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			err := check(cmd, args)
			switch {
			case err == nil:
				return nil
			case len(args) == 0 || check(cmd, args[:1]) == nil: // too few or too many
			case cmd.HasSubCommands():
				err = unknownVerb(cmd, args[0])
			default:
				err = fmt.Errorf("%s takes no argument: %q", cmd.Name(), args[0])
			}
			return usagef("%w; try: %s --help", err, cmd.CommandPath())
		}
	}
	for _, verb := range cmd.Commands() {
		checkArgs(verb)
	}
}

// unknownVerb names the verbs that may have been meant.
func unknownVerb(cmd *cobra.Command, word string) error {
	cmd.SuggestionsMinimumDistance = 2
	near := ""
	if names := cmd.SuggestionsFor(word); len(names) > 0 {
		near = fmt.Sprintf(": did you mean %s?", strings.Join(names, " or "))
	}
	return fmt.Errorf("unknown command %q for %q%s", word, cmd.CommandPath(), near)
}

// defaultConfig is the configuration that is read without --config.
const defaultConfig = "gateway.toml"

// configFlag adds --config to a verb.
func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "config", "c", defaultConfig, "configuration `file`")
}

// noConfigError says that the configuration is not there, and the cure.
type noConfigError struct{ path string }

// Error implements error.
func (e noConfigError) Error() string {
	if e.path != defaultConfig { // named by --config
		return "there is no file " + e.path
	}
	return fmt.Sprintf("there is no file %s here: --config names another file", e.path)
}

// Unwrap returns fs.ErrNotExist.
func (noConfigError) Unwrap() error { return fs.ErrNotExist }

// readConfig reads a configuration for a verb.
func readConfig(path string) (*config.Config, []config.Issue, error) {
	cfg, issues, err := config.Load(path, os.Getenv)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = noConfigError{path}
	case err != nil:
		err = fmt.Errorf("%w; --config names another file", err)
	}
	return cfg, issues, err
}
