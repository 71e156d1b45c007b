package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"serialgw/internal/capture"
	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/gateway"
)

// halved sends every second frame in two pieces, 30 ms apart, and says what of
// its port.
func halved(port, what string) func(*tape) {
	return func(r *tape) {
		if what != "" {
			r.mark(port, what)
		}
		for n := range 40 {
			b := witSays(0x53, int16(n), 1, 2, 3)
			if n%2 == 1 {
				r.read(port, b[:5])
				r.wait(30 * time.Millisecond)
				b = b[5:]
			}
			r.read(port, b)
			r.wait(tenth)
		}
	}
}

// TestDetect_RateThatIsSaid: what a note or a comment says counts for its own
// port, within the limits of a configuration, and where the recording bears it.
func TestDetect_RateThatIsSaid(t *testing.T) {
	const slowest = "the slowest rate that the preset names that carries and keeps all 40 frames; set what the board's program says"
	both := func(r *tape) {
		halved(usb, "")(r)
		halved("/dev/ttyUSB1", "opened: /dev/ttyUSB1 open, 19200 8N1")(r)
	}
	described := func(description string) func(*tape) {
		return func(r *tape) {
			if err := r.w.AddPort(capture.Port{Name: usb, Description: description}); err != nil {
				t.Fatal(err)
			}
			halved(usb, "")(r)
		}
	}
	for name, row := range map[string]struct {
		note string
		play func(*tape)
		port string
		want string
	}{
		"of another port":       {"", both, usb, "9600 # " + slowest},
		"of the port":           {"", both, "/dev/ttyUSB1", "19200 # as the recording says"},
		"a note on two ports":   {"at 38400 baud", both, usb, "9600 # " + slowest},
		"beyond the limits":     {"9999999 baud", halved(usb, ""), usb, "9600 # " + slowest},
		"denied":                {"not at 4800 baud, that gave noise", halved(usb, ""), usb, "9600 # " + slowest},
		"loses frames":          {"at 115200 baud", halved(usb, ""), usb, "9600 # not 115200 as the recording says, which keeps 20 of 40 frames: " + slowest},
		"cannot carry":          {"at 100 baud", halved(usb, ""), usb, "9600 # not 100 as the recording says, which cannot carry the bytes: " + slowest},
		"set, and loses frames": {"", described("115200 8N1"), usb, "9600 # not 115200 as the recording says, which keeps 20 of 40 frames: " + slowest},
		"set beyond the limits": {"", described("9999999 8N1"), usb, "9600 # " + slowest},
		"no rate keeps all": {"at 19200 baud", func(r *tape) {
			halved(usb, "")(r)
			r.read(usb, witSays(0x53, 1, 1, 2, 3)[:5])
			r.wait(time.Minute)
			r.read(usb, witSays(0x53, 1, 1, 2, 3)[5:])
		}, usb, "19200 # as the recording says; it keeps 40 of 41 frames"},
		"set": {"", described("19200 8N1"), usb, "19200"},
	} {
		t.Run(name, func(t *testing.T) {
			path, draft := silently(t, row.note, row.play), filepath.Join(t.TempDir(), "board.toml")
			_, out, errs := verb("detect", "--port", row.port, "--write", draft, path)
			b, err := os.ReadFile(draft)
			if err != nil {
				t.Fatal(err, out, errs)
			}
			if !strings.Contains(string(b), "\nbaud   = "+row.want+"\n") {
				t.Errorf("%s\nwant %s", b, row.want)
			}
			if _, issues := config.Parse(b, draft, os.Getenv); config.Failed(issues) {
				t.Error(issues)
			}
		})
	}
}

// TestSilences_AfterAnInterrupt: what is known already is told, and no rate is
// called the best that was not tried.
func TestSilences_AfterAnInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d, err := namedDescription("jy901", "", streams{})
	if err != nil {
		t.Fatal(err)
	}
	plan, bad := frame.Compile("jy901", d)
	if bad != nil {
		t.Fatal(bad)
	}
	rec := &recording{path: silently(t, "", jy901), format: capture.PcapNG, timing: capture.Dated}
	var errs bytes.Buffer
	r := &replay{std: streams{err: &errs}, rec: rec, board: gateway.Board{Plan: plan, Baud: 115200}}
	r.tellSilences(ctx, frame.Metrics{Expired: 4})
	if got, want := errs.String(), "4 times a silence ended the beginning of a frame at 115200 baud\n"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	s := &sample{timed: true, again: rec}
	if got := s.rateOf(ctx, plan, ""); got.baud != slowBaud || !strings.HasPrefix(got.why, "not all of the usual rates were tried") {
		t.Errorf("got %+v", got)
	}
}
