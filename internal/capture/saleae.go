package capture

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// csvFields parts a line at its commas. Quotes around a field go; a comma
// inside them is no border.
func csvFields(line []byte, fields [][]byte) [][]byte {
	fields = fields[:0]
	for {
		if len(line) > 0 && line[0] == '"' {
			if end := bytes.IndexByte(line[1:], '"'); end >= 0 {
				fields = append(fields, line[1:1+end])
				line = line[end+2:]
				if len(line) == 0 || line[0] != ',' {
					return fields
				}
				line = line[1:]
				continue
			}
		}
		field, rest, more := bytes.Cut(line, []byte(","))
		fields = append(fields, field)
		if !more {
			return fields
		}
		line = rest
	}
}

// parseSeconds reads a number of seconds, before a trigger below 0, without the
// loss that a floating-point number brings.
//
//	0.042909760000000   -1.5   8.68e-05
func parseSeconds(text []byte) (ns int64, ok bool) {
	if bytes.ContainsAny(text, "eE") {
		f, err := strconv.ParseFloat(string(text), 64)
		return int64(math.Round(f * 1e9)), err == nil && math.Abs(f) < 1e9
	}
	digits := bytes.TrimPrefix(text, []byte("-"))
	whole, fraction, _ := bytes.Cut(digits, []byte("."))
	s, ok := number(whole)
	if !ok || s >= 1e9 {
		return 0, false
	}
	ns = int64(s) * 1e9
	unit := int64(1e8)
	for _, c := range fraction {
		if !isDigit(c) {
			return 0, false
		}
		ns += int64(c-'0') * unit
		unit /= 10
	}
	if len(digits) < len(text) {
		ns = -ns
	}
	return ns, true
}

// analysed reads the value of one byte as an analyser shows it in hex or binary.
// In the other displays a digit may be the byte or its character, and control
// characters are lost.
func analysed(text []byte) (byte, error) {
	base := map[string]int{"0x": 16, "0X": 16, "0b": 2, "0B": 2}[string(text[:min(2, len(text))])]
	if base != 0 {
		if v, err := strconv.ParseUint(string(text[2:]), base, 8); err == nil {
			return byte(v), nil
		}
	}
	return 0, fmt.Errorf("%s is not a byte in hex: set the analyser's display to Hexadecimal and export again", shorten(text))
}

const faultyByte = "bytes have a parity or framing error; they are kept"
