package capture

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// text2pcap reads what Wireshark's text2pcap reads: lines of an offset and
// bytes, as od -Ax -tx1 and tshark -x write them. Offset 0 begins a packet;
// direction (-D) and time (-t ISO, %H:%M:%S.%f or %s.%f) may stand before it.
//
//	I 2026-08-22T10:42:33.123456789Z
//	0000  aa 55 01 02 00 61 62 63 0d 0a ff 10 11 12 13 14   .U...abc........
//	0010  15 16                                             ..
type text2pcap struct {
	stamps
	left    leftOut
	now     int64
	from    Direction
	total   uint64 // bytes of the packet so far
	newest  int    // bytes of its last line
	buf     []byte
	out     []byte // the packet returned last
	started bool
}

// dumpLine parts a line into offset and bytes. What follows them is a comment:
// it stands behind three blanks, or is not two hex digits.
func dumpLine(line []byte, b []byte) (offset uint64, data []byte, ok bool) {
	b = b[:0]
	offset, rest, ok := offsetField(bytes.TrimLeft(line, " \t"), 3)
	if !ok {
		return 0, nil, false
	}
	rest = bytes.TrimPrefix(rest, []byte(":"))
	if len(rest) > 0 && rest[0] != ' ' && rest[0] != '\t' {
		return 0, nil, false
	}
	for {
		next := bytes.TrimLeft(rest, " \t")
		if len(rest)-len(next) > 2 && len(b) > 0 || len(next) < 2 || !isHexDigit(next[0]) || !isHexDigit(next[1]) || len(next) > 2 && next[2] != ' ' && next[2] != '\t' {
			return offset, b, true
		}
		b = append(b, hexValue(next[0])<<4|hexValue(next[1]))
		rest = next[2:]
	}
}

func hexValue(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return (c | 0x20) - 'a' + 10
}

// preamble reads direction and time before a packet.
func preamble(line []byte) (from Direction, ns int64, kind Timing, ok bool) {
	line = bytes.TrimSpace(line)
	if len(line) > 0 && (len(line) == 1 || line[1] == ' ' || line[1] == '\t') {
		switch line[0] {
		case 'I':
			from = Inbound
		case 'O':
			from = Outbound
		}
	}
	if from != Unknown {
		if line = bytes.TrimSpace(line[1:]); len(line) == 0 {
			return from, 0, Untimed, true
		}
	}
	ns, kind, rest := parseStamp(line)
	if s, ok := unixSeconds(line); kind == Untimed && ok {
		ns, kind, rest = s, Dated, nil
	}
	return from, ns, kind, kind != Untimed && len(bytes.TrimSpace(rest)) == 0
}

// unixSeconds reads 1787395353.123456, which no clock and no count of bytes is.
func unixSeconds(text []byte) (ns int64, ok bool) {
	whole, fraction, _ := bytes.Cut(text, []byte("."))
	s, err := strconv.ParseUint(string(whole), 10, 63)
	if err != nil || len(whole) < 9 || s > 9_000_000_000 || len(fraction) == 0 {
		return 0, false
	}
	part, ok := parseSeconds(append([]byte("0."), fraction...))
	return int64(s)*int64(time.Second) + part, ok
}

func sniffText2pcap(h head) verdict {
	if !h.text {
		return no
	}
	before, dumps, total := false, 0, uint64(0)
	column := false // of text
	for _, line := range h.lines {
		if text := bytes.TrimSpace(line); len(text) == 0 || text[0] == '#' {
			continue
		}
		offset, b, ok := dumpLine(line, nil)
		if !ok {
			if _, _, _, ok := preamble(line); !ok {
				return no
			}
			before = true
			continue
		}
		if dumps++; dumps == 1 && offset != 0 {
			return no
		}
		if before && len(b) > 0 || offset > 0 && offset == total {
			return yes
		}
		if _, err := parseLine(string(line)); err != nil && len(b) > 0 {
			column = true
		}
		if offset == 0 {
			total = 0
		}
		total += uint64(len(b))
	}
	switch {
	case h.last() && column:
		return yes
	case h.last():
		return no
	}
	return sniffFirst(h)
}

// sniffFirst says whether a line that is not whole may become one of text2pcap.
func sniffFirst(h head) verdict {
	line, whole := h.first()
	line = bytes.TrimLeft(line, " \t")
	if whole || len(line) == 0 || isHexDigit(line[0]) || bytes.IndexByte([]byte("IO#"), line[0]) >= 0 {
		if !whole && len(line) > 1 && (line[0] == 'I' || line[0] == 'O') && line[1] != ' ' {
			return no
		}
		return maybe
	}
	return no
}

func newText2pcap(in *bufio.Reader) Source {
	p := &text2pcap{from: Inbound}
	p.foresee(buffered(in), func(line []byte) (Timing, bool) {
		_, _, kind, ok := preamble(line)
		return kind, ok && kind != Untimed
	})
	return newLineSource(in, p)
}

func (t *text2pcap) timing() Timing  { return t.kind }
func (t *text2pcap) notes() []string { return t.left.notes() }

func (t *text2pcap) finish() (Packet, bool, error) {
	p, ok := t.take(0)
	return p, ok, nil
}

// take returns the packet so far but for so many bytes.
func (t *text2pcap) take(keep int) (Packet, bool) {
	n := len(t.buf) - keep
	t.out = append(t.out[:0], t.buf[:n]...)
	t.buf = append(t.buf[:0], t.buf[n:]...)
	return Packet{Direction: t.from, Time: t.now, Bytes: t.out}, n > 0
}

func (t *text2pcap) line(text []byte) (p Packet, ok bool, err error) {
	if line := bytes.TrimSpace(text); len(line) == 0 || line[0] == '#' {
		return Packet{}, false, nil
	}
	offset, b, dumped := dumpLine(text, nil)
	if !dumped {
		p, ok = t.take(0)
		return p, ok, t.before(text)
	}
	if offset == 0 {
		p, ok = t.take(0)
		t.total, t.newest, t.started = 0, 0, true
	} else if err := t.shorten(offset); err != nil {
		return Packet{}, false, err
	}
	if len(t.buf)+len(b) > rawChunk {
		p, ok = t.take(t.newest)
	}
	t.buf = append(t.buf, b...)
	t.total, t.newest = t.total+uint64(len(b)), len(b)
	return p, ok, nil
}

// before reads a line that stands before a packet.
func (t *text2pcap) before(text []byte) error {
	from, ns, kind, ok := preamble(text)
	switch {
	case !ok && from != Unknown:
		return fmt.Errorf("%s: the time is none that text2pcap -t ISO, %%H:%%M:%%S.%%f or %%s.%%f reads", shorten(text))
	case !ok:
		t.left.add("lines that are neither bytes nor a time were left out")
		return nil
	}
	if t.from = from; from == Unknown {
		t.from = Inbound
	}
	if kind == Untimed {
		return nil
	}
	at, err := t.time(ns, kind)
	t.now = at
	return err
}

// shorten takes back what a line had more than the next offset says: text that
// looks like hex.
func (t *text2pcap) shorten(offset uint64) error {
	if !t.started || offset > t.total || t.total-offset > uint64(t.newest) {
		return fmt.Errorf("offset %x where %x was due: lines are missing, or the offsets are not hex (od: use od -Ax -tx1)", offset, t.total)
	}
	t.buf = t.buf[:len(t.buf)-int(t.total-offset)]
	t.total = offset
	return nil
}
