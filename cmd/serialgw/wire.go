package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/cloud"
	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/gateway"
	"serialgw/internal/uart"
)

// gatewayConfig builds the rooms that a configuration asks for.
func (n *node) gatewayConfig(cfg *config.Config) (gateway.Config, error) {
	boards, err := planBoards(cfg)
	if err != nil {
		return gateway.Config{}, err
	}
	for i, b := range cfg.Boards {
		line := func() gateway.Source { return n.lineOf(b, boards[i].Fingerprint) }
		if n.options.source != nil {
			boards[i].Source = n.options.source(line)
		} else {
			boards[i].Source = line()
		}
	}
	up := planUplink(cfg.OneNET)
	n.giveTimes(&up, cfg.OneNET)
	client, err := cloud.New(cfg.OneNET, n.clock.True, cloud.Options{OnEvent: n.linkEvents()})
	if err != nil {
		return gateway.Config{}, fmt.Errorf("cannot prepare the connection: %w", err)
	}
	up.Publisher = client
	return gateway.Config{
		Boards: boards, Uplink: up, SyncInterval: cfg.Queue.SyncInterval, DrainLimit: cfg.OneNET.ReplyTimeout,
	}, nil
}

// planBoards compiles the boards' frames. Nothing is opened.
func planBoards(cfg *config.Config) ([]gateway.Board, error) {
	plans := cfg.Plans()
	boards := make([]gateway.Board, 0, len(cfg.Boards))
	for _, b := range cfg.Boards {
		if plans[b.Frame] == nil {
			return nil, usagef("board %s: frame %q cannot be compiled", b.Name, b.Frame)
		}
		boards = append(boards, planBoard(b, plans[b.Frame], cfg.Frames[b.Frame]))
	}
	return boards, nil
}

// planBoard leaves the board's Source open. The fingerprint covers the board's
// keys and its frame's; a preset is known by its name.
func planBoard(b config.Board, plan *frame.Plan, d frame.Description) gateway.Board {
	return gateway.Board{
		Name: b.Name, Plan: plan, Baud: b.Baud,
		Period: b.Report.Every, Rules: b.Rules, Health: b.Health, Silence: b.Silence, Prefix: b.Prefix, Rename: b.Rename,
		Fingerprint: fingerprint(b, d),
	}
}

func planUplink(c cloud.Config) gateway.Uplink {
	return gateway.Uplink{
		PostInterval: c.PostInterval, InFlight: c.Window(),
		History: c.HistoryUsable(), HistoryValues: c.HistoryValues,
		OldestFirst: c.Order == "oldest-first",
		// A Secret prints and marshals as [redacted]: its hash stands for it.
		// A CA renewed under the same name is a change, too.
		Fingerprint: fingerprint(c, hash(c.Key.Reveal()), hash(c.Password.Reveal()), hashFile(c.CAFile)),
	}
}

func capacity(boards []gateway.Board, cfg *config.Config) gateway.Rates {
	return gateway.CapacityOf(boards, planUplink(cfg.OneNET))
}

// lineOf returns the port of a board: the one in use when nothing about the
// board has changed, so that its status stays known, else a new one. Recorders
// stay.
func (n *node) lineOf(b config.Board, print string) gateway.Source {
	n.mu.Lock()
	defer n.mu.Unlock()
	l, ok := n.lines[b.Name]
	if !ok {
		l.tap = newTap()
	}
	if !ok || l.print != print {
		l.print, l.config, l.Line = print, b.Config, n.openLine(b, l.tap)
		n.lines[b.Name] = l
	}
	return tapped{l.Line, l.tap}
}

// dropLines forgets the ports of boards that are not configured any more; their
// recordings end.
func (n *node) dropLines(boards []config.Board) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, l := range n.lines {
		if !slices.ContainsFunc(boards, func(b config.Board) bool { return b.Name == name }) {
			close(l.tap.gone)
			delete(n.lines, name)
		}
	}
}

// port returns the state of a board's port.
func (n *node) port(board string) uart.Status {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l, ok := n.lines[board]; ok {
		return l.Status()
	}
	return uart.Status{}
}

// openLine makes a board's port; its changes of state are said once each.
func (n *node) openLine(b config.Board, t *tap) *uart.Line {
	log := n.log.With().Str("board", b.Name).Str("port", b.Port).Logger()
	return uart.NewLine(b.Config, n.clock.Now, func(e uart.Event) {
		level := zerolog.WarnLevel
		if e.Kind == uart.Opened {
			level = zerolog.InfoLevel
		}
		log.WithLevel(level).AnErr("cause", e.Err).Str("state", e.Kind.String()).Msg(e.Text)
		t.hear(heard{stamp: n.clock.Now(), comment: e.Text}, nil)
		if n.options.onPort != nil {
			n.options.onPort(e)
		}
	})
}

// linkEvents returns what logs the events of one client. A cause is said once:
// a cloud that stays away must not fill the card with log.
func (n *node) linkEvents() func(cloud.Event) {
	said := ""
	return func(e cloud.Event) {
		level := zerolog.DebugLevel
		switch cause := string(e.Kind) + e.Text; {
		case e.Kind == cloud.EventReady:
			level, said = zerolog.InfoLevel, ""
			if records := n.queue.Stats().Records; records > 0 {
				e.Text += "; " + readingsWait(records)
			}
		case e.Kind != cloud.EventConnecting && cause != said:
			level, said = zerolog.WarnLevel, cause
		}
		line := n.log.WithLevel(level).Str("state", string(e.Kind))
		if e.Wait > 0 {
			line.Stringer("next_try_in", e.Wait.Round(100*time.Millisecond))
		}
		line.Msg(e.Text)
	}
}

// fingerprint is equal for equal settings.
func fingerprint(settings ...any) string {
	text, err := json.Marshal(settings)
	if err != nil {
		return "" // no setting is of a type that cannot be marshalled
	}
	return hash(string(text))
}

// hashFile returns the hash of a file's content; of nothing when it cannot be
// read, which the client then reports.
func hashFile(path string) string {
	text, _ := os.ReadFile(path)
	return hash(string(text))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
