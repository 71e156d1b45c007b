package onenetsim

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseModel_Shapes(t *testing.T) {
	property := func(dataType string) string {
		return `{"properties":[{"identifier":"p","dataType":` + dataType + `}]}`
	}
	i32 := DataType{Kind: "int32"}
	rows := []struct {
		name, file string
		want       DataType
	}{
		{"numbers as text", property(`{"type":"int32","specs":{"min":"-5","max":"5","step":"1"}}`), DataType{Kind: "int32", Min: -5, Max: 5}},
		{"numbers", property(`{"type":"int32","specs":{"min":-5,"max":5.0}}`), DataType{Kind: "int32", Min: -5, Max: 5}},
		{"empty and null", property(`{"type":"double","specs":{"min":"","max":null}}`), DataType{Kind: "double"}},
		{"no specs", property(`{"type":"int64"}`), DataType{Kind: "int64"}},
		{"byte order mark", "\xef\xbb\xbf" + property(`{"type":"bool","specs":{"true":"on"}}`), DataType{Kind: "bool"}},
		{"length as text", property(`{"type":"string","specs":{"length":"255"}}`), DataType{Kind: "string", Length: 255}},
		{"length as number", property(`{"type":"string","specs":{"length":4}}`), DataType{Kind: "string", Length: 4}},
		{"enum with a large key", property(`{"type":"enum","specs":{"60001":"a","0":"b"}}`), DataType{Kind: "enum", Enum: []string{"0", "60001"}}},
		{"array", property(`{"type":"array","specs":{"length":3,"type":"int32","specs":{}}}`), DataType{Kind: "array", Length: 3, Element: &i32}},
		{"array with size and items", property(`{"type":"array","specs":{"size":"3","items":{"type":"int32"}}}`), DataType{Kind: "array", Length: 3, Element: &i32}},
		{"array of anything", property(`{"type":"array","specs":{"length":3}}`), DataType{Kind: "array", Length: 3}},
		{"struct", property(`{"type":"struct","specs":[{"identifier":"x","dataType":{"type":"int32"}}]}`), DataType{Kind: "struct", Members: map[string]DataType{"x": i32}}},
		{"struct as object", property(`{"type":"struct","specs":{"x":{"dataType":{"type":"int32"}}}}`), DataType{Kind: "struct", Members: map[string]DataType{"x": i32}}},
		{"struct as object of types", property(`{"type":"struct","specs":{"x":{"type":"int32"}}}`), DataType{Kind: "struct", Members: map[string]DataType{"x": i32}}},
		{"unknown keys", `{"x":1,"properties":[{"identifier":"p","y":[],"dataType":{"type":"date","specs":{},"z":0}}]}`, DataType{Kind: "date"}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			m, err := ParseModel([]byte(r.file))
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Properties["p"]; !reflect.DeepEqual(got, r.want) {
				t.Errorf("got %+v, want %+v", got, r.want)
			}
		})
	}
}

func TestParseModel_EventsAndServices(t *testing.T) {
	m, err := ParseModel([]byte(testModel))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Properties) != 12 || len(m.Events["hot"]) != 2 || !m.Services["reboot"] {
		t.Errorf("got %+v", m)
	}
}

// TestParseModel_ErrorsNameThePlace: a person has to find it in the file.
func TestParseModel_ErrorsNameThePlace(t *testing.T) {
	rows := []struct{ name, file, want string }{
		{"trailing comma", "{\n \"properties\": [\n  {\"identifier\":\"a\",}\n ]\n}", "line 3, column 21"},
		{"empty", "", "unexpected end"},
		{"wrong kind", "{\n\"properties\":7}", "line 2, column 14"},
		{"identifier missing", `{"properties":[{"dataType":{"type":"bool"}}]}`, "properties[0].identifier is missing"},
		{"identifier twice", `{"properties":[{"identifier":"a","dataType":{"type":"bool"}},{"identifier":"a","dataType":{"type":"bool"}}]}`, `properties[1].identifier "a" is there twice`},
		{"unknown type", `{"properties":[{"identifier":"a","dataType":{"type":"Int32"}}]}`, `properties[0].dataType.type "Int32" is not a type`},
		{"no type", `{"properties":[{"identifier":"a"}]}`, `properties[0].dataType.type "" is not a type`},
		{"bad number", `{"properties":[{"identifier":"a","dataType":{"type":"int32","specs":{"min":"low"}}}]}`, `properties[0].dataType.specs: "low" is not a number`},
		{"enum is an array", `{"properties":[{"identifier":"a","dataType":{"type":"enum","specs":[0]}}]}`, "properties[0].dataType.specs is not an object"},
		{"array element", `{"properties":[{"identifier":"a","dataType":{"type":"array","specs":{"type":"x"}}}]}`, `properties[0].dataType.specs.type "x" is not a type`},
		{"struct member", `{"properties":[{"identifier":"a","dataType":{"type":"struct","specs":[{"identifier":"m","dataType":{"type":"x"}}]}}]}`, `properties[0].dataType.specs[0].dataType.type "x" is not a type`},
		{"struct is text", `{"properties":[{"identifier":"a","dataType":{"type":"struct","specs":"x"}}]}`, "specs is neither array nor object"},
		{"event output", `{"events":[{"identifier":"e","outputData":[{"identifier":"o","dataType":{"type":"x"}}]}]}`, `events[0].outputData[0].dataType.type "x" is not a type`},
		{"event without name", `{"events":[{}]}`, "events[0].identifier is missing"},
		{"service without name", `{"services":[{}]}`, "services[0].identifier is missing"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			_, err := ParseModel([]byte(r.file))
			if err == nil || !strings.HasPrefix(err.Error(), "cannot read the thing model: ") || !strings.Contains(err.Error(), r.want) {
				t.Errorf("got %v, want %q in it", err, r.want)
			}
		})
	}
}
