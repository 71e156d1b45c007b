package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"serialgw/internal/frame"
	"serialgw/internal/uart"
)

// TestDetect_PTY listens to a pty: the preset is found, and that a pty has no
// rate is said.
func TestDetect_PTY(t *testing.T) {
	c := recordedBoard(t)
	if _, err := c.board.Write(demoStream(t)[3:4096]); err != nil { // begun within a frame
		t.Fatal(err)
	}
	var errs screen
	errs.more = make(chan struct{}, 1)
	var out bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(t.Context(), []string{"detect", c.Name()}, streams{out: &out, err: &errs})
	}()
	errs.await(t, "listening to "+c.Name()+" for 14s at most")
	// What came before the port was opened is thrown away, so the board goes on.
	if code := c.goOn(t, ended); code != exitOK {
		t.Fatalf("exit %d: %s", code, &errs)
	}
	for _, want := range []string{"demo/demo", "It is demo", "serialgw record --port " + c.Name() + " board.pcapng", `port   = "` + c.Name() + `"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not said:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "baud") || !strings.Contains(errs.String(), "the rate cannot be told: a pty has no rate") {
		t.Errorf("a rate is claimed:\n%s%s", &errs, &out)
	}
}

// TestDetect_Stopped says so in words, not in those of the context; and that a
// port went away.
func TestDetect_Stopped(t *testing.T) {
	for name, row := range map[string]struct {
		end  func(stop func(), c *cable)
		want string
	}{
		"by a signal": {func(stop func(), _ *cable) { stop() }, "serialgw: stopped before the protocol was known\n"},
		"unplugged":   {func(_ func(), c *cable) { _ = c.board.Close() }, " went away: is it unplugged?\n"},
	} {
		t.Run(name, func(t *testing.T) {
			c := recordedBoard(t)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var errs screen
			errs.more = make(chan struct{}, 1)
			ended := make(chan int, 1)
			go func() {
				ended <- run(ctx, []string{"detect", c.Name()}, streams{out: io.Discard, err: &errs})
			}()
			errs.await(t, "listening to ")
			row.end(stop, c)
			if code := <-ended; code != exitFailed || !strings.HasSuffix(errs.String(), row.want) {
				t.Errorf("exit %d: %s, want %q", code, &errs, row.want)
			}
		})
	}
}

// TestDetect_Large says that only the beginning was looked at.
func TestDetect_Large(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := os.Create("large.bin")
	if err == nil {
		err = errors.Join(f.Truncate(detectBytes+1), f.Close()) // a hole: no disk is used
	}
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	run(t.Context(), []string{"detect", "large.bin"}, streams{out: &out, err: &errs})
	if want := "raw bytes; only the first 16 MiB are looked at\n"; !strings.Contains(out.String(), want) {
		t.Errorf("%q is not said:\n%s%s", want, &out, &errs)
	}
}

// goOn lets the board speak until the verb has ended.
func (c *cable) goOn(t *testing.T, ended <-chan int) int {
	t.Helper()
	stream := demoStream(t)
	for {
		for piece := range slices.Chunk(stream, 512) {
			select {
			case code := <-ended:
				return code
			default:
			}
			// Nobody reads the pty any more once the verb has seen enough.
			_ = c.board.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
			if _, err := c.board.Write(piece); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
		}
	}
}

// TestDetect_Held refuses a port that somebody has.
func TestDetect_Held(t *testing.T) {
	c := recordedBoard(t)
	cfg := uart.Defaults()
	cfg.Port = c.Name()
	port, err := uart.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = port.Close() }()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"detect", c.Name()}, streams{out: &out, err: &errs}); code != exitFailed || !strings.Contains(errs.String(), "a port cannot be shared") {
		t.Errorf("exit %d: %s", code, &errs)
	}
}

// TestDetect_Draft goes the whole way of a board that nobody has described: a
// draft, which check accepts and replay reads.
func TestDetect_Draft(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("board.bin", strangeBoard(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		args string
		want []string
	}{
		{"detect board.bin", []string{"No preset fits.", `sync   "EB 90"`, "certain", "crc-16/xmodem", "[frame.board]", "serialgw detect --write board.toml board.bin"}},
		{"detect --write board.toml board.bin", []string{"board.toml is written"}},
		{"check --config board.toml", []string{"board.toml: good"}},
		{"replay --print --config board.toml --report all board.bin", []string{`"values":{"v3":`}},
		{"replay --sim --config board.toml --speed max board.bin", nil},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), strings.Fields(step.args), streams{in: strings.NewReader(""), out: &out, err: &errs}); code != exitOK {
			t.Fatalf("%s: exit %d: %s", step.args, code, &errs)
		}
		for _, want := range step.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %q is not said:\n%s", step.args, want, &out)
			}
		}
	}
}

// strangeBoard is what a board says that no preset knows: a number that counts,
// a value that wanders, and a check.
func strangeBoard(t *testing.T) []byte {
	t.Helper()
	sum, err := frame.NewChecksum(frame.Check{Kind: "crc-16/xmodem", Endian: "big"})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(2, 8))
	var out []byte
	level := int16(700)
	for i := range 1000 {
		level += int16(rng.IntN(31) - 15)
		f := []byte{0xEB, 0x90, byte(i), byte(level), byte(uint16(level) >> 8), byte(rng.IntN(256)), byte(rng.IntN(3))}
		crc := sum.Sum(f)
		out = append(append(out, f...), byte(crc>>8), byte(crc))
	}
	return out
}
