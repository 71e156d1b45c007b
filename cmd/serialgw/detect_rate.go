package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"serialgw/internal/capture"
	"serialgw/internal/config"
	"serialgw/internal/detect"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
	"serialgw/internal/uart"
)

// rate is how fast the board's line is, and how that is known.
type rate struct {
	baud   int    // bits/s
	frames uint64 // that it keeps; 0 = it was not tried
	why    string // a comment for gateway.toml; "" = it was recorded, or found
}

// asProgrammed ends the comment on a rate that is not known.
const asProgrammed = "; set what the board's program says"

// rateOf says which rate the board of a sample gets: the heard one; the recorded
// one or the only one that is named, unless it loses frames of the recording to
// silences; else the slowest usual one, those that the title names first, that
// carries the bytes as fast as they came and loses none.
func (s *sample) rateOf(ctx context.Context, plan *frame.Plan, title string) rate {
	said := rate{baud: s.baud}
	if s.baud == 0 && s.named > 0 {
		said = rate{baud: s.named, why: "as the recording says"}
	}
	switch {
	case s.timed && s.again != nil:
		return s.evident(ctx, plan, title, said)
	case said.baud > 0:
		return said
	case s.timed:
		return rate{baud: slowBaud, why: "the recording does not tell" + asProgrammed}
	}
	return rate{baud: config.DefaultBoard().Baud, why: "the bytes do not tell" + asProgrammed}
}

// evident tries on the recording the rate that it says, and where that loses
// frames, the others. What somebody wrote may be a rate that cannot carry the
// bytes, too; what a port was set to means nothing to a USB device.
func (s *sample) evident(ctx context.Context, plan *frame.Plan, title string, said rate) rate {
	all := framesIn(s.bytes, plan)
	if said.baud == 0 {
		return s.slowest(ctx, plan, title, all)
	}
	with, err := s.again.attempt(ctx, plan, said.baud, 0)
	tooSlow := with.slow && s.baud == 0
	if err != nil || with.frames >= all && !tooSlow {
		return said
	}
	found := s.slowest(ctx, plan, title, all)
	if tooSlow {
		found.why = fmt.Sprintf("not %d as the recording says, which cannot carry the bytes: %s", said.baud, found.why)
		return found
	}
	if found.frames <= with.frames {
		return rate{baud: said.baud, why: fmt.Sprintf("as the recording says; it keeps %d of %s", with.frames, count(all, "frame"))}
	}
	found.why = fmt.Sprintf("not %d as the recording says, which keeps %d of %s: %s", said.baud, with.frames, count(all, "frame"), found.why)
	return found
}

// slowest tries the rates that the title names and the usual ones.
func (s *sample) slowest(ctx context.Context, plan *frame.Plan, title string, all uint64) rate {
	rates, usual := detect.RatesNamed(title), usualRates()
	preset := len(rates)
	for _, baud := range usual {
		if !slices.Contains(rates[:preset], baud) {
			rates = append(rates, baud)
		}
	}
	best := attempted{baud: slowBaud}
	for i, baud := range rates {
		a, err := s.again.attempt(ctx, plan, baud, 0)
		if err != nil {
			return rate{best.baud, best.frames, "not all of the usual rates were tried" + asProgrammed}
		}
		if a.carried && a.frames >= all {
			of := "the slowest usual rate"
			if i < preset {
				of = "the slowest rate that the preset names"
			}
			return rate{baud, a.frames, fmt.Sprintf("%s that carries and keeps %s%s", of, allFrames(all), asProgrammed)}
		}
		if a.frames > best.frames {
			best = a
		}
	}
	return rate{best.baud, best.frames, fmt.Sprintf("of the usual rates this keeps most frames, %d of %d%s", best.frames, all, asProgrammed)}
}

func allFrames(n uint64) string {
	if n == 1 {
		return "the frame"
	}
	return fmt.Sprintf("all %d frames", n)
}

// framesIn counts the frames of a stream without times.
func framesIn(b []byte, plan *frame.Plan) uint64 {
	s := frame.NewScanner(plan, 0)
	s.Feed(reading.Chunk{Bytes: b})
	for s.Scan() { //nolint:revive // the scanner counts
	}
	s.Flush()
	for s.Scan() { //nolint:revive // the scanner counts
	}
	return s.Metrics().Frames
}

// draftPlan compiles a draft of a [frame.board].
func draftPlan(draft string) (*frame.Plan, error) {
	frames, issues := config.ParseFrames([]byte(draft), "the draft")
	for _, i := range issues {
		if !i.Warning {
			return nil, i
		}
	}
	plan, errs := frame.Compile(draftName, frames[draftName])
	if len(errs) > 0 {
		return nil, errs
	}
	return plan, nil
}

// rateInText finds "9600 baud" and "9600 8N1", and whether it is denied.
var rateInText = regexp.MustCompile(`(?i)(\bnot (?:at )?)?\b(\d{2,7}) (?:baud\b|[5-8][NEO][12]\b)`) //nolint:gochecknoglobals // a constant

// settable reports whether gateway.toml takes a rate.
func settable(baud int) bool { return baud >= uart.MinBaud && baud <= uart.MaxBaud }

// wholeFile is the place of what is said of a whole recording, as no port is
// called.
const wholeFile = "\x00"

// namedRates collects the rates that the comments of each port, and the notes of
// the recording (of wholeFile), name.
type namedRates map[string][]int

func (n namedRates) see(port, text string) {
	if _, there := n[port]; !there {
		n[port] = nil // so that it counts
	}
	for _, m := range rateInText.FindAllStringSubmatch(text, -1) {
		if baud, err := strconv.Atoi(m[2]); err == nil && m[1] == "" && settable(baud) && !slices.Contains(n[port], baud) {
			n[port] = append(n[port], baud)
		}
	}
}

// only returns the one rate that is named of a port; 0 where there are several,
// or none. Of several ports nobody knows which the notes mean.
func (n namedRates) only(port string) int {
	var rates []int
	ports := 0
	for of, named := range n {
		if of == port || of == wholeFile {
			rates = append(rates, named...)
		}
		if of != wholeFile {
			ports++
		}
	}
	if ports > 1 {
		rates = n[port]
	}
	slices.Sort(rates)
	if rates = slices.Compact(rates); len(rates) != 1 {
		return 0
	}
	return rates[0]
}

// replayable returns the recording of a file that has times and can be read
// again, for its rate.
func (s *sample) replayable(r *recording) {
	s.timed = r.timing != capture.Untimed
	if s.timed && !r.once() {
		s.again = &recording{path: r.path, format: r.format, port: s.port}
	}
}
