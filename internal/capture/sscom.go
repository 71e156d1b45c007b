package capture

import (
	"bufio"
	"bytes"
	"errors"
)

// sscom reads what SSCOM and UartAssist write when they show hex and the time:
//
//	[22:00:41.748]收←◆55 AA 01 10        received, UTF-8 or GBK; IN←◆ in English
//	[22:00:41.810]发→◇01 03 00 00 □      sent; OUT→◇
//	[2026-08-22 10:42:33.030]# RECV HEX>  the bytes stand on the lines below
//
// The clock has milliseconds, and often no date.
type sscom struct {
	stamps
	left    leftOut
	now     int64
	from    Direction // Unknown before the first time
	textual bool      // what was sent is shown as text, up to the next time
}

// sscomMark is what stands between the time and the bytes.
type sscomMark struct {
	text string
	from Direction
	kind bool // hex, not text
}

// sscomMarks are the signs in UTF-8 and in GBK, where 收 is CA D5, 发 B7 A2,
// ← A1 FB, → A1 FA, ◆ A1 F4 and ◇ A1 F3.
//
//nolint:gochecknoglobals // a constant
var sscomMarks = []sscomMark{
	{"收←◆", Inbound, true}, {"\xCA\xD5\xA1\xFB\xA1\xF4", Inbound, true},
	{"IN←◆", Inbound, true}, {"IN\xA1\xFB\xA1\xF4", Inbound, true},
	{"发→◇", Outbound, true}, {"\xB7\xA2\xA1\xFA\xA1\xF3", Outbound, true},
	{"OUT→◇", Outbound, true}, {"OUT\xA1\xFA\xA1\xF3", Outbound, true},
	{"# RECV HEX>", Inbound, true}, {"# SEND HEX>", Outbound, true},
	{"# RECV ASCII>", Inbound, false}, {"# SEND ASCII>", Outbound, false},
}

const sscomMarkMost = 16 // bytes of a mark at most

var errTextLog = errors.New(`the log shows text, which does not tell the bytes: tick "HEX display" (HEX显示) in the program and record again`) //nolint:gochecknoglobals // a constant

// markedLine parts a line into time, mark and bytes.
func markedLine(line []byte) (ns int64, kind Timing, mark sscomMark, rest []byte, ok bool) {
	ns, kind, rest, ok = bracketed(line)
	if !ok {
		return 0, Untimed, sscomMark{}, line, false
	}
	for _, m := range sscomMarks {
		if bytes.HasPrefix(rest, []byte(m.text)) {
			return ns, kind, m, rest[len(m.text):], true
		}
	}
	return ns, kind, sscomMark{}, rest, false
}

// bracketed reads a time in brackets at the beginning of a line.
func bracketed(line []byte) (ns int64, kind Timing, rest []byte, ok bool) {
	if len(line) == 0 || line[0] != '[' {
		return 0, Untimed, line, false
	}
	ns, kind, rest = parseStamp(line[1:])
	if kind == Untimed || len(rest) == 0 || rest[0] != ']' {
		return 0, Untimed, line, false
	}
	return ns, kind, rest[1:], true
}

func sniffSSCOM(h head) verdict {
	for _, c := range h.bytes {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return no
		}
	}
	line, whole := h.first()
	if len(line) > 0 && line[0] != '[' {
		return no
	}
	if _, _, _, _, ok := markedLine(line); ok {
		return yes
	}
	if _, _, rest, ok := bracketed(line); whole || ok && len(rest) > sscomMarkMost {
		return no
	}
	return maybe
}

func newSSCOM(in *bufio.Reader) Source {
	p := &sscom{}
	p.foresee(buffered(in), func(line []byte) (Timing, bool) {
		_, kind, _, _, ok := markedLine(line)
		return kind, ok
	})
	return newLineSource(in, p)
}

// buffered returns what in holds already, of what it begins with at least.
func buffered(in *bufio.Reader) []byte {
	_, _ = in.Peek(1) // an error comes again when it is read
	b, _ := in.Peek(in.Buffered())
	return b
}

func (s *sscom) timing() Timing                { return s.kind }
func (s *sscom) notes() []string               { return s.left.notes() }
func (s *sscom) finish() (Packet, bool, error) { return Packet{}, false, nil }

func (s *sscom) line(text []byte) (Packet, bool, error) {
	ns, kind, mark, rest, ok := markedLine(text)
	if ok {
		at, err := s.time(ns, kind)
		if err != nil {
			return Packet{}, false, err
		}
		s.now, s.from, s.textual = at, mark.from, !mark.kind
	}
	return s.data(rest)
}

// data reads the bytes behind a time, or on a line below.
func (s *sscom) data(text []byte) (Packet, bool, error) {
	text = bytes.TrimSpace(text)
	for _, end := range []string{"□", "\xA1\xF5"} { // SSCOM's mark behind what was sent
		text = bytes.TrimSpace(bytes.TrimSuffix(text, []byte(end)))
	}
	b := hexField(text)
	switch {
	case len(text) == 0:
		return Packet{}, false, nil
	case s.from == Unknown:
		s.left.add("lines before the first time were left out")
		return Packet{}, false, nil
	case s.from == Outbound && (b == nil || s.textual):
		s.left.add("lines of text that was sent were left out")
		s.textual = true
		return Packet{}, false, nil
	case b == nil || s.textual:
		return Packet{}, false, errTextLog
	}
	return Packet{Direction: s.from, Time: s.now, Bytes: b}, true, nil
}
