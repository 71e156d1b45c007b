package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"serialgw/internal/detect"
	"serialgw/internal/uart"
)

// listenTo finds the rate of a port, and returns what it says.
func (o *detectOptions) listenTo(ctx context.Context, port string, std streams) (*sample, error) {
	if o.as != "" || o.port != "" {
		return nil, usagef("--as and --port go with a recording, and %s is a port", port)
	}
	cfg := uart.Defaults()
	cfg.Port = port
	if err := cfg.Validate(); err != nil {
		return nil, usagef("%w", err)
	}
	if err := refuseGatewayPort(ctx, port, std); err != nil {
		return nil, err
	}
	if baud, err := uart.Present(port); err != nil {
		return nil, err
	} else if baud >= uart.MinBaud && baud <= uart.MaxBaud {
		cfg.Baud = baud
	}
	candidates, err := detect.Presets()
	if err != nil {
		return nil, err
	}
	line, err := uart.Open(cfg)
	if err != nil {
		return nil, err
	}
	defer func() { _ = line.Close() }()
	limit := detect.Limit(len(detect.Rates()), o.listen)
	if !line.HasRate() {
		limit = detect.Limit(0, o.listen)
	}
	_, _ = fmt.Fprintf(std.err, "listening to %s for %v at most\n", port, limit.Round(time.Second))
	heard, err := detect.Live(ctx, line, cfg, o.listen, candidates, func(t detect.Trial) { tellTrial(std.err, t, line.HasRate()) })
	switch {
	case stopped(ctx):
		return nil, errors.New("stopped before the protocol was known")
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s went away: is it unplugged?", port)
	case errors.Is(err, detect.ErrSilent):
		return nil, fmt.Errorf("%w: is the board powered, TX at RX, ground connected? One that must be asked stays silent: see serialgw record --send", err)
	case err != nil:
		return nil, err
	}
	_, _ = fmt.Fprintf(std.err, "%s\n", rateText(heard))
	s := &sample{name: port, path: port, port: port, bytes: heard.Bytes, ranks: heard.Ranks, what: "a port"}
	if heard.Known {
		s.baud = heard.Baud
	}
	return s, nil
}

// refuseGatewayPort refuses a port that the running gateway has, as its rate
// must not change under it.
func refuseGatewayPort(ctx context.Context, port string, std streams) error {
	r := &recorder{recordOptions: recordOptions{config: defaultConfig, settings: uart.Config{Port: port}}, std: std}
	cfg, err := r.loadConfig()
	if err != nil {
		return err
	}
	if err := r.findGateway(ctx, cfg); err != nil {
		return err
	}
	if r.socket == "" {
		return nil
	}
	return usagef("the gateway has the port of board %s, and its rate must not change: record what it hears and look at that:\n"+
		"  serialgw record --board %s --for 10s board.pcapng\n  serialgw detect board.pcapng", r.board, fileName(r.board))
}

// tellTrial shows what one rate brought.
func tellTrial(w io.Writer, t detect.Trial, rated bool) {
	text := "  "
	if rated {
		text += fmt.Sprintf("%7d baud: ", t.Baud)
	}
	switch {
	case t.Err != nil:
		text += t.Err.Error()
	default:
		text += count(len(t.Bytes), "byte")
		if t.Counted {
			text += ", " + count(int(t.Damaged), "damaged byte")
		}
		if len(t.Ranks) > 0 && t.Ranks[0].Frames > 0 {
			text += fmt.Sprintf(", best %s with %.1f %%", t.Ranks[0].Name, 100*t.Ranks[0].Explained)
		}
	}
	_, _ = fmt.Fprintln(w, text)
}

func rateText(h *detect.Heard) string {
	switch {
	case h.Known:
		return fmt.Sprintf("it speaks at %d baud: %s", h.Baud, h.Why)
	default:
		return "the rate cannot be told: " + h.Why
	}
}
