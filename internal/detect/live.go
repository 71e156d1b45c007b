package detect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"serialgw/internal/infer"
	"serialgw/internal/uart"
)

// Port is what Live needs of an open port.
type Port interface {
	Read(buf []byte, wait time.Duration) (int, error)
	Counters() (uart.Counters, bool)
	SetBaud(cfg uart.Config) error
	HasRate() bool
}

// Rates are the usual baud rates, the commonest first.
func Rates() []int {
	return []int{115200, 9600, 57600, 38400, 19200, 230400, 460800, 921600, 256000, 500000, 1000000, 4800}
}

// Trial is what one baud rate brought.
type Trial struct {
	Baud     int
	Bytes    []byte
	Damaged  uint32 // bytes with a framing or parity error, and breaks
	Counted  bool   // the driver counts these
	Ranks    []Rank // nil when no byte came
	Inferred infer.Result
	Err      error // the port has no such rate
}

// Heard is what came of listening.
type Heard struct {
	Trial         // the one that is right
	Known  bool   // the rate is; else it is the present one, or has no meaning
	Why    string // of the rate
	Trials []Trial
}

// Limits of listening.
const (
	silence   = 3        // so many times as long as elsewhere is the first byte waited for
	enough    = 256      // bytes, after which they are looked at, and again when doubled
	most      = 64 << 10 // bytes of one rate
	badEvents = 24       // damaged bytes that can decide
	badPart   = 20       // one damaged byte in so many is too much
	longer    = 5        // times as long where there is only one rate, or a draft is made
)

// ErrSilent says that no byte came in.
var ErrSilent = errors.New("nothing came in")

// Limit returns how long Live takes at most.
func Limit(rates int, each time.Duration) time.Duration {
	return time.Duration(rates+silence-1+longer) * each
}

// listener is one run of Live.
type listener struct {
	port       Port
	cfg        uart.Config
	each       time.Duration
	candidates []Candidate
	tell       func(Trial)
}

// Live listens to an open port at one rate after the other, the present one
// first, and stops at the first that convinces. tell hears of each. The port is
// left at the rate that it had.
func Live(ctx context.Context, port Port, cfg uart.Config, each time.Duration, candidates []Candidate, tell func(Trial)) (*Heard, error) {
	l := &listener{port, cfg, each, candidates, tell}
	if !port.HasRate() {
		t, err := l.try(ctx, cfg.Baud, longer*each)
		if err == nil && len(t.Bytes) == 0 {
			err = ErrSilent
		}
		return &Heard{Trial: t, Why: "a pty has no rate: the bytes come as they were sent", Trials: []Trial{t}}, err
	}
	defer func() { _ = port.SetBaud(cfg) }() // a port that went away has none
	rates := []int{cfg.Baud}
	for _, r := range Rates() {
		if r != cfg.Baud {
			rates = append(rates, r)
		}
	}
	var trials []Trial
	for i, baud := range rates {
		wait := each
		t, err := l.try(ctx, baud, wait)
		if err == nil && i == 0 && len(t.Bytes) == 0 && t.Err == nil {
			t, err = l.try(ctx, baud, (silence-1)*each)
			if err == nil && len(t.Bytes) == 0 {
				err = ErrSilent
			}
		}
		if err != nil {
			return nil, err
		}
		trials = append(trials, t)
		if t.convincing() && !t.bad() {
			return &Heard{Trial: t, Known: true, Why: "its frames are whole at this rate", Trials: trials}, nil
		}
	}
	return l.choose(ctx, trials)
}

func (t *Trial) convincing() bool { return len(t.Ranks) > 0 && t.Ranks[0].Convincing }

// bad reports whether the driver counted so many damaged bytes that the rate
// must be wrong.
func (t *Trial) bad() bool {
	return t.Counted && t.Damaged >= badEvents && int(t.Damaged)*badPart > len(t.Bytes)
}

// try listens at one rate until it is decided, or for so long.
func (l *listener) try(ctx context.Context, baud int, wait time.Duration) (Trial, error) {
	t := Trial{Baud: baud}
	cfg := l.cfg
	cfg.Baud = baud
	if l.port.HasRate() {
		if t.Err = l.port.SetBaud(cfg); t.Err != nil {
			l.tell(t)
			return t, nil //nolint:nilerr // it is the trial's own: another rate may do
		}
	}
	before, counted := l.port.Counters()
	t.Counted = counted
	end := time.Now().Add(wait)
	look := enough
	buf := make([]byte, 4096)
	for len(t.Bytes) < most {
		left := time.Until(end)
		if left <= 0 || ctx.Err() != nil {
			break
		}
		n, err := l.port.Read(buf, min(left, 100*time.Millisecond))
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return t, fmt.Errorf("cannot read the port: %w", err)
		}
		t.Bytes = append(t.Bytes, buf[:n]...)
		if counted {
			if now, ok := l.port.Counters(); ok {
				t.Damaged = now.Framing - before.Framing + now.Parity - before.Parity + now.Breaks - before.Breaks
			}
		}
		if t.bad() {
			break
		}
		if len(t.Bytes) >= look {
			look = 2 * len(t.Bytes)
			t.Ranks = All(t.Bytes, l.candidates)
			if t.convincing() && t.Ranks[0].Evidence >= strongBits && t.Ranks[0].Explained >= wholePart {
				break
			}
		}
	}
	if len(t.Bytes) > 0 {
		t.Ranks = All(t.Bytes, l.candidates)
	}
	l.tell(t)
	return t, ctx.Err()
}

// choose picks a rate where no preset convinced at any: one at which a check
// that nobody described holds, else the only one without damaged bytes.
func (l *listener) choose(ctx context.Context, trials []Trial) (*Heard, error) {
	var clean []int
	for i := range trials {
		t := &trials[i]
		if t.Err != nil || t.bad() || len(t.Bytes) == 0 {
			continue
		}
		clean = append(clean, i)
		if t.Inferred = infer.Infer(t.Bytes); t.Inferred.Check.Grade == infer.Certain {
			return l.more(ctx, *t, "a check holds at this rate", trials)
		}
	}
	someBad := slices.ContainsFunc(trials, func(t Trial) bool { return t.bad() })
	if len(clean) == 1 && someBad {
		return l.more(ctx, trials[clean[0]], "no byte is damaged at this rate alone", trials)
	}
	return &Heard{Trial: trials[0], Why: "no rate stands out", Trials: trials}, nil
}

// more listens longer at a rate that is settled: a draft needs many frames.
func (l *listener) more(ctx context.Context, t Trial, why string, trials []Trial) (*Heard, error) {
	longTrial, err := l.try(ctx, t.Baud, longer*l.each)
	if err != nil {
		return nil, err
	}
	if len(longTrial.Bytes) > len(t.Bytes) {
		t = longTrial
	}
	return &Heard{Trial: t, Known: true, Why: why, Trials: trials}, nil
}
