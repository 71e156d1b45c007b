package config

import (
	"path/filepath"
	"strings"
)

// within reports whether s has low to top characters, all letters, digits or
// one of extra.
func within(s string, low, top int, extra string) bool {
	for _, r := range s {
		if !isAlnum(r) && !strings.ContainsRune(extra, r) {
			return false
		}
	}
	return len(s) >= low && len(s) <= top
}

func isProduct(s string) bool { return within(s, 6, 32, "") }

func isDevice(s string) bool { return within(s, 1, 64, "_-") }

// IsIdentifier reports whether s can name a property on OneNET. [ONENET-9]
func IsIdentifier(s string) bool {
	return within(s, 1, 50, "_") && (s[0] >= 'A' && s[0] <= 'Z' || s[0] >= 'a' && s[0] <= 'z')
}

func isTopic(s string) bool { return !strings.ContainsAny(s, "+#\x00 ") }

// isPort reports whether s is an absolute path or "usb:VVVV:PPPP[:SERIAL]".
func isPort(s string) bool {
	usb, ok := strings.CutPrefix(s, "usb:")
	if !ok {
		return filepath.IsAbs(s) && len(s) > 1
	}
	parts := strings.SplitN(usb, ":", 3)
	return len(parts) >= 2 && isHex4(parts[0]) && isHex4(parts[1]) && (len(parts) == 2 || parts[2] != "")
}

func isHex4(s string) bool {
	return len(s) == 4 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
