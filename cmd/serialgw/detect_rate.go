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
)

// rate is how fast the board's line is, and how that is known.
type rate struct {
	baud int    // bits/s
	why  string // a comment for gateway.toml; "" = it was recorded, or found
}

// asProgrammed ends the comment on a rate that is not known.
const asProgrammed = "; set what the board's program says"

// rateOf says which rate the board of a sample gets: the recorded or heard one;
// else the slowest usual one, those that the title names first, that carries the
// bytes as fast as they came and loses no frame to a silence.
func (s *sample) rateOf(ctx context.Context, plan *frame.Plan, title string) rate {
	switch {
	case s.baud > 0:
		return rate{baud: s.baud}
	case s.named > 0:
		return rate{s.named, "as the recording says"}
	case s.timed && s.again != nil:
		return s.slowest(ctx, plan, title)
	case s.timed:
		return rate{slowBaud, "the recording does not tell" + asProgrammed}
	}
	return rate{config.DefaultBoard().Baud, "the bytes do not tell" + asProgrammed}
}

// slowest tries the rates on the recording.
func (s *sample) slowest(ctx context.Context, plan *frame.Plan, title string) rate {
	all := framesIn(s.bytes, plan)
	rates, usual := detect.RatesNamed(title), usualRates()
	preset := len(rates)
	for _, baud := range usual {
		if !slices.Contains(rates[:preset], baud) {
			rates = append(rates, baud)
		}
	}
	var best attempted
	for i, baud := range rates {
		a, err := s.again.attempt(ctx, plan, baud, 0)
		if err != nil {
			break
		}
		if a.carried && a.frames >= all {
			of := "the slowest usual rate"
			if i < preset {
				of = "the slowest rate that the preset names"
			}
			return rate{baud, fmt.Sprintf("%s that carries and keeps %s%s", of, allFrames(all), asProgrammed)}
		}
		if a.frames > best.frames {
			best = a
		}
	}
	if best.baud == 0 {
		best.baud = slowBaud
	}
	return rate{best.baud, fmt.Sprintf("of the usual rates this keeps most frames, %d of %d%s", best.frames, all, asProgrammed)}
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

// rateInText finds "9600 baud" and "9600 8N1".
var rateInText = regexp.MustCompile(`\b(\d{3,7}) (?:baud\b|[5-8][NEO][12]\b)`) //nolint:gochecknoglobals // a constant

// namedRates collects the rates that the notes and comments of a recording name.
type namedRates map[int]bool

func (n namedRates) see(text string) {
	for _, m := range rateInText.FindAllStringSubmatch(text, -1) {
		if baud, err := strconv.Atoi(m[1]); err == nil {
			n[baud] = true
		}
	}
}

// only returns the one rate that is named; 0 where there are several, or none.
func (n namedRates) only() int {
	if len(n) != 1 {
		return 0
	}
	for baud := range n {
		return baud
	}
	return 0
}

// replayable returns the recording of a file that has times and can be read
// again, for its rate.
func (s *sample) replayable(r *recording) {
	s.timed = r.timing != capture.Untimed
	if s.timed && !r.once() {
		s.again = &recording{path: r.path, format: r.format, port: s.port}
	}
}
