package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"serialgw/internal/gateway"
)

const queueHelp = `queue tells of the records that wait to be sent: how many, since when, how much
of the disk they take, and for how many hours there is room at the rate at which
they come in.

A running gateway is asked through its status socket. Where none runs the files
are read and not changed; then the rate is that of the last records' own times.

  serialgw queue                    how it is; --json for scripts
  serialgw queue export FILE        all that waits, as JSON lines
  serialgw queue clear              what would be thrown away, and how`

// queueStatus is the gateway's answer to "queue", and what queue --json prints.
// No key is ever left out.
type queueStatus struct {
	Dir       string    `json:"dir"`        // state directory
	Running   bool      `json:"running"`    // a gateway says so, not the files
	Records   uint64    `json:"records"`    // that wait
	Oldest    *queueEnd `json:"oldest"`     // null when none waits
	Newest    *queueEnd `json:"newest"`     // as above
	NextSeq   uint64    `json:"next_seq"`   // number of the next record
	Bytes     int64     `json:"bytes"`      // of the files, with the room reserved in them
	MaxBytes  int64     `json:"max_bytes"`  // the most that Bytes may be
	RoomBytes int64     `json:"room_bytes"` // of records that still fit in, of MaxBytes and of the disk
	Rate      *float64  `json:"bytes_per_second"`
	Hours     *float64  `json:"hours_left"` // until the room is used up; null: the rate is not known, or 0
	Dropped   uint64    `json:"dropped"`    // records given up for want of room, ever
	Cleared   uint64    `json:"cleared"`    // records thrown away by a person, ever
	Damaged   uint64    `json:"damaged"`    // records lost to damage, ever
	SetAside  []string  `json:"set_aside"`  // files that could not be read, and are not used; not .bad: at the next start
	InMemory  bool      `json:"in_memory"`  // the disk refuses: the newest records are in memory only
}

// queueEnd is the oldest or the newest record that waits.
type queueEnd struct {
	Seq    uint64    `json:"seq"`
	Time   time.Time `json:"time"`   // zero: the record cannot be read
	Synced bool      `json:"synced"` // the clock was synchronised at that time
}

// setRate notes at how many bytes a second records come in.
func (s *queueStatus) setRate(rate float64, known bool) {
	if !known {
		return
	}
	s.Rate = &rate
	if rate > 0 {
		hours := float64(s.RoomBytes) / rate / time.Hour.Seconds()
		s.Hours = &hours
	}
}

// queueOptions say which queue is meant.
type queueOptions struct {
	path, socket string
	asJSON       bool
}

func newQueue(std streams) *cobra.Command {
	cmd := newQueueStatus(std)
	cmd.Use, cmd.Long = "queue", queueHelp
	cmd.AddCommand(newQueueStatus(std), newQueueExport(std), newQueueClear(std))
	return cmd
}

func newQueueStatus(std streams) *cobra.Command {
	var o queueOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell what waits to be sent, or export or clear it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := o.look(cmd.Context())
			if err != nil {
				return err
			}
			if o.asJSON {
				return printJSON(std.out, s)
			}
			return writeQueue(std.out, s, time.Now())
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

func (o *queueOptions) flags(cmd *cobra.Command) {
	configFlag(cmd, &o.path)
	cmd.Flags().StringVar(&o.socket, "socket", "", "status socket `path`; default: where the configuration puts it")
}

// look asks the running gateway, or reads the files where none runs.
func (o queueOptions) look(ctx context.Context) (queueStatus, error) {
	var s queueStatus
	asked, err := o.ask(func(socket string) error { return gateway.Ask(ctx, socket, "queue", &s) })
	switch {
	case err != nil:
		return s, err
	case asked && !s.Running:
		return s, errors.New("the running gateway does not know the question: it is older than this program; restart it")
	case asked:
		return s, nil
	}
	files, err := o.files()
	if err != nil {
		return s, err
	}
	return files.inspect()
}

// ask calls put with the running gateway's socket, and reports whether there is
// one. Behind a socket that was named there must be.
func (o queueOptions) ask(put func(socket string) error) (bool, error) {
	socket := o.socket
	if socket == "" {
		// Mistakes elsewhere in the file do not matter here: the gateway may
		// well be running on the version before them.
		cfg, _, err := readConfig(o.path)
		if err != nil {
			return false, err
		}
		if socket = cfg.SocketPath(os.Getenv); socket == "" {
			return false, nil
		}
	}
	err := put(socket)
	switch {
	case err == nil:
		return true, nil
	case o.socket != "" || !gateway.IsAbsent(err):
		return false, askError(err)
	}
	return false, nil
}

// files returns the queue of the configuration.
func (o queueOptions) files() (queueFiles, error) {
	cfg, _, err := readConfig(o.path)
	if err != nil {
		return queueFiles{}, err
	}
	q := cfg.Queue
	q.Dir = cfg.StateDir(os.Getenv)
	if err := q.Check(); err != nil {
		return queueFiles{}, usagef("%s: [queue] %w; \"serialgw check\" shows every mistake", o.path, err)
	}
	return queueFiles{q}, nil
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// writeQueue prints the status for a person.
func writeQueue(out io.Writer, s queueStatus, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	source := "no gateway answers, read from the files"
	if s.Running {
		source = "as the running gateway says"
	}
	row("queue", "%s, %s", s.Dir, source)
	row("waiting", "%s", count(int(s.Records), "record"))
	if s.Oldest != nil {
		row("  oldest", "%s", s.Oldest.text(now))
		row("  newest", "%s", s.Newest.text(now))
	}
	row("disk", "%s of %s", sizeText(float64(s.Bytes)), sizeText(float64(s.MaxBytes)))
	row("room", "%s", s.roomText())
	row("dropped", "%s for want of room", count(int(s.Dropped), "record"))
	row("cleared", "%s by hand", count(int(s.Cleared), "record"))
	if s.Damaged > 0 {
		row("damaged", "%s", count(s.Damaged, "record"))
	}
	asideRows(row, s.SetAside)
	if s.InMemory {
		row("attention", "the disk refuses writes: the newest records are in memory only")
	}
	return w.Flush()
}

func (e *queueEnd) text(now time.Time) string {
	if e.Time.IsZero() {
		return fmt.Sprintf("number %d, which cannot be read", e.Seq)
	}
	text := fmt.Sprintf("number %d, of %s", e.Seq, e.Time.Local().Format(time.DateTime))
	if !e.Synced {
		return text + " by a clock that was not synchronised"
	}
	return fmt.Sprintf("%s, %s ago", text, max(now.Sub(e.Time), 0).Round(time.Second))
}

// roomText says for how long records can come in as they do now.
func (s *queueStatus) roomText() string {
	size := sizeText(float64(s.RoomBytes))
	switch {
	case s.Rate == nil:
		return size + "; how fast it is used up is not known yet"
	case s.Hours == nil:
		return size + "; nothing comes in at present"
	}
	return fmt.Sprintf("%s: %s at the present %s/s", size, hoursText(*s.Hours), sizeText(*s.Rate))
}

func hoursText(hours float64) string {
	if hours < 10 {
		return fmt.Sprintf("%.1f hours", hours)
	}
	return fmt.Sprintf("%.0f hours", hours)
}

// sizeText writes a number of bytes with two or more digits.
func sizeText(n float64) string {
	unit := "B"
	for _, u := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if n < 1<<10 {
			break
		}
		n, unit = n/(1<<10), u
	}
	if n < 10 && unit != "B" {
		return fmt.Sprintf("%.1f %s", n, unit)
	}
	return fmt.Sprintf("%.0f %s", n, unit)
}
