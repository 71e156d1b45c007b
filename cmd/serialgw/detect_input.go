package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"serialgw/internal/capture"
)

// detectBytes is how much of a recording is looked at.
const detectBytes = 16 << 20

// readSample reads a recording, or standard input.
func (o *detectOptions) readSample(ctx context.Context, path string, std streams) (*sample, error) {
	r := &recording{path: path, format: capture.Format(o.as)}
	if err := r.attend(ctx, std.in); err != nil {
		return nil, err
	}
	defer r.close()
	src, err := r.source()
	if err != nil {
		return nil, err
	}
	if file := r.file.Load(); file != nil {
		r.format = file.Format
		defer func() { _ = file.Close() }() // nothing was written to it
	}
	told, named := news{ticker: newTicker(std.err, false)}, namedRates{}
	r.loops = 1 // its notes and comments are told
	r.tell = func(at passed, text string) {
		told.tell(at, text)
		if at == wholeRecording {
			named.see(wholeFile, text)
		}
	}
	said, texts, more, err := r.collect(ctx, src, named)
	told.left()
	if err != nil {
		_, _ = fmt.Fprintf(std.err, "serialgw: %v; what was read before is looked at\n", err)
	}
	r.left(std)
	s := &sample{name: path, path: path, what: formatName(r.format), text: texts.isText() && r.format == capture.Raw}
	if path == "-" {
		s.name = "standard input"
	}
	if err := s.choosePort(said, o.port); err != nil {
		return nil, err
	}
	if more {
		s.leaveOut(fmt.Sprintf("only the first %d MiB are looked at", detectBytes>>20))
	}
	s.named = named.only(s.port)
	s.replayable(r)
	s.readPort(src)
	return s, nil
}

func formatName(f capture.Format) string {
	switch f {
	case capture.Raw:
		return "raw bytes"
	case capture.Hex:
		return "hex text"
	}
	return string(f)
}

// collect reads what the boards said, by port, which rates the comments name, and
// whether there may be more.
// Where the recording is damaged, or ctx ends, it returns what came before.
func (r *recording) collect(ctx context.Context, src capture.Source, named namedRates) (said map[string][]byte, t texture, more bool, err error) {
	said = map[string][]byte{}
	total := 0
	for p, err := range capture.Packets(src) {
		if err != nil {
			if stopped(ctx) {
				err = nil
			}
			return said, t, false, err
		}
		named.see(p.Port, p.Comment)
		if p.Direction == capture.Outbound || len(p.Bytes) == 0 {
			continue
		}
		if r.first == 0 {
			r.first = p.Time // the comments' times count from here
		}
		t.see(p.Bytes)
		said[p.Port] = append(said[p.Port], p.Bytes...)
		if total += len(p.Bytes); total >= detectBytes {
			return said, t, true, nil
		}
	}
	return said, t, false, nil
}

// choosePort takes the bytes of one port of the recording.
func (s *sample) choosePort(said map[string][]byte, want string) error {
	ports := slices.SortedFunc(maps.Keys(said), func(a, b string) int {
		return len(said[b]) - len(said[a])
	})
	switch {
	case len(ports) == 0:
		return nil
	case want == "":
		want = ports[0]
	case !slices.Contains(ports, want):
		return usagef("--port %s: %s has %s", want, s.name, portList(ports))
	}
	s.port, s.bytes = want, said[want]
	if others := slices.DeleteFunc(ports, func(p string) bool { return p == want }); len(others) > 0 {
		s.chosen = want
		s.leaveOut("left out: " + portList(others) + "; --port chooses")
	}
	return nil
}

func (s *sample) leaveOut(text string) {
	if s.left != "" {
		s.left += "; "
	}
	s.left += text
}

// portList names recorded ports; that of a file without ports has no name.
func portList(ports []string) string {
	if len(ports) == 1 && ports[0] == "" {
		return "one port without a name"
	}
	return strings.Join(ports, ", ")
}

// readPort takes the recorded settings of the port.
func (s *sample) readPort(src capture.Source) {
	watched, ok := src.(*passing)
	if !ok {
		return
	}
	reader, ok := watched.Source.(*capture.Reader)
	if !ok {
		return
	}
	for _, p := range reader.Ports() {
		if p.Name == s.port && settable(p.Baud()) {
			s.baud = p.Baud()
		}
	}
}
