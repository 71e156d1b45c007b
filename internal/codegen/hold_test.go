//go:build system

package codegen

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// hold scans what a program wrote, a frame a line in hex, and compares it with
// the samples.
func hold(t *testing.T, target string, d frame.Description, name string, samples []*sample, out []byte) {
	t.Helper()
	p, errs := frame.Compile(name, d)
	if errs != nil {
		t.Fatal(errs)
	}
	lines := strings.Fields(string(out))
	if len(lines) != len(samples) {
		t.Fatalf("%s: %d frames, want %d", target, len(lines), len(samples))
	}
	h := &holder{t: t, p: p, scanner: frame.NewScanner(p, 0), samples: samples, target: target}
	twofold := 0
	for i, line := range lines {
		b, err := hex.DecodeString(line)
		if err != nil {
			t.Fatal(err)
		}
		if samples[i].message.Turn != "" { // on a bus heard both ways two frames may read as one
			f, err := p.Parse(b)
			switch {
			case err == nil:
				h.frame(f)
			case startsWithFrame(p, b):
				h.n++
				twofold++
			default:
				t.Fatalf("%s: % X: %v", target, b, err)
			}
			continue
		}
		h.scanner.Feed(reading.Chunk{Bytes: b})
		h.drain()
	}
	h.scanner.Flush()
	h.drain()
	if noise := h.scanner.Metrics().Noise; h.wrong == 0 && (h.n != len(samples) || noise > 0) {
		t.Errorf("%s: %d of %d frames were found, %d bytes of noise", target, h.n, len(samples), noise)
	}
	if twofold > 1+len(samples)/100 {
		t.Errorf("%s: %d of %d frames are also shorter ones", target, twofold, len(samples))
	}
}

// startsWithFrame reports whether the first bytes are a frame of their own by
// chance: on a bus heard both ways requests and replies have sizes of their own.
func startsWithFrame(p *frame.Plan, b []byte) bool {
	for n := p.MinSize(); n < len(b); n++ {
		if _, err := p.Parse(b[:n]); err == nil {
			return true
		}
	}
	return false
}

// holder compares frames with samples, in their order.
type holder struct {
	t        *testing.T
	p        *frame.Plan
	scanner  *frame.Scanner
	samples  []*sample
	target   string
	r        reading.Reading
	n, wrong int
}

func (h *holder) drain() {
	for h.scanner.Scan() {
		h.frame(h.scanner.Frame())
	}
}

func (h *holder) frame(f *frame.Frame) {
	if h.wrong == 5 {
		return
	}
	if h.n == len(h.samples) {
		h.t.Fatalf("%s: more than %d frames", h.target, h.n)
	}
	h.p.Decode(f, &h.r)
	name := func() string { return fmt.Sprintf("%s: frame %d, % X", h.target, h.n, f.Bytes) }
	if !h.samples[h.n].agrees(h.t, name, h.r) {
		h.wrong++
	}
	h.n++
}
