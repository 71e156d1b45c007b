package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A recording is decoded as any bytes are; that it has times is said.
func TestDecode_Recording(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b.pcapng")
	if err := os.WriteFile(path, demoRecording, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{path, "-"} {
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"decode", "--preset", "demo", "--in", in}, streams{in: bytes.NewReader(demoRecording), out: &out, err: &errs})
		if n := bytes.Count(out.Bytes(), []byte("\n")); code != exitOK || n != 596 || !strings.Contains(errs.String(), "serialgw replay --print shows it") {
			t.Errorf("%s: exit %d, %d lines, %q", in, code, n, &errs)
		}
	}
}

// What a live source has said so far is shown before it says more.
func TestDecode_LiveSource(t *testing.T) {
	source, board := io.Pipe()
	screen, out := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(t.Context(), []string{"decode", "--preset", "demo"}, streams{in: source, out: out, err: io.Discard})
	}()
	stream := demoStream(t)[:220]
	line := make([]byte, 4096)
	if _, err := board.Write(stream); err != nil {
		t.Fatal(err)
	}
	if n, err := screen.Read(line); err != nil || !strings.HasSuffix(string(line[:n]), "\n") {
		t.Errorf("shown: %q, %v", line[:n], err)
	}
	go func() { _, _ = io.Copy(io.Discard, screen) }() // ends with out
	if err := board.Close(); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != exitOK {
		t.Errorf("exit %d", code)
	}
	_ = out.Close()
}
