package uart

import (
	"errors"
	"io/fs"

	"serialgw/internal/reading"
)

// Kind is what happened to a line.
type Kind uint8

// The states of a line; an Event announces the change to one.
const (
	Opened  Kind = iota + 1 // the port is open, or bytes come again after a silence
	Lost                    // an open port failed: unplugged, usually
	Missing                 // the port cannot be opened; it is tried for ever
	Silent                  // reopened on request, and no byte yet
)

// String names the state.
func (k Kind) String() string {
	switch k {
	case Opened:
		return "opened"
	case Lost:
		return "lost"
	case Missing:
		return "missing"
	case Silent:
		return "silent"
	}
	return "new"
}

// Event is one change of state, said once.
type Event struct {
	Kind Kind
	Text string // for people
	Err  error  // the cause; nil with Opened and Silent
}

// Status is a line's present state.
type Status struct {
	State Kind          `json:"state"` // 0 before the first attempt
	Text  string        `json:"text"`  // of the last change
	Since reading.Stamp `json:"since"` // when that was
	Path  string        `json:"path"`  // the open node; empty when none is
	Baud  int           `json:"baud"`  // true rate of the open port; 0 when unknown
	Opens uint64        `json:"opens"` // how often a port was opened
	Bytes uint64        `json:"bytes"` // received, over all opens

	Counters    Counters `json:"counters"` // the driver's, while HasCounters
	HasCounters bool     `json:"has_counters"`
}

// miss says why the port cannot be opened, once for each reason. A reason
// counts when it shows twice running: just after a device is plugged in, its
// node is there but not yet ours. That it is not there goes without saying
// after it was lost.
func (l *Line) miss(err error) {
	text := err.Error()
	transient := text != l.reason
	l.reason = text
	l.mu.Lock()
	known := l.status.State == Missing && l.status.Text == text
	afterLoss := l.status.State == Lost && errors.Is(err, fs.ErrNotExist)
	l.mu.Unlock()
	if !transient && !known && !afterLoss {
		l.say(Missing, text, err)
	}
}

func (l *Line) say(kind Kind, text string, err error) {
	stamp := l.now()
	l.mu.Lock()
	l.status.State, l.status.Text, l.status.Since = kind, text, stamp
	l.mu.Unlock()
	l.onEvent(Event{Kind: kind, Text: text, Err: err})
}

// Status returns the present state.
func (l *Line) Status() Status {
	l.mu.Lock()
	status, port := l.status, l.port
	l.mu.Unlock()
	if port != nil {
		status.Counters, status.HasCounters = port.Counters()
	}
	return status
}
