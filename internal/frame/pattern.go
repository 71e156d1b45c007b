package frame

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// bytePattern is one byte of a sync pattern: "55", "5?", "??", "55|F?".
type bytePattern struct {
	ok      [256]bool
	literal bool // exactly one value fits
	first   byte // what Encode writes: the first alternative, wildcards 0
}

// parsePattern reads a sync pattern such as "AA 5? 03|04" [WIRE-2].
func parsePattern(text string) ([]bytePattern, error) {
	var out []bytePattern
	for word := range strings.FieldsSeq(text) {
		var p bytePattern
		n := 0
		for i, alternative := range strings.Split(word, "|") {
			value, mask, err := parseNibbles(alternative)
			if err != nil {
				return nil, err
			}
			if i == 0 {
				p.first = value
			}
			for b := range 256 {
				if byte(b)&mask == value && !p.ok[b] {
					p.ok[b] = true
					n++
				}
			}
		}
		p.literal = n == 1
		out = append(out, p)
	}
	return out, nil
}

func parseNibbles(s string) (value, mask byte, err error) {
	if len(s) != 2 {
		return 0, 0, fmt.Errorf("%q is not two hex digits", s)
	}
	for i := range 2 {
		value, mask = value<<4, mask<<4
		if s[i] == '?' {
			continue
		}
		digit, err := hex.DecodeString("0" + s[i:i+1])
		if err != nil {
			return 0, 0, fmt.Errorf("%q is not two hex digits", s)
		}
		value, mask = value|digit[0], mask|0x0F
	}
	return value, mask, nil
}

// parseHex reads bytes written as "AA 55" or "AA55".
func parseHex(text string) ([]byte, error) {
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, fmt.Errorf("%q is not hex bytes such as \"0D 0A\"", text)
	}
	return b, nil
}

// span is a Python slice of the frame.
type span struct {
	from, to int
	toEnd    bool // "2:"
}

func parseSpan(text string) (span, error) {
	from, to, ok := strings.Cut(text, ":")
	var s span
	if !ok {
		return s, fmt.Errorf("%q is not a slice", text)
	}
	var err error
	if s.from, err = parseIndex(from); err != nil {
		return s, fmt.Errorf("%q is not a slice", text)
	}
	s.toEnd = strings.TrimSpace(to) == ""
	if s.to, err = parseIndex(to); err != nil {
		return s, fmt.Errorf("%q is not a slice", text)
	}
	return s, nil
}

func parseIndex(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, nil
	}
	var n int
	var rest string
	if got, _ := fmt.Sscanf(text+" .", "%d %s", &n, &rest); got != 2 || rest != "." || n < -maxTotal || n > maxTotal {
		return 0, fmt.Errorf("%q is not an offset", text)
	}
	return n, nil
}

// absolute reports whether the slice means the same bytes in every frame.
func (s span) absolute() bool { return s.from >= 0 && s.to >= 0 && !s.toEnd }

// resolve returns the offsets within a frame of total bytes, cut to it as
// Python does.
func (s span) resolve(total int) (from, to int) {
	from, to = resolveAt(s.from, total), resolveAt(s.to, total)
	if s.toEnd {
		to = total
	}
	from, to = min(max(from, 0), total), min(max(to, 0), total)
	return from, max(from, to)
}

// resolveAt turns an offset that may count from the end into one that does not.
func resolveAt(at, total int) int {
	if at < 0 {
		return at + total
	}
	return at
}
