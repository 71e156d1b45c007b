package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"serialgw/internal/gateway"
)

const queueClearHelp = `clear throws away what waits to be sent. It wants to be told twice: without
--confirm it changes nothing, shows what would go, and prints the command that
does it. That one removes the records that were shown and never a newer one,
also while a gateway runs; what is being sent at that moment may still arrive.

"serialgw queue export FILE" saves the records before.`

type clearOptions struct {
	queueOptions
	confirm string
	given   []string // flags that the second command needs, too
}

// clearing is what was cleared, and what clear --confirm --json prints.
type clearing struct {
	Cleared uint64 `json:"cleared"`
	Waiting uint64 `json:"waiting"` // records that are left
	Trouble string `json:"trouble"` // why the cleared ones may be back after a power cut; else empty
}

// wouldClear is what clear --json prints.
type wouldClear struct {
	queueStatus
	Command string `json:"command"` // the second command; empty when nothing waits
}

func newQueueClear(std streams) *cobra.Command {
	var o clearOptions
	cmd := &cobra.Command{
		Use:   "clear",
		Short: "Throw away what waits, when told twice",
		Long:  queueClearHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"config", "socket"} {
				if f := cmd.Flags().Lookup(name); f.Changed {
					o.given = append(o.given, "--"+name+" "+fileName(f.Value.String()))
				}
			}
			if cmd.Flags().Changed("confirm") {
				return o.clear(cmd.Context(), std)
			}
			return o.show(cmd.Context(), std)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.confirm, "confirm", "", "clear the records up to this `number`, which clear has shown")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

// command returns the command line that clears up to a number.
func (o *clearOptions) command(last string) string {
	words := append([]string{"serialgw queue clear"}, o.given...)
	return strings.Join(append(words, "--confirm", last), " ")
}

// show tells what would go.
func (o *clearOptions) show(ctx context.Context, std streams) error {
	s, err := o.look(ctx)
	if err != nil {
		return err
	}
	w := wouldClear{queueStatus: s}
	if s.Newest != nil {
		w.Command = o.command(strconv.FormatUint(s.Newest.Seq, 10))
	}
	switch {
	case o.asJSON:
		return printJSON(std.out, w)
	case w.Command == "":
		_, err = fmt.Fprintln(std.out, "nothing waits: there is nothing to clear")
	default:
		now := time.Now()
		_, err = fmt.Fprintf(std.out, `%s would be thrown away, in files of %s:
  oldest  %s
  newest  %s
Nothing has been changed. This throws them away, and nothing newer:

  %s
`, count(int(s.Records), "record"), sizeText(float64(s.Bytes)), s.Oldest.text(now), s.Newest.text(now), w.Command)
	}
	return err
}

// clear removes the records up to the number that was shown.
func (o *clearOptions) clear(ctx context.Context, std streams) error {
	last, err := parseConfirm(o.confirm)
	if err != nil {
		return usageError{err}
	}
	var c clearing
	asked, err := o.ask(func(socket string) error {
		stream, err := gateway.Listen(ctx, socket, fmt.Sprint("queue-clear ", last))
		if err != nil {
			return err
		}
		defer func() { _ = stream.Close() }()
		if err := json.NewDecoder(stream).Decode(&c); err != nil {
			return fmt.Errorf("the gateway did not say what it has cleared: %w; \"serialgw queue\" shows what is left", err)
		}
		return nil
	})
	if err == nil && !asked {
		c, err = o.clearFiles(last)
	}
	if err != nil {
		return err
	}
	if c.Trouble != "" {
		err = fmt.Errorf("after a power cut they may be back: %s", c.Trouble)
	}
	if o.asJSON {
		return errors.Join(printJSON(std.out, c), err)
	}
	_, perr := fmt.Fprintf(std.out, "%s removed, up to number %d; %s waiting\n", count(int(c.Cleared), "record"), last, count(int(c.Waiting), "record"))
	return errors.Join(perr, err)
}

// clearFiles clears a queue that no gateway has.
func (o *clearOptions) clearFiles(last uint64) (clearing, error) {
	files, err := o.files()
	if err != nil {
		return clearing{}, err
	}
	if err := files.mine(o.command(o.confirm)); err != nil {
		return clearing{}, err
	}
	q, err := openStore(files.Config, nodeOptions{dir: files.Dir})
	if err != nil {
		return clearing{}, err
	}
	if err := wasShown(last, q.Stats().NextSeq); err != nil {
		return clearing{}, errors.Join(err, q.Close())
	}
	c := clearStore(q, last)
	return c, q.Close()
}

func clearStore(q store, last uint64) clearing {
	c := clearing{Cleared: q.Clear(last)}
	if _, err := q.Sync(); err != nil {
		c.Trouble = err.Error()
	}
	c.Waiting = q.Stats().Records
	return c
}

func parseConfirm(text string) (uint64, error) {
	last, err := strconv.ParseUint(text, 10, 64)
	if err != nil || last == 0 {
		return 0, fmt.Errorf("--confirm %q: the number of a record is wanted, and \"serialgw queue clear\" shows which", text)
	}
	return last, nil
}

// wasShown returns an error for a number that no record has had.
func wasShown(last, next uint64) error {
	if last < next {
		return nil
	}
	return fmt.Errorf("--confirm %d: no record has had that number yet; \"serialgw queue clear\" shows which", last)
}
