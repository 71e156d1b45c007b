package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"serialgw/internal/capture"
	"serialgw/internal/frame"
)

const exportHelp = `export writes the frames that are found in a recording into a file for another
program. FILE is a recording of any format that replay reads.

  serialgw export --frames imu.pcapng -o frames.pcapng --preset jy901
  serialgw export --csv sscom.txt -o imu.csv --preset jy901

--frames writes pcapng with a packet a frame, which Wireshark shows one by one: in
a recording they lie as the port gave them, several in a packet or in parts. Each
has the time of its last byte and its direction, and is as it stood on the line;
noise and frames whose check failed are left out. The link type is USER0 (147),
for which "serialgw frame lua" writes a dissector. With --link rtac it is
RTAC_SERIAL (250), behind which Wireshark's own Modbus dissector reads:

  tshark -r frames.pcapng -d rtacser.data,mbrtu -o mbrtu.crc_verification:TRUE

--csv writes a line a frame from the board (RFC 4180): its message, its time, and
a column for every property of all messages, empty where the message has none.
The column is called time where the recording knows the date, seconds where it
knows only how long it took, and is missing where it knows neither.

-o - is standard output. Exit status: 0 when a frame was found, 1 when none was.`

type exportOptions struct {
	replayOptions
	frames, csv bool
	out, link   string
}

func newExport(std streams) *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export --frames|--csv FILE -o OUT",
		Short: "Write the frames of a recording for Wireshark, or as CSV",
		Long:  exportHelp,
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(args, cmd.Flags().Changed("config")); err != nil {
				return err
			}
			return o.export(cmd.Context(), std)
		},
	}
	o.flags(cmd.Flags())
	return cmd
}

func (o *exportOptions) flags(f *pflag.FlagSet) {
	f.BoolVar(&o.frames, "frames", false, "pcapng, a packet a frame")
	f.BoolVar(&o.csv, "csv", false, "a line a frame")
	f.StringVarP(&o.out, "out", "o", "", "the new `file`; - is standard output")
	f.StringVar(&o.link, "link", "user0", "of --frames: user0, or rtac for Wireshark's Modbus dissector")
	f.StringVarP(&o.config, "config", "c", defaultConfig, "configuration `file`")
	f.StringVar(&o.board, "board", "", "`name` of the board in the configuration; default: the one whose port was recorded")
	f.StringVarP(&o.preset, "preset", "p", "", "preset `name`, instead of a configuration: "+strings.Join(frame.PresetNames(), ", "))
	f.StringVarP(&o.frame, "frame", "f", "", "`name` of another frame of the configuration than the board's")
	f.StringVar(&o.as, "as", "", "read FILE as this `format`: "+capture.FormatNames()+"; default: its beginning tells")
	f.BoolVar(&o.swap, "swap", false, "take what FILE says was sent for what came from the board")
	f.StringVar(&o.port, "port", "", "of this recorded `port`; default: the board's, or the first")
	f.IntVar(&o.baud, "baud", 0, "`bits/s` of the line; default: the board's, with --preset the recorded, or 115200")
}

func (o *exportOptions) check(args []string, configGiven bool) error {
	o.print, o.report, o.quiet = true, "all", true
	switch {
	case o.frames == o.csv:
		return usagef("what is to be written? give one of --frames and --csv")
	case o.out == "":
		return usagef("where to? give -o FILE, or -o - for standard output")
	case o.link != "user0" && o.link != "rtac":
		return usagef("--link %q: user0 and rtac exist", o.link)
	}
	return o.takeArgs(args, configGiven)
}

// export makes a new file. One that holds no frame is not left behind.
func (o exportOptions) export(ctx context.Context, std streams) error {
	r, err := openReplay(ctx, o.replayOptions, std)
	if err != nil {
		return err
	}
	defer r.rec.close()
	r.rec.step = pieces
	if o.out == "-" {
		return o.write(ctx, r, std.out)
	}
	f, err := os.OpenFile(o.out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usagef("%s exists already: name another file, or remove it", o.out)
	}
	if err != nil {
		return fmt.Errorf("cannot export: %w", err)
	}
	err = o.write(ctx, r, f)
	if ferr := f.Close(); ferr != nil {
		err = errors.Join(err, fmt.Errorf("cannot export: %w", ferr))
	}
	if err != nil && !isDamage(err) {
		_ = os.Remove(o.out)
	}
	return err
}

// write exports what can be read; of a damaged recording, all before that.
func (o exportOptions) write(ctx context.Context, r *replay, out io.Writer) error {
	w := bufio.NewWriterSize(out, printAhead)
	x, err := o.exporter(r, w)
	if err != nil {
		return err
	}
	src, err := r.rec.open()
	if err != nil {
		return err
	}
	walked := r.ended(x.walk(ctx, src))
	if walked != nil && !isDamage(walked) {
		return walked
	}
	if err := errors.Join(x.flush(), w.Flush()); err != nil {
		return fmt.Errorf("cannot export: %w", err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("cannot export: %w", ctx.Err())
	}
	r.rec.left(r.std)
	return errors.Join(walked, x.summarise(r))
}

func (o exportOptions) exporter(r *replay, w io.Writer) (*frameWalk, error) {
	x := &frameWalk{rec: r.rec, plan: r.board.Plan.Renamed(r.conf.Identifier), baud: r.board.Baud}
	if o.csv {
		return x, x.toCSV(r, w)
	}
	link := capture.LinkUser0
	if o.link == "rtac" {
		link = capture.LinkRTAC
	}
	return x, x.toPackets(w, link)
}
