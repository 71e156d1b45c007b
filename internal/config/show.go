package config

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// What messages show of a file, and what they never show.

// shown writes a value for a message. What looks like a key that got into the
// wrong place is described instead, and long text is cut.
func shown(v any) string {
	switch v := v.(type) {
	case string:
		if hideKeys(v) != v || strings.Contains(v, "sign=") {
			return described(v) + " (not shown, it looks like a key)"
		}
		if r := []rune(v); len(r) > 60 {
			return strconv.Quote(string(r[:60])) + " and more"
		}
		return strconv.Quote(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if v == math.Trunc(v) && !strings.ContainsAny(text, "eIN") {
			text += ".0"
		}
		return text
	case bool:
		return strconv.FormatBool(v)
	}
	return described(v)
}

// described names the type of a value, never the value.
func described(v any) string {
	switch v := v.(type) {
	case string:
		if n := len([]rune(v)); n != 1 {
			return "a text of " + strconv.Itoa(n) + " characters"
		}
		return "a text of 1 character"
	case int64:
		return "an integer"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	case time.Time:
		return "a date or time"
	case map[string]any:
		return "a table"
	}
	if _, ok := asArray(v); ok {
		return "an array"
	}
	return "a value"
}

const keyLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

// looksLikeKey reports whether s could be a key: OneNET's are 44 characters of
// base64 ending in =, which is easily lost in copying. A path is not one.
func looksLikeKey(s string) bool {
	return strings.Trim(s, keyLetters) == "" && (len(s) >= 24 && strings.HasSuffix(s, "=") || len(s) == 43)
}

// hideKeys replaces what looks like a key anywhere in s.
func hideKeys(s string) string {
	var b strings.Builder
	for s != "" {
		n := len(s) - len(strings.TrimLeft(s, keyLetters))
		if looksLikeKey(s[:n]) {
			b.WriteString("[not shown, it looks like a key]")
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
		n = strings.IndexAny(s, keyLetters)
		if n < 0 {
			n = len(s)
		}
		b.WriteString(s[:n])
		s = s[n:]
	}
	return b.String()
}
