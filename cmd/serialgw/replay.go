package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"serialgw/internal/capture"
	"serialgw/internal/config"
	"serialgw/internal/gateway"
)

const replayHelp = `replay takes a recording through the same way as the bytes of a port: frames,
readings, report rule, queue, posts. FILE is a recording of "serialgw record"
(pcapng), raw bytes, or what another program wrote: docs/recordings.md lists the
formats, which are known by what stands in them. - is standard input, and a pipe
is read as that.

  serialgw replay --print --preset jy901 capture.bin     what it says, as JSON lines
  serialgw replay --sim --preset jy901 capture.pcapng    into the built-in OneNET simulator
  serialgw replay --config gateway.toml capture.pcapng   into OneNET, as that file says
  serialgw replay --device /tmp/board capture.pcapng     onto a pty, for another program

It keeps the recording's own timing; --speed 10x is ten times as fast, --speed
max as fast as possible. The times of the readings are moved so that the
recording ends now, or stay as recorded with --original-time and --print. Into a
cloud they go without a time where the clock of this machine is not synchronised.
Where FILE has no times, as raw bytes, they get those of their baud rate.

Replaying into a cloud uses a temporary queue of its own, and ends when the
last reading is confirmed. While a gateway is logged in as the same device it
is refused, because a second login would throw that one out.

The recording's own notes and comments, such as where the port was lost, are
shown as they are passed. One that is damaged is played up to there.

Ctrl-C stops it and says with which --from it goes on. Exit status: 0 when all
was played, 1 when not, or when no frame was found.`

// replayOptions are what the command line says.
type replayOptions struct {
	path                  string // the recording
	config, board         string
	preset, frame, report string
	as, speed, from, port string
	baud                  int
	swap                  bool
	maxGap                time.Duration

	print, flat  bool
	format       string // of --print
	sim, pty     bool
	device       string
	originalTime bool
	loop         bool
	inMemory     bool
	quiet        bool
}

func newReplay(std streams) *cobra.Command {
	var o replayOptions
	cmd := &cobra.Command{
		Use:   "replay [flags] FILE",
		Short: "Play a recording into OneNET, the simulator, a pty, or print it",
		Long:  replayHelp,
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.takeArgs(args, cmd.Flags().Changed("config")); err != nil {
				return err
			}
			if !o.print && o.device == "" {
				oneProcessor()
			}
			return runReplay(cmd.Context(), o, std)
		},
	}
	o.flags(cmd.Flags())
	return cmd
}

// flags adds those that say what is played; targetFlags those that say where to.
func (o *replayOptions) flags(f *pflag.FlagSet) {
	f.StringVarP(&o.config, "config", "c", "gateway.toml", "configuration `file`")
	f.StringVar(&o.board, "board", "", "`name` of the board in the configuration; default: the one whose port was recorded")
	f.StringVarP(&o.preset, "preset", "p", "", "preset `name`, instead of a configuration; \"serialgw frame list\" lists them")
	f.StringVarP(&o.frame, "frame", "f", "", "`name` of another frame of the configuration than the board's")
	f.StringVar(&o.report, "report", "", "instead of the board's report, rules and health: all, or a `period` such as 1s")
	f.StringVar(&o.as, "as", "", "read FILE as this `format`: "+capture.FormatNames()+"; default: its beginning tells")
	f.BoolVar(&o.swap, "swap", false, "play what FILE says was sent to the board")
	f.StringVar(&o.speed, "speed", "", "1x, 10x ... or max; default: 1x, with --print max")
	f.StringVar(&o.from, "from", "", "begin at this `place`: a time into the recording (90s) or a number of bytes (4096B)")
	f.StringVar(&o.port, "port", "", "play this recorded `port`; default: the board's, or the first")
	f.IntVar(&o.baud, "baud", 0, "`bits/s` of the line; default: the board's; with --preset the recorded, or 9600, for bytes without times 115200")
	f.DurationVar(&o.maxGap, "max-gap", 0, "shorten longer pauses to this")
	o.targetFlags(f)
}

func (o *replayOptions) targetFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.print, "print", false, "print the readings, no cloud")
	f.StringVar(&o.format, "format", "json", "of --print: json (one line a reading), csv or table")
	f.BoolVar(&o.flat, "flat", false, "JSON with the values alone")
	f.BoolVar(&o.sim, "sim", false, "into the built-in OneNET simulator")
	f.BoolVar(&o.pty, "pty", false, "through a pty, read as a port is")
	f.StringVar(&o.device, "device", "", "only play: make a pty, with a link to it at this `path`, for another program to open")
	f.BoolVar(&o.loop, "loop", false, "with --device: play again and again")
	f.BoolVar(&o.originalTime, "original-time", false, "keep the recorded times")
	f.BoolVar(&o.inMemory, "no-queue", false, "keep what waits in memory, not on disk; for measurements")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
}

// takeArgs finds the recording. "--print csv FILE" is meant as "--print
// --format csv FILE" is.
func (o *replayOptions) takeArgs(args []string, configGiven bool) error {
	if o.print && len(args) == 2 && slices.Contains([]string{"json", "csv", "table"}, args[0]) {
		o.format, args = args[0], args[1:]
	}
	if len(args) != 1 {
		return usagef("which recording? give one FILE, or - for standard input")
	}
	o.path = args[0]
	targets := 0
	for _, chosen := range []bool{o.print, o.sim, o.device != ""} {
		if chosen {
			targets++
		}
	}
	switch {
	case targets > 1:
		return usagef("--print, --sim and --device are three places to play to: give one of them")
	case o.loop && o.device == "":
		return usagef("--loop goes with --device only")
	case o.preset != "" && (configGiven || o.frame != "" || o.board != ""):
		return usagef("--preset and --config describe the same thing: give one of them")
	case o.preset != "" && targets == 0:
		return usagef("--preset alone says what the bytes mean, not where they go: add --print or --sim, or give a --config")
	}
	return nil
}

// replay is one run of the verb.
type replay struct {
	replayOptions
	std    streams
	rec    *recording
	news   news
	speed  float64
	player *capture.Player
	cfg    *config.Config
	conf   config.Board
	board  gateway.Board

	arrived *arrivals // at the built-in simulator; nil without it
}

func runReplay(ctx context.Context, o replayOptions, std streams) error {
	r, err := openReplay(ctx, o, std)
	if err != nil {
		return err
	}
	defer r.rec.close()
	switch {
	case o.device != "":
		err = r.playTo(ctx)
	case o.print:
		err = r.printAll(ctx)
	default:
		err = r.publish(ctx)
	}
	r.rec.left(std)
	r.news.left()
	return err
}

// openReplay understands the command line and looks at the recording. Nothing
// is played.
func openReplay(ctx context.Context, o replayOptions, std streams) (*replay, error) {
	r := &replay{replayOptions: o, std: std, rec: &recording{path: o.path, format: capture.Format(o.as), port: o.port, swap: o.swap}}
	r.news = news{ticker: newTicker(std.err, o.quiet)}
	if r.replayOptions.speed == "" {
		r.replayOptions.speed = "1x"
		if o.print {
			r.replayOptions.speed = "max"
		}
	}
	var err error
	if r.speed, err = parseSpeed(r.replayOptions.speed); err != nil {
		return nil, err
	}
	if r.rec.from, err = parsePosition(o.from); err != nil {
		return nil, err
	}
	ports, err := r.look(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.choose(ports); err != nil {
		return nil, err
	}
	r.rec.baud = r.board.Baud
	if r.speed > 0 || r.board.Period > 0 || len(r.board.Rules) > 0 || r.board.Health > 0 {
		r.rec.step = pieces
	}
	r.player = r.rec.player()
	r.player.Speed, r.player.MaxGap, r.player.Loop = r.speed, o.maxGap, o.loop
	r.player.From = r.rec.from
	r.rec.tell = r.news.tell
	return r, nil
}

// look finds the recording and the ports in it, as far as that can be known
// before it is played.
func (r *replay) look(ctx context.Context) ([]capture.Port, error) {
	if err := r.rec.attend(ctx, r.std.in); err != nil {
		return nil, err
	}
	if r.rec.once() && r.loop {
		return nil, usagef("--loop needs a file: what comes through a pipe comes once")
	}
	if r.device == "" {
		if err := r.rec.peek(); err != nil {
			return nil, err
		}
	}
	return r.rec.look()
}
