package codegen_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"serialgw/internal/codegen"
	"serialgw/internal/config"
	"serialgw/internal/frame"
)

// TestTOML_ReadsBack: what is written is what gateway.toml would be read as,
// for every preset as it is and expanded.
func TestTOML_ReadsBack(t *testing.T) {
	all, err := config.Presets()
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range all {
		expanded, errs := frame.Expand(name, d)
		if errs != nil {
			t.Errorf("%s: cannot expand: %v", name, errs)
			continue
		}
		for _, want := range []frame.Description{d, expanded} {
			text := codegen.TOML(name, want)
			got, issues := config.ParseFrames([]byte(text), name)
			if len(issues) > 0 {
				t.Errorf("%s: %v in\n%s", name, issues, text)
			}
			if diff := cmp.Diff(want, got[name]); diff != "" {
				t.Errorf("%s: read back differently (-written +read):\n%s", name, diff)
			}
		}
	}
}

// TestTOML_EveryKey reads back a description that has every key.
func TestTOML_EveryKey(t *testing.T) {
	source := `[frame.all]
preset = "demo"
title = "a \"title\""
source = "a\\b"
likely = "nothing"
sync = "AA 5?"
size = 3
length = { at = 0, type = "<H", mul = 2, add = -3, sum = [{ at = 1, type = "B" }] }
end = "0D 0A"
max = 7
check = [
  { kind = "crc", over = ["0:2", "3:"], at = 0, endian = "big", blank = true, extra = "crc_extra", width = 16, poly = 0x8005, init = 0xFFFF, reflect = true, xorout = 1 },
  { kind = "const", at = -1, value = 0, form = "hex" },
]
id = { at = 0, type = "B" }
seq = { at = -2, type = ">H" }
idle = "FF"
gap_ms = 2.5
strict_id = true
unmask = { sub = 0x33, xor = 1, over = "1:" }
resync = "skip"
split = ","
data = 4
struct = "<hB"
names = ["a", "_"]
fields = [
  { name = "x", type = "<u12", at = 0, bit = 4, order = "CDAB", scale = "1/3", offset = -1.5, digits = 0, unit = "é", sign = "msb", counter = 30000, encoding = "gbk", map = { 0 = "idle", 0x10 = "run", -1 = "no" }, range = [-1.0, 2.5], const = 0, expr = "a + b", when = "a > 1" },
  { skip = 2 },
  { name = "y", type = "B", counter = true, scale = 2, flags = { 10 = "b", 9 = "a" }, invalid = [1, -2.5], names = ["p", "q"], count = 2, repeat = "rest", max = 3, group = [{ name = "g", type = "B" }] },
]
[[frame.all.message]]
name = "m"
id = [1, 2]
size = 3
length = { at = 1 }
turn = "reply"
crc_extra = 0
zero_fill = true
first = "G?"
data = 0
struct = "B"
names = ["n"]
fields = [{ name = "n", unit = "m" }]
[[frame.all.example]]
hex = "00"
message = "m"
values = { n = 1, f = 1.0, s = "t", b = true }
source = "s"
`
	want, issues := config.ParseFrames([]byte(source), "all")
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	text := codegen.TOML("all", want["all"])
	got, issues := config.ParseFrames([]byte(text), "all")
	if len(issues) > 0 {
		t.Fatalf("%v in\n%s", issues, text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read back differently (-want +got):\n%s in\n%s", diff, text)
	}
	for _, line := range []string{
		"length    = { at = 0, type = \"<H\", mul = 2, add = -3, sum = [{ at = 1, type = \"B\" }] }",
		"map = { -1 = \"no\", 0 = \"idle\", 0x10 = \"run\" }",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no %s in\n%s", line, text)
		}
	}
}
