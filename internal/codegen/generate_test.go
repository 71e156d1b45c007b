package codegen

import (
	"maps"
	"regexp"
	"strings"
	"testing"

	"serialgw/internal/config"
	"serialgw/internal/frame"
)

// generators are all languages.
var generators = map[string]func(string, frame.Description) (string, error){
	"C": C, "Python": Python, "Lua": Lua, "Markdown": Markdown,
}

// TestGenerators_WriteEveryFrame: every preset that is no line of text, and
// every description of these tests, can be written in every language.
func TestGenerators_WriteEveryFrame(t *testing.T) {
	all, err := config.Presets()
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(all, testDescriptions(t))
	for name, d := range all {
		for language, generate := range generators {
			text, err := generate(name, d)
			if d.Split != "" && language != "Markdown" {
				if err == nil || !strings.Contains(err.Error(), "lines of text cannot be generated") {
					t.Errorf("%s in %s: got error %v", name, language, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s in %s: %v", name, language, err)
			}
			for i, line := range strings.Split(text, "\n") {
				if strings.Contains(line, "%!") || strings.TrimRight(line, " ") != line {
					t.Errorf("%s in %s, line %d: %q", name, language, i+1, line)
				}
			}
		}
	}
}

// TestGenerators_RefuseWhatTheyCannotWrite: nothing is left out silently.
func TestGenerators_RefuseWhatTheyCannotWrite(t *testing.T) {
	for _, row := range []struct{ language, toml, want string }{
		{"Lua", `sync = "AA"
check = { kind = "crc-64/xz", endian = "big" }
fields = [ { name = "a", type = "B" } ]`, "check: a check of more than 32 bits cannot be generated"},
		{"Lua", `sync = "AA"
check = { kind = "sum8" }
fields = [ { name = "a", type = "<u60" } ]`, "a: more than 53 bits in a run, or of BCD or MIDI, cannot be generated"},
		{"Python", `sync = "AA"
fields = [ { name = "a", type = "B" } ]`, "fields[0].range: found a without bounds"},
	} {
		all, issues := config.ParseFrames([]byte("[frame.x]\n"+row.toml), "x")
		if len(issues) > 0 {
			t.Fatal(issues)
		}
		text, err := generators[row.language]("x", all["x"])
		if err == nil || !strings.Contains(err.Error(), row.want) || text != "" {
			t.Errorf("%s of\n%s\ngot error %v, want %s", row.language, row.toml, err, row.want)
		}
	}
}

// TestSenders_RefuseWhatIsNotSync: a value that a field reads out of sync makes
// no frame where it does not fit.
func TestSenders_RefuseWhatIsNotSync(t *testing.T) {
	for _, row := range []struct{ language, want string }{
		{"C", "    if (!(f[0] == 0x55 || (f[0] & 0xF0) == 0xF0))\n        return 0;\n"},
		{"Python", "    if not (f[0] == 0x55 or (f[0] & 0xF0) == 0xF0):\n        raise ValueError("},
	} {
		text, err := generators[row.language]("patterns", testDescriptions(t)["patterns"])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, row.want) || strings.Contains(text, "f[2] ==") || strings.Contains(text, "f[3] ==") {
			t.Errorf("%s: no line %q, or one too many, in\n%s", row.language, row.want, text)
		}
	}
}

// TestC_NamesAreSafe: words of C, names that differ only in what an identifier
// cannot have, a comment's end, a frame whose name begins with a digit.
func TestC_NamesAreSafe(t *testing.T) {
	all, issues := config.ParseFrames([]byte(`[frame.8-bit]
title = "ends */ here"
sync = "AA"
check = { kind = "sum8" }
fields = [
  { name = "int", type = "B", unit = "*/" },
  { name = "seq", type = "B", map = { 0 = "停", 1 = "走", 2 = "a b", 3 = "a-b" } },
]`), "x")
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	text, err := C("8-bit", all["8-bit"])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"struct f_8_bit {", " * ends * / here", "    uint8_t int_; /* * / */",
		"#define F_8_BIT_SEQ_0 0", "#define F_8_BIT_SEQ_1 1", "#define F_8_BIT_SEQ_A_B 2", "#define F_8_BIT_SEQ_A_B_ 3",
	} {
		if !regexp.MustCompile("(?m)^" + regexp.QuoteMeta(want) + "( .*)?$").MatchString(text) {
			t.Errorf("no line %q in\n%s", want, text)
		}
	}
}
