package capture

import (
	"bufio"
	"bytes"
	"fmt"
)

// hexdump reads a dump of hexdump -C, and of hexdump, whose words of 16 bits
// have the low byte first. The last line is the length alone.
//
//	00000000  aa 55 01 02 00 61 62 63  0d 0a ff 10 11 12 13 14  |.U...abc........|
//	0000000 55aa 0201 6100 6362 0a0d 10ff 1211 1413
//	0000012
type hexdump struct {
	dump
	untimed
	held  []byte // the line before, which the next one may shorten
	out   []byte
	whole bool // the last line was the length
}

// hexdumpLine parts a line; b is empty when it holds the length alone.
func hexdumpLine(line []byte) (offset uint64, b []byte, ok bool) {
	offset, rest, ok := offsetField(line, 7)
	if !ok || len(rest) > 0 && rest[0] != ' ' {
		return 0, nil, false
	}
	if hex, text, canonical := bytes.Cut(rest, []byte("|")); canonical {
		b = hexField(hex)
		text = bytes.TrimSuffix(bytes.TrimRight(text, " "), []byte("|"))
		return offset, b, len(b) > 0 && agrees(b, text)
	}
	words := bytes.Fields(rest)
	if len(words) > 8 {
		return 0, nil, false
	}
	for _, word := range words {
		w := hexField(word)
		if len(word) != 4 || w == nil {
			return 0, nil, false
		}
		b = append(b, w[1], w[0])
	}
	return offset, b, true
}

func sniffHexdump(h head) verdict {
	line, whole := h.first()
	if !h.text {
		return no
	}
	if whole {
		if _, b, ok := hexdumpLine(line); ok && len(b) > 0 {
			return yes
		}
		return no
	}
	for i, c := range line {
		if i >= 7 && c == ' ' {
			break
		}
		if !isHexDigit(c) {
			return no
		}
	}
	return maybe
}

func newHexdump(in *bufio.Reader) Source { return newLineSource(in, &hexdump{}) }

// line returns the line before: only now it is known how long that is.
func (x *hexdump) line(text []byte) (Packet, bool, error) {
	text = bytes.TrimRight(text, " ")
	switch {
	case len(text) == 0:
		return Packet{}, false, nil
	case string(text) == "*" && x.started:
		x.star = true
		return Packet{}, false, nil
	}
	offset, b, ok := hexdumpLine(text)
	if !ok {
		return Packet{}, false, fmt.Errorf("%s is no line of hexdump or hexdump -C, or its two columns differ: dump the bytes again", shorten(text))
	}
	x.whole = len(b) == 0
	if x.whole && offset+1 == x.next && len(x.held) > 0 { // half a word
		x.held = x.held[:len(x.held)-1]
		x.next = offset
	}
	repeated, err := x.at(offset)
	if err != nil {
		return Packet{}, false, err
	}
	x.out = append(append(x.out[:0], x.held...), repeated...)
	x.held = append(x.held[:0], b...)
	x.took(b)
	return Packet{Direction: Inbound, Bytes: x.out}, len(x.out) > 0, nil
}

func (x *hexdump) finish() (Packet, bool, error) {
	var err error
	if x.started && !x.whole {
		err = fmt.Errorf("%w: the last line, with the length, is missing", ErrCut)
	}
	return Packet{Direction: Inbound, Bytes: x.held}, len(x.held) > 0, err
}
