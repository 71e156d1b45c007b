package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

func (d *doc) bindString(path string, v any, dst reflect.Value, r rule) {
	text, ok := v.(string)
	if !ok {
		cure := ""
		switch v.(type) {
		case int64, float64, bool:
			cure = "write it in double quotes: " + strconv.Quote(strings.Trim(shown(v), `"`))
		}
		d.fail(path, shown(v), r.expected(dst.Type()), cure)
		return
	}
	if !r.takesText(text) {
		cure := ""
		if near := Nearest(text, r.enum); near != "" {
			cure = fmt.Sprintf("did you mean %q?", near)
		} else if r.cure != nil {
			cure = r.cure(text)
		}
		d.fail(path, shown(v), r.expected(dst.Type()), cure)
		return
	}
	dst.SetString(text)
}

func (d *doc) bindBool(path string, v any, dst reflect.Value, r rule) {
	b, ok := v.(bool)
	if !ok {
		cure := ""
		if text, isText := v.(string); isText && (text == "true" || text == "false") {
			cure = "leave the quotes out"
		}
		d.fail(path, shown(v), r.expected(dst.Type()), cure)
		return
	}
	dst.SetBool(b)
}

func (d *doc) bindFloat(path string, v any, dst reflect.Value, r rule) {
	f, ok := v.(float64)
	if n, isInt := v.(int64); isInt {
		f, ok = float64(n), true
	}
	if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
		d.fail(path, shown(v), r.expected(dst.Type()), quotedNumberCure(v))
		return
	}
	dst.SetFloat(f)
}

// bindInt takes int, int64 and uint64; sizes also as text with a unit, and
// uint64 also as text, because a TOML integer ends at 2^63-1.
func (d *doc) bindInt(path string, v any, dst reflect.Value, r rule) {
	n, ok := v.(int64)
	text, isText := v.(string)
	switch {
	case isText && r.size:
		n, ok = ParseSize(text)
	case isText && dst.Kind() == reflect.Uint64:
		u, err := strconv.ParseUint(text, 0, 64)
		if err == nil {
			dst.SetUint(u)
			return
		}
	}
	if !ok || !r.takesInt(n) || dst.CanInt() && dst.OverflowInt(n) || dst.CanUint() && n < 0 {
		d.fail(path, shown(v), r.expected(dst.Type()), integerCure(v, r))
		return
	}
	if dst.CanUint() {
		dst.SetUint(uint64(n))
	} else {
		dst.SetInt(n)
	}
}

func (d *doc) bindDuration(path string, v any, dst reflect.Value, r rule) {
	text, ok := v.(string)
	if n, isInt := v.(int64); isInt && n == 0 { // zero is zero in every unit
		text, ok = "0s", true
	}
	if !ok {
		d.fail(path, shown(v), r.expected(dst.Type()), durationCure(path, v))
		return
	}
	period, err := time.ParseDuration(text)
	if err != nil || !r.takesInt(int64(period)) {
		cure := ""
		if _, bare := strconv.ParseFloat(text, 64); err != nil && bare == nil {
			cure = fmt.Sprintf("add the unit: %q (seconds) or %q (milliseconds)", text+"s", text+"ms")
		}
		d.fail(path, shown(v), r.expected(dst.Type()), cure)
		return
	}
	dst.SetInt(int64(period))
}

// durationCure turns a bare number into the two durations it could mean.
func durationCure(path string, v any) string {
	switch v.(type) {
	case int64, float64:
		key := path[strings.LastIndexByte(path, '.')+1:]
		number := strings.TrimSuffix(shown(v), ".0")
		return fmt.Sprintf("a duration has a unit: write %s = %q (seconds) or %q (milliseconds)", key, number+"s", number+"ms")
	}
	return ""
}

func integerCure(v any, r rule) string {
	if f, ok := v.(float64); ok && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return "write it without a decimal point: " + strconv.FormatInt(int64(f), 10)
	}
	if r.size {
		return ""
	}
	return quotedNumberCure(v)
}

func quotedNumberCure(v any) string {
	text, ok := v.(string)
	if !ok {
		return ""
	}
	if _, err := strconv.ParseInt(text, 0, 64); err == nil {
		return "leave the quotes out"
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return "leave the quotes out"
	}
	return ""
}

// ParseSize reads "256 MiB", "4MB", "4096 B" and "4096".
func ParseSize(text string) (int64, bool) {
	digits := strings.TrimLeft(text, "0123456789")
	n, err := strconv.ParseInt(text[:len(text)-len(digits)], 10, 64)
	if err != nil {
		return 0, false
	}
	unit := int64(0)
	switch strings.TrimSpace(digits) {
	case "", "B":
		unit = 1
	case "kB", "KB":
		unit = 1e3
	case "MB":
		unit = 1e6
	case "GB":
		unit = 1e9
	case "KiB":
		unit = 1 << 10
	case "MiB":
		unit = 1 << 20
	case "GiB":
		unit = 1 << 30
	}
	if unit == 0 || n > math.MaxInt64/unit {
		return 0, false
	}
	return n * unit, true
}

// formatSize is the shortest exact text of ParseSize for n.
func formatSize(n int64) string {
	for _, u := range []struct {
		bytes int64
		name  string
	}{{1 << 30, " GiB"}, {1 << 20, " MiB"}, {1 << 10, " KiB"}} {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + " B"
}

// formatDuration is time.Duration's text without zero parts: "10m", not
// "10m0s".
func formatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
