package thingmodel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// File is a thing model as the console exports it.
type File struct {
	Properties []FileProperty
	Events     []string // identifiers
	Services   []string

	members []member // the whole file, in its order
}

// FileProperty is a property of the console.
type FileProperty struct {
	Identifier   string
	Name         string
	FunctionType string
	AccessMode   string
	Type         Type

	desc     string
	required bool
	raw      json.RawMessage
}

// member is one name and value of the file's outermost object.
type member struct {
	key string
	raw json.RawMessage
}

func (f *File) property(identifier string) *FileProperty {
	i := slices.IndexFunc(f.Properties, func(p FileProperty) bool { return p.Identifier == identifier })
	if i < 0 {
		return nil
	}
	return &f.Properties[i]
}

// ParseFile reads what the console exports, in any of its versions: numbers may
// be text, empty or null, and unknown keys are left alone. An error names the
// place: line and column of broken JSON, else the path of the key. [ONENET-26]
func ParseFile(data []byte) (*File, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, errors.New("cannot read the thing model: the file is in UTF-16: save it as UTF-8")
	}
	members, err := outermost(data)
	if err != nil {
		return nil, fmt.Errorf("cannot read the thing model: %s%w", place(data, err), err)
	}
	f := &File{members: members}
	for _, one := range members {
		var err error
		switch one.key {
		case "properties":
			err = f.readProperties(one.raw)
		case "events":
			f.Events, err = readIdentifiers(one.raw, "events")
		case "services":
			f.Services, err = readIdentifiers(one.raw, "services")
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the thing model: %w", err)
		}
	}
	if !slices.ContainsFunc(members, func(m member) bool { return m.key == "properties" }) {
		return nil, errors.New("cannot read the thing model: it has no properties: is it a file that the console exports?")
	}
	return f, nil
}

// outermost reads an object's members in their order.
func outermost(data []byte) (list []member, err error) {
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil { // with nothing behind it, too
		return nil, mismatch(err, "an object")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil { // the brace
		return nil, err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, err
		}
		name := fmt.Sprint(key)
		if slices.ContainsFunc(list, func(m member) bool { return m.key == name }) {
			return nil, fmt.Errorf("%q is there twice", name)
		}
		list = append(list, member{name, raw})
	}
	return list, nil
}

// place says where the JSON decoder stopped, when it knows.
func place(data []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return ""
	}
	before := data[:min(syntax.Offset, int64(len(data)))]
	line := bytes.Count(before, []byte("\n")) + 1
	return fmt.Sprintf("line %d, column %d: ", line, len(before)-bytes.LastIndexByte(before, '\n')-1)
}

// mismatch says in JSON's words that a value is of another kind than expected; want
// is what the outermost value should be.
func mismatch(err error, want string) error {
	var kind *json.UnmarshalTypeError
	if !errors.As(err, &kind) {
		return err
	}
	if kind.Field == "" {
		return fmt.Errorf("found the JSON %s, expected %s", kind.Value, want)
	}
	want = "an object"
	if kind.Type.Kind() == reflect.String {
		want = "a text"
	}
	field := strings.TrimPrefix(kind.Field, "fileProperty.") // embedded: JSON has no such member
	return fmt.Errorf("%s: found the JSON %s, expected %s", field, kind.Value, want)
}

func readIdentifiers(raw json.RawMessage, path string) (out []string, err error) {
	var list []struct {
		Identifier string `json:"identifier"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", path, mismatch(err, "a list of objects"))
	}
	for _, one := range list {
		out = append(out, one.Identifier)
	}
	return out, nil
}

func (f *File) readProperties(raw json.RawMessage) error {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("properties: %w", mismatch(err, "a list"))
	}
	for i, one := range list {
		path := fmt.Sprintf("properties[%d]", i)
		var p struct {
			fileProperty
			Desc     any `json:"desc"`
			Required any `json:"required"`
		}
		if err := json.Unmarshal(one, &p); err != nil {
			return fmt.Errorf("%s: %w", path, mismatch(err, "an object"))
		}
		if p.Identifier == "" {
			return fmt.Errorf("%s.identifier is missing", path)
		}
		if f.property(p.Identifier) != nil {
			return fmt.Errorf("%s.identifier %q is there twice", path, p.Identifier)
		}
		t, err := p.DataType.read(path + ".dataType")
		if err != nil {
			return err
		}
		desc, _ := p.Desc.(string)
		required, _ := p.Required.(bool)
		f.Properties = append(f.Properties, FileProperty{
			Identifier: p.Identifier, Name: p.Name, FunctionType: p.FunctionType, AccessMode: p.AccessMode,
			Type: t, desc: desc, required: required, raw: one,
		})
	}
	return nil
}

// read reads the type and the limits that matter to a board. What arrays and
// structs hold does not: no board sends one.
func (t fileType) read(path string) (Type, error) {
	out := Type{Kind: t.Type}
	switch t.Type {
	case Array, Struct, Date, Bool:
		return out, nil
	case Int32, Int64, Float, Double, String, BitMap, Enum:
	default:
		return out, fmt.Errorf("%s.type %q is not a type", path, t.Type)
	}
	specs := map[string]json.RawMessage{}
	if len(t.Specs) > 0 {
		if err := json.Unmarshal(t.Specs, &specs); err != nil {
			return out, fmt.Errorf("%s.specs is not an object", path)
		}
	}
	if t.Type == Enum {
		return out, out.readLabels(specs, path)
	}
	values := map[string]float64{}
	for _, key := range []string{"min", "max", "step", "length"} {
		v, err := looseNumber(specs[key])
		if err != nil {
			return out, fmt.Errorf("%s.specs.%s: %w", path, key, err)
		}
		values[key] = v
	}
	out.Min, out.Max, out.Step, out.Length = values["min"], values["max"], values["step"], int(values["length"])
	out.Bounded = out.Min < out.Max
	out.Unit = looseText(specs["unit"])
	return out, nil
}

func (t *Type) readLabels(specs map[string]json.RawMessage, path string) error {
	t.Labels = map[int64]string{}
	for key, raw := range specs {
		n, err := strconv.ParseInt(key, 10, 64)
		if err != nil {
			return fmt.Errorf("%s.specs: %q is not the number of an enum", path, key)
		}
		t.Labels[n] = looseText(raw)
	}
	return nil
}

// looseNumber takes 5, "5", "" and null; the last two are 0.
func looseNumber(raw json.RawMessage) (float64, error) {
	text := strings.Trim(string(raw), `" `)
	if text == "" || text == "null" {
		return 0, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is not a number", raw)
	}
	return f, nil
}

func looseText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return "" // null or no text: as good as none
	}
	return text
}
