package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"serialgw/internal/gateway"
	"serialgw/internal/uart"
)

func TestWritePorts(t *testing.T) {
	const byPath = "/dev/serial/by-path/usb-0:1.2:1.0-port0"
	entries := []portEntry{
		{
			Node: "/dev/ttyUSB0", Port: "usb:0403:6001:A5XK3RJT", Driver: "ftdi_sio", USB: "usb:0403:6001:A5XK3RJT",
			Maker: "FTDI", Model: "FT232R USB UART", Links: []string{"/dev/serial/by-id/usb-FTDI"},
			Board: "car", State: "opened", Text: "/dev/ttyUSB0 open, 115200 8N1",
			Holders: []uart.Holder{{PID: 812, Name: "serialgw"}, {PID: 900}},
		},
		{
			Node: "/dev/ttyUSB1", Port: byPath, Driver: "ch341", USB: "usb:1a86:7523", Model: "USB Serial",
			Links: []string{byPath, "/dev/serial/by-id/usb-1a86"}, Attention: []string{"usb:1a86:7523 means /dev/ttyUSB2, too", "more"},
		},
		{Node: "/dev/pts/3", Port: "/dev/pts/3", Board: "pty", State: "new"},
		{Board: "arm", State: "missing", Text: "cannot open /dev/ttyUSB7: no such file or directory"},
	}
	const want = `
/dev/ttyUSB0  port = "usb:0403:6001:A5XK3RJT"
  device      FTDI FT232R USB UART, driver ftdi_sio
  also        /dev/serial/by-id/usb-FTDI
  held by     process 812 (serialgw)
  held by     process 900
  gateway     board car: /dev/ttyUSB0 open, 115200 8N1
/dev/ttyUSB1  port = "/dev/serial/by-path/usb-0:1.2:1.0-port0"
  device      USB Serial, usb:1a86:7523, driver ch341
  also        /dev/serial/by-id/usb-1a86
  attention   usb:1a86:7523 means /dev/ttyUSB2, too
  attention   more
/dev/pts/3    port = "/dev/pts/3"
  gateway     board pty: new
board arm     cannot open /dev/ttyUSB7: no such file or directory
`
	var out bytes.Buffer
	if err := writePorts(&out, entries); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[1:], out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestListPorts_NothingIsOneLine(t *testing.T) {
	dir := t.TempDir()
	entries, hidden := listPorts(machine{dir, dir, dir}, nil)
	var out, asJSON bytes.Buffer
	if err := writePorts(&out, entries); err != nil {
		t.Fatal(err)
	}
	if hidden || strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), "dmesg") {
		t.Errorf("hidden %v, %s", hidden, out.String())
	}
	if err := printPorts(true, entries, &asJSON); err != nil || asJSON.String() != "[]\n" {
		t.Errorf("JSON %s, %v", asJSON.String(), err)
	}
}

// askPorts runs `ports --json` as a process would and returns the entry that
// is wanted, with what was said on stderr.
func askPorts(t *testing.T, is func(portEntry) bool, args ...string) (portEntry, string) {
	t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{"ports", "--json"}, args...)
	if code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errs}); code != exitOK {
		t.Fatalf("%v: status %d, %s", args, code, errs.String())
	}
	var entries []portEntry
	if err := json.Unmarshal(out.Bytes(), &entries); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	i := slices.IndexFunc(entries, is)
	if i < 0 {
		return portEntry{}, errs.String()
	}
	return entries[i], errs.String()
}

// TestPorts_OfTheRunningGateway lets a status socket speak of a pty that this
// process holds, and of a board without a port.
func TestPorts_OfTheRunningGateway(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = master.Close(), slave.Close() }()
	socket := filepath.Join(t.TempDir(), "s")
	s := nodeStatus{Ports: map[string]uart.Status{
		"demo": {State: uart.Opened, Text: "open", Path: slave.Name()},
		"arm":  {State: uart.Missing, Text: "cannot open it"},
	}}
	stop := serveStatus(t, socket, s)
	defer stop()
	e, said := askPorts(t, func(e portEntry) bool { return e.Board == "demo" }, "--socket", socket)
	if e.Node != slave.Name() || e.Port != slave.Name() || e.State != "opened" || e.Text != "open" {
		t.Errorf("got %+v; %s", e, said)
	}
	if !slices.ContainsFunc(e.Holders, func(h uart.Holder) bool { return h.PID == os.Getpid() }) {
		t.Errorf("held by %v, want process %d among them", e.Holders, os.Getpid())
	}
	e, _ = askPorts(t, func(e portEntry) bool { return e.Board == "arm" }, "--socket", socket)
	if e.Node != "" || e.State != "missing" || e.Text != "cannot open it" || e.Links == nil || e.Attention == nil {
		t.Errorf("got %+v", e)
	}
}

// serveStatus answers "status" with s until the returned function is called.
func serveStatus(t *testing.T, socket string, s nodeStatus) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	offer := gateway.Service{Answers: map[string]gateway.Answer{"status": func([]string) any { return s }}}
	go func() { done <- gateway.ServeSocket(ctx, socket, offer) }()
	for gateway.Ask(ctx, socket, "status", &nodeStatus{}) != nil {
		select {
		case err := <-done:
			t.Fatal(err)
		default:
		}
	}
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestPorts_MarksAPortOfTheList gives the gateway a port that the kernel lists.
func TestPorts_MarksAPortOfTheList(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := machine{filepath.Join(root, "sys"), filepath.Join(root, "dev"), filepath.Join(root, "proc")}
	for _, name := range []string{"ttyS4", "ttyS5"} {
		if err := os.MkdirAll(filepath.Join(m.sys, "class/tty", name, "device"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(m.dev, "ttyS5")
	entries, _ := listPorts(m, map[string]uart.Status{"car": {State: uart.Silent, Text: "no frame", Path: path}})
	if len(entries) != 2 || entries[0].Board != "" || entries[1].Board != "car" || entries[1].State != "silent" || entries[1].Port != path {
		t.Errorf("got %+v", entries)
	}
}
