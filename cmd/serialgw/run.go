package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"serialgw/internal/config"
)

const runHelp = `run is the gateway: it reads the boards of gateway.toml, stores what they say,
and publishes it to OneNET until it is told to stop.

It starts without the board, without the network and without the cloud, says
once what is missing, and goes on by itself when it comes back.

  SIGTERM, Ctrl-C   stop: wait for outstanding replies, sync the queue, end
  SIGHUP            read gateway.toml again; a file with mistakes is refused
                    and the gateway runs on with the old one`

type runOptions struct {
	path      string
	newDevice bool
	ledgerFD  int
}

func newRun(std streams) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the gateway",
		Long:  runHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			oneProcessor()
			return runGateway(cmd.Context(), o, std)
		},
	}
	configFlag(cmd, &o.path)
	cmd.Flags().BoolVar(&o.newDevice, "new-device", false, "send a queue that was filled for another device to this one")
	cmd.Flags().IntVar(&o.ledgerFD, "ledger-fd", 0, "for tests: write each record's number to this file descriptor, W after the write, S after the sync")
	_ = cmd.Flags().MarkHidden("ledger-fd") // fails for an unknown flag only
	return cmd
}

// oneProcessor runs all goroutines on one processor, unless the user's
// GOMAXPROCS says otherwise. What comes in are drops: to wake another core for
// a step of the way of a frame costs more than the step (docs/performance.md),
// and one core of a Raspberry Pi is enough for any serial line.
func oneProcessor() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
}

func runGateway(ctx context.Context, o runOptions, std streams) error {
	cfg, err := loadConfig(o.path, std)
	if err != nil {
		return err
	}
	var ledger io.Writer
	if o.ledgerFD > 0 {
		ledger = os.NewFile(uintptr(o.ledgerFD), "ledger")
	}
	reload, stop := hangups()
	defer stop()
	log, closeLog := openLog(cfg.Log, std.err)
	defer closeLog()
	n, err := openNode(cfg, log, nodeOptions{
		dir: cfg.StateDir(os.Getenv), socket: cfg.SocketPath(os.Getenv), newDevice: o.newDevice, ledger: ledger,
	})
	if err != nil {
		return err
	}
	notify(daemon.SdNotifyReady)
	err = n.run(ctx, reload, func() (*config.Config, error) { return reloadConfig(o.path) })
	notify(daemon.SdNotifyStopping)
	return err
}

// hangups turns SIGHUP into a request to reload.
func hangups() (<-chan struct{}, func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	requests := make(chan struct{})
	done, ended := make(chan struct{}), make(chan struct{})
	go func() { // awaited by the returned function
		defer close(ended)
		for {
			select {
			case <-signals:
				select {
				case requests <- struct{}{}:
				case <-done:
					return
				}
			case <-done:
				return
			}
		}
	}()
	return requests, func() { signal.Stop(signals); close(done); <-ended }
}

// reloadConfig reads the file again and puts its mistakes into the error.
func reloadConfig(path string) (*config.Config, error) {
	cfg, issues, err := config.Load(path, os.Getenv)
	if err != nil {
		return nil, err
	}
	for _, i := range issues {
		if !i.Warning {
			return nil, fmt.Errorf("%w (serialgw check shows every mistake)", i)
		}
	}
	return cfg, nil
}

// notify tells systemd, when it started us.
func notify(state string) {
	_, _ = daemon.SdNotify(false, state) // nothing to do without systemd
}
