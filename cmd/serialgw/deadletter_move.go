package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"serialgw/internal/config"
	"serialgw/internal/gateway"
)

const retryHelp = `retry sends dead letters again, after their cause was cured: they go back into
the queue as readings with their own time, and from there to the cloud. One whose
time is not known to be right, as of each that an earlier version wrote, goes
without it, and the cloud takes the time of its arrival. retry wants to be
told twice: without --confirm it changes nothing, shows what would go, and
prints the command that does it. That one takes the letters that were shown and
never a newer one, also while a gateway runs.

A letter leaves the dead letters when its reading is safe in the queue. The
gateway sends the identifier again from then on; what is refused again becomes a
dead letter again.

The values keep the identifier under which they were refused, also when "rename"
in the configuration has changed since. Where that was the cure:

  serialgw deadletter retry --identifier humidity --as Humidity`

const letterClearHelp = `clear throws dead letters away. It wants to be told twice: without --confirm it
changes nothing, shows what would go, and prints the command that does it. That
one removes the letters that were shown and never a newer one.

"serialgw deadletter export FILE" saves them before.`

// letterMove is a way for dead letters to go.
type letterMove struct {
	use, short, help string
	would            string // what is said of N values before
	done             string // and behind
	running, absent  string // what becomes of them, with a gateway and without
	change           func(*gateway.DeadLetters, gateway.LetterPick, store) (gateway.Resent, error)
}

var retryMove = letterMove{ //nolint:gochecknoglobals // a constant
	use: "retry", short: "Send them again, when told twice", help: retryHelp,
	would: "would be sent again, with their own time", done: "back in the queue",
	running: "what is refused again comes back here", absent: "they are sent when the gateway runs",
	change: func(d *gateway.DeadLetters, pick gateway.LetterPick, q store) (gateway.Resent, error) {
		return d.Resend(pick, q)
	},
}

var clearMove = letterMove{ //nolint:gochecknoglobals // a constant
	use: "clear", short: "Throw them away, when told twice", help: letterClearHelp,
	would: "would be thrown away", done: "removed",
	change: func(d *gateway.DeadLetters, pick gateway.LetterPick, _ store) (gateway.Resent, error) {
		return d.Clear(pick)
	},
}

type letterOptions struct {
	queueOptions
	letterMove
	confirm, code string
	pick          gateway.LetterPick
	given         []string // flags that the second command needs, too
}

// moved is what --confirm --json prints, and the gateway's answer.
type moved struct {
	gateway.Resent
	Trouble string `json:"trouble"` // what went wrong; else empty
}

// wouldMove is what --json prints without --confirm.
type wouldMove struct {
	letterStatus
	Command string `json:"command"` // the second command; empty when there is nothing to do
}

func newDeadLetterMove(std streams, m letterMove) *cobra.Command {
	o := letterOptions{letterMove: m}
	cmd := &cobra.Command{
		Use:   m.use,
		Short: m.short,
		Long:  m.help,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"config", "socket", "identifier", "code", "as"} {
				if f := cmd.Flags().Lookup(name); f != nil && f.Changed {
					o.given = append(o.given, "--"+name+" "+fileName(f.Value.String()))
				}
			}
			if err := o.parse(); err != nil {
				return err
			}
			if cmd.Flags().Changed("confirm") {
				return o.move(cmd.Context(), std)
			}
			return o.show(cmd.Context(), std)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.pick.Identifier, "identifier", "", "only values of this `identifier`")
	cmd.Flags().StringVar(&o.code, "code", "", "only values that were refused with this `code`")
	if m.use == retryMove.use {
		cmd.Flags().StringVar(&o.pick.As, "as", "", "send the values of --identifier under this `identifier`")
	}
	cmd.Flags().StringVar(&o.confirm, "confirm", "", "take the letters up to this `number`, which "+m.use+" has shown")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

func (o *letterOptions) parse() error {
	if strings.ContainsAny(o.pick.Identifier, " \t\n") {
		return usagef("--identifier %q: no identifier has a blank in it", o.pick.Identifier)
	}
	switch {
	case o.pick.As != "" && o.pick.Identifier == "":
		return usagef("--as %s: of which identifier? --identifier names it", o.pick.As)
	case o.pick.As != "" && !config.IsIdentifier(o.pick.As):
		return usagef("--as %q: an identifier is a letter, then letters, digits and _, at most 50", o.pick.As)
	case o.code == "":
		return nil
	}
	code, err := strconv.Atoi(o.code)
	if err != nil {
		return usagef("--code %q: a number is wanted, as \"serialgw deadletter\" shows it", o.code)
	}
	o.pick.Code = &code
	return nil
}

// command returns the second command line.
func (o *letterOptions) command(last string) string {
	words := append([]string{"serialgw deadletter " + o.use}, o.given...)
	return strings.Join(append(words, "--confirm", last), " ")
}

// show tells what would go.
func (o *letterOptions) show(ctx context.Context, std streams) error {
	s, err := o.letters(ctx, o.pick)
	if err != nil {
		return err
	}
	w := wouldMove{letterStatus: s}
	if s.Letters > 0 {
		w.Command = o.command(strconv.FormatUint(s.last, 10))
	}
	switch {
	case o.asJSON:
		return errors.Join(printJSON(std.out, w), s.none(o.pick))
	case len(s.all) == 0:
		_, err = fmt.Fprintln(std.out, "there are no dead letters")
		return err
	case w.Command == "":
		return s.none(o.pick)
	}
	_, _ = fmt.Fprintf(std.out, "%s %s:\n\n", count(s.Letters, "value"), o.would)
	if err := writeGroups(std.out, s.Groups); err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "\nNothing has been changed. This does it, for these and nothing newer:\n\n  %s\n", w.Command)
	return err
}

// move takes the letters up to the number that was shown.
func (o *letterOptions) move(ctx context.Context, std streams) error {
	last, err := parseLetterNumber(o.confirm)
	if err != nil {
		return usageError{err}
	}
	o.pick.Last = last
	var m moved
	asked, err := o.ask(func(socket string) error {
		stream, err := gateway.Listen(ctx, socket, o.question())
		if err != nil {
			return err
		}
		defer func() { _ = stream.Close() }()
		if err := json.NewDecoder(stream).Decode(&m); err != nil {
			return fmt.Errorf("the gateway did not say what it has done: %w; \"serialgw deadletter\" shows what is left", err)
		}
		return nil
	})
	if err == nil && !asked {
		m, err = o.moveFiles()
	}
	if err != nil {
		return err
	}
	if m.Trouble != "" {
		err = errors.New(m.Trouble)
	}
	if o.asJSON {
		return errors.Join(printJSON(std.out, m), err)
	}
	return errors.Join(o.tell(std.out, m, asked), err)
}

func (o *letterOptions) tell(out io.Writer, m moved, running bool) error {
	readings := ""
	if m.Readings > 0 {
		readings = " as " + count(m.Readings, "reading")
	}
	if _, err := fmt.Fprintf(out, "%s %s%s; %s left\n", count(m.Letters, "value"), o.done, readings, count(m.Left, "dead letter")); err != nil {
		return err
	}
	if m.Unfit > 0 {
		if _, err := fmt.Fprintf(out, "%s with nothing in it that can be sent: kept\n", count(m.Unfit, "dead letter")); err != nil {
			return err
		}
	}
	next := o.absent
	if running {
		next = o.running
	}
	if m.Letters == 0 || next == "" {
		return nil
	}
	_, err := fmt.Fprintln(out, next)
	return err
}

// question is what the gateway is asked: deadletter-retry 57 code=2306
// identifier=Volt.
func (o *letterOptions) question() string {
	words := []string{"deadletter-" + o.use, strconv.FormatUint(o.pick.Last, 10)}
	if o.pick.Code != nil {
		words = append(words, fmt.Sprint("code=", *o.pick.Code))
	}
	if o.pick.Identifier != "" {
		words = append(words, "identifier="+o.pick.Identifier)
	}
	if o.pick.As != "" {
		words = append(words, "as="+o.pick.As)
	}
	return strings.Join(words, " ")
}

// moveFiles works on files that no gateway has.
func (o *letterOptions) moveFiles() (moved, error) {
	files, err := o.files()
	if err != nil {
		return moved{}, err
	}
	if err := files.mine(o.command(o.confirm)); err != nil {
		return moved{}, err
	}
	q, err := openStore(files.Config, nodeOptions{dir: files.Dir})
	if err != nil {
		return moved{}, err
	}
	letters, err := gateway.OpenDeadLetters(filepath.Join(files.Dir, lettersName), deadLetterLimit)
	if err != nil {
		return moved{}, errors.Join(err, q.Close())
	}
	if err := letters.Had(o.pick.Last); err != nil {
		return moved{}, errors.Join(fmt.Errorf("--confirm %w; \"serialgw deadletter %s\" shows which", err, o.use), letters.Close(), q.Close())
	}
	m := movedAs(o.change(letters, o.pick, q))
	return m, errors.Join(letters.Close(), q.Close())
}

func movedAs(r gateway.Resent, err error) moved {
	m := moved{Resent: r}
	if err != nil {
		m.Trouble = err.Error()
	}
	return m
}

func parseLetterNumber(text string) (uint64, error) {
	last, err := strconv.ParseUint(text, 10, 64)
	if err != nil || last == 0 {
		return 0, fmt.Errorf("--confirm %q: the number of a letter is wanted, and the command without it shows which", text)
	}
	return last, nil
}
