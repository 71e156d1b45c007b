package capture

import (
	"bufio"
	"bytes"
	"fmt"
)

// tio reads a log of tio --output-mode hex --timestamp, and what else has a time
// in brackets and hex behind it:
//
//	[10:42:33.123] 55 aa 01 10
//	[2026-08-22T10:42:33.123] 55 aa 01 10
type tio struct {
	stamps
	left leftOut
	now  int64
}

// tioSays are the beginnings of what tio says itself.
//
//nolint:gochecknoglobals // a constant
var tioSays = []string{"tio ", "Press ", "Connected", "Disconnected", "Waiting ", "Connecting "}

func saidByTio(text []byte) bool {
	for _, s := range tioSays {
		if bytes.HasPrefix(text, []byte(s)) {
			return true
		}
	}
	return false
}

func sniffTio(h head) verdict {
	line, whole := h.first()
	if !h.text || len(line) > 0 && line[0] != '[' {
		return no
	}
	for _, line := range h.lines {
		_, _, rest, ok := bracketed(line)
		if rest = bytes.TrimSpace(rest); ok && len(hexField(rest)) > 0 {
			return yes
		} else if len(line) > 0 && (!ok || len(rest) > 0 && !saidByTio(rest)) {
			return no
		}
	}
	if _, _, rest, ok := bracketed(line); !whole && ok && len(rest) >= len(" 55 aa 01 ") {
		if len(hexField(rest[:7])) > 0 {
			return yes
		}
	}
	return maybe
}

func newTio(in *bufio.Reader) Source {
	p := &tio{}
	p.foresee(buffered(in), func(line []byte) (Timing, bool) {
		_, kind, _, ok := bracketed(line)
		return kind, ok
	})
	return newLineSource(in, p)
}

func (t *tio) timing() Timing                { return t.kind }
func (t *tio) notes() []string               { return t.left.notes() }
func (t *tio) finish() (Packet, bool, error) { return Packet{}, false, nil }

func (t *tio) line(text []byte) (Packet, bool, error) {
	ns, kind, rest, ok := bracketed(text)
	if ok {
		at, err := t.time(ns, kind)
		if err != nil {
			return Packet{}, false, err
		}
		t.now = at
	}
	rest = bytes.TrimSpace(rest)
	b := hexField(rest)
	switch {
	case len(rest) == 0:
		return Packet{}, false, nil
	case saidByTio(rest):
		t.left.add("lines that tio said itself were left out")
		return Packet{}, false, nil
	case b == nil:
		return Packet{}, false, fmt.Errorf("%s is not hex: log with tio --output-mode hex --timestamp", shorten(rest))
	}
	return Packet{Direction: Inbound, Time: t.now, Bytes: b}, true, nil
}
