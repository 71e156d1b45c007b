package capture

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// hexBlanks may stand between two words in hex.
const hexBlanks = " \t\r\n,"

// ParseHex reads bytes in hex: pairs of digits, alone or several together, each
// word with or without 0x; or all of them parted by colons.
//
//	AA 55 01 0x1F, 02ff
//	aa:55:01
func ParseHex(text string) ([]byte, error) {
	words := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(hexBlanks, c) })
	// A time of day before the bytes, as terminal programs write it, has colons
	// where the bytes have none.
	if len(words) > 0 && strings.Contains(words[0], ":") {
		for _, word := range words {
			if !strings.Contains(word, ":") {
				return nil, fmt.Errorf("%.20q is not bytes in hex: other bytes here have no colons", words[0])
			}
		}
	}
	var out []byte
	for _, word := range words {
		for part := range strings.SplitSeq(word, ":") {
			digits := strings.TrimPrefix(strings.TrimPrefix(part, "0x"), "0X")
			b, err := hex.DecodeString(digits)
			if err != nil || len(b) == 0 {
				return nil, fmt.Errorf("%.20q is not bytes in hex", word)
			}
			out = append(out, b...)
		}
	}
	return out, nil
}
