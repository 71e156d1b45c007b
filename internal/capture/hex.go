package capture

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// hexBlanks may stand between two bytes in hex.
const hexBlanks = " \t\r\n,:"

// ParseHex reads bytes in hex: pairs of digits, alone or several together, each
// word with or without 0x.
//
//	AA 55 01 0x1F, 02ff 0a:0b
func ParseHex(text string) ([]byte, error) {
	var out []byte
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(hexBlanks, c) }) {
		digits := strings.TrimPrefix(strings.TrimPrefix(word, "0x"), "0X")
		b, err := hex.DecodeString(digits)
		if err != nil || len(b) == 0 {
			return nil, fmt.Errorf("%.20q is not bytes in hex", word)
		}
		out = append(out, b...)
	}
	return out, nil
}
