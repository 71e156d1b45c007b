package frame

import (
	"fmt"
	"strings"
)

// hexOf writes bytes as they are typed: "AA 55".
func hexOf(b []byte) string { return fmt.Sprintf("% X", b) }

// place names bytes: "byte 3", "bytes 4 to 7".
func place(at, size int) string {
	if size == 1 {
		return fmt.Sprint("byte ", at)
	}
	return fmt.Sprintf("bytes %d to %d", at, at+size-1)
}

func is(size int) string {
	if size == 1 {
		return "is"
	}
	return "are"
}

func says(size int) string {
	if size == 1 {
		return "says"
	}
	return "say"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// between writes a number of bytes that may vary.
func between(low, high int) string {
	if low == high {
		return fmt.Sprint(low)
	}
	return fmt.Sprintf("%d to %d", low, high)
}

// text writes a byte of a sync pattern as a description has it.
func (b *bytePattern) text() string {
	var values []int
	for v, ok := range b.ok {
		if ok {
			values = append(values, v)
		}
	}
	if len(values) == 256 {
		return "??"
	}
	if len(values) == 16 {
		high, low := true, true
		for _, v := range values {
			high = high && v>>4 == values[0]>>4
			low = low && v&15 == values[0]&15
		}
		switch {
		case high:
			return fmt.Sprintf("%X?", values[0]>>4)
		case low:
			return fmt.Sprintf("?%X", values[0]&15)
		}
	}
	var words []string
	for _, v := range values {
		words = append(words, fmt.Sprintf("%02X", v))
	}
	return strings.Join(words, "|")
}

// text writes a slice as a description has it.
func (s span) text() string {
	if s.toEnd {
		return fmt.Sprintf("%d:", s.from)
	}
	return fmt.Sprintf("%d:%d", s.from, s.to)
}

// says writes what a check computes: "sum8 over 0:-1".
func (c *check) says() string {
	if c.kind == kindConst {
		return "the constant"
	}
	var pieces []string
	for _, s := range c.over {
		pieces = append(pieces, s.text())
	}
	text := c.name
	if c.name == "crc" {
		text = fmt.Sprintf("crc of %d bits, polynomial 0x%X,", c.crc.spec.width, c.crc.spec.poly)
	}
	text += " over " + strings.Join(pieces, " and ")
	if c.blank {
		text += ", its own bytes taken as 00,"
	}
	if c.extra {
		text += " and crc_extra"
	}
	return text
}
