package capture

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
)

// socatLog reads what socat -x writes, with or without -v. ">" went from socat's
// first address to its second, so that the first is taken for the board.
//
//	> 2026/08/22 10:42:33.000839008  length=18 from=0 to=17
//	 aa 55 01 02 00 61 62 63 0d 0a                    .U...abc..
//	 ff 10 11 12 13 14 15 16                          ........
//	--
type socatLog struct {
	stamps
	left  leftOut
	micro bool // the fraction is microseconds in nine digits
	now   int64
	from  Direction
	want  int // bytes still to come of the present block
}

var errSocatText = errors.New("not hex: let socat write its log with -x") //nolint:gochecknoglobals // a constant

// socatHead parts the first line of a block.
func socatHead(line []byte) (from Direction, ns int64, rest []byte, ok bool) {
	if len(line) < 2 || line[1] != ' ' {
		return Unknown, 0, line, false
	}
	switch line[0] {
	case '>':
		from = Inbound
	case '<':
		from = Outbound
	default:
		return Unknown, 0, line, false
	}
	ns, kind, rest := parseStamp(line[2:])
	return from, ns, rest, kind == Dated && bytes.HasPrefix(rest, []byte("  length="))
}

func sniffSocat(h head) verdict {
	line, whole := h.first()
	if !h.text || len(line) > 0 && line[0] != '>' && line[0] != '<' && !isDigit(line[0]) {
		return no
	}
	for _, line := range h.lines {
		if _, _, _, ok := socatHead(line); ok {
			return yes
		}
		if len(line) > 0 && !saidBySocat(line) {
			return no
		}
	}
	if whole || len(line) < len("2026/08/22 10:42:33 socat") {
		return maybe
	}
	if _, _, _, ok := socatHead(line); ok {
		return yes
	}
	return maybe
}

// saidBySocat knows socat's own messages: 2026/08/22 10:42:33 socat[12] N ...
func saidBySocat(line []byte) bool {
	_, kind, rest := parseStamp(line)
	return kind == Dated && bytes.HasPrefix(rest, []byte(" socat["))
}

func newSocat(in *bufio.Reader) Source {
	s := &socatLog{}
	s.kind = Dated
	return newLineSource(in, s)
}

func (s *socatLog) timing() Timing  { return Dated }
func (s *socatLog) notes() []string { return s.left.notes() }

func (s *socatLog) finish() (Packet, bool, error) {
	if s.want > 0 {
		return Packet{}, false, fmt.Errorf("%d bytes of the last block are missing: %w", s.want, ErrCut)
	}
	return Packet{}, false, nil
}

func (s *socatLog) line(text []byte) (Packet, bool, error) {
	from, ns, rest, ok := socatHead(text)
	if ok {
		if s.want > 0 {
			return Packet{}, false, fmt.Errorf("%d bytes of the block before are missing: the log is not whole", s.want)
		}
		if _, err := fmt.Sscanf(strings.TrimSpace(string(rest)), "length=%d from=", &s.want); err != nil || s.want < 0 {
			return Packet{}, false, fmt.Errorf("%s is not a length as socat writes it: the log is not whole", shorten(rest))
		}
		s.from, s.now = from, s.exact(ns, text)
		return Packet{}, false, nil
	}
	switch {
	case saidBySocat(text):
		s.left.add("lines that socat said itself were left out")
		return Packet{}, false, nil
	case len(text) == 0 || string(text) == "--" && s.want == 0:
		return Packet{}, false, nil
	case s.from == Unknown || text[0] != ' ':
		return Packet{}, false, fmt.Errorf("%s is %w", shorten(text), errSocatText)
	}
	hex, _, _ := bytes.Cut(bytes.TrimLeft(text, " "), []byte("  "))
	b := hexField(hex)
	if b == nil {
		return Packet{}, false, fmt.Errorf("%s is %w", shorten(text), errSocatText)
	}
	if s.want -= len(b); s.want < 0 {
		return Packet{}, false, fmt.Errorf("%d bytes more than the block's length: the log is not whole", -s.want)
	}
	return Packet{Direction: s.from, Time: s.now, Bytes: b}, true, nil
}

// exact undoes what socat 1.7.4 does: it writes microseconds with nine digits,
// so that half a second reads .000500000. A clock of nanoseconds shows itself by
// the first other stamp.
func (s *socatLog) exact(ns int64, line []byte) int64 {
	_, fraction, _ := bytes.Cut(line, []byte("."))
	nine := len(fraction) > 9 && isDigit(fraction[8]) && !isDigit(fraction[9])
	if !nine {
		return ns
	}
	if s.from == Unknown {
		s.micro = true
	}
	if string(fraction[:3]) != "000" {
		s.micro = false
	}
	if !s.micro {
		return ns
	}
	part := ns % int64(time.Second)
	return ns - part + part*1000
}
