package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"serialgw/internal/cloud"
	"serialgw/internal/frame"
	"serialgw/internal/gateway"
	"serialgw/internal/queue"
	"serialgw/internal/uart"
)

// nodeStatus is the answer to "status" on the status socket.
type nodeStatus struct {
	Version string         `json:"version"`
	Device  string         `json:"device"`
	Gateway gateway.Status `json:"gateway"`
	Queue   queue.Stats    `json:"queue"`
	Link    cloud.Status   `json:"link"`
	Clock   clockStatus    `json:"clock"`

	DeadLetters uint64   `json:"dead_letters_kept"`
	SetAside    []string `json:"set_aside"` // files of the queue that could not be read

	Ports map[string]uart.Status `json:"ports"` // by board

	Goroutines int `json:"goroutines"` // of the process: constant while it works
}

func (n *node) status() nodeStatus {
	s := nodeStatus{
		Version:    versionText(),
		Device:     n.device,
		Gateway:    n.gateway.Status(),
		Queue:      n.queue.Stats(),
		Clock:      n.clockStatus(),
		SetAside:   n.setAside(),
		Goroutines: runtime.NumGoroutine(),
	}
	var err error
	if s.DeadLetters, err = lettersKept(n.dir); err != nil {
		n.log.Debug().Err(err).Msg("the dead letters cannot be counted")
	}
	s.Ports = make(map[string]uart.Status)
	for i, b := range s.Gateway.Boards {
		s.Ports[b.Name] = n.port(b.Name)
		s.Gateway.Boards[i].FramesPerSecond = rateAt(s.Ports[b.Name], b.FramesPerSecond)
	}
	if c := n.client.Load(); c != nil {
		s.Link = c.Status()
	}
	return s
}

// rateAt returns the rate of a board's frames: the last one measured is of the
// time before its port was lost.
func rateAt(port uart.Status, measured float64) float64 {
	switch port.State {
	case uart.Lost, uart.Missing, uart.Silent:
		return 0
	}
	return measured
}

const statusHelp = `status asks a running gateway how it is: what each board says, what waits in
the queue, and the last verdict of the cloud. It goes through the gateway's
status socket and opens neither the port nor a second login.`

func newStatus(std streams) *cobra.Command {
	var path, socket string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Ask a running gateway how it is",
		Long:  statusHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return askStatus(cmd.Context(), path, socket, asJSON, std) },
	}
	configFlag(cmd, &path)
	cmd.Flags().StringVar(&socket, "socket", "", "status socket `path`; default: where the configuration puts it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

func askStatus(ctx context.Context, path, socket string, asJSON bool, std streams) error {
	if socket == "" {
		// Mistakes elsewhere in the file do not matter here: the gateway may
		// well be running on the version before them.
		cfg, _, err := readConfig(path)
		if err != nil {
			return err
		}
		if socket = cfg.SocketPath(os.Getenv); socket == "" {
			return usagef("the status socket is switched off in %s", path)
		}
	}
	var s nodeStatus
	if err := gateway.Ask(ctx, socket, "status", &s); err != nil {
		return askError(err)
	}
	if asJSON {
		e := json.NewEncoder(std.out)
		e.SetIndent("", "  ")
		return e.Encode(s)
	}
	return writeStatus(std.out, s)
}

// askError adds to an error of a question to the gateway what it calls for.
func askError(err error) error {
	switch {
	case gateway.IsAbsent(err):
		return fmt.Errorf("%w; is it running?", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; use sudo, or be the user that the gateway runs as", err)
	}
	return err
}

// sequenceText says what the frames' numbers tell; "" when none is missing.
func sequenceText(m frame.Metrics) string {
	if m.SeqLost+m.SeqRepeated+m.SeqOutOfOrder+m.SeqBack == 0 {
		return ""
	}
	return fmt.Sprintf("%d lost, %d repeated, %d out of order, %s", m.SeqLost, m.SeqRepeated, m.SeqOutOfOrder, count(m.SeqBack, "restart"))
}

// writeStatus prints the first-minute questions and their answers.
func writeStatus(out io.Writer, s nodeStatus) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	for _, b := range s.Gateway.Boards {
		row("board "+b.Name, "%.1f frames/s, %d good, %d bad, %d noise bytes, %.1f %% explained",
			b.FramesPerSecond, b.Metrics.Frames, b.Metrics.CheckFailed, b.Metrics.Noise, 100*b.Explained)
		if text := sequenceText(b.Metrics); text != "" {
			row("  sequence", "%s", text)
		}
		if p := s.Ports[b.Name]; p.State != uart.Opened && p.Text != "" {
			row("  port", "%s", p.Text)
		}
		if len(b.Latest) > 0 {
			row("  values", "%s", valuesText(b))
		}
		if b.Outside > 0 {
			row("  dropped", "%s outside the range of a report rule", count(b.Outside, "value"))
		}
	}
	row("queue", "%s waiting, %d dropped%s", count(s.Queue.Records, "reading"), s.Queue.Dropped, queueNews(s.Queue))
	if s.Queue.DamagedRecords > 0 {
		row("damaged", "%s", count(s.Queue.DamagedRecords, "record"))
	}
	asideRows(row, s.SetAside)
	u := s.Gateway.Uplink
	state := "not connected"
	if u.Ready {
		state = "connected"
	}
	row("cloud", "%s, %s confirmed (%s), %d refused, %d unanswered; %s refused, %s kept", state,
		count(u.Confirmed, "post"), count(u.Records, "reading"), u.Refused, u.Lost, count(u.DeadLetters, "value"), count(s.DeadLetters, "dead letter"))
	if !u.Ready && s.Link.LastError != "" {
		row("  cause", "%s%s", s.Link.LastError, nextTry(s.Link))
	}
	if time.Now().Before(u.PausedUntil) {
		row("  paused", "until %s", u.PausedUntil.Local().Format(time.TimeOnly))
	}
	row("last post", "%s", ago(u.LastPost))
	row("last verdict", "%s", verdictText(u))
	row("clock", "%s%s", s.Clock, clockNews(u, time.Now()))
	for name, q := range u.Quarantine {
		row("quarantined", "%s: code %d, %s", name, q.Code, q.Text)
	}
	return w.Flush()
}

// queueNews says what else has happened to the queue, if anything.
func queueNews(q queue.Stats) string {
	text := ""
	if q.Cleared > 0 {
		text += fmt.Sprintf(", %d cleared", q.Cleared)
	}
	if q.InMemory {
		text += ", the disk refuses writes: kept in memory"
	}
	return text
}

func valuesText(b gateway.BoardStatus) string {
	parts := make([]string, 0, len(b.Latest))
	for _, v := range b.Latest {
		text := v.Name + " " + v.Value
		if v.Label != "" {
			text += " (" + v.Label + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

func verdictText(u gateway.UplinkStatus) string {
	if u.LastVerdict == "" {
		return "none yet"
	}
	text := u.LastVerdict
	if u.LastCode != 0 {
		text += fmt.Sprintf(", code %d", u.LastCode)
	}
	if u.LastText != "" {
		text += ": " + u.LastText
	}
	return text + ", " + ago(u.LastSettled)
}

// nextTry says when a connection is tried again, where that is waited for.
func nextTry(link cloud.Status) string {
	if link.NextTryIn <= 0 {
		return ""
	}
	return "; next try in " + span(link.NextTryIn)
}
