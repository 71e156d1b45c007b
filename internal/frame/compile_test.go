package frame_test

import (
	"fmt"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// base is a description without mistakes; the rows below spoil it.
func base() frame.Description {
	return frame.Description{
		Sync: "AA 55", Length: &frame.Length{At: 2, Add: 4}, ID: &frame.Ref{At: 3},
		Check: []frame.Check{{Kind: "sum8"}}, Data: 4,
		Messages: []frame.Message{{Name: "m", ID: []int{1}, Fields: []frame.Field{
			{Name: "a", Type: "<h", Scale: 0.01}, {Name: "b", Type: "B"},
		}}},
	}
}

func field(f frame.Field) func(*frame.Description) {
	return func(d *frame.Description) { d.Messages[0].Fields[0] = f }
}

func setCheck(c frame.Check) func(*frame.Description) {
	return func(d *frame.Description) { d.Check = []frame.Check{c} }
}

// TestCompile_Mistakes: each row is one mistake and what is said about it.
func TestCompile_Mistakes(t *testing.T) {
	const f0 = "message[0].fields[0]"
	for _, row := range []struct {
		spoil     func(*frame.Description)
		key, says string
	}{
		{func(d *frame.Description) { d.Sync = "AA 5" }, "sync", "two hex digits"},
		{func(d *frame.Description) { d.End = "0D 0" }, "end", `"0D 0"`},
		{func(d *frame.Description) { d.Idle = "zz" }, "idle", "zz"},
		{func(d *frame.Description) { d.GapMS = -1 }, "gap_ms", "0 to 60000"},
		{func(d *frame.Description) { d.Size = 9 }, "size", "size and length"},
		{func(d *frame.Description) { d.Length.Type = "<h" }, "length.type", "unsigned"},
		{func(d *frame.Description) { d.Length.Type = "@H" }, "length.type", "native alignment"},
		{func(d *frame.Description) { d.Length.At = -1 }, "length.at", "first sync byte"},
		{func(d *frame.Description) { d.Length.Mul = -2 }, "length.mul", "-2"},
		{func(d *frame.Description) { d.Length.Sum = []frame.Ref{{At: 1, Type: "f"}} }, "length.sum[0].type", "unsigned"},
		{func(d *frame.Description) { d.Max = 3 }, "max", "at least"},
		{func(d *frame.Description) { d.ID = nil }, "message[0].id", "where the id stands"},
		{func(d *frame.Description) { d.Messages[0].ID = []int{256} }, "message[0].id", "1 bytes"},
		{func(d *frame.Description) { d.Messages[0].Turn = "replay" }, "message[0].turn", "did you mean reply?"},
		{func(d *frame.Description) { d.Messages = append(d.Messages, d.Messages[0]) }, "message[1].name", "message[0] has it too"},
		{func(d *frame.Description) { d.Messages[0].Name = "" }, "message[0].name", "no name"},
		{func(d *frame.Description) { d.Messages[0].Size = 5 }, "message[0].size", "at least 8"},
		{func(d *frame.Description) { d.Messages[0].Fields = nil }, "max", "no fields to tell its size"},
		{func(d *frame.Description) { d.Messages = nil }, "fields", "[[message]]"},
		{func(d *frame.Description) { d.Fields = d.Messages[0].Fields }, "fields", "move them"},
		{func(d *frame.Description) { d.Messages[0].CRCExtra = new(5) }, "message[0].crc_extra", "extra"},

		{setCheck(frame.Check{Kind: "sum9"}), "check[0].kind", "did you mean sum8?"},
		{setCheck(frame.Check{Kind: "crc-16/modbuss", Endian: "little"}), "check[0].kind", "did you mean crc-16/modbus?"},
		{setCheck(frame.Check{Kind: "crc-16/modbus"}), "check[0].endian", "which comes first"},
		{setCheck(frame.Check{Kind: "crc-16/modbus", Endian: "litle"}), "check[0].endian", "did you mean little?"},
		{setCheck(frame.Check{Kind: "crc", Width: 65, Poly: 7}), "check[0].width", "3 to 64"},
		{setCheck(frame.Check{Kind: "crc", Width: 8, Poly: 0x131}), "check[0].poly", "8 bits"},
		{setCheck(frame.Check{Kind: "sum8", Poly: 7}), "check[0].width", `kind = "crc"`},
		{setCheck(frame.Check{Kind: "sum8", Over: []string{"0-2"}}), "check[0].over[0]", "slice"},
		{setCheck(frame.Check{Kind: "sum8", Extra: "crc"}), "check[0].extra", "crc_extra"},
		{setCheck(frame.Check{Kind: "crc-16/arc", Endian: "big", At: new(-1)}), "check[0].at", "whole check"},
		{setCheck(frame.Check{Kind: "const"}), "check[0].value", "0 to 255"},
		{func(d *frame.Description) { d.Check = append(d.Check, d.Check[0]) }, "check", "only one can be the last"},
		{func(d *frame.Description) { d.Check = nil }, f0 + ".range", "a without bounds"},

		{field(frame.Field{Name: "a", Type: "@h"}), f0 + ".type", "depend on the board"},
		{field(frame.Field{Name: "a", Type: "=h"}), f0 + ".type", "depend on the board"},
		{field(frame.Field{Name: "a", Type: "P"}), f0 + ".type", "pointer"},
		{field(frame.Field{Name: "a", Type: "p"}), f0 + ".type", "Pascal"},
		{field(frame.Field{Name: "a", Type: "w"}), f0 + ".type", `"w"`},
		{field(frame.Field{Name: "a", Type: "2h"}), f0 + ".type", "count"},
		{field(frame.Field{Name: "a"}), f0 + ".type", "want a type"},
		{field(frame.Field{Type: "B"}), f0 + ".name", "no name"},
		{field(frame.Field{Name: "1a", Type: "B"}), f0 + ".name", "a letter"},
		{field(frame.Field{Name: strings.Repeat("a", 51), Type: "B"}), f0 + ".name", "at most 49"},
		{field(frame.Field{Name: "_a-b", Type: "B"}), f0 + ".name", "_, then 1 to 49"},
		{field(frame.Field{Name: "b", Type: "B"}), "message[0].fields[1].name", "used once"},
		{field(frame.Field{Name: "a", Type: "B", Scale: "x/2"}), f0 + ".scale", "16/32768"},
		{field(frame.Field{Name: "a", Type: "B", Scale: int64(0)}), f0 + ".scale", "not 0"},
		{field(frame.Field{Name: "a", Type: "B", Offset: true}), f0 + ".offset", "true"},
		{field(frame.Field{Name: "a", Type: "B", Digits: new(19)}), f0 + ".digits", "0 to 18"},
		{field(frame.Field{Name: "a", Type: "B", Range: []float64{2, 1}}), f0 + ".range", "[low, high]"},
		{field(frame.Field{Name: "a", Type: "B", Map: map[string]string{"256": "x"}}), f0 + ".map", "0 to 255"},
		{field(frame.Field{Name: "a", Type: "B", Map: map[string]string{"on": "x"}}), f0 + ".map", "integer"},
		{field(frame.Field{Name: "a", Type: "f", Map: map[string]string{"0": "x"}}), f0 + ".type", "integer type"},
		{field(frame.Field{Name: "a", Type: "B", Flags: map[string]string{"8": "x"}}), f0 + ".flags", "0 to 7"},
		{field(frame.Field{Type: "B", Flags: map[string]string{"0": "b"}}), "message[0].fields[1].name", "used once"},
		{field(frame.Field{Name: "a", Type: "B", Const: new(int64(300))}), f0 + ".const", "0 to 255"},
		{field(frame.Field{Name: "a", Type: "h", Invalid: []any{int64(0xFFFF)}}), f0 + ".invalid[0]", "-32768 to 32767"},
		{field(frame.Field{Name: "a", Type: "4s", Scale: 0.1}), f0 + ".type", "a number"},
		{field(frame.Field{Name: "a", Type: "B", Repeat: "rest"}), f0 + ".max", "must say the most"},
		{field(frame.Field{Name: "a", Type: "B", Repeat: "all"}), f0 + ".repeat", "rest"},
		{field(frame.Field{Names: []string{"x"}, Type: "B", Count: 2}), f0 + ".names", "1 names"},
		{field(frame.Field{Name: "a", Type: "B", Repeat: "rest", Max: 2}), "message[0].fields[1]", "nothing after"},
		{func(d *frame.Description) { d.Messages[0].Struct = "<hB" }, "message[0].names", "2, one for each"},
	} {
		d := base()
		row.spoil(&d)
		p, errs := frame.Compile("x", d)
		if p != nil {
			t.Errorf("%s (%s): compiled", row.key, row.says)
			continue
		}
		found := false
		for _, e := range errs {
			found = found || e.Key == row.key && strings.Contains(e.Error(), row.says)
		}
		if !found {
			t.Errorf("want %s saying %q, got:\n%v", row.key, row.says, errs)
		}
	}
}

func TestCompile_EveryMistakeAtOnce(t *testing.T) {
	d := base()
	d.Sync, d.GapMS = "XX", -1
	d.Check[0].Kind = "crc-61/modbus"
	d.Messages[0].Fields[0].Scale = "no"
	d.Messages[0].Fields[1].Name = "no good"
	_, errs := frame.Compile("x", d)
	var keys []string
	for _, e := range errs {
		keys = append(keys, e.Key)
	}
	for _, want := range []string{"sync", "gap_ms", "check[0].kind", "message[0].fields[0].scale", "message[0].fields[1].name"} {
		if !strings.Contains(fmt.Sprint(keys), want) {
			t.Errorf("%s is missing in %v", want, keys)
		}
	}
}

// TestCompile_WrongCheckIsOneMistake: what a frame without a check must not do
// is no second mistake beside a check that is written wrongly.
func TestCompile_WrongCheckIsOneMistake(t *testing.T) {
	for _, row := range []struct {
		check frame.Check
		key   string
	}{
		{frame.Check{Kind: "crc16"}, "check[0].kind"},
		{frame.Check{Kind: "crc-16/modbus"}, "check[0].endian"},
		{frame.Check{Kind: "crc", Width: 99, Poly: 7}, "check[0].width"},
		{frame.Check{Kind: "crc16", Extra: "crc_extra"}, "check[0].kind"},
	} {
		for _, sync := range []string{"AA 55", ""} {
			d := base()
			d.Sync, d.End, d.Check = sync, "0D", []frame.Check{row.check}
			if row.check.Extra != "" {
				d.Messages[0].CRCExtra = new(7)
			}
			_, errs := frame.Compile("x", d)
			if len(errs) != 1 || errs[0].Key != row.key {
				t.Errorf("%+v with sync %q: got %v, want one mistake at %s", row.check, sync, errs, row.key)
			}
		}
	}
}

func TestCompile_UncheckedFramesNeedBounds(t *testing.T) {
	d := frame.Description{Sync: "AA", Fields: []frame.Field{
		{Name: "a", Type: "B"}, {Name: "b", Type: "B", Range: []float64{0, 9}},
		{Name: "c", Type: "B", Map: map[string]string{"0": "x"}}, {Name: "d", Type: "?"},
		{Type: "B", Flags: map[string]string{"0": "e"}}, {Name: "f", Type: "B", Const: new(int64(1))},
	}}
	_, errs := frame.Compile("x", d)
	if len(errs) != 1 || errs[0].Key != "fields[0].range" {
		t.Errorf("got %v, want one error about a", errs)
	}
}

func TestCompile_Sizes(t *testing.T) {
	for _, row := range []struct {
		preset   string
		min, max int
		bits     int
	}{
		{"demo", 10, 22, 16}, {"justfloat", 4, 68, 0}, {"ano-v7", 6, 64, 16},
		{"jy901", 11, 11, 8}, {"modbus", 5, 256, 16}, {"openmv", 11, 11, 0},
	} {
		p := presetPlan(t, row.preset)
		if p.MinSize() != row.min || p.MaxSize() != row.max || p.CheckBits() != row.bits || p.Checked() != (row.bits > 0) {
			t.Errorf("%s: got %d to %d bytes, %d check bits; want %d to %d, %d",
				row.preset, p.MinSize(), p.MaxSize(), p.CheckBits(), row.min, row.max, row.bits)
		}
	}
}

// TestCompile_PastedStruct: what a pack line without a thought for sync, check
// or byte order is told, beside the line that is right. [WIRE-8] [WIRE-10]
func TestCompile_PastedStruct(t *testing.T) {
	sum := []frame.Check{{Kind: "sum8"}}
	names := []string{"cx", "cy", "age_ms"}
	const onSync = "struct: cx stands on the sync bytes AA 55; set data = 2"
	ranged := []frame.Field{{Name: "cy", Range: []float64{0, 9}}}
	for _, row := range []struct {
		name string
		d    frame.Description
		want string // "": it compiles
	}{
		{"DataBehindSync", frame.Description{Data: 2, Struct: "<hhH", Names: names}, ""},
		{"NamesPassOverSync", frame.Description{Struct: "<BBhhH", Names: append([]string{"_", "_"}, names...)}, ""},
		{"OnSync", frame.Description{Struct: "<hhH", Names: names}, onSync + `, or begin struct with BB and names with "_", "_"`},
		{"HalfOnSync", frame.Description{Data: 1, Struct: "<hhH", Names: names}, onSync},
		{"FieldOnSync", frame.Description{Fields: []frame.Field{{Name: "a", Type: "B", At: new(1)}}},
			"fields[0].at: a stands on the sync bytes AA 55; set data, or at, to 2"},
		{"WildcardOfSync", frame.Description{Sync: "AA ??", Fields: []frame.Field{{Name: "a", Type: "B", At: new(1)}}}, ""},

		{"NativeWithoutGaps", frame.Description{Data: 2, Struct: "hhB", Names: names}, ""},
		{"NativeBytes", frame.Description{Data: 2, Struct: "B3sb", Names: names}, ""},
		{"NativeWithGaps", frame.Description{Data: 2, Struct: "BhB", Names: names},
			`struct: "BhB" is 5 bytes as Python packs it without a prefix (native alignment) and 4 as "<BhB"; write the prefix, on the board as well`},
		{"GapsPacked", frame.Description{Data: 2, Struct: ">BhB", Names: names}, ""},
		{"FieldWithoutPrefix", frame.Description{Fields: []frame.Field{{Name: "a", Type: "B"}, {Name: "b", Type: "h"}}}, ""},

		{"BadName", frame.Description{Data: 2, Struct: "<hhH", Names: []string{"cx", "2y", "_"}},
			`names[1]: found "2y", want a letter, then at most 49 letters, digits and _; OneNET takes no other identifiers`},
		{"NameTwice", frame.Description{Data: 2, Struct: "<hhH", Names: []string{"cx", "_", "cx"}},
			`names[2]: found "cx", want a name used once in a message; it also stands in names[0]`},
		{"NoCheckNorRange", frame.Description{Data: 2, Struct: "<h", Names: []string{"cx"}, Check: []frame.Check{}},
			`struct: nothing tells a damaged cx from a good one; add check = { kind = "sum8" } and let the board send it, or list cx under fields with a range`},
		{"NoCheckSomeRange", frame.Description{Data: 2, Struct: "<hhH", Names: names, Fields: ranged, Check: []frame.Check{}},
			`struct: nothing tells a damaged cx or age_ms from a good one; add check = { kind = "sum8" } and let the board send it, or list cx, age_ms under fields with a range`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.d.Sync == "" {
				row.d.Sync = "AA 55"
			}
			if row.d.Check == nil {
				row.d.Check = sum
			}
			got := ""
			if _, errs := frame.Compile("cam", row.d); len(errs) > 0 {
				got = errs.Error()
			}
			if got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

// TestCompile_StructSize: a pack line holds the end marker when its last value
// has no name.
func TestCompile_StructSize(t *testing.T) {
	r := []frame.Field{{Name: "a", Range: []float64{0, 9}}}
	for _, row := range []struct {
		text  string
		names []string
		want  int
	}{
		{"<BBhB", []string{"_", "_", "a", "_"}, 5},
		{"<BBh", []string{"_", "_", "a"}, 5},
		{"<BBxh", []string{"_", "_", "a"}, 6},
		{"<BBu3", []string{"_", "_", "a"}, 4},
	} {
		p := mustCompile(t, "x", frame.Description{Sync: "2C 12", End: "5B", Struct: row.text, Names: row.names, Fields: r})
		if p.MaxSize() != row.want {
			t.Errorf("%s: got %d bytes, want %d", row.text, p.MaxSize(), row.want)
		}
	}
}

func TestDescription_Over(t *testing.T) {
	demo := presetDescription(t, "demo")
	d := frame.Description{Preset: "demo", Sync: "AA 56", GapMS: 50,
		Messages: []frame.Message{{Name: "extra", ID: []int{2}, Fields: []frame.Field{{Name: "x", Type: "B"}}}}}
	out := d.Over(demo)
	if out.Sync != "AA 56" || out.GapMS != 50 || out.Length != demo.Length || len(out.Messages) != 2 || len(out.Examples) != 0 {
		t.Errorf("got %+v", out)
	}
	if out.Messages[0].Name != "extra" {
		t.Error("the preset's message is tried before the user's own")
	}
	if len(demo.Messages) != 1 {
		t.Error("the preset itself was changed")
	}
	replaced := frame.Description{Messages: []frame.Message{{Name: "status", ID: []int{7}}}}.Over(demo)
	if len(replaced.Messages) != 1 || replaced.Messages[0].ID[0] != 7 {
		t.Errorf("same name: got %+v", replaced.Messages)
	}
	sized := frame.Description{Size: 30}.Over(demo)
	if sized.Length != nil || sized.Size != 30 {
		t.Error("size does not replace length")
	}
}

// FuzzLayout: no description makes Compile panic, and a plan that compiles
// scans, decodes and encodes without panic.
func FuzzLayout(f *testing.F) {
	f.Add("AA 55", "<bbhhhhb", "a,b,c,d,e,f,g", "sum8", "0:-1", "16/32768", 2, 4, 0, "")
	f.Add("?? 03|04", ">u24", "a", "crc-16/modbus", "", "0.01", 2, 5, -2, "0D 0A")
	f.Add("AA", "<u3u5>i11 bcd2 midi3 hex2 4z", "a,b,c,d,e,f,g", "sum8", "", "1/3", 0, 20, 1, "")
	f.Add("AA", "<16u11", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", "sum8", "", "0.1", 0, 30, -9, "")
	f.Add("", "4sxB?", "a,b,c", "sum+sum", "2:", "1/3", 0, 0, 3, "7D")
	f.Fuzz(func(t *testing.T, sync, text, names, kind, over, scale string, at, add, fieldAt int, end string) {
		d := frame.Description{
			Sync: sync, End: end, Max: 64, Length: &frame.Length{At: at, Add: add},
			Check:    []frame.Check{{Kind: kind, Over: []string{over}, Endian: "little"}},
			Messages: []frame.Message{{Name: "s", Struct: text, Names: strings.Split(names, ",")}, {Name: "f", Fields: []frame.Field{{Name: "v", Type: "<h", Scale: scale, At: &fieldAt}}}},
		}
		for _, mode := range []func(){func() {}, func() { d.Length = nil }, func() { d.Check = nil }} {
			mode()
			p, errs := frame.Compile("x", d)
			if p == nil && errs.Error() == "" {
				t.Fatal("neither a plan nor a mistake")
			}
			if p == nil {
				continue
			}
			scan(p, []byte(sync+text+names+kind))
			for _, m := range p.Messages() {
				if b, err := p.Encode(nil, m.Name, nil); err == nil && len(b) > p.MaxSize() {
					t.Fatalf("encoded %d bytes, at most %d", len(b), p.MaxSize())
				}
			}
		}
	})
}
