package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"serialgw/internal/capture"
	"serialgw/internal/config"
)

// benchMinutes is how often the demo's recording is put in a row: enough that
// opening and closing a recording does not count.
const benchMinutes = 5

// benchRecording returns what a board said in that time, and the path of a
// recording of it.
func benchRecording(b *testing.B) (raw []byte, path string) {
	b.Helper()
	var file bytes.Buffer
	w, err := capture.NewWriter(&file)
	if err != nil {
		b.Fatal(err)
	}
	for minute := range benchMinutes {
		for p, err := range capture.Packets(capture.NewReader(bytes.NewReader(demoRecording))) {
			if err != nil {
				b.Fatal(err)
			}
			p.Time += int64(minute) * int64(time.Minute)
			raw = append(raw, p.Bytes...)
			if err := w.Write(p); err != nil {
				b.Fatal(err)
			}
		}
	}
	path = filepath.Join(b.TempDir(), "board.pcapng")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return raw, path
}

// printings are the ways of `--format` and `--flat`.
var printings = []struct {
	name string
	printing
}{
	{"json", printing{format: "json"}},
	{"flat", printing{format: "json", flat: true}},
	{"csv", printing{format: "csv"}},
}

// BenchmarkDecode is the decode verb from raw bytes to what it prints.
func BenchmarkDecode(b *testing.B) {
	raw, _ := benchRecording(b)
	plan, err := namedPlan(&config.Config{}, "demo")
	if err != nil {
		b.Fatal(err)
	}
	for _, row := range printings {
		b.Run("format="+row.name, func(b *testing.B) {
			frames := uint64(0)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				sink, err := newSink(row.printing, plan, config.Board{}, io.Discard)
				if err != nil {
					b.Fatal(err)
				}
				m, err := decodeStream(b.Context(), plan, bytes.NewReader(raw), sink, &badFinder{plan: plan})
				if err != nil || sink.flush() != nil {
					b.Fatal(err)
				}
				frames += m.Frames
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(frames), "ns/frame")
		})
	}
}

// BenchmarkReplayPrint is `replay --print` of a recording: the gateway's own
// way up to the queue, and what it prints.
func BenchmarkReplayPrint(b *testing.B) {
	raw, path := benchRecording(b)
	std := streams{in: bytes.NewReader(nil), out: io.Discard, err: io.Discard}
	for _, row := range printings {
		b.Run("format="+row.name, func(b *testing.B) {
			o := replayOptions{path: path, preset: "demo", print: true, format: row.format, flat: row.flat, quiet: true}
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if err := runReplay(b.Context(), o, std); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
