package capture

import (
	"bytes"
	"fmt"
	"strconv"
)

// dump follows the offsets of a dump, and repeats what a "*" stands for.
type dump struct {
	next    uint64 // offset of the next line
	started bool
	star    bool
	last    []byte // the line before
	out     []byte // what a "*" stands for
}

// maxRepeat is how many bytes one "*" may stand for.
const maxRepeat = MaxPacket

// at takes note of a line's offset. It returns what a "*" before it stood for.
func (d *dump) at(offset uint64) (repeated []byte, err error) {
	switch {
	case !d.started:
		d.started, d.next = true, offset
	case d.star:
		d.star = false
		if repeated, err = d.repeat(offset); err != nil {
			return nil, err
		}
		d.next = offset
	case offset == 0: // another dump, behind the first
		d.next = 0
	case offset != d.next:
		return nil, fmt.Errorf("offset %x where %x was due: lines are missing, or the offsets are not hex (od: use od -Ax -tx1)", offset, d.next)
	}
	return repeated, nil
}

func (d *dump) repeat(offset uint64) ([]byte, error) {
	if offset < d.next || offset-d.next > maxRepeat || len(d.last) == 0 || (offset-d.next)%uint64(len(d.last)) != 0 {
		return nil, fmt.Errorf("a \"*\" that stands for the bytes from %x to %x cannot be undone: dump again with hexdump -v", d.next, offset)
	}
	d.out = d.out[:0]
	for uint64(len(d.out)) < offset-d.next {
		d.out = append(d.out, d.last...)
	}
	return d.out, nil
}

// took takes note of a line's bytes.
func (d *dump) took(b []byte) {
	d.last = append(d.last[:0], b...)
	d.next += uint64(len(b))
}

// offsetField parts a line behind its offset of at least so many hex digits.
func offsetField(line []byte, least int) (offset uint64, rest []byte, ok bool) {
	n := 0
	for n < len(line) && isHexDigit(line[n]) {
		n++
	}
	if n < least || n > 16 {
		return 0, line, false
	}
	offset, err := strconv.ParseUint(string(line[:n]), 16, 64)
	return offset, line[n:], err == nil
}

// agrees reports whether the text column shows the bytes: each as its ASCII
// character, or a dot. Blanks at its end may be gone.
func agrees(b, text []byte) bool {
	if len(text) > len(b) {
		text = bytes.TrimRight(text, " ")
	}
	if len(text) > len(b) {
		return false
	}
	for i, c := range b {
		shown := byte(' ')
		if i < len(text) {
			shown = text[i]
		}
		if printable := c >= ' ' && c <= '~'; printable && shown != c || !printable && shown != '.' {
			return false
		}
	}
	return true
}
