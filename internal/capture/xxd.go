package capture

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
)

// xxd reads a dump of xxd, with groups of any size, and the like of it.
//
//	00000000: aa55 0102 0061 6263 0d0a ff10 1112 1314  .U...abc........
//	00000010: 1516                                     ..
//
// Where the groups are single bytes nothing but they count: PyPMS counts offsets
// before it escapes what it writes.
type xxd struct {
	dump
	untimed
	left   leftOut
	single bool // of the last line with more than one byte
	both   []byte
}

var errXXDText = errors.New("the text beside the bytes shows others: the dump was edited, or made with xxd -e or -b; use plain xxd") //nolint:gochecknoglobals // a constant

// xxdLine parts a line.
func xxdLine(line []byte) (offset uint64, b []byte, single, ok bool, err error) {
	offset, rest, ok := offsetField(line, 8)
	if !ok || len(rest) < 2 || rest[0] != ':' || rest[1] != ' ' {
		return 0, nil, false, false, nil
	}
	hex, text, column := bytes.Cut(rest[2:], []byte("  "))
	if b = hexField(hex); b == nil {
		return 0, nil, false, false, nil
	}
	single = len(hex) > 2 && hex[2] == ' '
	// A short line has more blanks before its text, which may begin with some.
	for trimmed := bytes.TrimLeft(text, " "); column && len(text) > len(b) && len(text) > len(trimmed); {
		text = text[1:]
	}
	if !single && column && len(text) > 0 && !agrees(b, text) {
		return 0, nil, false, true, errXXDText
	}
	return offset, b, single, true, nil
}

func sniffXXD(h head) verdict {
	line, whole := h.first()
	if !h.text {
		return no
	}
	if whole {
		if _, _, _, ok, _ := xxdLine(line); ok {
			return yes
		}
		return no
	}
	for i, c := range line {
		if i > 8 && c == ':' {
			break
		}
		if !isHexDigit(c) && (i < 8 || c != ':') {
			return no
		}
	}
	return maybe
}

func newXXD(in *bufio.Reader) Source { return newLineSource(in, &xxd{}) }

func (x *xxd) line(text []byte) (Packet, bool, error) {
	text = bytes.TrimRight(text, " ")
	if len(text) == 0 {
		return Packet{}, false, nil
	}
	if string(text) == "*" && x.started {
		x.star = true
		return Packet{}, false, nil
	}
	offset, b, single, ok, err := xxdLine(text)
	if err != nil {
		return Packet{}, false, err
	}
	if !ok {
		return Packet{}, false, fmt.Errorf("%s is no line of xxd: dump the bytes again", shorten(text))
	}
	if len(b) > 1 {
		x.single = single
	}
	if x.single && x.started && !x.star && offset != x.next && offset != 0 {
		x.left.add("lines are not at the offset that they say; their bytes are taken as they stand")
		x.next = offset
	}
	repeated, err := x.at(offset)
	if err != nil {
		return Packet{}, false, err
	}
	x.took(b)
	if len(repeated) > 0 {
		x.both = append(append(x.both[:0], repeated...), b...)
		b = x.both
	}
	return Packet{Direction: Inbound, Bytes: b}, true, nil
}

func (x *xxd) notes() []string { return x.left.notes() }

func (x *xxd) finish() (Packet, bool, error) {
	if x.star {
		return Packet{}, false, fmt.Errorf("%w: the line behind a \"*\" is missing", ErrCut)
	}
	return Packet{}, false, nil
}
