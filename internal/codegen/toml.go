package codegen

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"serialgw/internal/frame"
)

// TOML writes a description as a person would write it in gateway.toml: keys
// aligned, one field a line.
func TOML(name string, d frame.Description) string {
	var b strings.Builder
	table(&b, "[frame."+name+"]", reflect.ValueOf(d))
	for i := range d.Messages {
		b.WriteString("\n")
		table(&b, "[[frame."+name+".message]]", reflect.ValueOf(d.Messages[i]))
	}
	for i := range d.Examples {
		b.WriteString("\n")
		table(&b, "[[frame."+name+".example]]", reflect.ValueOf(d.Examples[i]))
	}
	return b.String()
}

// table writes one table with its keys in their own order.
func table(b *strings.Builder, head string, v reflect.Value) {
	b.WriteString(head + "\n")
	keys, width := slices.DeleteFunc(given(v), key.apart), 0
	for _, k := range keys {
		width = max(width, len(k.name))
	}
	for _, k := range keys {
		fmt.Fprintf(b, "%-*s = %s\n", width, k.name, block(k))
	}
}

// key is one key with its value.
type key struct {
	name  string
	value reflect.Value
}

// apart reports whether the value follows as tables of its own.
func (k key) apart() bool {
	return k.value.Type() == reflect.TypeFor[[]frame.Message]() || k.value.Type() == reflect.TypeFor[[]frame.Example]()
}

// given returns the keys of a struct that say something. A place is always
// said, also where it is 0.
func given(v reflect.Value) []key {
	var out []key
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Tag.Get("toml"), v.Field(i)
		place := name == "at" && f.Kind() == reflect.Int
		empty := f.IsZero() || f.Kind() == reflect.Slice && f.Len() == 0
		if name != "" && (place || !empty) {
			out = append(out, key{name, f})
		}
	}
	return out
}

// block writes a value of a table; several tables stand one a line.
func block(k key) string {
	v := k.value
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.Struct || v.Len() == 1 && k.name == "check" {
		return inline(k.name, v)
	}
	var b strings.Builder
	b.WriteString("[\n")
	for i := range v.Len() {
		b.WriteString("  " + inline(k.name, v.Index(i)) + ",\n")
	}
	return b.String() + "]"
}

// inline writes a value in one line.
func inline(name string, v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return inline(name, v.Elem())
	case reflect.String:
		return quote(v.String())
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Float64:
		if name == "range" {
			return short(v.Float())
		}
		return float(v.Float())
	case reflect.Uint64:
		return fmt.Sprintf("0x%X", v.Uint())
	case reflect.Slice:
		return array(name, v)
	case reflect.Map:
		return dictionary(v)
	case reflect.Struct:
		if s, ok := reflect.TypeAssert[frame.Stuff](v); ok && s.Kind != "" {
			return quote(s.Kind)
		}
		var parts []string
		for _, k := range given(v) {
			parts = append(parts, k.name+" = "+inline(k.name, k.value))
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return strconv.FormatInt(v.Int(), 10)
}

// array writes several values; one id, one range and one check need no array.
func array(name string, v reflect.Value) string {
	if v.Len() == 1 && (name == "id" || name == "over" || name == "check") {
		return inline(name, v.Index(0))
	}
	var parts []string
	for i := range v.Len() {
		parts = append(parts, inline(name, v.Index(i)))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// dictionary writes a map, numbers in their order.
func dictionary(v reflect.Value) string {
	all := map[string]reflect.Value{}
	for _, k := range v.MapKeys() {
		all[k.String()] = v.MapIndex(k)
	}
	var parts []string
	for _, k := range slices.SortedFunc(maps.Keys(all), byNumber) {
		word := k
		if strings.Trim(k, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != "" || k == "" {
			word = quote(k)
		}
		parts = append(parts, word+" = "+inline("", all[k]))
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// byNumber orders texts that are numbers by their values.
func byNumber(a, b string) int {
	x, errX := strconv.ParseInt(a, 0, 64)
	y, errY := strconv.ParseInt(b, 0, 64)
	if errX == nil && errY == nil {
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
	}
	return cmp.Compare(a, b)
}

// float writes a number that TOML takes for a float.
func float(f float64) string {
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// quote writes a text between double quotes.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < 0x20 || r == 0x7F:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}
