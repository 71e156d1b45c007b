package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"serialgw/internal/config"
	"serialgw/internal/gateway"
	"serialgw/internal/uart"
)

// choose finds the port, the frames that are shown, and the gateway that has
// the port.
func (r *recorder) choose(ctx context.Context) error {
	cfg, err := r.loadConfig()
	if err != nil {
		return err
	}
	b, err := r.chooseBoard(cfg)
	if err != nil {
		return err
	}
	if err := r.choosePlan(cfg, b); err != nil {
		return err
	}
	return r.findGateway(ctx, cfg)
}

// loadConfig reads the configuration. Without --config it need not be there
// when --port says what to record.
func (r *recorder) loadConfig() (*config.Config, error) {
	needed := r.configGiven || r.settings.Port == ""
	cfg, issues, err := readConfig(r.config)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !r.configGiven && r.settings.Port == "":
		return nil, usagef("which port? give --port (\"serialgw ports\" lists them), or --config")
	case err != nil && needed:
		return nil, err
	}
	if err != nil {
		defaults := config.Defaults()
		cfg = &defaults
	}
	if !needed {
		return cfg, nil
	}
	// A login that is not filled in yet does not matter here.
	return cfg, tellIssues(issues, r.std, func(key string) bool { return strings.HasPrefix(key, "board") || strings.HasPrefix(key, "frame") })
}

// chooseBoard finds the board whose port is recorded. A port need not be any
// board's.
func (r *recorder) chooseBoard(cfg *config.Config) (config.Board, error) {
	i := slices.IndexFunc(cfg.Boards, func(b config.Board) bool {
		return r.board == b.Name || r.settings.Port != "" && r.settings.Port == b.Port || r.board == "" && r.settings.Port == "" && len(cfg.Boards) == 1
	})
	switch {
	case i >= 0:
		r.takeLine(cfg.Boards[i].Config)
		r.board = cfg.Boards[i].Name
		return cfg.Boards[i], r.valid()
	case r.settings.Port != "":
		return config.Board{}, r.valid()
	case r.board != "":
		return config.Board{}, usagef("--board %s: %s has %s", r.board, r.config, boardNames(cfg))
	case len(cfg.Boards) == 0:
		return config.Board{}, usagef("%s has no board: add [[board]], or give --port", r.config)
	}
	return config.Board{}, usagef("--board chooses one of %s", boardNames(cfg))
}

// takeLine takes the settings of a board's port, but for those that the command
// line gave.
func (r *recorder) takeLine(b uart.Config) {
	line := r.settings
	r.settings = b
	for _, name := range r.given {
		lineFlags()[name](&r.settings, line)
	}
}

func (r *recorder) valid() error {
	if err := r.settings.Validate(); err != nil {
		return usagef("%w", err)
	}
	return nil
}

func (r *recorder) choosePlan(cfg *config.Config, b config.Board) (err error) {
	name := b.Frame
	if r.frame != "" {
		name = r.frame
	}
	if r.preset != "" {
		r.plan, err = presetPlan(r.preset, "--frame", r.config)
		return err
	}
	if name != "" {
		r.plan, err = namedPlan(cfg, name)
	}
	return err
}

// findGateway finds out whether a running gateway has the port.
func (r *recorder) findGateway(ctx context.Context, cfg *config.Config) error {
	socket := cfg.SocketPath(os.Getenv)
	if socket == "" {
		return nil
	}
	var s nodeStatus
	switch err := gateway.Ask(ctx, socket, "status", &s); {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("a gateway runs, and you may not ask it: %w; use sudo, or the user that it runs as", err)
	case gateway.IsAbsent(err):
		return nil
	case err != nil:
		return err
	}
	path, _ := uart.Resolve(r.settings.Port)
	for name, port := range s.Ports {
		if name == r.board || path != "" && port.Path == path {
			r.board, r.socket = name, socket
		}
	}
	switch {
	case r.socket == "":
		return nil
	case len(r.requests) > 0 || r.through != "":
		return usagef("the gateway has the port of board %s, so that --send and --through cannot write to it: stop the gateway first", r.board)
	case len(r.given) > 0:
		return usagef("the gateway has the port of board %s: --%s cannot change it", r.board, r.given[0])
	}
	return nil
}
