package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/creack/pty"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"golang.org/x/term"

	"serialgw/internal/capture"
	"serialgw/internal/config"
	"serialgw/internal/onenetsim"
)

// demoRecording is a minute of the demo board at 10 frames a second, with some
// damage on the line (pcapng; go generate makes it anew).
//
//go:embed demo.pcapng
var demoRecording []byte

const (
	demoFor   = 30 * time.Second // when nobody watches
	viewEvery = 250 * time.Millisecond
	lineEvery = 5 * time.Second
)

// onPurpose is said of the damage that the demo shows.
const onPurpose = "some frames of the recording are damaged on purpose: they count as bad, and are not published"

const demoHelp = `demo shows the main job with no board and no account:

  a recording ─▶ a real pty ─▶ the real gateway ─▶ real TCP ─▶ the OneNET simulator

A minute of a board's serial line is played at its own pace, again and again.
The gateway reads the pty as it would read a port, stores what it decodes, and
publishes it to the built-in simulator, which checks every message as the
platform does. On a terminal it runs until Ctrl-C, otherwise for 30 s; a
summary ends it. All its files are temporary.`

func newDemo(std streams) *cobra.Command {
	var length time.Duration
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole line at work, without a board or an account",
		Long:  demoHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), length, std) },
	}
	cmd.Flags().DurationVar(&length, "for", 0, "end after this `time`, for example 10s")
	return cmd
}

func runDemo(ctx context.Context, length time.Duration, std streams) error {
	if length == 0 && !isTerminal(std.out) {
		length = demoFor
	}
	if length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, length)
		defer cancel()
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP) // the terminal was closed
	defer stop()
	dir, err := os.MkdirTemp("", "serialgw-demo-")
	if err != nil {
		return fmt.Errorf("cannot make a temporary directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	d, err := openDemo(dir)
	if err != nil {
		return err
	}
	return d.run(ctx, std)
}

// demo is the whole line on one machine.
type demo struct {
	sim   *onenetsim.Server
	board *os.File // the pty's master: the board's end of the cable
	cable *os.File // its slave, held open so that the line outlives a reopening
	node  *node
	start time.Time
}

func openDemo(dir string) (*demo, error) {
	sim := onenetsim.Defaults()
	sim.Products = []onenetsim.Product{{ID: simProduct, Devices: map[string]string{simDevice: simKey}}}
	sim.Keep = 10_000
	d := &demo{sim: onenetsim.New(sim), start: time.Now()}
	addr, err := d.sim.Listen("127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot start the simulator: %w", err)
	}
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("cannot make a pty: %w", err)
	}
	// Raw from the start: what is written before the gateway opens the port
	// must not pass the line discipline of a terminal.
	if _, err := term.MakeRaw(int(slave.Fd())); err != nil {
		return nil, fmt.Errorf("cannot prepare the pty: %w", err)
	}
	d.board, d.cable = master, slave
	text := fmt.Sprintf("[onenet]\nproduct = %q\ndevice = %q\nkey = %q\naddress = %q\n\n[[board]]\nname = \"demo\"\nport = %q\n",
		simProduct, simDevice, simKey, addr, slave.Name())
	cfg, issues := config.Parse([]byte(text), "demo", func(string) string { return "" })
	if config.Failed(issues) {
		return nil, fmt.Errorf("the demo's own configuration: %v", issues)
	}
	cfg.Queue.KeepFree = 0 // a small temporary file system is enough
	d.node, err = openNode(cfg, zerolog.Nop(), nodeOptions{dir: dir, noWait: true})
	return d, err
}

func (d *demo) run(ctx context.Context, std streams) error {
	simCtx, stopSim := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSim()
	group, simCtx := errgroup.WithContext(simCtx)
	group.Go(func() error { return d.sim.Serve(simCtx) })
	group.Go(func() error { return d.play(ctx) })
	group.Go(func() error { return d.show(ctx, std) })
	group.Go(func() error {
		defer stopSim() // the gateway's last verdicts are in
		return d.node.run(ctx, nil, nil)
	})
	err := group.Wait()
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return errors.Join(err, d.summary(std.out))
}

// play sends the recording to the pty at its own pace until ctx ends. The
// frames' sequence numbers run on from loop to loop, as a board's would.
func (d *demo) play(ctx context.Context) error {
	defer func() { _ = errors.Join(d.board.Close(), d.cable.Close()) }()
	sequence, err := newSequence()
	if err != nil {
		return err
	}
	player := capture.Player{
		Open: func() (capture.Source, error) { return capture.NewReader(bytes.NewReader(demoRecording)), nil },
		Wait: sleep,
		Now:  d.node.clock.Now,
		Loop: true, Speed: 1,
		Rewrite: func(_ int, p capture.Packet) capture.Packet {
			p.Bytes = sequence.rewrite(p.Bytes)
			return p
		},
	}
	if err := player.Play(ctx, d.board); err != nil && ctx.Err() == nil {
		return fmt.Errorf("cannot play the recording: %w", err)
	}
	return nil
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// show keeps the person at the terminal informed: a calm block that is drawn
// over itself, or plain lines where there is no terminal.
func (d *demo) show(ctx context.Context, std streams) error {
	if isTerminal(std.out) {
		return d.live(ctx, std.out)
	}
	_, _ = fmt.Fprintf(std.out, "demo: recording -> pty -> gateway -> OneNET simulator on %v\n%s\n", d.sim.Addr(), onPurpose)
	ticker := time.NewTicker(lineEvery)
	defer ticker.Stop()
	first := time.NewTimer(2 * time.Second)
	defer first.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-first.C:
		case <-ticker.C:
		}
		if err := d.line(std.out); err != nil {
			return err
		}
	}
}

func (d *demo) line(out io.Writer) error {
	s := d.node.status()
	for _, b := range s.Gateway.Boards {
		_, err := fmt.Fprintf(out, "%4.0fs  %.1f frames/s, %d good, %d bad; queue %d; %s confirmed; last verdict: %s; %s\n",
			time.Since(d.start).Seconds(), b.FramesPerSecond, b.Metrics.Frames, b.Metrics.CheckFailed,
			s.Queue.Records, count(s.Gateway.Uplink.Confirmed, "post"), verdictText(s.Gateway.Uplink), valuesText(b))
		if err != nil {
			return fmt.Errorf("cannot print: %w", err)
		}
	}
	return nil
}

// live draws the status over itself. ESC[nA moves up, ESC[J clears below.
func (d *demo) live(ctx context.Context, out io.Writer) error {
	ticker := time.NewTicker(viewEvery)
	defer ticker.Stop()
	lines := 0
	for {
		var b bytes.Buffer
		if lines > 0 {
			fmt.Fprintf(&b, "\x1b[%dA\x1b[J", lines)
		}
		head := b.Len()
		fmt.Fprintf(&b, "serialgw demo: a recording, played into a pty, published to the OneNET simulator on %v\n%s\n\n", d.sim.Addr(), onPurpose)
		if err := writeStatus(&b, d.node.status()); err != nil {
			return err
		}
		fmt.Fprintf(&b, "\nCtrl-C ends it.\n")
		view := wrapWidth(b.Bytes()[head:], terminalWidth(out))
		lines = bytes.Count(view, []byte{'\n'})
		if _, err := out.Write(append(b.Bytes()[:head:head], view...)); err != nil {
			return fmt.Errorf("cannot print: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// terminalWidth returns the columns of a terminal; 80 when it will not say.
func terminalWidth(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// wrapWidth breaks long lines at spaces, so that nothing is lost and the view
// can be drawn over: the terminal must not wrap by itself.
func wrapWidth(view []byte, width int) []byte {
	const indent = "      "
	limit := max(width-1, 2*len(indent))
	var out []byte
	for raw := range bytes.Lines(view) {
		text := []rune(string(bytes.TrimRight(raw, "\n")))
		for len(text) > limit {
			at := limit
			for at > limit/2 && text[at] != ' ' {
				at--
			}
			out = append(append(out, string(text[:at])...), '\n')
			text = append([]rune(indent), text[at:]...)
		}
		out = append(append(out, string(text)...), '\n')
	}
	return out
}

// summary says what was proved, in figures from both ends of the line.
func (d *demo) summary(out io.Writer) error {
	s := d.node.status()
	var frames, bad, noise uint64
	for _, b := range s.Gateway.Boards {
		frames, bad, noise = frames+b.Metrics.Frames, bad+b.Metrics.CheckFailed, noise+b.Metrics.Noise
	}
	u, sim := s.Gateway.Uplink, d.sim.Stats()
	_, err := fmt.Fprintf(out, `
Summary after %v
  board      %s; %d damaged on purpose and %s, not published
  gateway    %s stored (the newest of each second)
             %s, %d confirmed by reply, %d unanswered
  simulator  %s accepted with %s, %d refused, %s
  queue      %s not yet sent when it was stopped, %d dropped
`, time.Since(d.start).Round(time.Second), count(frames, "good frame"), bad, count(noise, "noise byte"),
		count(s.Queue.Appended, "reading"), count(u.Posts, "post"), u.Confirmed, u.Lost,
		count(sim.Confirmed, "message"), count(sim.Values, "value"), sim.Refused, count(sim.Duplicates, "duplicate"), count(int(s.Queue.Records), "reading"), s.Queue.Dropped)
	if err != nil {
		return fmt.Errorf("cannot print: %w", err)
	}
	if u.Confirmed == 0 {
		return errors.New("the simulator confirmed nothing: the demo failed")
	}
	return nil
}
