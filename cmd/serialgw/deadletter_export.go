package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"serialgw/internal/gateway"
)

const deadLetterExportHelp = `export writes all dead letters into a file, or to standard output, and changes
nothing: a JSON line each as it is stored, oldest first.

  {"letter":57,"seq":48211,"board":"press","message":"env","time":"...","synced":true,
   "boot_ns":..., "boot_id":"...","identifier":"Volt","kind":"decimal","value":11.842,
   "code":2306,"reply":"identifier not exist:identifier:Volt"}

Lines of an earlier version lack some of it. A line that a power cut tore is
left out, and counted.`

func newDeadLetterExport(std streams) *cobra.Command {
	var o queueOptions
	cmd := &cobra.Command{
		Use:   "export [FILE|-]",
		Short: "Write the dead letters as JSON lines",
		Long:  deadLetterExportHelp,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, _, err := o.stateDir(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 0 || args[0] == "-" {
				return exportLetters(cmd.Context(), dir, std.out, std)
			}
			return exportLettersTo(cmd.Context(), dir, args[0], std)
		},
	}
	o.flags(cmd)
	return cmd
}

// exportLettersTo makes a new file. A part of an export is not left behind.
func exportLettersTo(ctx context.Context, dir, path string, std streams) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usagef("%s exists already: name another file, or remove it", path)
	}
	if err != nil {
		return fmt.Errorf("cannot export: %w", err)
	}
	err = exportLetters(ctx, dir, f, std)
	if ferr := errors.Join(f.Sync(), f.Close()); ferr != nil {
		err = errors.Join(err, fmt.Errorf("cannot export: %w", ferr))
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}

func exportLetters(ctx context.Context, dir string, out io.Writer, std streams) error {
	w := bufio.NewWriterSize(out, printAhead)
	letters, torn := uint64(0), uint64(0)
	for l, err := range gateway.Letters(filepath.Join(dir, lettersName)) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("cannot export: %w", explainLetters(dir, err))
		}
		if l.Err != nil {
			torn++
			continue
		}
		letters++
		if _, err := w.Write(l.Line); err != nil {
			return fmt.Errorf("cannot export: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("cannot export: %w", err)
	}
	_, _ = fmt.Fprintf(std.err, "%s exported\n", count(letters, "dead letter"))
	if torn > 0 {
		_, _ = fmt.Fprintf(std.err, "%s torn by a power cut left out\n", count(torn, "line"))
	}
	return nil
}
