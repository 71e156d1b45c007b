package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"serialgw/internal/config"
	"serialgw/internal/gateway"
	"serialgw/internal/uart"
)

const portsHelp = `ports lists the serial ports of this machine: for each the line to put into
gateway.toml, what is plugged in, its other names, who has it open, and what
will disturb a board on it. The line names the port by its USB identity where
that is unique, else by the socket it is plugged into, else by its node.

It looks only and opens no port: opening one moves its DTR line, which resets
many boards. A running gateway is asked for its ports through its status
socket; neither a gateway nor a configuration is needed.

Others' open files show to root only: sudo serialgw ports`

// portEntry is one element of ports --json. No key is ever left out.
type portEntry struct {
	Node      string        `json:"node"`      // "/dev/ttyUSB0"; empty for a board of the gateway whose port is not open
	Port      string        `json:"port"`      // what to write as the board's port; empty as above
	Driver    string        `json:"driver"`    // "ftdi_sio"; empty when unknown
	USB       string        `json:"usb"`       // "usb:0403:6001:A5XK3RJT"; empty when not on USB
	Maker     string        `json:"maker"`     // the device's own words, often empty
	Model     string        `json:"model"`     // as above
	Links     []string      `json:"links"`     // other names of the node: by-path, by-id, serial0
	Holders   []uart.Holder `json:"holders"`   // who has it open, as far as it may be seen
	Attention []string      `json:"attention"` // what a person should know or do, in words
	Board     string        `json:"board"`     // whose port it is in the running gateway; empty: nobody's
	State     string        `json:"state"`     // that board's: opened, lost, missing, silent, new; empty without a board
	Text      string        `json:"text"`      // the state in words
}

// machine is where the kernel shows the machine.
type machine struct{ sys, dev, proc string }

type portsOptions struct {
	path, socket string
	named        bool // path was given, it is not the default
	asJSON       bool
}

func newPorts(std streams) *cobra.Command {
	var o portsOptions
	cmd := &cobra.Command{
		Use:   "ports",
		Short: "List the serial ports and who holds them",
		Long:  portsHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.named = cmd.Flags().Changed("config")
			return runPorts(cmd.Context(), o, std)
		},
	}
	configFlag(cmd, &o.path)
	cmd.Flags().StringVar(&o.socket, "socket", "", "status socket `path`; default: where the configuration puts it")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

func runPorts(ctx context.Context, o portsOptions, std streams) error {
	boards := boardPorts(ctx, o, std)
	entries, hidden := listPorts(machine{uart.SysRoot, uart.DevRoot, uart.ProcRoot}, boards)
	err := printPorts(o.asJSON, entries, std.out)
	if hidden && len(entries) > 0 {
		text := "some processes do not show what they have open"
		if os.Geteuid() != 0 {
			text += " to you: sudo serialgw ports"
		}
		_, _ = fmt.Fprintf(std.err, "serialgw: %s\n", text)
	}
	return err
}

func printPorts(asJSON bool, entries []portEntry, out io.Writer) error {
	if !asJSON {
		return writePorts(out, entries)
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(entries)
}

// boardPorts asks the running gateway for the ports of its boards. That none
// runs, or that there is no configuration to find it by, goes without saying
// unless it was named.
func boardPorts(ctx context.Context, o portsOptions, std streams) map[string]uart.Status {
	socket := o.socket
	if socket == "" {
		cfg, _, err := readConfig(o.path)
		if err != nil {
			if o.named || !errors.Is(err, fs.ErrNotExist) {
				_, _ = fmt.Fprintf(std.err, "serialgw: %v\n", err)
			}
			cfg = &config.Config{}
		}
		if socket = cfg.SocketPath(os.Getenv); socket == "" {
			return nil
		}
	}
	var s nodeStatus
	err := gateway.Ask(ctx, socket, "status", &s)
	switch {
	case errors.Is(err, fs.ErrPermission):
		_, _ = fmt.Fprintf(std.err, "serialgw: %v; use: sudo serialgw ports --socket %s\n", err, socket)
	case err != nil && (o.socket != "" || !gateway.IsAbsent(err)):
		_, _ = fmt.Fprintf(std.err, "serialgw: %v; is it running?\n", err)
	}
	return s.Ports
}

// listPorts joins what the kernel knows with what the gateway says. A path that
// only the gateway knows (a pty) and a board without a port get their entries
// at the end. hidden is that of uart.Holders.
func listPorts(m machine, boards map[string]uart.Status) (entries []portEntry, hidden bool) {
	hardware := uart.List(m.sys, m.dev)
	all := slices.Clone(hardware)
	users := make(map[string]string) // boards by path
	for _, name := range slices.Sorted(maps.Keys(boards)) {
		path := boards[name].Path
		users[path] = name
		if path != "" && !slices.ContainsFunc(all, func(i uart.Info) bool { return i.Path == path }) {
			all = append(all, uart.Info{Name: filepath.Base(path), Path: path})
		}
	}
	paths := make([]string, len(all))
	for i, info := range all {
		paths[i] = info.Path
	}
	holders, hidden := uart.Holders(m.proc, paths)
	entries = []portEntry{} // JSON's [], not null
	for _, info := range all {
		e := entryOf(info, holders[info.Path])
		e.Port = uart.BestName(info, hardware)
		e.Attention = append(e.Attention, uart.Attention(info, hardware, e.Holders, m.proc)...)
		if name, ok := users[info.Path]; ok {
			e.usedBy(name, boards[name])
		}
		entries = append(entries, e)
	}
	for _, name := range slices.Sorted(maps.Keys(boards)) {
		if boards[name].Path == "" {
			e := entryOf(uart.Info{}, nil)
			e.usedBy(name, boards[name])
			entries = append(entries, e)
		}
	}
	return entries, hidden
}

func entryOf(info uart.Info, holders []uart.Holder) portEntry {
	e := portEntry{
		Node: info.Path, Driver: info.Driver,
		Links: append([]string{}, info.Links...), Holders: append([]uart.Holder{}, holders...), Attention: []string{},
	}
	if u := info.USB; u != nil {
		e.USB, e.Maker, e.Model = u.String(), u.Maker, u.Model
	}
	return e
}

func (e *portEntry) usedBy(board string, s uart.Status) {
	e.Board, e.State, e.Text = board, s.State.String(), s.Text
}

// writePorts prints for each port a line to copy and, below it, the rest.
func writePorts(out io.Writer, entries []portEntry) error {
	if len(entries) == 0 {
		_, err := fmt.Fprintln(out, "no serial port: plug the board in by a cable that carries data; \"sudo dmesg\" then names its driver, or what is wrong")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, text string) {
		if text != "" {
			_, _ = fmt.Fprintf(w, "%s\t%s\n", name, text)
		}
	}
	for _, e := range entries {
		if e.Node == "" {
			row("board "+e.Board, e.says())
			continue
		}
		row(e.Node, fmt.Sprintf("port = %q", e.Port))
		row("  device", e.device())
		for _, link := range e.Links {
			if link != e.Port {
				row("  also", link)
			}
		}
		for _, h := range e.Holders {
			row("  held by", h.String())
		}
		if e.Board != "" {
			row("  gateway", "board "+e.Board+": "+e.says())
		}
		for _, note := range e.Attention {
			row("  attention", note)
		}
	}
	return w.Flush()
}

// says returns the board's state in words; a new one has not said any.
func (e portEntry) says() string {
	if e.Text == "" {
		return e.State
	}
	return e.Text
}

// device tells what is plugged in, without what the line above it says.
func (e portEntry) device() string {
	var parts []string
	if words := strings.TrimSpace(e.Maker + " " + e.Model); words != "" {
		parts = append(parts, words)
	}
	if e.USB != "" && e.USB != e.Port {
		parts = append(parts, e.USB)
	}
	if e.Driver != "" {
		parts = append(parts, "driver "+e.Driver)
	}
	return strings.Join(parts, ", ")
}
