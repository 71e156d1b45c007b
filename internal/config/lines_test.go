package config

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
)

func TestScanLines(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       lineTable
	}{
		{"Table", "# x\n[a]\nb = 1 # c\n\nd = 2", lineTable{"a": 2, "a.b": 3, "a.d": 5}},
		{"ArrayOfTables", "[[b]]\np = 1\n[[b]]\np = 2\n[b.r]\nq = 3",
			lineTable{"b": 1, "b[0]": 1, "b[0].p": 2, "b[1]": 3, "b[1].p": 4, "b[1].r": 5, "b[1].r.q": 6}},
		{"ArrayInTable", "[f.c]\n[[f.c.m]]\n[[f.c.m]]\nx = 1",
			lineTable{"f": 1, "f.c": 1, "f.c.m": 2, "f.c.m[0]": 2, "f.c.m[1]": 3, "f.c.m[1].x": 4}},
		{"DottedKey", "a.b.c = 1\na . d = 2", lineTable{"a": 1, "a.b": 1, "a.b.c": 1, "a.d": 2}},
		{"QuotedKey", "\"a b\" = 1\n'c' = 2\n[x.\"y.z\"]\nk = 1",
			lineTable{`"a b"`: 1, "c": 2, "x": 3, `x."y.z"`: 3, `x."y.z".k`: 4}},
		{"InlineTable", "a = { b = 1, c = { d = 2 } }\ne = 3",
			lineTable{"a": 1, "a.b": 1, "a.c": 1, "a.c.d": 1, "e": 2}},
		{"ArrayOverLines", "a = [\n  1, # ]\n\n  { b = \"]\",\n c = 2 },\n]\nd = 1",
			lineTable{"a": 1, "a[0]": 2, "a[1]": 4, "a[1].b": 4, "a[1].c": 5, "d": 7}},
		{"NestedArray", "a = [[1,\n2],[3]]", lineTable{"a": 1, "a[0]": 1, "a[0][0]": 1, "a[0][1]": 2, "a[1]": 2, "a[1][0]": 2}},
		{"MultiLineString", "a = \"\"\"\nb = 1\n\\\"\"\"\\\n\"\"\"\nc = '''\nd = 1\n''''\ne = 1", lineTable{"a": 1, "c": 5, "e": 8}},
		{"StringWithHash", "a = \"x # \\\" y\"\nb = 'C:\\'\nc = 1", lineTable{"a": 1, "b": 2, "c": 3}},
		{"WindowsLineEnds", "[a]\r\nb = 1\r\nc = [\r\n2]\r\n", lineTable{"a": 1, "a.b": 2, "a.c": 3, "a.c[0]": 4}},
		{"ByteOrderMark", "\uFEFFa = 1\nb = 2", lineTable{"a": 1, "b": 2}},
		{"DateWithSpace", "a = 1979-05-27 07:32:00\nb = 2", lineTable{"a": 1, "b": 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var generic map[string]any
			meta, err := toml.Decode(tc.text, &generic)
			if err != nil {
				t.Fatalf("row is not TOML: %v", err)
			}
			got := scanLines(tc.text)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("lines differ (-want +got):\n%s", diff)
			}
			for _, key := range meta.Keys() {
				plain := strings.NewReplacer("[0]", "", "[1]", "").Replace
				path := ""
				for _, part := range key {
					path = joinPath(path, part)
				}
				if !slices.ContainsFunc(slices.Collect(maps.Keys(got)), func(p string) bool { return plain(p) == path }) {
					t.Errorf("the library has the key %s, the scanner has not", path)
				}
			}
		})
	}
}

func TestLineTable_FallsBackToWhatIsAround(t *testing.T) {
	lines := scanLines("[a]\nb = 1\n[[c]]\nfields = [\n  { x = 1 },\n]")
	for path, want := range map[string]int{
		"a.b": 2, "a.missing": 1, "a.missing[3].deep": 1, "c[0].fields[0].missing": 5, "c[0].fields[7]": 4, "c[1].p": 3, "zzz": 0, "": 0,
	} {
		if got := lines.find(path); got != want {
			t.Errorf("line of %s: got %d, want %d", path, got, want)
		}
	}
}
