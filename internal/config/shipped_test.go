package config

import (
	"bytes"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"serialgw/internal/cloud"
	"serialgw/internal/frame"
	"serialgw/internal/report"
)

const (
	shipped  = "../../gateway.toml"
	testKey  = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	otherKey = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
)

func noEnv(string) string { return "" }

func shippedFile(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// filledIn is the shipped file with the four values that are the user's.
func filledIn(t *testing.T) string {
	t.Helper()
	text := shippedFile(t)
	for key, value := range map[string]string{"product": "aB3dE5fG7h", "device ": "car01", "key    ": testKey, "port     ": "/dev/ttyUSB0"} {
		line := "\n" + key + " = \"\""
		if strings.Count(text, line) != 1 {
			t.Fatalf("gateway.toml has %d lines %q, want 1", strings.Count(text, line), line)
		}
		text = strings.Replace(text, line, "\n"+key+" = \""+value+"\"", 1)
	}
	return text
}

// wantDefaults is the configuration in which only the four values are given.
func wantDefaults() Config {
	want := Defaults()
	want.OneNET.Product, want.OneNET.Device, want.OneNET.Key = "aB3dE5fG7h", "car01", testKey
	board := DefaultBoard()
	board.Name, board.Port = "board1", "/dev/ttyUSB0"
	want.Boards = []Board{board}
	return want
}

func sameConfig(t *testing.T, got *Config, want Config) {
	t.Helper()
	for i := range got.Boards { // {} and an absent table are the same
		if len(got.Boards[i].Rename) == 0 {
			got.Boards[i].Rename = nil
		}
	}
	secrets := cmp.Transformer("reveal", func(s cloud.Secret) string { return s.Reveal() })
	if diff := cmp.Diff(want, *got, secrets); diff != "" {
		t.Errorf("configuration differs (-want +got):\n%s", diff)
	}
}

func noIssues(t *testing.T, issues []Issue) {
	t.Helper()
	for _, issue := range issues {
		t.Errorf("issue: %s", issue)
	}
}

func TestShippedFile_EqualsDefaults(t *testing.T) {
	got, issues := Parse([]byte(filledIn(t)), "gateway.toml", noEnv)
	noIssues(t, issues)
	sameConfig(t, got, wantDefaults())
}

// TestShippedFile_StatesEachDefault guards against a key whose line was lost:
// then the file would still equal the defaults.
func TestShippedFile_StatesEachDefault(t *testing.T) {
	text := filledIn(t)
	for _, table := range []struct {
		path  string
		owner reflect.Type
	}{
		{"onenet", reflect.TypeFor[cloud.Config]()}, {"board[0]", reflect.TypeFor[Board]()},
		{"queue", reflect.TypeFor[Config]().Field(3).Type}, {"log", reflect.TypeFor[Log]()}, {"status", reflect.TypeFor[Status]()},
	} {
		lines := scanLines(text)
		for _, key := range structKeys(table.owner) {
			if key.name == "rule" {
				continue // tables, which an empty array would rule out; see ListsEveryRuleKey
			}
			if !lines.has(joinPath(table.path, key.name)) {
				t.Errorf("gateway.toml does not state %s.%s", table.path, key.name)
			}
		}
	}
}

// TestShippedFile_ListsEveryFrameKey looks below each heading of the reference
// for the keys of that part of the language.
func TestShippedFile_ListsEveryFrameKey(t *testing.T) {
	text := shippedFile(t)
	for heading, owner := range map[string]reflect.Type{
		"# In [frame.NAME]:":            reflect.TypeFor[frame.Description](),
		"# In length, ":                 reflect.TypeFor[frame.Length](),
		"# In id, seq and sum:":         reflect.TypeFor[frame.Ref](),
		"# In check:":                   reflect.TypeFor[frame.Check](),
		"# In [[frame.NAME.message]]; ": messageType(),
		"# In fields:":                  reflect.TypeFor[frame.Field](),
		"# In [[frame.NAME.example]]:":  reflect.TypeFor[frame.Example](),
	} {
		_, part, found := strings.Cut(text, "\n"+heading)
		part, _, _ = strings.Cut(part, "\n# In ")
		if !found {
			t.Errorf("gateway.toml has no heading %q", heading)
		}
		words := strings.FieldsFunc(part, func(r rune) bool { return !isAlnum(r) && r != '_' })
		for _, key := range structKeys(owner) {
			if !slices.Contains(words, key.name) {
				t.Errorf("gateway.toml does not list %s below %q", key.name, heading)
			}
		}
	}
}

// TestShippedFile_ListsEveryRuleKey looks for a line of the reference for each.
func TestShippedFile_ListsEveryRuleKey(t *testing.T) {
	_, part, found := strings.Cut(shippedFile(t), "\n# In [[board.rule]]")
	part, _, ended := strings.Cut(part, "\n\n")
	if !found || !ended {
		t.Fatal("gateway.toml has no reference of [[board.rule]]")
	}
	for _, key := range structKeys(reflect.TypeFor[report.Rule]()) {
		if strings.Count(part, "\n#   "+key.name+" ") != 1 {
			t.Errorf("gateway.toml has %d lines for %s below [[board.rule]], want 1", strings.Count(part, "\n#   "+key.name+" "), key.name)
		}
	}
}

func TestShippedFile_AsItIs(t *testing.T) {
	_, issues := Parse([]byte(shippedFile(t)), "gateway.toml", noEnv)
	var keys []string
	for _, issue := range issues {
		keys = append(keys, issue.Key)
		if !strings.Contains(issue.Error(), "to be filled in") || issue.Line == 0 {
			t.Errorf("issue does not say what to fill in, and where: %s", issue)
		}
	}
	if want := []string{"onenet.product", "onenet.device", "onenet.key", "board[0].port"}; !reflect.DeepEqual(keys, want) {
		t.Errorf("keys to fill in: got %v, want %v", keys, want)
	}
}

func TestShippedFile_ExampleFrameWorks(t *testing.T) {
	text := strings.ReplaceAll(filledIn(t), "\n#: ", "\n")
	text = strings.Replace(text, "\nframe     = \"demo\"", "\nframe     = \"car\"", 1)
	c, issues := Parse([]byte(text), "gateway.toml", noEnv)
	noIssues(t, issues)
	plan := c.Plans()["car"]
	if plan == nil {
		t.Fatal("the example [frame.car] has no plan")
	}
	got := names(plan)
	if want := []string{"speed", "battery", "state"}; !reflect.DeepEqual(got, want) {
		t.Errorf("properties: got %v, want %v", got, want)
	}
}

// TestShippedFile_ExampleFrameIsTheREADMEs: who follows the README finds its
// frame in the file.
func TestShippedFile_ExampleFrameIsTheREADMEs(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, sample, found := strings.Cut(string(readme), "```toml\n[frame.car]")
	sample, _, _ = strings.Cut(sample, "```")
	want, issues := ParseFrames([]byte("[frame.car]"+sample), "README.md")
	if !found || Failed(issues) {
		t.Fatalf("the README has no [frame.car]: %v", issues)
	}
	got, issues := Parse([]byte(strings.ReplaceAll(filledIn(t), "\n#: ", "\n")), "gateway.toml", noEnv)
	noIssues(t, issues)
	if diff := cmp.Diff(want["car"], got.Frames["car"]); diff != "" {
		t.Errorf("[frame.car] differs (-README +gateway.toml):\n%s", diff)
	}
}

// smallest is what the head of the shipped file calls complete, without the
// line that only states a default.
const smallest = `[onenet]
product = "aB3dE5fG7h"
device  = "car01"
key     = "` + testKey + `"
[[board]]
port    = "/dev/ttyUSB0"
`

func TestSmallestConfiguration(t *testing.T) {
	if lines := strings.Count(smallest, "\n"); lines > 12 {
		t.Errorf("the smallest configuration has %d lines, want at most 12", lines)
	}
	got, issues := Parse([]byte(smallest), "gateway.toml", noEnv)
	noIssues(t, issues)
	sameConfig(t, got, wantDefaults())
	for line := range strings.Lines(smallest) {
		if !bytes.Contains([]byte(shippedFile(t)), []byte("#     "+line)) {
			t.Errorf("the head of gateway.toml lacks %q", line)
		}
	}
}

// TestRules_NameKeysThatExist: a renamed key would silently lose its rule.
func TestRules_NameKeysThatExist(t *testing.T) {
	known := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(typ.Elem())
		case reflect.Struct:
			for _, key := range structKeys(typ) {
				if !known[key.rule] {
					known[key.rule] = true
					walk(typ.FieldByIndex(key.index).Type)
				}
			}
		}
	}
	walk(reflect.TypeFor[Config]())
	for name := range rules() {
		if !known[name] {
			t.Errorf("rule %s is for no key", name)
		}
	}
}
