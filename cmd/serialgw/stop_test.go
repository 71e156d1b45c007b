package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stopLimits is how long a verb may take to stop, generously.
const stopLimits = 4 * time.Second

// endsSoon returns the exit status of a run that was told to stop.
func endsSoon(t *testing.T, ended <-chan int) int {
	t.Helper()
	select {
	case code := <-ended:
		return code
	case <-time.After(stopLimits):
		t.Fatal("it does not stop")
		return 0
	}
}

// A source that says nothing more does not keep a verb from stopping, and what it
// has said is shown. At 1 Mbit/s all of that is one piece.
func TestStop_WhileASourceIsSilent(t *testing.T) {
	for _, tt := range []struct {
		name, shown, said string
		code              int
		args              []string // FIFO is a named pipe, - standard input
	}{
		{"decode", "\"message\"", "frames 10,", exitOK, []string{"decode", "--preset", "demo"}},
		{"decode FIFO", "\"message\"", "frames 10,", exitOK, []string{"decode", "--preset", "demo", "--in", "FIFO"}},
		{"replay", "\"message\"", "--from 220B", exitFailed, []string{"replay", "--print", "--preset", "demo", "--as", "raw", "--baud", "1000000", "--speed", "1000x", "-"}},
		{"replay FIFO", "\"message\"", "--from 220B", exitFailed, []string{"replay", "--print", "--preset", "demo", "--as", "raw", "--baud", "1000000", "--speed", "1000x", "FIFO"}},
		{"replay finds the format at once", "\"message\"", "--from 220B", exitFailed, []string{"replay", "--print", "--preset", "demo", "--baud", "1000000", "--speed", "1000x", "-"}},
		{"replay before its format is known", "", "--from 0B", exitFailed, []string{"replay", "--print", "--preset", "demo", "-"}},
		{"decode before its format is known", "", "no frame of", exitFailed, []string{"decode", "--preset", "demo"}},
		{"replay into the simulator", "", "--from ", exitFailed, []string{"replay", "--sim", "--preset", "demo", "--as", "raw", "-"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := unix.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			in, board, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _, _ = in.Close(), board.Close() }()
			for i, arg := range tt.args {
				if arg != "FIFO" {
					continue
				}
				tt.args[i] = fifo
				if board, err = os.OpenFile(fifo, os.O_RDWR, 0); err != nil {
					t.Fatal(err)
				}
			}
			said := demoStream(t)[:220]
			if tt.shown == "" {
				said = []byte("AA 55 ") // hex, if it goes on like that
			}
			if _, err := board.Write(said); err != nil {
				t.Fatal(err)
			}
			out, errs := newScreen(), newScreen()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			ended := make(chan int, 1)
			go func() { ended <- run(ctx, tt.args, streams{in: in, out: out, err: errs}) }()
			if tt.shown != "" {
				out.await(t, tt.shown)
			}
			stop()
			if code := endsSoon(t, ended); code != tt.code || !strings.Contains(errs.String(), tt.said) {
				t.Errorf("exit %d:\n%s", code, errs)
			}
		})
	}
}

// Nobody has opened the other end of a named pipe.
func TestStop_WhileAPipeHasNoWriter(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"decode", "--preset", "demo", "--in", fifo},
		{"replay", "--print", "--preset", "demo", fifo},
	} {
		var errs bytes.Buffer
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan int, 1)
		go func() {
			ended <- run(ctx, args, streams{in: strings.NewReader(""), out: &errs, err: &errs})
		}()
		time.AfterFunc(20*time.Millisecond, stop)
		if code := endsSoon(t, ended); code != exitFailed {
			t.Errorf("%v: exit %d, %s", args, code, &errs)
		}
	}
}

// A pipe that the shell made, as of <(cat x.pcapng), is read once and whole.
func TestReplay_PipeAsFile(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() { _ = os.WriteFile(fifo, demoRecording, 0) }() // ends when it was read
	whole := new(lines)
	if code, said := replayLines(t.Context(), t, whole, fifo); code != exitOK || len(whole.all()) != 596 {
		t.Errorf("exit %d, %d lines: %s", code, len(whole.all()), said)
	}
}
