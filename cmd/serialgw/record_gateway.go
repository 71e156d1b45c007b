package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"serialgw/internal/capture"
	"serialgw/internal/clock"
	"serialgw/internal/gateway"
)

// askAgain is how often a gateway that has stopped is looked for.
const askAgain = 500 * time.Millisecond

// recordGateway records what a running gateway reads, also after it was started
// again.
func (r *recorder) recordGateway(ctx context.Context) error {
	r.say("recording board " + r.board + " through the running gateway")
	for {
		err := r.listen(ctx)
		if err != nil || stopped(ctx) {
			return err
		}
		ended := time.Now()
		r.say("the gateway does not send any more; the recording goes on when it does again")
		uptime, runs := r.awaitGateway(ctx)
		if !runs {
			return nil
		}
		text := "the gateway was started again"
		if uptime > time.Since(ended)+askAgain { // it has not stopped at all
			text, r.missed = missedText+"what came in until now, because the recorder was too slow", true
		}
		if err := r.comment(text); err != nil {
			return err
		}
	}
}

// awaitGateway returns how long the gateway has been running, once it does;
// false when it is we who stop.
func (r *recorder) awaitGateway(ctx context.Context) (uptime time.Duration, runs bool) {
	for sleep(ctx, askAgain) == nil {
		var s nodeStatus
		err := gateway.Ask(ctx, r.socket, "status", &s)
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
			return s.Gateway.Uptime, true // or listen says what is wrong
		}
	}
	return 0, false
}

// listen records one stream to its end, or until ctx ends.
func (r *recorder) listen(ctx context.Context) error {
	stream, err := gateway.Listen(ctx, r.socket, "record "+r.board)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
	defer stop()
	defer func() { _ = stream.Close() }()
	src := capture.NewReader(stream)
	for p, err := range capture.Packets(src) {
		if errors.Is(err, capture.ErrCut) || stopped(ctx) {
			return nil // the gateway stops in the middle of a block
		}
		if err != nil {
			return fmt.Errorf("cannot read what the gateway records: %w", err)
		}
		if r.port.Name == "" {
			if err := r.addPort(src.Ports()[0]); err != nil {
				return err
			}
		}
		if p.Comment != "" {
			r.say(p.Comment)
			r.missed = r.missed || strings.HasPrefix(p.Comment, missedText)
		}
		p.Port = r.port.Name
		if err := r.put(p); err != nil {
			return err
		}
	}
	return nil
}

// addPort describes the port in the recording: it keeps this name, whatever node
// it gets when it is plugged in again.
func (r *recorder) addPort(p capture.Port) error {
	r.port = p
	return r.sink.AddPort(p)
}

// comment records what happened.
func (r *recorder) comment(text string) error {
	r.say(text)
	if r.port.Name == "" {
		return nil // nothing is recorded yet
	}
	return r.put(capture.Packet{Port: r.port.Name, Time: clock.New().Now().Wall, Comment: text})
}
