package config

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"serialgw/internal/cloud"
)

// bindSource reads the text and fills dst, a pointer to a struct with toml
// tags. It reports whether the text was TOML at all; everything else that is
// wrong is an issue, and its key keeps the value that it had in dst.
func (d *doc) bindSource(source []byte, dst any) bool {
	text := string(source)
	var generic map[string]any
	if _, err := toml.Decode(text, &generic); err != nil {
		d.syntaxError(text, err)
		return false
	}
	d.lines = scanLines(text)
	d.bindStruct("", generic, reflect.ValueOf(dst).Elem())
	return true
}

// syntaxError keeps the parser's words unless the line may hold a secret,
// which those words could quote.
func (d *doc) syntaxError(text string, err error) {
	issue := Issue{Found: err.Error(), Cure: "correct this first, nothing else was checked"}
	if parse, ok := errors.AsType[toml.ParseError](err); ok {
		issue.Line = parse.Position.Line // the field Line is wrong for numbers out of range
		issue.Key = parse.LastKey
		issue.Found = "this is not TOML: " + strings.TrimSuffix(parse.Message, ".")
	}
	line := lineOf(text, issue.Line)
	if mayHoldSecret(issue.Key + "\n" + line) {
		issue.Found = "this is not TOML (the line is not shown, it may hold a secret)"
	}
	if strings.ContainsAny(line, "“”‘’＂") {
		issue.Cure = `text stands between straight double quotes: "..."`
	} else if strings.Contains(issue.Found, "expected value") || strings.Contains(issue.Found, "secret") {
		issue.Cure = `text stands between double quotes: "..."`
	}
	d.add(issue)
}

// mayHoldSecret looks for the names under which people write keys and passwords.
func mayHoldSecret(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{"key", "pass", "pwd", "secret", "token", "sign"}, func(name string) bool {
		return strings.Contains(text, name)
	})
}

func lineOf(text string, line int) string {
	lines := strings.Split(text, "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	return lines[line-1]
}

// textBinder is a type with a notation of its own. BindText returns "" or what
// it would have taken.
type textBinder interface {
	BindText(text string) (want string)
}

// numberBinder is one whose notation may be a bare number, too.
type numberBinder interface {
	BindNumber(text string) (want string)
}

// bind puts v, as toml delivers it, into dst. r says what the key takes.
func (d *doc) bind(path string, v any, dst reflect.Value, r rule) {
	if own, ok := reflect.TypeAssert[textBinder](dst.Addr()); ok {
		d.bindOwn(path, v, own, r)
		return
	}
	switch dst.Type() {
	case reflect.TypeFor[time.Duration]():
		d.bindDuration(path, v, dst, r)
		return
	case reflect.TypeFor[cloud.Secret]():
		d.bindSecret(path, v, dst, r)
		return
	}
	switch dst.Kind() {
	case reflect.Pointer:
		target := reflect.New(dst.Type().Elem())
		d.bind(path, v, target.Elem(), r)
		dst.Set(target)
	case reflect.Struct:
		d.bindTable(path, v, dst, r)
	case reflect.Map:
		d.bindMap(path, v, dst, r)
	case reflect.Slice:
		d.bindSlice(path, v, dst, r)
	case reflect.String:
		d.bindString(path, v, dst, r)
	case reflect.Bool:
		d.bindBool(path, v, dst, r)
	case reflect.Float64:
		d.bindFloat(path, v, dst, r)
	case reflect.Interface:
		d.bindAny(path, v, dst, r)
	default:
		d.bindInt(path, v, dst, r)
	}
}

func (d *doc) bindTable(path string, v any, dst reflect.Value, r rule) {
	if text, ok := v.(string); ok && r.textKey != "" {
		v = map[string]any{r.textKey: text}
	}
	table, ok := v.(map[string]any)
	if ok {
		d.bindStruct(path, table, dst)
		return
	}
	cure := ""
	if _, array := asArray(v); array && !strings.ContainsAny(path, ".[") {
		cure = "write [" + path + "], not [[" + path + "]]"
	}
	d.fail(path, shown(v), r.expected(dst.Type()), cure)
}

// bindStruct fills the fields whose tags the table names and refuses every
// other key.
func (d *doc) bindStruct(path string, table map[string]any, dst reflect.Value) {
	known := structKeys(dst.Type())
	keys := make([]string, 0, len(table))
	for key := range table {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return d.lines[joinPath(path, a)] - d.lines[joinPath(path, b)]
	})
	for _, key := range keys {
		i := slices.IndexFunc(known, func(k structKey) bool { return k.name == key })
		if i < 0 {
			d.unknownKey(path, key, dst.Type(), known)
			continue
		}
		field := dst.FieldByIndex(known[i].index)
		d.bind(joinPath(path, key), table[key], field, d.rules[known[i].rule])
	}
}

// bindMap fills a table with keys of the user's own: frames, enum texts.
func (d *doc) bindMap(path string, v any, dst reflect.Value, r rule) {
	table, ok := v.(map[string]any)
	if !ok {
		d.fail(path, shown(v), r.expected(dst.Type()), "")
		return
	}
	dst.Set(reflect.MakeMap(dst.Type()))
	for key, value := range table {
		element := reflect.New(dst.Type().Elem()).Elem()
		d.bind(joinPath(path, key), value, element, rule{})
		dst.SetMapIndex(reflect.ValueOf(key), element)
	}
}

func (d *doc) bindSlice(path string, v any, dst reflect.Value, r rule) {
	values, ok := asArray(v)
	if !ok && r.oneOrMany {
		dst.Set(reflect.MakeSlice(dst.Type(), 1, 1))
		r.oneOrMany = false
		d.lines.alias(path, indexPath(path, 0)) // others will speak of check[0].kind
		d.bind(path, v, dst.Index(0), r)
		return
	}
	if !ok {
		cure := ""
		if _, table := v.(map[string]any); table && dst.Type().Elem().Kind() == reflect.Struct {
			header := tableIndex.ReplaceAllString(path, "")
			cure = "write [[" + header + "]], not [" + header + "]"
		}
		d.fail(path, shown(v), r.expected(dst.Type()), cure)
		return
	}
	dst.Set(reflect.MakeSlice(dst.Type(), len(values), len(values)))
	for i, value := range values {
		element := dst.Index(i)
		if element.Type() == reflect.TypeFor[Board]() {
			element.Set(reflect.ValueOf(DefaultBoard()))
		}
		d.bind(indexPath(path, i), value, element, rule{})
	}
}

// tableIndex is what a path has and a header has not: board[0].rule.
var tableIndex = regexp.MustCompile(`\[\d+\]`) //nolint:gochecknoglobals // a constant

// bindAny takes what the frame language reads by itself: finite numbers, texts
// and, in examples, truth values.
func (d *doc) bindAny(path string, v any, dst reflect.Value, r rule) {
	switch f, isFloat := v.(float64); v.(type) {
	case int64, float64, string, bool:
		if !isFloat || !math.IsNaN(f) && !math.IsInf(f, 0) {
			dst.Set(reflect.ValueOf(v))
			return
		}
	}
	d.fail(path, shown(v), r.expected(dst.Type()), "")
}

func (d *doc) bindOwn(path string, v any, own textBinder, r rule) {
	if number, ok := own.(numberBinder); ok {
		if text, ok := plainNumber(v); ok {
			if want := number.BindNumber(text); want != "" {
				d.fail(path, shown(v), want, "")
			}
			return
		}
	}
	text, ok := v.(string)
	if !ok {
		want, cure := own.BindText(""), ""
		if strings.Contains(want, "duration") {
			cure = durationCure(path, v)
		}
		d.fail(path, shown(v), want, cure)
		return
	}
	if want := own.BindText(text); want != "" {
		d.fail(path, shown(v), want, "")
	}
}

// plainNumber writes a number without an exponent.
func plainNumber(v any) (string, bool) {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// ParseReport reads a report rule as gateway.toml says it: "all" or a period.
func ParseReport(text string) (Report, error) {
	var r Report
	if want := r.BindText(text); want != "" {
		return Report{}, fmt.Errorf("found %q, expected %s", text, want)
	}
	return r, nil
}

// BindText takes "all" or a period, and returns "" or what it would have taken.
func (r *Report) BindText(text string) string {
	if text == "all" {
		*r = Report{All: true}
		return ""
	}
	every, err := time.ParseDuration(text)
	if err != nil || every < 10*time.Millisecond {
		return `"all" or a duration of at least 10ms, for example "1s"`
	}
	*r = Report{Every: every}
	return ""
}

// bindSecret never shows what it was given.
func (d *doc) bindSecret(path string, v any, dst reflect.Value, r rule) {
	text, ok := v.(string)
	if !ok {
		d.fail(path, described(v)+" (not shown)", r.expected(dst.Type()), "write it in double quotes")
		return
	}
	dst.SetString(text)
	d.holdsSecret = d.holdsSecret || text != ""
}

// asArray returns the elements of an array or of an array of tables.
func asArray(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case []map[string]any:
		values := make([]any, len(v))
		for i := range v {
			values[i] = v[i]
		}
		return values, true
	}
	return nil, false
}

// structKey is one key that a struct takes.
type structKey struct {
	name  string
	rule  string // its name in rules: "uart.Config.baud"
	index []int
}

// structKeys lists the keys of t, those of embedded structs included.
func structKeys(t reflect.Type) (keys []structKey) {
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous {
			for _, k := range structKeys(field.Type) {
				k.index = append([]int{i}, k.index...)
				keys = append(keys, k)
			}
		}
		if name := field.Tag.Get("toml"); name != "" {
			keys = append(keys, structKey{name: name, rule: t.String() + "." + name, index: []int{i}})
		}
	}
	return keys
}
