package frame_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestDecode_EndiannessOfEveryField reads the same bytes as every type in both
// orders. [WIRE-8]
func TestDecode_EndiannessOfEveryField(t *testing.T) {
	const wire = "C1 02 03 04 05 06 07 88"
	for _, row := range []struct{ typ, want string }{
		{"b", "-63"}, {"B", "193"},
		{"<h", "705"}, {">h", "-16126"}, {"<H", "705"}, {">H", "49410"}, {"!H", "49410"}, {"H", "705"},
		{"<u24", "197313"}, {">u24", "12648963"}, {">i24", "-4128253"}, {"<i24", "197313"},
		{"<i", "67306177"}, {">i", "-1056832764"}, {"<I", "67306177"}, {">I", "3238134532"},
		{"<l", "67306177"}, {">L", "3238134532"},
		{"<q", "-8644934341102468415"}, {">q", "-4539062158637004920"}, {"<Q", "9801809732607083201"}, {">Q", "13907681915072546696"},
		{"<e", "0.000042021275"}, {">e", "-2.5039062"}, {"<f", "0.000000000000000000000000000000000001540024"}, {">f", "-8.125736"},
		{">d", "-147552.50245290645"}, {"?", "true"},
	} {
		p := mustCompile(t, "x", frame.Description{Size: 9, Check: []frame.Check{{Kind: "const", Value: new(0x55)}}, Sync: "C?",
			Fields: []frame.Field{{Name: "v", Type: row.typ, At: new(0), Range: wide(row.typ)}}})
		f, err := p.Parse(fromHex(t, wire+" 55"))
		if err != nil {
			t.Fatal(err)
		}
		var r reading.Reading
		p.Decode(f, &r)
		if got := strings.TrimPrefix(tell(f, r), "x v="); got != row.want {
			t.Errorf("%s: got %s, want %s", row.typ, got, row.want)
		}
	}
}

func wide(typ string) []float64 {
	if typ == "?" {
		return nil
	}
	return []float64{-1e19, 2e19}
}

// decodeOne compiles a single field behind a check and decodes it from hex.
func decodeOne(t *testing.T, f frame.Field, data string) (string, frame.Absent) {
	t.Helper()
	p := mustCompile(t, "x", frame.Description{Check: []frame.Check{{Kind: "sum8"}}, Fields: []frame.Field{f}})
	b := fromHex(t, data)
	var sum byte
	for _, x := range b {
		sum += x
	}
	fr, err := p.Parse(append(b, sum))
	if err != nil {
		t.Fatalf("%+v: %v", f, err)
	}
	var r reading.Reading
	absent := p.Decode(fr, &r)
	return strings.TrimPrefix(tell(fr, r), "x"), absent
}

func TestDecode_Values(t *testing.T) {
	for _, row := range []struct {
		name   string
		field  frame.Field
		wire   string
		want   string
		absent frame.Absent
	}{
		{"decimal", frame.Field{Name: "v", Type: "<h", Scale: 0.01}, "18 FC", " v=-10.00", frame.Absent{}},
		{"fraction", frame.Field{Name: "v", Type: "<h", Scale: "16/32768"}, "01 00", " v=0.0005", frame.Absent{}},
		{"digits", frame.Field{Name: "v", Type: "<h", Scale: "16/32768", Digits: new(1)}, "99 09", " v=1.2", frame.Absent{}},
		{"offset", frame.Field{Name: "v", Type: "B", Scale: 0.5, Offset: int64(-40)}, "03", " v=-38.5", frame.Absent{}},
		{"tfmini temperature", frame.Field{Name: "v", Type: "<H", Scale: "1/8", Offset: int64(-256)}, "40 09", " v=40.0", frame.Absent{}},
		{"scale up", frame.Field{Name: "v", Type: "B", Scale: int64(10)}, "07", " v=70", frame.Absent{}},
		{"negative scale", frame.Field{Name: "v", Type: "<h", Scale: -0.1}, "FF FF", " v=0.1", frame.Absent{}},
		{"invalid", frame.Field{Name: "v", Type: "<h", Invalid: []any{int64(-1)}}, "FF FF", "", frame.Absent{Invalid: 1}},
		{"invalid float", frame.Field{Name: "v", Type: "<f", Invalid: []any{-1.5}}, "00 00 C0 BF", "", frame.Absent{Invalid: 1}},
		{"range", frame.Field{Name: "v", Type: "B", Scale: 0.1, Range: []float64{0, 9.9}}, "64", "", frame.Absent{Range: 1}},
		{"range of nothing", frame.Field{Name: "v", Type: "<h", Scale: 0.1, Range: []float64{0.01, 0.02}}, "00 00", "", frame.Absent{Range: 1}},
		{"range edge", frame.Field{Name: "v", Type: "B", Scale: 0.1, Range: []float64{0, 9.9}}, "63", " v=9.9", frame.Absent{}},
		{"scaled u64 too large", frame.Field{Name: "v", Type: "<Q", Scale: 0.1}, "FF FF FF FF FF FF FF FF", "", frame.Absent{Range: 1}},
		{"not in map", frame.Field{Name: "v", Type: "B", Map: map[string]string{"0": "off"}}, "01", "", frame.Absent{Map: 1}},
		{"in map", frame.Field{Name: "v", Type: "b", Map: map[string]string{"-1": "off"}}, "FF", " v=-1", frame.Absent{}},
		{"flags", frame.Field{Type: ">H", Flags: map[string]string{"0": "a", "15": "b", "8": "c"}}, "80 01", " a=true c=false b=true", frame.Absent{}},
		{"NaN", frame.Field{Name: "v", Type: "<f"}, "00 00 C0 7F", "", frame.Absent{NaN: 1}},
		{"Inf", frame.Field{Name: "v", Type: "<f"}, "00 00 80 7F", "", frame.Absent{NaN: 1}},
		{"float shortest", frame.Field{Name: "v", Type: "<f"}, "CD CC CC 3D", " v=0.1", frame.Absent{}},
		{"float digits", frame.Field{Name: "v", Type: "<f", Digits: new(2), Scale: int64(10)}, "DB 0F 49 40", " v=31.42", frame.Absent{}},
		{"text", frame.Field{Name: "v", Type: "4s"}, "68 69 00 00", " v=hi", frame.Absent{}},
		{"text not UTF-8", frame.Field{Name: "v", Type: "3s"}, "41 FF 42", " v=A\uFFFDB", frame.Absent{}},
		{"count", frame.Field{Name: "v", Type: "B", Count: 3}, "01 02 03", " v0=1 v1=2 v2=3", frame.Absent{}},
		{"names", frame.Field{Names: []string{"x", "_", "z"}, Type: "B", Count: 3}, "01 02 03", " x=1 z=3", frame.Absent{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, absent := decodeOne(t, row.field, row.wire)
			if got != row.want || absent != row.absent {
				t.Errorf("got %q %+v, want %q %+v", got, absent, row.want, row.absent)
			}
		})
	}
}

func TestDecode_LabelsAndUnits(t *testing.T) {
	p := presetPlan(t, "demo")
	f, err := p.Parse(fromHex(t, demoGood))
	if err != nil {
		t.Fatal(err)
	}
	var r reading.Reading
	p.Decode(f, &r)
	for _, prop := range r.Props {
		if prop.Name == "state" && prop.Label != "run" {
			t.Errorf("state: got label %q, want run", prop.Label)
		}
	}
	info := p.Message("status").Properties()
	if info[0].Unit != "degC" || info[0].Kind != reading.Decimal || info[0].Digits != 2 || info[0].Range[0] != -40 {
		t.Errorf("temp: got %+v", info[0])
	}
	if info[3].Range[1] != 32.767 {
		t.Errorf("current: got range %v, want what 16 bits can say", info[3].Range)
	}
}

// TestDecode_ConstIsPartOfAcceptance: a frame with another value is none. [WIRE-6]
func TestDecode_ConstIsPartOfAcceptance(t *testing.T) {
	p := mustCompile(t, "x", frame.Description{Sync: "AA", Check: []frame.Check{{Kind: "sum8"}}, Fields: []frame.Field{
		{Name: "version", Type: "<H", Const: new(int64(0x0102))}, {Name: "v", Type: "B"},
	}})
	good, bad := fromHex(t, "AA 02 01 07 B4"), fromHex(t, "AA 03 01 06 B4")
	if got, _ := scan(p, good); len(got) != 1 || got[0] != "x v=7" {
		t.Errorf("good: got %v", got)
	}
	if got, m := scan(p, bad); len(got) != 0 || m.ConstRejected != 1 {
		t.Errorf("bad: got %v %+v", got, m)
	}
}

// TestRoundTrip_EveryPreset: what a frame says, encoded again, says the same.
func TestRoundTrip_EveryPreset(t *testing.T) {
	for _, name := range frame.PresetNames() {
		p := presetPlan(t, name)
		for _, m := range p.Messages() {
			derived := slices.ContainsFunc(m.Properties(), func(i frame.PropertyInfo) bool { return m.Derived(i.Name) })
			if derived { // what it says does not make the frame
				continue
			}
			t.Run(name+"/"+m.Name, func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) { roundTrip(t, p, m) })
			})
		}
	}
}

func roundTrip(t *rapid.T, p *frame.Plan, m *frame.MessagePlan) {
	drawn := map[string]reading.Value{}
	infos := slices.Clone(m.Properties())
	if _, err := p.Encode(nil, m.Name, nil); err == nil { // all may be missing
		infos = infos[:rapid.IntRange(0, len(infos)).Draw(t, "n")]
	}
	for i, info := range infos {
		if p.Lines() && info.Range != nil && info.Labels == nil { // a line has only so many characters
			infos[i].Range = []float64{max(info.Range[0], -9999), min(info.Range[1], 9999)}
		}
		drawn[info.Name] = drawValue(t, infos[i])
		if p.Lines() && drawn[info.Name] == reading.TextValue("") {
			drawn[info.Name] = reading.TextValue("a") // an empty piece is no value
		}
	}
	dropUncounted(t, p.Name(), m.Name, drawn)
	// The first trip brings the values to the frame's own steps.
	first, r, absent := trip(t, p, m, drawn)
	if r.Message != m.Name {
		return // whose turn it is cannot be seen in one frame
	}
	unknown := absent.Invalid + absent.When // a value drawn may mean that there is none
	if len(r.Props)+unknown != len(drawn) {
		t.Fatalf("got %d values, want %d and %d unknown (% X)", len(r.Props), len(drawn)-unknown, unknown, first)
	}
	for _, prop := range r.Props {
		want, got := drawn[prop.Name].Float(), prop.Value.Float()
		if info := infos[slices.IndexFunc(infos, func(i frame.PropertyInfo) bool { return i.Name == prop.Name })]; math.Abs(got-want) > 10*math.Pow10(-info.Digits) {
			t.Fatalf("%s: got %v, want about %v", prop.Name, got, want)
		}
	}
	if unknown > 0 {
		return // and cannot be written again
	}
	second, again, _ := trip(t, p, m, values(r))
	if len(first) != len(second) || !slices.Equal(r.Props, again.Props) {
		t.Fatalf("\n got % X %v\nwant % X %v", second, again.Props, first, r.Props)
	}
}

// dropUncounted makes the numbers of repetitions, where a property says them,
// and the repetitions that there are agree.
func dropUncounted(t *rapid.T, preset, message string, drawn map[string]reading.Value) {
	for _, f := range messageFields(t, preset, message) {
		if _, ok := drawn[f.Repeat]; !ok {
			continue
		}
		n := rapid.IntRange(0, min(f.Max, 3)).Draw(t, f.Repeat)
		drawn[f.Repeat] = reading.IntValue(int64(n))
		for _, name := range groupNames(f) {
			for i := n; i < f.Max; i++ {
				delete(drawn, fmt.Sprint(name, i))
			}
		}
	}
}

// messageFields returns the fields of a preset's message; none where there is
// no such preset, or no message has a name.
func messageFields(t interface{ Fatal(args ...any) }, preset, message string) []frame.Field {
	all, err := shippedPresets()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all[preset].Messages {
		if m.Name == message {
			return m.Fields
		}
	}
	return nil
}

// groupNames returns the names of what a field repeats, without the number
// behind them.
func groupNames(f frame.Field) []string {
	names := []string{f.Name}
	for _, g := range f.Group {
		names = slices.Concat(names, []string{g.Name}, g.Names, slices.Collect(maps.Values(g.Flags)))
	}
	return names
}

func trip(t *rapid.T, p *frame.Plan, m *frame.MessagePlan, v map[string]reading.Value) ([]byte, reading.Reading, frame.Absent) {
	b, err := p.Encode(nil, m.Name, v)
	if err != nil && strings.HasSuffix(err.Error(), "are possible") {
		t.Skip("so many digits are a longer line than the board's")
	}
	if err != nil {
		t.Fatalf("cannot encode %v: %v", v, err)
	}
	f, err := p.Parse(b)
	for n := range b {
		if _, short := p.Parse(b[:n]); err != nil && short == nil && (m.Turn != "" || !p.Checked()) {
			t.Skip("its beginning is a frame of the other turn, or ends where a value looks like the end marker")
		}
	}
	if err != nil {
		t.Fatalf("cannot parse % X: %v", b, err)
	}
	if f.Message.Name != m.Name && f.Message.Turn == "" {
		t.Fatalf("message: got %s, want %s", f.Message.Name, m.Name)
	}
	var r reading.Reading
	absent := p.Decode(f, &r)
	return b, r, absent
}

// drawValue draws what the property can say in its own steps.
func drawValue(t *rapid.T, info frame.PropertyInfo) reading.Value {
	switch {
	case info.Labels != nil:
		return reading.IntValue(rapid.SampledFrom(slices.Sorted(maps.Keys(info.Labels))).Draw(t, info.Name))
	case info.Kind == reading.Bool:
		return reading.BoolValue(rapid.Bool().Draw(t, info.Name))
	case info.Kind == reading.Float32 && info.Range == nil:
		return reading.Float32Value(rapid.Float32().Draw(t, info.Name))
	case info.Kind == reading.Text && info.Encoding == "hex":
		return reading.TextValue(rapid.StringOfN(rapid.RuneFrom([]rune("0123456789ABCDEF")), info.Size, info.Size, -1).Draw(t, info.Name))
	case info.Kind == reading.Text:
		return reading.TextValue(rapid.StringOfN(rapid.RuneFrom([]rune("abc 019")), 0, info.Size/3, -1).Draw(t, info.Name))
	case info.Kind == reading.Float32:
		f := rapid.Float32Range(float32(info.Range[0]), float32(info.Range[1])).Draw(t, info.Name)
		return reading.Float32Value(f)
	}
	if info.Range == nil { // a counter: encoding knows no earlier frame
		return reading.IntValue(rapid.Int64Range(0, 999).Draw(t, info.Name))
	}
	power := math.Pow10(info.Digits)
	const most = 1 << 62 // what a float64 and an int64 both hold
	low, high := int64(math.Ceil(max(info.Range[0]*power, -most))), int64(math.Floor(min(info.Range[1]*power, most)))
	mantissa := rapid.Int64Range(low, high).Draw(t, info.Name)
	if info.Kind == reading.Decimal {
		return reading.DecimalValue(mantissa, uint8(info.Digits))
	}
	return reading.IntValue(mantissa)
}

// TestDecode_LabelsDoNotStayBehind: the memory of one reading serves the next,
// of another message.
func TestDecode_LabelsDoNotStayBehind(t *testing.T) {
	p := mustCompile(t, "x", frame.Description{
		Sync: "AA", Size: 16, ID: &frame.Ref{At: 1}, Data: 8, Check: []frame.Check{{Kind: "sum8"}},
		Messages: []frame.Message{
			{Name: "a", ID: []int{1}, Fields: []frame.Field{{Name: "state", Type: "B", Map: map[string]string{"0": "idle"}}}},
			{Name: "b", ID: []int{2}, Fields: []frame.Field{{Name: "v", Type: "<H"}}},
		},
	})
	var r reading.Reading
	for i, want := range []string{"idle", ""} {
		b := make([]byte, 16)
		m := p.Messages()[i]
		if err := p.Seal(b, m, m.IDs[0]); err != nil {
			t.Fatal(err)
		}
		f, err := p.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if p.Decode(f, &r); len(r.Props) != 1 || r.Props[0].Label != want {
			t.Errorf("%s: got %+v, want one property with the label %q", m.Name, r.Props, want)
		}
	}
}
