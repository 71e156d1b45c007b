package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"serialgw/internal/capture"
	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/uart"
)

const recordHelp = `record writes what a serial port says into a file that "serialgw replay" plays
and Wireshark opens (pcapng): each chunk with its time to the nanosecond and its
direction, and what became of the port. Meanwhile it shows how much comes in,
and, where the frame is known, how many frames and how much noise.

  serialgw record --port /dev/ttyUSB0 --baud 9600 meter.pcapng
  serialgw record                                 the board of gateway.toml
  serialgw record --board press press.pcapng      one of several

While a gateway runs it has the port; then what it reads is recorded through its
status socket, and neither misses a byte. The gateway does not wait for a
recorder that cannot keep up: such a recording says where it has a gap.

A port without a gateway can be written to as well:

  --through PATH   makes a port of the name PATH for another program, which then
                   talks to the board through this one: both directions are recorded
                   (its own baud rate and DTR and RTS do not reach the board)
  --send HEX       sends these bytes again and again, for a board that must be asked

For a wall: --rotate-every 1h --keep 24 records for ever and keeps a day. A file
begins with its first bytes: where nothing comes in, none is made and none goes.
A power cut costs what came in within --sync.

Without FILE it is serialgw-DATE-TIME.pcapng, here; - is standard output. Ctrl-C
ends the recording. Exit status: 0 when something was recorded, without a gap.`

// recordOptions are what the command line says.
type recordOptions struct {
	path          string // "-" is standard output
	config, board string
	configGiven   bool
	settings      uart.Config
	given         []string // which of its flags
	preset, frame string

	limit       time.Duration
	rotateSize  string
	rotateEvery time.Duration
	keep        int
	sync        time.Duration
	notes       []string

	through   string
	send      []string
	sendEvery time.Duration
	paced     bool // sendEvery was given
	noView    bool
}

// lineFlags are those that set up the port, with what each sets.
func lineFlags() map[string]func(to *uart.Config, from uart.Config) {
	return map[string]func(to *uart.Config, from uart.Config){
		"baud":      func(to *uart.Config, from uart.Config) { to.Baud = from.Baud },
		"data-bits": func(to *uart.Config, from uart.Config) { to.DataBits = from.DataBits },
		"parity":    func(to *uart.Config, from uart.Config) { to.Parity = from.Parity },
		"stop-bits": func(to *uart.Config, from uart.Config) { to.StopBits = from.StopBits },
		"on-open":   func(to *uart.Config, from uart.Config) { to.OnOpen = from.OnOpen },
	}
}

func newRecord(std streams) *cobra.Command {
	o := recordOptions{settings: uart.Defaults()}
	cmd := &cobra.Command{
		Use:   "record [flags] [FILE]",
		Short: "Record what a serial port says",
		Long:  recordHelp,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.path = "serialgw-" + time.Now().Format("20060102-150405") + ".pcapng"
			if len(args) > 0 {
				o.path = args[0]
			}
			o.configGiven = cmd.Flags().Changed("config")
			o.paced = cmd.Flags().Changed("send-every")
			for name := range lineFlags() {
				if cmd.Flags().Changed(name) {
					o.given = append(o.given, name)
				}
			}
			return runRecord(cmd.Context(), o, std)
		},
	}
	f := cmd.Flags()
	configFlag(cmd, &o.config)
	f.StringVar(&o.board, "board", "", "`name` of the board in the configuration; default: the only one")
	o.portFlags(cmd)
	f.StringVarP(&o.preset, "preset", "p", "", "preset `name` whose frames are shown; \"serialgw frame list\" lists them")
	f.StringVarP(&o.frame, "frame", "f", "", "`name` of a frame of the configuration that is shown; default: the board's")
	f.DurationVar(&o.limit, "for", 0, "end after this `time`")
	f.StringVar(&o.rotateSize, "rotate-size", "", "begin another file before one exceeds this `size`, such as \"64 MiB\"")
	f.DurationVar(&o.rotateEvery, "rotate-every", 0, "begin another file after this `time`")
	f.IntVar(&o.keep, "keep", 0, "keep so many `files`, the newest; with --rotate-every also those no older than that many times its time (with --rotate-size, too, up to that many times its size); a full disk removes the oldest first; default: all")
	f.DurationVar(&o.sync, "sync", time.Second, "what came in within this `time` may be lost in a power cut; 0: sync each chunk")
	f.StringArrayVar(&o.notes, "note", nil, "put this `text` into the recording: what was recorded, and why")
	f.StringVar(&o.through, "through", "", "make a port at this `path` for another program, and record both directions")
	f.StringArrayVar(&o.send, "send", nil, "send these bytes, `hex`; given more than once, in turn")
	f.DurationVar(&o.sendEvery, "send-every", time.Second, "`time` between two of them")
	f.BoolVarP(&o.noView, "quiet", "q", false, "show nothing meanwhile")
	return cmd
}

// portFlags adds the flags that set up the port.
func (o *recordOptions) portFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.settings.Port, "port", "", "record this `port`, a path or usb:VVVV:PPPP, instead of a board's; \"serialgw ports\" lists them")
	f.IntVar(&o.settings.Baud, "baud", o.settings.Baud, "of --port, `bits/s`")
	f.IntVar(&o.settings.DataBits, "data-bits", o.settings.DataBits, "of --port, 5 to 8")
	f.StringVar(&o.settings.Parity, "parity", o.settings.Parity, "of --port: none, odd or even")
	f.IntVar(&o.settings.StopBits, "stop-bits", o.settings.StopBits, "of --port, 1 or 2")
	f.StringVar(&o.settings.OnOpen, "on-open", o.settings.OnOpen, "DTR and RTS of --port: keep, assert or clear")
}

// recorder is one run of the verb.
type recorder struct {
	recordOptions
	*ticker
	std      streams
	requests [][]byte    // of --send
	plan     *frame.Plan // what is shown; nil when not known
	socket   string      // of the gateway that has the port; "" when none has

	sink recordSink
	view *recordView
	port capture.Port // what is recorded, under its first name

	both   sync.Mutex // the two directions come from goroutines of their own
	base   timebase
	missed bool // the gateway had to leave bytes out
}

// recordSink takes the recording.
type recordSink interface {
	AddPort(capture.Port) error
	Write(capture.Packet) error
}

func runRecord(ctx context.Context, o recordOptions, std streams) error {
	r := &recorder{recordOptions: o, std: std, ticker: newTicker(std.err, o.noView)}
	if err := r.check(); err != nil {
		return err
	}
	if err := r.choose(ctx); err != nil {
		return err
	}
	r.view = newRecordView(r.plan, r.settings.Baud)
	if r.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.limit)
		defer cancel()
	}
	if r.path == "-" {
		return r.recordTo(ctx, std.out)
	}
	return r.recordFiles(ctx)
}

// check finds what is wrong with the command line alone.
func (r *recorder) check() error {
	for _, text := range r.send {
		b, err := capture.ParseHex(text)
		if err != nil || len(b) == 0 {
			return usagef("--send %q is not hex; write pairs of digits, for example \"01 03 00 00 00 02 C4 0B\"", text)
		}
		r.requests = append(r.requests, b)
	}
	row := r.rotateSize != "" || r.rotateEvery > 0
	switch {
	case r.preset != "" && r.frame != "":
		return usagef("--preset and --frame describe the same thing: give one of them")
	case r.settings.Port != "" && r.board != "":
		return usagef("--port and --board name the same thing: give one of them")
	case len(r.requests) == 0 && r.paced:
		return usagef("--send-every goes with --send only: what is to be sent?")
	case len(r.requests) > 0 && r.sendEvery <= 0:
		return usagef("--send-every %v: give a time such as 1s", r.sendEvery)
	case r.keep < 0 || r.keep > 0 && !row:
		return usagef("--keep %d: give a number, and say with --rotate-every or --rotate-size when another file begins", r.keep)
	case r.path == "-" && row:
		return usagef("standard output is one stream: --rotate-size and --rotate-every need a file")
	case r.rotateEvery < 0 || r.limit < 0 || r.sync < 0:
		return usagef("a time cannot be negative")
	}
	return nil
}

// recordTo records into a stream.
func (r *recorder) recordTo(ctx context.Context, w io.Writer) error {
	sink, err := capture.NewWriter(w, r.notes...)
	if err != nil {
		return err
	}
	r.sink = sink
	return r.end(r.record(ctx), nil)
}

// recordFiles records into files, and says what they hold.
func (r *recorder) recordFiles(ctx context.Context) error {
	cfg := capture.RecorderConfig{Path: r.path, MaxAge: r.rotateEvery, Keep: r.keep, Sync: r.sync, Notes: r.notes}
	if r.rotateSize != "" {
		size, ok := config.ParseSize(r.rotateSize)
		if !ok || size == 0 {
			return usagef("--rotate-size %q: write a size such as \"64 MiB\"", r.rotateSize)
		}
		cfg.MaxBytes = size
	}
	files, err := capture.NewRecorder(cfg)
	if err != nil {
		return err
	}
	r.sink = files
	err = errors.Join(r.record(ctx), files.Close())
	return r.end(err, files.Recorded().Files)
}

// end says what was recorded. That nothing was is an error.
func (r *recorder) end(err error, files []string) error {
	if nothing := r.view.nothing(); nothing != nil {
		if err == nil {
			err = nothing
		}
		return err
	}
	_, _ = fmt.Fprintln(r.std.err, r.view.summary())
	if len(files) > 0 {
		_, _ = fmt.Fprintf(r.std.err, "%s in all; this shows what it says:\n  serialgw replay %s %s\n",
			count(len(files), "file"), strings.Join(r.flagsToShow(), " "), fileName(files[0]))
	}
	return err
}

// flagsToShow are those of the replay that shows what was recorded.
func (r *recorder) flagsToShow() []string {
	switch {
	case r.preset != "":
		return []string{"--print", "--preset", fileName(r.preset)}
	case r.plan == nil:
		return []string{"--print", "--preset", "NAME"}
	}
	flags := []string{"--print"}
	for _, flag := range []struct{ name, value string }{{"--config", r.config}, {"--board", r.board}, {"--frame", r.frame}} {
		if flag.value != "" && (flag.name != "--config" || r.configGiven) {
			flags = append(flags, flag.name, fileName(flag.value))
		}
	}
	return flags
}

func (r *recorder) record(ctx context.Context) error {
	stop := r.show(r.view.line)
	var err error
	if r.socket != "" {
		err = r.recordGateway(ctx)
	} else {
		err = r.recordPort(ctx)
	}
	stop()
	if err == nil && r.missed {
		err = errors.New("the recording has gaps: the gateway was not waited for; a comment stands at each")
	}
	return err
}

// put records one packet and shows it.
func (r *recorder) put(p capture.Packet) error {
	if err := r.sink.Write(p); err != nil {
		return err
	}
	r.view.packet(p)
	return nil
}
