package thingmodel

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// boardOf compiles fields, or messages, to a board.
func boardOf(t *testing.T, name string, d frame.Description) Board {
	t.Helper()
	d.Sync = "AA 55"
	d.Check = []frame.Check{{Kind: "sum8"}}
	plan, errs := frame.Compile(name, d)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	b := Board{Name: name}
	for _, m := range plan.Messages() {
		for _, p := range m.Properties() {
			b.Gives = append(b.Gives, Given{m.Name, p})
		}
	}
	return b
}

func fields(list ...frame.Field) frame.Description { return frame.Description{Fields: list} }

func modelOf(t *testing.T, boards ...Board) *Model {
	t.Helper()
	m, err := Of(boards)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestOf_ONENET_26: the smallest type that takes every value the board sends.
func TestOf_ONENET_26(t *testing.T) {
	labels := map[int64]string{0: "idle", 2: "fault"}
	for _, row := range []struct {
		name  string
		field frame.Field
		want  Type
	}{
		{"u8", frame.Field{Type: "B"}, Type{Kind: Int32, Bounded: true, Max: 255, Step: 1}},
		{"i32", frame.Field{Type: "<i"}, Type{Kind: Int32, Bounded: true, Min: math.MinInt32, Max: math.MaxInt32, Step: 1}},
		{"u32", frame.Field{Type: "<I"}, Type{Kind: Int64, Bounded: true, Max: math.MaxUint32, Step: 1}},
		{"u32 with a range", frame.Field{Type: "<I", Range: []float64{0, 9}}, Type{Kind: Int32, Bounded: true, Max: 9, Step: 1}},
		{"u64", frame.Field{Type: "<Q"}, Type{Kind: Int64, Bounded: true, Max: math.MaxUint64, Step: 1}},
		{"decimal", frame.Field{Type: "<h", Scale: 0.01, Unit: "V"},
			Type{Kind: Float, Bounded: true, Min: -327.68, Max: 327.67, Step: 0.01, Unit: "V"}},
		{"decimal whose ends are rounded", frame.Field{Type: "<h", Scale: "2000/32768"},
			Type{Kind: Float, Bounded: true, Min: -2000, Max: 1999.94, Step: 0.01}},
		{"decimal of many digits", frame.Field{Type: "<i", Scale: 0.001},
			Type{Kind: Double, Bounded: true, Min: -2147483.648, Max: 2147483.647, Step: 0.001}},
		{"float", frame.Field{Type: "<f"}, Type{Kind: Float}},
		{"float with a range", frame.Field{Type: "<f", Range: []float64{-1, 1}}, Type{Kind: Float, Bounded: true, Min: -1, Max: 1}},
		{"double", frame.Field{Type: "<d"}, Type{Kind: Double}},
		{"bool", frame.Field{Type: "?"}, Type{Kind: Bool}},
		{"enum", frame.Field{Type: "B", Map: map[string]string{"0": "idle", "2": "fault"}}, Type{Kind: Enum, Labels: labels}},
		{"text", frame.Field{Type: "8s"}, Type{Kind: String, Length: 8}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.field.Name = "p"
			got := modelOf(t, boardOf(t, "car", fields(row.field))).Properties[0].Type
			if !reflect.DeepEqual(got, row.want) {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
		})
	}
}

// twoMessages gives the same property by two messages.
func twoMessages(a, b frame.Field) frame.Description {
	a.Name, b.Name = "p", "p"
	return frame.Description{ID: &frame.Ref{At: 2}, Data: 3, Messages: []frame.Message{
		{Name: "first", ID: []int{1}, Fields: []frame.Field{a}},
		{Name: "second", ID: []int{2}, Fields: []frame.Field{b}},
	}}
}

// TestOf_SeveralMessages: the joined type takes the values of both.
func TestOf_SeveralMessages(t *testing.T) {
	small := map[string]string{"0": "off", "1": "on"}
	for _, row := range []struct {
		name string
		a, b frame.Field
		want Type
	}{
		{"wider range", frame.Field{Type: "B"}, frame.Field{Type: "b"}, Type{Kind: Int32, Bounded: true, Min: -128, Max: 255, Step: 1}},
		{"wider integer", frame.Field{Type: "B"}, frame.Field{Type: "<I"}, Type{Kind: Int64, Bounded: true, Max: math.MaxUint32, Step: 1}},
		{"integer and decimal", frame.Field{Type: "B"}, frame.Field{Type: "B", Scale: 0.1},
			Type{Kind: Float, Bounded: true, Max: 255, Step: 0.1}},
		{"large integer and float", frame.Field{Type: "<I"}, frame.Field{Type: "<f"}, Type{Kind: Double, Max: math.MaxUint32}},
		{"enums", frame.Field{Type: "B", Map: small}, frame.Field{Type: "B", Map: map[string]string{"1": "running", "2": "stop"}},
			Type{Kind: Enum, Labels: map[int64]string{0: "off", 1: "on", 2: "stop"}}},
		{"enum and integer", frame.Field{Type: "B", Map: small}, frame.Field{Type: "b"},
			Type{Kind: Int32, Bounded: true, Min: -128, Max: 127, Step: 1}},
		{"texts", frame.Field{Type: "4s"}, frame.Field{Type: "9s"}, Type{Kind: String, Length: 9}},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := modelOf(t, boardOf(t, "car", twoMessages(row.a, row.b)))
			if len(m.Properties) != 1 || !reflect.DeepEqual(m.Properties[0].Type, row.want) {
				t.Errorf("got %+v, want %+v", m.Properties, row.want)
			}
		})
	}
}

// TestOf_Conflicts names both places.
func TestOf_Conflicts(t *testing.T) {
	number, truth := frame.Field{Name: "p", Type: "B"}, frame.Field{Name: "p", Type: "?"}
	for _, row := range []struct {
		name   string
		boards []Board
		want   string
	}{
		{"two messages", []Board{boardOf(t, "car", twoMessages(number, truth))},
			"p is a whole number in board car, message first, and true or false in board car, message second: no type takes both"},
		{"two boards", []Board{boardOf(t, "car", fields(number)), boardOf(t, "arm", fields(number))},
			"p comes from two boards, car and arm"},
	} {
		if _, err := Of(row.boards); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
}

// TestRemarks_ONENET_27: what the file cannot say as the board does is said.
func TestRemarks_ONENET_27(t *testing.T) {
	m := modelOf(t, boardOf(t, "car", fields(
		frame.Field{Name: "open", Type: "<f"},
		frame.Field{Name: "huge", Type: "<Q"},
		frame.Field{Name: "all", Type: "<q"},
		frame.Field{Name: "long", Type: "300s"},
		frame.Field{Name: "unit", Type: "B", Unit: "revolutions per minute"},
		frame.Field{Name: "mode", Type: "B", Map: map[string]string{"1": "the label of a state that is too long"}},
	)))
	want := map[string]string{
		"open": "-9999999 to 9999999", "huge": "fit into no type", "long": "255 characters",
		"unit": "cut to 15", "mode": "cut to 20",
	}
	for _, r := range m.Remarks(nil) {
		if text, ok := want[r.Identifier]; !ok || !strings.Contains(r.Text, text) {
			t.Errorf("remark %q, want %q", r, text)
		}
		delete(want, r.Identifier)
	}
	if len(want) > 0 {
		t.Errorf("no remark on %v", want)
	}
}

func TestRemarks_TooMany_ONENET_27(t *testing.T) {
	f, err := ParseFile([]byte(`{"properties":[{"identifier":"p0","dataType":{"type":"int32"}},{"identifier":"x","dataType":{"type":"bool"}}],
		"events":[{"identifier":"e"}],"services":[{"identifier":"s"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		given int
		into  *File
		want  string
	}{
		{100, nil, ""}, {101, nil, "101 properties, events and services: a product takes at most 100"},
		{97, f, ""}, {98, f, "101 properties, events and services: a product takes at most 100"},
	} {
		m := modelOf(t, boardOf(t, "car", fields(frame.Field{Name: "p", Type: "B", Count: row.given})))
		got := ""
		for _, r := range m.Remarks(row.into) {
			got += r.String()
		}
		if got != row.want {
			t.Errorf("%d given: remarks %q, want %q", row.given, got, row.want)
		}
	}
}

// TestExport_ONENET_26 holds the file to the console's shape, key by key.
func TestExport_ONENET_26(t *testing.T) {
	m := modelOf(t, boardOf(t, "car", fields(
		frame.Field{Name: "temp", Type: "<h", Scale: 0.01, Unit: "degC"},
		frame.Field{Name: "state", Type: "B", Map: map[string]string{"10": "stop", "2": "run"}},
		frame.Field{Name: "hot", Type: "?"},
		frame.Field{Name: "label", Type: "8s"},
		frame.Field{Name: "volume", Type: "<f"},
	)))
	got, err := m.Export(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"properties":[` +
		property("temp", `{"type":"float","specs":{"max":"327.67","min":"-327.68","step":"0.01","unit":"degC"}}`) + "," +
		property("state", `{"type":"enum","specs":{"2":"run","10":"stop"}}`) + "," +
		property("hot", `{"type":"bool","specs":{"true":"true","false":"false"}}`) + "," +
		property("label", `{"type":"string","specs":{"length":"8"}}`) + "," +
		property("volume", `{"type":"float","specs":{"max":"9999999","min":"-9999999","step":"","unit":""}}`) +
		`],"events":[],"services":[]}`
	if compacted := compact(t, got); compacted != want {
		t.Errorf("got\n%s\nwant\n%s", compacted, want)
	}
}

func property(identifier, dataType string) string {
	return `{"identifier":"` + identifier + `","name":"` + identifier + `","functionType":"u","accessMode":"r","desc":"","dataType":` +
		dataType + `,"functionMode":"property","required":false}`
}

func compact(t *testing.T, text []byte) string {
	t.Helper()
	out := new(strings.Builder)
	var raw json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	enc := json.NewEncoder(out)
	if err := enc.Encode(raw); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String())
}

// TestExport_Into_ONENET_26: what the console has and what agrees stays as it
// is, byte for byte; what loses values keeps its name and gets the board's type.
func TestExport_Into_ONENET_26(t *testing.T) {
	const profile = `{"industryId":"2","productId":"SVQx377cH4"}`
	kept := `{"identifier":"temp","name":"温度","functionType":"u","accessMode":"rw","desc":null,"dataType":{"type":"float","specs":{"min":"-100","max":100,"unit":"摄氏度 / °C"}},"x":1}`
	foreign := `{"identifier":"$OneNET_LBS","name":"基站定位","functionType":"s","accessMode":"r","dataType":{"type":"array","specs":{"length":3,"type":"struct","specs":[]}}}`
	wide := `{"identifier":"kept","dataType":{"type":"float","specs":{}}}`
	wrong := `{"identifier":"hot","name":"热","functionType":"u","accessMode":"rw","desc":"d","dataType":{"type":"int32","specs":{}},"required":true}`
	f, err := ParseFile([]byte("\xef\xbb\xbf" + `{"version":"1.0","profile":` + profile + `,"properties":[` + kept + "," + foreign + "," + wide + "," + wrong +
		`],"events":[{"identifier":"e"}],"services":[],"combs":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	m := modelOf(t, boardOf(t, "car", fields(
		frame.Field{Name: "kept", Type: "<f"},
		frame.Field{Name: "new", Type: "B"},
		frame.Field{Name: "temp", Type: "<h", Scale: 0.01, Unit: "degC", Range: []float64{-40, 85}},
		frame.Field{Name: "hot", Type: "?"},
	)))
	if remarks := m.Remarks(f); len(remarks) > 0 {
		t.Errorf("remarks on what is kept: %v", remarks)
	}
	got, err := m.Export(f)
	if err != nil {
		t.Fatal(err)
	}
	mended := `{"identifier":"hot","name":"热","functionType":"u","accessMode":"rw","desc":"d","dataType":{"type":"bool","specs":{"true":"true","false":"false"}},"functionMode":"property","required":true}`
	added := property("new", `{"type":"int32","specs":{"max":"255","min":"0","step":"1","unit":""}}`)
	want := `{"version":"1.0","profile":` + profile + `,"properties":[` + kept + "," + foreign + "," + wide + "," + mended + "," + added +
		`],"events":[{"identifier":"e"}],"services":[],"combs":[]}`
	if compacted := compact(t, got); compacted != want {
		t.Errorf("got\n%s\nwant\n%s", compacted, want)
	}
}

// TestExport_AgreesWithItself: what is written is read back without a difference.
func TestExport_AgreesWithItself(t *testing.T) {
	m := modelOf(t, boardOf(t, "car", fields(
		frame.Field{Name: "all", Type: "<q"}, frame.Field{Name: "u", Type: "<I"}, frame.Field{Name: "f", Type: "<d", Unit: "m/s"},
		frame.Field{Name: "d", Type: "<h", Scale: "16/32768", Unit: "deg"}, frame.Field{Name: "t", Type: "8s"},
		frame.Field{Type: "B", Flags: map[string]string{"0": "a", "7": "b"}},
		frame.Field{Name: "m", Type: "b", Map: map[string]string{"-1": "back", "1": "a label of more than twenty characters"}},
	)))
	text, err := m.Export(nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseFile(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range m.Compare(f, func(string, []string) string { return "" }) {
		if d.Grade != Note || d.Identifier != "f" { // its range is the one that was made up
			t.Errorf("difference %+v", d)
		}
	}
}
