package thingmodel

import (
	"reflect"
	"strings"
	"testing"
)

// TestParseFile_Shapes_ONENET_26: the console's versions write the same in
// several ways.
func TestParseFile_Shapes_ONENET_26(t *testing.T) {
	for _, row := range []struct {
		name, dataType string
		want           Type
	}{
		{"numbers as text", `{"type":"int32","specs":{"min":"-5","max":"5","step":"1","unit":"V"}}`,
			Type{Kind: Int32, Bounded: true, Min: -5, Max: 5, Step: 1, Unit: "V"}},
		{"numbers", `{"type":"float","specs":{"min":-5,"max":5.5,"step":0.5}}`, Type{Kind: Float, Bounded: true, Min: -5, Max: 5.5, Step: 0.5}},
		{"empty and null", `{"type":"double","specs":{"min":"","max":null,"unit":null,"step":""}}`, Type{Kind: Double}},
		{"no specs", `{"type":"int64"}`, Type{Kind: Int64}},
		{"specs null", `{"type":"int64","specs":null}`, Type{Kind: Int64}},
		{"length as text", `{"type":"string","specs":{"length":"255"}}`, Type{Kind: String, Length: 255}},
		{"length as number", `{"type":"string","specs":{"length":4}}`, Type{Kind: String, Length: 4}},
		{"large keys", `{"type":"enum","specs":{"60001":"a","0":"b"}}`, Type{Kind: Enum, Labels: map[int64]string{60001: "a", 0: "b"}}},
		{"bool", `{"type":"bool","specs":{"true":"on","false":"off"}}`, Type{Kind: Bool}},
		{"struct as array", `{"type":"struct","specs":[{"identifier":"x"}]}`, Type{Kind: Struct}},
		{"struct as object", `{"type":"struct","specs":{"x":{"type":"int32"}}}`, Type{Kind: Struct}},
		{"array", `{"type":"array","specs":{"size":"3","items":{"type":"int32"}}}`, Type{Kind: Array}},
	} {
		if got := console(t, row.dataType).Properties[0].Type; !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: got %+v, want %+v", row.name, got, row.want)
		}
	}
}

// TestParseFile_ErrorsNameThePlace: a person has to find it in the file.
func TestParseFile_ErrorsNameThePlace(t *testing.T) {
	p := func(dataType string) string {
		return `{"properties":[{"identifier":"a","dataType":` + dataType + `}]}`
	}
	for _, row := range []struct{ name, file, want string }{
		{"trailing comma", "{\n \"properties\": [\n  {\"identifier\":\"a\",}\n ]\n}", "line 3, column 21"},
		{"empty", "", "unexpected end"},
		{"more behind it", p(`{"type":"bool"}`) + "{}", "line 1, column 63"},
		{"a key twice", `{"properties":[],"properties":[]}`, `"properties" is there twice`},
		{"a list", "[]", "found the JSON array, expected an object"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "the file is in UTF-16: save it as UTF-8"},
		{"another file", `{"a":1}`, "it has no properties"},
		{"properties are none", `{"properties":7}`, "properties: found the JSON number, expected a list"},
		{"property is none", `{"properties":[7]}`, "properties[0]: found the JSON number, expected an object"},
		{"identifier is none", `{"properties":[{"identifier":7}]}`, "properties[0]: identifier: found the JSON number, expected a text"},
		{"type is none", `{"properties":[{"identifier":"a","dataType":[]}]}`, "properties[0]: dataType: found the JSON array, expected an object"},
		{"identifier missing", `{"properties":[{"dataType":{"type":"bool"}}]}`, "properties[0].identifier is missing"},
		{"identifier twice", `{"properties":[{"identifier":"a","dataType":{"type":"bool"}},{"identifier":"a","dataType":{"type":"bool"}}]}`,
			`properties[1].identifier "a" is there twice`},
		{"unknown type", p(`{"type":"Int32"}`), `properties[0].dataType.type "Int32" is not a type`},
		{"no type", `{"properties":[{"identifier":"a"}]}`, `properties[0].dataType.type "" is not a type`},
		{"bad number", p(`{"type":"int32","specs":{"min":"low"}}`), `properties[0].dataType.specs.min: "low" is not a number`},
		{"specs are a list", p(`{"type":"int32","specs":[0]}`), "properties[0].dataType.specs is not an object"},
		{"enum key", p(`{"type":"enum","specs":{"one":"a"}}`), `properties[0].dataType.specs: "one" is not the number of an enum`},
		{"events are none", `{"properties":[],"events":7}`, "events: found the JSON number, expected a list of objects"},
		{"an event is none", `{"properties":[],"events":["x"]}`, "events: found the JSON string, expected a list of objects"},
		{"services are none", `{"properties":[],"services":7}`, "services: "},
	} {
		_, err := ParseFile([]byte(row.file))
		if err == nil || !strings.HasPrefix(err.Error(), "cannot read the thing model: ") || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q in it", row.name, err, row.want)
		}
	}
}

// FuzzParseFile: any bytes are read or refused, and what is read can be written
// again.
func FuzzParseFile(f *testing.F) {
	f.Add([]byte(`{"properties":[{"identifier":"a","dataType":{"type":"enum","specs":{"1":"x"}}}],"events":[],"services":null,"é\"\u0001":{}}`))
	f.Add([]byte(`{"properties":null,"properties":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := ParseFile(data)
		if err != nil {
			return
		}
		text, err := (&Model{}).Export(file)
		if err != nil {
			t.Fatalf("cannot be written again: %v", err)
		}
		again, err := ParseFile(text)
		if err != nil || len(again.Properties) != len(file.Properties) {
			t.Fatalf("written as %s: %v", text, err)
		}
	})
}
