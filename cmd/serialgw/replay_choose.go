package main

import (
	"errors"
	"fmt"
	"io/fs"
	"serialgw/internal/capture"
	"serialgw/internal/config"
	"serialgw/internal/frame"
	"slices"
	"strings"
)

// choose finds the board to play as, and the recorded port that is its.
func (r *replay) choose(ports []capture.Port) error {
	if r.device == "" {
		if err := r.chooseBoard(ports); err != nil {
			return err
		}
	}
	wanted := r.port
	if wanted == "" {
		wanted = r.conf.Port
	}
	port := slices.IndexFunc(ports, func(p capture.Port) bool { return p.Is(wanted) })
	switch {
	case r.port != "" && r.rec.format == capture.PcapNG && !r.rec.once() && port < 0:
		return usagef("--port %s: the recording has %s", r.port, portNames(ports))
	case port >= 0:
		r.rec.port = ports[port].Name
	case len(ports) > 0:
		port = 0
	}
	switch {
	case r.baud > 0:
		r.board.Baud = r.baud
	case r.preset != "" && port >= 0 && ports[port].Baud() > 0:
		r.board.Baud = ports[port].Baud()
	case r.preset != "" && r.rec.timed():
		r.board.Baud = slowBaud
	case r.board.Baud == 0:
		r.board.Baud = config.DefaultBoard().Baud
	}
	r.conf.Baud = r.board.Baud // publishing makes the board anew of its configuration
	return nil
}

// slowBaud is the line that a recording with times is taken to be of when nothing
// says how fast it was, bits/s: on a slow line the pauses within a frame are no
// longer than the time of its missing bytes, which a faster one would give up.
const slowBaud = 9600

// namesMost is how many ports are listed at most.
const namesMost = 8

// portNames lists the ports as --port takes them.
func portNames(ports []capture.Port) string {
	var names []string
	for _, p := range ports {
		if name := fileName(p.Name); p.Name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	switch more := len(names) - namesMost; {
	case len(names) == 0:
		return "no port with a name"
	case more > 0:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:namesMost], ", "), more)
	}
	return strings.Join(names, ", ")
}

// chooseBoard makes the board of the preset, or finds that of the
// configuration.
func (r *replay) chooseBoard(ports []capture.Port) error {
	if r.preset != "" {
		r.cfg = &config.Config{}
		*r.cfg = config.Defaults()
		r.conf = config.DefaultBoard()
		r.conf.Frame, r.conf.Report = r.preset, config.Report{All: true}
	} else if err := r.loadBoard(ports); err != nil {
		return err
	}
	if r.frame != "" {
		r.conf.Frame = r.frame
	}
	if r.report != "" {
		var err error
		if r.conf.Report, err = config.ParseReport(r.report); err != nil {
			return usagef("--report: %w", err)
		}
		r.conf.Rules, r.conf.Health = nil, 0
	}
	var plan *frame.Plan
	var err error
	if r.preset != "" {
		plan, err = presetPlan(r.preset, "--frame", r.config)
	} else {
		plan, err = planOf(r.cfg, r.conf.Frame, r.config)
	}
	if err != nil {
		return err
	}
	r.board = planBoard(r.conf, plan, frame.Description{})
	return nil
}

func (r *replay) loadBoard(ports []capture.Port) error {
	var err error
	if r.cfg, err = r.loadConfig(); err != nil {
		return err
	}
	if len(r.cfg.Boards) == 0 {
		return usagef("%s has no board to play the recording as: add [[board]], or give --preset", r.config)
	}
	r.conf = r.cfg.Boards[0]
	for _, b := range r.cfg.Boards {
		recorded := slices.ContainsFunc(ports, func(p capture.Port) bool { return p.Is(b.Port) && (r.port == "" || p.Is(r.port)) })
		if r.board.Name == "" && (b.Name == r.replayOptions.board || r.replayOptions.board == "" && recorded) {
			r.conf = b
			return nil
		}
	}
	if r.replayOptions.board != "" {
		return usagef("--board %s: %s has %s", r.replayOptions.board, r.config, boardNames(r.cfg))
	}
	if len(r.cfg.Boards) > 1 {
		return usagef("none of the boards of %s has the recorded port: --board chooses one of %s", r.config, boardNames(r.cfg))
	}
	return nil
}

func boardNames(cfg *config.Config) string {
	names := make([]string, len(cfg.Boards))
	for i, b := range cfg.Boards {
		names[i] = b.Name
	}
	return strings.Join(names, ", ")
}

// loadConfig reads the configuration. What is not needed for this run, the
// login or the port, need not be filled in yet.
func (r *replay) loadConfig() (*config.Config, error) {
	if !r.print && !r.sim {
		cfg, err := loadConfig(r.config, r.std)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w; or give --preset NAME with --print or --sim: \"serialgw frame list\" lists them", err)
		}
		return cfg, err
	}
	cfg, err := loadParts(r.config, r.std, func(key string) bool {
		return !strings.HasPrefix(key, "onenet") && !strings.HasSuffix(key, ".port")
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w; or give --preset NAME: \"serialgw frame list\" lists them", err)
	}
	return cfg, err
}

// loadParts reads a configuration of which only some keys matter.
func loadParts(path string, std streams, matters func(key string) bool) (*config.Config, error) {
	cfg, issues, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	return cfg, tellIssues(issues, std, matters)
}

// tellIssues shows the mistakes that matter. One is an error.
func tellIssues(issues []config.Issue, std streams, matters func(key string) bool) error {
	bad := false
	for _, i := range issues {
		if !i.Warning && (i.Key == "" || matters(i.Key)) {
			_, _ = fmt.Fprintln(std.err, i)
			bad = true
		}
	}
	if bad {
		return usageError{errReported}
	}
	return nil
}
