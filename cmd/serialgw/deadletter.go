package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"serialgw/internal/gateway"
)

const deadLetterHelp = `deadletter tells of the values that the cloud would not take: of which
identifiers, with which codes and words, since when. They are kept in the state
directory, 16 MiB at most, then the oldest are given up.

When the cause is cured, usually in the thing model on the console, retry sends
them again with their own time. A running gateway is asked through its status
socket; where none runs the files are used.

  serialgw deadletter                  how it is; --json for scripts
  serialgw deadletter export FILE      all of them, as JSON lines
  serialgw deadletter retry            what would be sent again, and how
  serialgw deadletter clear            what would be thrown away, and how`

const (
	// lettersName is the file of dead letters in the state directory; that with
	// .1 behind it is the one before.
	lettersName = "deadletters.jsonl"
	// lettersShown is how many of the newest letters are shown.
	lettersShown = 5
)

// letterStatus is what deadletter --json prints. No key is ever left out.
type letterStatus struct {
	Dir        string               `json:"dir"`        // state directory
	Running    bool                 `json:"running"`    // a gateway uses it
	Letters    uint64               `json:"letters"`    // values that were refused
	Bytes      int64                `json:"bytes"`      // of their files
	MaxBytes   int64                `json:"max_bytes"`  // the most that bytes may be
	Unreadable uint64               `json:"unreadable"` // lines that a power cut tore
	Groups     []letterGroup        `json:"groups"`     // by identifier and code
	Newest     []gateway.DeadLetter `json:"newest"`     // the last few, oldest first

	last uint64             // number of the newest one
	all  map[letterKey]bool // what there is, chosen or not
}

// letterGroup is what was refused of one identifier with one code.
type letterGroup struct {
	Identifier string    `json:"identifier"`
	Code       int       `json:"code"`
	Reply      string    `json:"reply"` // the platform's words, the newest
	Letters    uint64    `json:"letters"`
	Oldest     time.Time `json:"oldest"` // of the readings' own times
	Newest     time.Time `json:"newest"`
}

func newDeadLetter(std streams) *cobra.Command {
	cmd := newDeadLetterStatus(std)
	cmd.Use, cmd.Long = "deadletter", deadLetterHelp
	cmd.AddCommand(newDeadLetterStatus(std), newDeadLetterExport(std), newDeadLetterMove(std, retryMove), newDeadLetterMove(std, clearMove))
	return cmd
}

func newDeadLetterStatus(std streams) *cobra.Command {
	var o queueOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell what the cloud would not take, export it, or send it again",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := o.letters(cmd.Context(), gateway.LetterPick{})
			if err != nil {
				return err
			}
			if o.asJSON {
				return printJSON(std.out, s)
			}
			return writeLetters(std.out, s, time.Now())
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

// stateDir returns the state directory of the running gateway, or of the
// configuration where none runs.
func (o queueOptions) stateDir(ctx context.Context) (dir string, running bool, err error) {
	var s queueStatus
	running, err = o.ask(func(socket string) error { return gateway.Ask(ctx, socket, "queue", &s) })
	if err != nil {
		return "", running, err
	}
	if dir = s.Dir; running && dir == "" {
		return "", true, errors.New("the running gateway is older than this program; restart it")
	}
	if !running {
		files, err := o.files()
		if err != nil {
			return "", false, err
		}
		dir = files.Dir
	}
	if _, err := os.Stat(dir); err != nil {
		return "", running, explainLetters(dir, err)
	}
	return dir, running, nil
}

// explainLetters adds to an error of the files what to do about it.
func explainLetters(dir string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no state directory %s: the gateway makes it; one that runs as another user or under systemd has it elsewhere, and [queue] dir, $STATE_DIRECTORY or sudo leads there", dir)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; use sudo, or be the user that the gateway runs as", err)
	}
	return err
}

// letters looks at the files, which may be read at any time.
func (o queueOptions) letters(ctx context.Context, pick gateway.LetterPick) (letterStatus, error) {
	dir, running, err := o.stateDir(ctx)
	if err != nil {
		return letterStatus{}, err
	}
	s := letterStatus{
		Dir: dir, Running: running, MaxBytes: 2 * deadLetterLimit, Groups: []letterGroup{}, Newest: []gateway.DeadLetter{},
		all: make(map[letterKey]bool),
	}
	groups := make(map[letterKey]int)
	for l, err := range gateway.Letters(filepath.Join(dir, lettersName)) {
		switch {
		case err != nil:
			return s, explainLetters(dir, err)
		case ctx.Err() != nil:
			return s, ctx.Err()
		}
		s.Bytes += int64(len(l.Line))
		if l.Err != nil {
			s.Unreadable++
			continue
		}
		s.all[letterKey{l.Identifier, l.Code}] = true
		if pick.Matches(&l.DeadLetter) {
			s.add(&l.DeadLetter, groups)
		}
	}
	slices.SortStableFunc(s.Groups, func(a, b letterGroup) int { return cmp.Compare(b.Letters, a.Letters) })
	return s, nil
}

type letterKey struct {
	identifier string
	code       int
}

func (s *letterStatus) add(l *gateway.DeadLetter, groups map[letterKey]int) {
	s.Letters, s.last = s.Letters+1, max(s.last, l.Number)
	if len(s.Newest) == lettersShown {
		s.Newest = slices.Delete(s.Newest, 0, 1)
	}
	s.Newest = append(s.Newest, *l)
	key := letterKey{l.Identifier, l.Code}
	i, known := groups[key]
	if !known {
		i = len(s.Groups)
		groups[key] = i
		s.Groups = append(s.Groups, letterGroup{Identifier: l.Identifier, Code: l.Code, Oldest: l.Time, Newest: l.Time})
	}
	g := &s.Groups[i]
	g.Letters, g.Reply = g.Letters+1, l.Reply
	if l.Time.Before(g.Oldest) {
		g.Oldest = l.Time
	}
	if l.Time.After(g.Newest) {
		g.Newest = l.Time
	}
}

// writeLetters prints the status for a person.
func writeLetters(out io.Writer, s letterStatus, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "dead letters\t%s\n", s.Dir)
	_, _ = fmt.Fprintf(w, "kept\t%s, %s of %s\n", count(s.Letters, "value"), sizeText(float64(s.Bytes)), sizeText(float64(s.MaxBytes)))
	if s.Unreadable > 0 {
		_, _ = fmt.Fprintf(w, "torn\t%s by a power cut\n", count(s.Unreadable, "line"))
	}
	if err := w.Flush(); err != nil || s.Letters == 0 {
		return err
	}
	_, _ = fmt.Fprintln(out)
	if err := writeGroups(out, s.Groups); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, "\nthe newest:")
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, l := range s.Newest {
		_, _ = fmt.Fprintf(w, "  letter %d\t%s\t%s = %s\t%s ago\n", l.Number, letterTime(l.Time), l.Identifier, shortened(string(l.Value)), max(now.Sub(l.Time), 0).Round(time.Second))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "\nWhen the cause is cured, \"serialgw deadletter retry\" sends them again.")
	return err
}

func writeGroups(out io.Writer, groups []letterGroup) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "identifier\tvalues\toldest\tnewest\tcode\twhat the platform said")
	for _, g := range groups {
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%d\t%s\n", g.Identifier, g.Letters, letterTime(g.Oldest), letterTime(g.Newest), g.Code, shortened(g.Reply))
	}
	return w.Flush()
}

func letterTime(t time.Time) string { return t.Local().Format(time.DateTime) }

// shortened keeps a text on its line.
func shortened(text string) string {
	const most = 100
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}
