package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"serialgw/internal/config"
)

const checkHelp = `check reads a configuration and prints every mistake in it at once, each with
its line, its key, what was found, what was expected, and how to cure it.

Exit status: 0 when the file is good (warnings are allowed), 2 when it has
mistakes, 1 when it cannot be read.`

func newCheck(std streams) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find every mistake in a configuration",
		Long:  checkHelp,
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := loadConfig(path, std)
			if err != nil {
				return err
			}
			boards, err := planBoards(cfg)
			if err != nil {
				return err
			}
			rates := capacity(boards, cfg)
			if text := rates.Warning(); text != "" {
				kind := "note"
				if rates.Sure > rates.Uplink {
					kind = "warning"
				}
				_, _ = fmt.Fprintf(std.err, "%s: %s: %s\n", path, kind, text)
			}
			_, err = fmt.Fprintf(std.out, "%s: good; %v\n", path, rates)
			return err
		},
	}
	configFlag(cmd, &path)
	return cmd
}

// loadConfig reads a configuration and prints what is wrong with it. A file
// with mistakes is a usage error that has been reported.
func loadConfig(path string, std streams) (*config.Config, error) {
	cfg, issues, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	bad := 0
	for _, i := range issues {
		if !i.Warning {
			bad++
		}
		_, _ = fmt.Fprintln(std.err, i)
	}
	if bad > 0 {
		_, _ = fmt.Fprintf(std.err, "%s\n", count(bad, "mistake"))
		return nil, usageError{errReported}
	}
	return cfg, nil
}
