package frame_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// parsed reads a description as gateway.toml is read, without its [frame.x].
func parsed(t testing.TB, source string) frame.Description {
	t.Helper()
	all, issues := config.ParseFrames([]byte("[frame.x]\n"+source), "x.toml")
	if len(issues) > 0 {
		t.Fatalf("%v in\n%s", issues, source)
	}
	return all["x"]
}

func parsedPlan(t testing.TB, source string) *frame.Plan {
	t.Helper()
	return mustCompile(t, "x", parsed(t, source))
}

// mistakesOf returns what Compile says about a description, "" when nothing.
func mistakesOf(t testing.TB, source string) string {
	t.Helper()
	_, errs := frame.Compile("x", parsed(t, source))
	if len(errs) == 0 {
		return ""
	}
	return errs.Error()
}

const (
	checked = "sync = \"AA\"\ncheck = { kind = \"sum8\" }\n"
	lengthy = checked + "length = { at = 1, add = 2 }\ndata = 2\n" // the length is that of all behind it
)

// sealed completes a frame in hexadecimal with its sum.
func sealed(t testing.TB, text string) []byte {
	t.Helper()
	b := fromHex(t, text)
	sum := byte(0)
	for _, x := range b {
		sum += x
	}
	return append(b, sum)
}

// structureCase is a description, one frame without its sum, and its values.
type structureCase struct {
	name   string
	source string
	wire   string
	says   string // "" = it is no frame; "nothing" = one without values
	oneway bool   // encoding gives other bytes
}

var counted = `fields = [
  { name = "_n", type = "B" },
  { repeat = "_n", max = 4, group = [
    { name = "cell", type = ">H", scale = 0.001 },
    { name = "hot", type = "?" },
  ] },
  { name = "total", type = ">H", scale = 0.01 },
]`

var structureCases = []structureCase{
	{"counted group, none", lengthy + counted, "AA 04 00 01 F4", "total=5.00", false},
	{"counted group, two", lengthy + counted, "AA 0A 02 0F A0 00 10 04 01 01 F4", "cell0=4.000 hot0=false cell1=4.100 hot1=true total=5.00", false},
	{"counted group, above max", lengthy + counted, "AA 13 05 0F A0 00 0F A0 00 0F A0 00 0F A0 00 0F A0 00 01 F4", "", false},
	{"counted group, more than there is", lengthy + counted, "AA 07 02 0F A0 00 01 F4", "", false},
	{"counted group, trailing bytes", lengthy + "max = 30\n" + counted, "AA 07 00 01 F4 99 99 99", "total=5.00", true},
	{"count says the size", checked + counted, "AA 02 0F A0 00 10 04 01 01 F4", "cell0=4.000 hot0=false cell1=4.100 hot1=true total=5.00", false},
	{"count says the size, none", checked + counted, "AA 00 01 F4", "total=5.00", false},
	{"published count", lengthy + `fields = [{ name = "n", type = "B" }, { name = "v", type = "<h", repeat = "n", max = 3 }]`, "AA 06 02 01 00 FF FF", "n=2 v0=1 v1=-1", false},
	{"names of a repeat", lengthy + `fields = [{ name = "n", type = "B" }, { names = ["x", "_", "z"], type = "B", repeat = "n", max = 3 }]`, "AA 05 03 01 02 03", "n=3 x=1 z=3", true},
	{"count of two bytes, not in front of it", lengthy + `fields = [{ name = "_n", type = ">H" }, { name = "a", type = "B" }, { name = "v", type = "B", repeat = "_n", max = 300 }]`, "AA 06 00 02 07 08 09", "a=7 v0=8 v1=9", false},
	{"two series", lengthy + `fields = [{ name = "_n", type = "B" }, { name = "a", type = "B", repeat = "_n", max = 3 }, { name = "_m", type = "B" }, { name = "b", type = "<H", repeat = "_m", max = 3 }, { name = "c", type = "B" }]`,
		"AA 09 01 11 02 01 00 02 00 33", "a0=17 b0=1 b1=2 c=51", false},
	{"two series in one count", lengthy + `fields = [{ name = "_n", type = "B" }, { name = "a", type = "B", repeat = "_n", max = 3 }, { name = "b", type = "<H", repeat = "_n", max = 3 }]`,
		"AA 08 02 11 12 01 00 02 00", "a0=17 a1=18 b0=1 b1=2", false},
	{"const behind a series", lengthy + `fields = [{ name = "_n", type = "B" }, { name = "a", type = "B", repeat = "_n", max = 3 }, { type = "B", const = 0x77 }]`, "AA 04 01 11 77", "a0=17", false},
	{"const behind a series, wrong", lengthy + `fields = [{ name = "_n", type = "B" }, { name = "a", type = "B", repeat = "_n", max = 3 }, { type = "B", const = 0x77 }]`, "AA 04 01 77 11", "", false},
	{"const in a counted group", lengthy + `fields = [{ name = "_n", type = "B" }, { repeat = "_n", max = 3, group = [{ type = "B", const = 1 }, { name = "a", type = "B" }] }]`, "AA 06 02 01 11 01 12", "a0=17 a1=18", false},
	{"const in a counted group, wrong", lengthy + `fields = [{ name = "_n", type = "B" }, { repeat = "_n", max = 3, group = [{ type = "B", const = 1 }, { name = "a", type = "B" }] }]`, "AA 06 02 01 11 02 12", "", false},
	{"from the end behind a series", lengthy + `fields = [{ name = "_n", type = "B" }, { name = "a", type = "B", repeat = "_n", max = 3 }, { name = "z", type = "B", at = -2 }]`, "AA 04 01 11 33", "a0=17 z=51", false},
	{"at in front of a series", lengthy + `fields = [{ skip = 1 }, { name = "_n", type = "B" }, { name = "a", type = "B", repeat = "_n", max = 3 }, { name = "front", type = "B", at = 2 }]`, "AA 04 07 01 11", "a0=17 front=7", false},

	{"group to the end", lengthy + `fields = [{ repeat = "rest", max = 3, group = [{ name = "id", type = "B" }, { name = "v", type = "<h" }] }]`, "AA 07 01 02 00 03 FF FF", "id0=1 v0=2 id1=3 v1=-1", false},
	{"group to the end, a part left over", lengthy + `fields = [{ repeat = "rest", max = 3, group = [{ name = "id", type = "B" }, { name = "v", type = "<h" }] }]`, "AA 06 01 02 00 03 FF", "id0=1 v0=2", true},
	{"group with count", checked + `fields = [{ count = 2, group = [{ name = "d", type = "<H" }, { name = "q", type = "B" }] }, { name = "end", type = "B" }]`, "AA 01 00 02 03 00 04 05", "d0=1 q0=2 d1=3 q1=4 end=5", false},
	{"group with names, flags, skip and map", checked + `fields = [{ count = 2, group = [{ names = ["x", "y"], count = 2, type = "B" }, { skip = 1 }, { type = "B", flags = { 0 = "on", 7 = "err" } }, { name = "mode", type = "B", map = { 1 = "run" } }] }]`,
		"AA 01 02 00 81 01 03 04 00 00 01", "x0=1 y0=2 on0=true err0=true mode0=1 x1=3 y1=4 on1=false err1=false mode1=1", false},
	{"count in a group", checked + `fields = [{ count = 2, group = [{ name = "v", count = 2, type = "B" }] }]`, "AA 01 02 03 04", "v0_0=1 v1_0=2 v0_1=3 v1_1=4", false},
	{"group of bits", checked + `fields = [{ count = 2, group = [{ name = "a", type = ">u4" }, { name = "b", type = ">u12" }] }]`, "AA 12 34 56 78", "a0=1 b0=564 a1=5 b1=1656", false},
	{"group of bits begins at a whole byte", checked + `fields = [{ count = 2, group = [{ name = "a", type = ">u4" }] }, { name = "c", type = "B" }]`, "AA 12 34 56", "a0=1 a1=3 c=86", true},
	{"sign within a group", lengthy + `fields = [{ name = "_n", type = "B" }, { repeat = "_n", max = 3, group = [{ name = "_s", type = "B" }, { name = "v", type = ">H", sign = "_s" }] }]`, "AA 08 02 01 00 07 00 00 09", "v0=-7 v1=9", false},

	{"text with its length in front", lengthy + `fields = [{ name = "_n", type = "B" }, { name = "t", type = "s", repeat = "_n", max = 8 }, { name = "v", type = "B" }]`, "AA 06 03 61 62 63 07", "t=abc v=7", false},
	{"text with its length in front, empty", lengthy + `fields = [{ name = "_n", type = "B" }, { name = "t", type = "s", repeat = "_n", max = 8 }, { name = "v", type = "B" }]`, "AA 03 00 07", "t= v=7", false},
	{"text too long", lengthy + `fields = [{ name = "_n", type = "B" }, { name = "t", type = "s", repeat = "_n", max = 2 }, { name = "v", type = "B" }]`, "AA 06 03 61 62 63 07", "", false},
	{"text to the end", lengthy + `fields = [{ name = "v", type = "B" }, { name = "t", type = "s", repeat = "rest", max = 8 }]`, "AA 05 07 61 62 63", "v=7 t=abc", false},
	{"text to the end, in GBK", lengthy + `fields = [{ name = "v", type = "B" }, { name = "t", type = "s", repeat = "rest", max = 8, encoding = "gbk" }]`, "AA 06 07 CE C2 B6 C8", "v=7 t=温度", false},
	{"text with NUL", lengthy + `fields = [{ name = "t", type = "z", max = 8 }, { name = "u", type = "z", max = 8 }, { name = "v", type = "B" }]`, "AA 08 61 62 63 00 64 00 07", "t=abc u=d v=7", false},
	{"text without NUL", lengthy + `fields = [{ name = "t", type = "z", max = 3 }, { name = "v", type = "B" }]`, "AA 05 61 62 63 07", "", false},
	{"text whose NUL is missing", lengthy + `fields = [{ name = "t", type = "z", max = 9 }]`, "AA 04 61 62 63", "", false},

	{"expr", checked + `fields = [{ name = "a", type = "B" }, { name = "_b", type = "B", scale = 0.5 }, { name = "sum", expr = "a + _b" }, { name = "n", expr = "a > _b", digits = 0 }]`, "AA 07 05", "a=7 sum=9.500 n=1", true},
	{"expr of an expr", checked + `fields = [{ name = "a", type = "B" }, { name = "_h", expr = "a / 2", digits = 1 }, { name = "q", expr = "_h * _h", digits = 2 }]`, "AA 07", "a=7 q=12.25", false},
	{"expr of flags, bool and map", checked + `fields = [{ type = "B", flags = { 0 = "f", 1 = "g" } }, { name = "b", type = "?" }, { name = "m", type = "B", map = { 3 = "x" } }, { name = "v", expr = "f + 10 * g + 100 * b + 1000 * m", digits = 0 }]`, "AA 02 01 03", "f=false g=true b=true m=3 v=3110", false},
	{"expr divides by 0", checked + `fields = [{ name = "a", type = "B" }, { name = "q", expr = "1 / a" }]`, "AA 00", "a=0", false},
	{"expr lacks an input", checked + `fields = [{ name = "a", type = "B", invalid = [255] }, { name = "q", expr = "a" }, { name = "b", type = "B" }]`, "AA FF 01", "b=1", true},
	{"expr out of range", checked + `fields = [{ name = "a", type = "B" }, { name = "q", expr = "a * 2", range = [0, 100] }]`, "AA 33", "a=51", false},
	{"expr in a counted group", lengthy + `fields = [{ name = "_n", type = "B" }, { repeat = "_n", max = 3, group = [{ name = "a", type = "B" }, { name = "b", expr = "a * 2", digits = 0 }] }, { name = "c", expr = "a0 + 1", digits = 0 }]`, "AA 04 02 03 04", "a0=3 b0=6 a1=4 b1=8 c=4", false},
	{"expr in a group that is not there", lengthy + `fields = [{ name = "_n", type = "B" }, { repeat = "_n", max = 3, group = [{ name = "a", type = "B" }, { name = "b", expr = "a * 2", digits = 0 }] }, { name = "c", expr = "a0 + 1", digits = 0 }]`, "AA 02 00", "nothing", false},
	{"expr behind a group to the end", lengthy + `fields = [{ repeat = "rest", max = 3, group = [{ name = "a", type = "B" }, { name = "b", expr = "a * 2", digits = 0 }] }, { name = "c", expr = "a0 + 1", digits = 0 }]`, "AA 03 03 04", "a0=3 b0=6 a1=4 b1=8 c=4", false},
	{"when", checked + `fields = [{ name = "_ok", type = "B" }, { name = "a", type = "B", when = "_ok & 1" }, { name = "b", type = "B", when = "!(_ok & 1)" }]`, "AA 01 07 08", "a=7", true},
	{"when on an expr", checked + `fields = [{ name = "a", type = "B" }, { name = "q", expr = "10 / a", when = "a > 2", digits = 0 }]`, "AA 05", "a=5 q=2", false},
	{"counter, raw", checked + `fields = [{ name = "a", type = "B", counter = true }, { name = "b", type = "<H", counter = 30000, scale = 0.5 }]`, "AA 05 10 27", "a=5 b=5000.0", false},
	{"counter, a value it cannot have", checked + `fields = [{ name = "a", type = "B" }, { name = "b", type = "<H", counter = 30000 }]`, "AA 05 30 75", "a=5", true},
}

// zeroFilled is a description with zero_fill, which stands in a message.
const zeroFilled = lengthy + `max = 30
[[frame.x.message]]
name = "x"
zero_fill = true
fields = [
  { name = "a", type = "B" },
  { name = "b", type = "<i" },
  { count = 2, group = [{ name = "c", type = ">H" }, { name = "d", type = ">u4" }, { name = "e", type = ">u12" }] },
  { name = "t", type = "4s" },
]`

var zeroCases = []structureCase{
	{"all there", zeroFilled, "AA 12 01 02 00 00 00 00 03 45 67 00 08 9A BC 61 62 63 64", "a=1 b=2 c0=3 d0=4 e0=1383 c1=8 d1=9 e1=2748 t=abcd", false},
	{"more than there is room for", zeroFilled, "AA 13 01 02 00 00 00 00 03 45 67 00 08 9A BC 61 62 63 64 99", "a=1 b=2 c0=3 d0=4 e0=1383 c1=8 d1=9 e1=2748 t=abcd", true},
	{"cut within the text", zeroFilled, "AA 10 01 02 00 00 00 00 03 45 67 00 08 9A BC 61 62", "a=1 b=2 c0=3 d0=4 e0=1383 c1=8 d1=9 e1=2748 t=ab", true},
	{"cut within a run of bits", zeroFilled, "AA 09 01 02 00 00 00 00 03 45", "a=1 b=2 c0=3 d0=4 e0=1280 c1=0 d1=0 e1=0 t=", true},
	{"cut within a number", zeroFilled, "AA 04 01 02 01", "a=1 b=258 c0=0 d0=0 e0=0 c1=0 d1=0 e1=0 t=", true},
	{"every message of the frame", lengthy + "zero_fill = true\nfields = [{ name = \"a\", type = \"B\" }, { name = \"b\", type = \"<i\" }]", "AA 03 01 02", "a=1 b=2", true},
	{"nothing there", zeroFilled, "AA 01", "a=0 b=0 c0=0 d0=0 e0=0 c1=0 d1=0 e1=0 t=", true},
}

func TestStructure_Frames(t *testing.T) {
	cases := slices.DeleteFunc(slices.Clone(structureCases), func(c structureCase) bool { return c.wire == "" })
	for _, c := range append(cases, zeroCases...) {
		t.Run(c.name, func(t *testing.T) {
			p := parsedPlan(t, c.source)
			wire := sealed(t, c.wire)
			got, m := scan(p, wire)
			want := []string{}
			if c.says != "" {
				want = append(want, strings.TrimSpace("x "+strings.TrimPrefix(c.says, "nothing")))
			}
			if !slices.Equal(got, want) {
				t.Fatalf("got %q, want %q (%+v)", got, want, m)
			}
			single := slices.Collect(slices.Chunk(wire, 1))
			if one, _ := scan(p, single...); !slices.Equal(one, got) {
				t.Errorf("byte by byte: got %v", one)
			}
			if c.says == "" || c.oneway {
				return
			}
			f, err := p.Parse(wire)
			if err != nil {
				t.Fatal(err)
			}
			var r reading.Reading
			p.Decode(f, &r)
			if b, err := p.Encode(nil, r.Message, values(r)); err != nil || !slices.Equal(b, wire) {
				t.Errorf("encoded % X (%v), want % X", b, err, wire)
			}
		})
	}
}

// TestStructure_Absent: what has no value is counted, each in its way. [WIRE-23]
func TestStructure_Absent(t *testing.T) {
	p := parsedPlan(t, checked+`fields = [
  { name = "_gone", type = "B", invalid = [1] },
  { name = "a", type = "B" },
  { name = "input", expr = "_gone + a" },
  { name = "nan", expr = "a / 0" },
  { name = "far", expr = "a", range = [9, 10] },
  { name = "off", type = "B", when = "a == 0" },
  { name = "unsure", type = "B", when = "_gone" },
]`)
	f, err := p.Parse(sealed(t, "AA 01 02 03 04"))
	if err != nil {
		t.Fatal(err)
	}
	var r reading.Reading
	got := p.Decode(f, &r)
	if want := (frame.Absent{Input: 2, NaN: 1, Range: 1, When: 1}); got != want || tell(f, r) != "x a=2" || got.Total() != 5 {
		t.Errorf("got %+v %s, want %+v", got, tell(f, r), want)
	}
}

// TestStructure_Sizes: the bounds of a frame follow from what may be missing.
func TestStructure_Sizes(t *testing.T) {
	for _, row := range []struct {
		source   string
		min, max int
	}{
		{lengthy + counted, 6, 18},
		{checked + counted, 5, 17},
		{lengthy + `fields = [{ name = "t", type = "z", max = 8 }, { name = "u", type = "z", max = 8 }]`, 5, 19},
		{lengthy + `fields = [{ repeat = "rest", max = 3, group = [{ name = "id", type = "B" }, { name = "v", type = "<h" }] }]`, 3, 12},
		{zeroFilled, 3, 30},
	} {
		p := parsedPlan(t, row.source)
		if p.MinSize() != row.min || p.MaxSize() != row.max {
			t.Errorf("%s: got %d to %d bytes, want %d to %d", row.source, p.MinSize(), p.MaxSize(), row.min, row.max)
		}
	}
}

// TestEncode_Structure: what cannot be encoded, and what is counted.
func TestEncode_Structure(t *testing.T) {
	number := func(names ...string) map[string]reading.Value {
		out := map[string]reading.Value{}
		for i, name := range names {
			out[name] = reading.IntValue(int64(i + 1))
		}
		return out
	}
	group := lengthy + `fields = [{ name = "n", type = "B" }, { repeat = "n", max = 3, group = [{ name = "a", type = "B" }, { name = "b", type = "B" }] }]`
	rest := lengthy + `fields = [{ repeat = "rest", max = 3, group = [{ name = "a", type = "B" }, { name = "b", type = "B" }] }]`
	text := lengthy + `fields = [{ name = "t", type = "z", max = 3 }]`
	for _, row := range []struct {
		source string
		values map[string]reading.Value
		want   string // in the error, or the bytes without the sum
	}{
		{group, number(), "AA 02 00"},
		{group, number("a0", "b0"), "AA 04 01 01 02"},
		{group, number("n", "a0", "b0"), "AA 04 01 02 03"},
		{group, number("a0", "n", "b0"), "says 2, but there are values for 1"},
		{group, number("a0"), "no value for b0"},
		{group, number("a1", "b1"), "no value for a0"},
		{group, number("n", "c0"), "no property for 1"},
		{rest, number(), "AA 01"},
		{rest, number("a0", "b0"), "AA 03 01 02"},
		{rest, number("a0", "b0", "a1"), "no value for b1"},
		{text, map[string]reading.Value{"t": reading.TextValue("ab")}, "AA 04 61 62 00"},
		{text, map[string]reading.Value{"t": reading.TextValue("abc")}, "at most 2 bytes"},
		{text, map[string]reading.Value{"t": reading.TextValue("a\x00")}, "NUL"},
		{text, map[string]reading.Value{"t": reading.IntValue(1)}, "not a text"},
		{text, nil, "no value for t"},
		{lengthy + `fields = [{ name = "_a", type = "B" }, { name = "b", expr = "_a * 2", digits = 0 }]`, number("_a", "b"), "AA 02 01"},
		{lengthy + `fields = [{ name = "_a", type = "B" }, { name = "b", expr = "_a * 2", digits = 0 }]`, nil, "AA 02 00"},
		{lengthy + `fields = [{ name = "a", type = "B" }, { name = "b", type = "B", when = "a" }]`, number("a"), "AA 03 01 00"},
	} {
		p := parsedPlan(t, row.source)
		b, err := p.Encode([]byte{1}, "x", row.values)
		switch {
		case err != nil && (!strings.Contains(err.Error(), row.want) || len(b) != 1):
			t.Errorf("%v: got %v, want %s; dst %v", row.values, err, row.want, b)
		case err == nil && fmt.Sprintf("% X", b[1:len(b)-1]) != row.want:
			t.Errorf("%v: got % X, want %s", row.values, b, row.want)
		}
	}
}
