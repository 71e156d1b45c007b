package thingmodel

import (
	"strings"
	"testing"

	"serialgw/internal/config"
	"serialgw/internal/frame"
)

// console returns a file with one property p.
func console(t *testing.T, dataType string) *File {
	t.Helper()
	return parse(t, `{"properties":[{"identifier":"p","functionType":"u","accessMode":"r","dataType":`+dataType+`}]}`)
}

func parse(t *testing.T, text string) *File {
	t.Helper()
	f, err := ParseFile([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestCompare_OthersName: what another board gives is not what was meant.
func TestCompare_OthersName(t *testing.T) {
	small := Type{Kind: Int32, Bounded: true, Max: 9}
	m := &Model{Properties: []Property{{Identifier: "a_temp", Type: small}, {Identifier: "b_temp", Type: small}, {Identifier: "B_temp", Type: small}}}
	f := parse(t, `{"properties":[{"identifier":"b_temp","dataType":{"type":"int32"}}]}`)
	got := m.Compare(f, config.Nearest)
	if len(got) != 2 {
		t.Fatalf("got %v, want the two that are missing", got)
	}
	for i, name := range []string{"a_temp", "B_temp"} {
		want := Difference{name, Lost, 2306, "is not on the console", "add it there, as int32"}
		if got[i] != want {
			t.Errorf("got %+v, want %+v", got[i], want)
		}
	}
}

// TestCompare_ONENET_26: each way in which a type can differ, with its code.
func TestCompare_ONENET_26(t *testing.T) {
	u8, u32 := frame.Field{Type: "B"}, frame.Field{Type: "<I"}
	decimal := frame.Field{Type: "<h", Scale: 0.01, Unit: "degC"}
	fine, text, truth := frame.Field{Type: "<d"}, frame.Field{Type: "8s"}, frame.Field{Type: "?"}
	mode := frame.Field{Type: "B", Map: map[string]string{"0": "idle", "1": "run", "2": "fault"}}
	for _, row := range []struct {
		name     string
		field    frame.Field
		dataType string
		grade    Grade // "": no difference
		code     int
		text     string
	}{
		{"the same", u8, `{"type":"int32","specs":{"min":"0","max":"255"}}`, "", 0, ""},
		{"nothing said", decimal, `{"type":"float","specs":{"unit":"摄氏度 / ℃"}}`, "", 0, ""},
		{"integer in a float", u8, `{"type":"float","specs":{}}`, "", 0, ""},
		{"enum in an integer", mode, `{"type":"int32","specs":{"min":"0","max":"1"}}`, "", 0, ""},
		{"all of a small integer in an enum", frame.Field{Type: "B", Range: []float64{0, 1}}, `{"type":"enum","specs":{"0":"a","1":"b","2":"c"}}`, "", 0, ""},
		{"enum of any number", mode, `{"type":"enum"}`, "", 0, ""},
		{"integer in a bitMap", u8, `{"type":"bitMap","specs":{"length":8}}`, "", 0, ""},

		{"decimal in an integer", decimal, `{"type":"int32","specs":{}}`, Lost, 2272, "is int32 on the console, the board sends a number with decimals"},
		{"bool in an integer", truth, `{"type":"int64"}`, Lost, 2273, "the board sends true or false"},
		{"u32 in an int32", u32, `{"type":"int32"}`, Lost, 2272, "from 0 to 4294967295"},
		{"text in a float", text, `{"type":"float"}`, Lost, 2274, "the board sends text"},
		{"text in a double", text, `{"type":"double"}`, Lost, 2275, "the board sends text"},
		{"integer in a bool", u8, `{"type":"bool","specs":{"true":"on","false":"off"}}`, Lost, 2271, "is bool on the console, the board sends a whole number"},
		{"decimal in an enum", decimal, `{"type":"enum","specs":{"0":"a"}}`, Lost, 2276, "is enum on the console"},
		{"integer in an enum", u8, `{"type":"enum","specs":{"0":"a","1":"b"}}`, Lost, 2276, "enum of 2 numbers"},
		{"an enum that lacks numbers", mode, `{"type":"enum","specs":{"0":"idle","7":"x"}}`, Lost, 2276, "has no label on the console for 1 (run), 2 (fault)"},
		{"decimal in a date", decimal, `{"type":"date","specs":{}}`, Lost, 2277, "is date"},
		{"integer in a string", u8, `{"type":"string","specs":{"length":4}}`, Lost, 2278, "is string"},
		{"negative in a bitMap", frame.Field{Type: "b"}, `{"type":"bitMap","specs":{"length":8}}`, Lost, 2279, "from -128 to 127"},
		{"integer in an array", u8, `{"type":"array","specs":{"length":2,"type":"int32"}}`, Lost, 2280, "is array"},
		{"integer in a struct", u8, `{"type":"struct","specs":[]}`, Lost, 2281, "is struct"},

		{"narrower range", decimal, `{"type":"float","specs":{"min":"-40","max":"125","unit":"degC"}}`, Warning, 0, "goes from -40 to 125 on the console, the board's values from -327.68 to 327.67; whether"},
		{"range without one here", fine, `{"type":"double","specs":{"min":-1,"max":1}}`, Note, 0, "the board's values have no range"},
		{"double in a float", fine, `{"type":"float"}`, Warning, 0, "about 7 digits"},
		{"shorter text", text, `{"type":"string","specs":{"length":"4"}}`, Warning, 0, "at most 4 characters"},
		{"shorter bitMap", u8, `{"type":"bitMap","specs":{"length":4}}`, Warning, 0, "bitMap of 4 bits"},
		{"integer as a date", u8, `{"type":"date"}`, Warning, 0, "milliseconds"},
		{"above every type", frame.Field{Type: "<Q"}, `{"type":"int64"}`, Warning, 2273, "fit into no type"},
		{"coarser step", decimal, `{"type":"float","specs":{"step":"0.5","unit":"°C"}}`, Note, 0, "has the step 0.5 on the console, the board's is 0.01"},
		{"another unit", decimal, `{"type":"float","specs":{"unit":"K"}}`, Note, 0, `has the unit "K"`},
		{"other labels", mode, `{"type":"enum","specs":{"0":"idle","1":"go","2":"fault"}}`, Note, 0, `1 is "go" there, "run" here`},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.field.Name = "p"
			got := modelOf(t, boardOf(t, "car", fields(row.field))).Compare(console(t, row.dataType), config.Nearest)
			if row.grade == "" {
				if len(got) != 0 {
					t.Errorf("got %+v, want no difference", got)
				}
				return
			}
			if len(got) != 1 || got[0].Identifier != "p" || got[0].Grade != row.grade || got[0].Code != row.code || !strings.Contains(got[0].Text, row.text) {
				t.Errorf("got %+v, want %s %d %q", got, row.grade, row.code, row.text)
			}
		})
	}
}

// TestCompare_Names: what is not there, and what is there for nothing.
func TestCompare_Names(t *testing.T) {
	m := modelOf(t, boardOf(t, "car", fields(
		frame.Field{Name: "temp", Type: "B"}, frame.Field{Name: "humidity", Type: "B"}, frame.Field{Name: "reboot", Type: "B"},
		frame.Field{Name: "alarm", Type: "B"}, frame.Field{Name: "volt", Type: "B"}, frame.Field{Name: "good", Type: "B"},
	)))
	integer := `"dataType":{"type":"int32","specs":{}}`
	f := parse(t, `{"properties":[
		{"identifier":"Temp",`+integer+`}, {"identifier":"humidty",`+integer+`}, {"identifier":"good","accessMode":"rw",`+integer+`},
		{"identifier":"$OneNET_LBS","functionType":"s",`+integer+`}],
		"events":[{"identifier":"alarm"}],"services":[{"identifier":"reboot"}]}`)
	want := []Difference{
		{"temp", Lost, 2306, "is not on the console, its case differs: Temp", "correct the console, or rename the property in gateway.toml"},
		{"humidity", Lost, 2306, "is not on the console; did you mean its humidty?", "correct the console, or rename the property in gateway.toml; or add it there, as int32"},
		{"reboot", Lost, 2302, "is an event or a service on the console", "rename the property in gateway.toml"},
		{"alarm", Lost, 2302, "is an event or a service on the console", "rename the property in gateway.toml"},
		{"volt", Lost, 2306, "is not on the console", "add it there, as int32"},
		{"", Note, 0, "on the console, from no board: Temp, humidty", ""},
		{"", Note, 0, "writable on the console, but a set is answered with code 400: good", "make them read-only"},
	}
	got := m.Compare(f, config.Nearest)
	if len(got) != len(want) {
		t.Fatalf("got %d differences %+v, want %d", len(got), got, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
}

// TestDifference_Reply_ONENET_16: a number that nobody has published is not
// given out as the platform's.
func TestDifference_Reply_ONENET_16(t *testing.T) {
	for code, want := range map[int]string{
		0: "", 2306: "refused, code 2306: identifier not exist", 2302: "refused, code 2302: function mode error",
		2271: "refused, code 2271: bool type error", 2276: "refused; the code is not published, the simulator says 2276",
	} {
		if got := (Difference{Code: code}).Reply(); got != want {
			t.Errorf("code %d: %q, want %q", code, got, want)
		}
	}
}
