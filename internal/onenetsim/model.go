package onenetsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// modelFile is the console's export. Its shapes differ from version to
// version; whatever may be two things is read raw first.
type modelFile struct {
	Properties []modelMember `json:"properties"`
	Events     []struct {
		Identifier string        `json:"identifier"`
		OutputData []modelMember `json:"outputData"`
	} `json:"events"`
	Services []struct {
		Identifier string `json:"identifier"`
	} `json:"services"`
}

type modelMember struct {
	Identifier string    `json:"identifier"`
	DataType   modelType `json:"dataType"`
}

type modelType struct {
	Type  string          `json:"type"`
	Specs json.RawMessage `json:"specs"`
}

// modelSpecs is what the specs of the simple types and of an array may hold.
type modelSpecs struct {
	Min    looseNumber     `json:"min"`
	Max    looseNumber     `json:"max"`
	Length looseNumber     `json:"length"`
	Size   looseNumber     `json:"size"` // an array's other name for length
	Type   string          `json:"type"`
	Specs  json.RawMessage `json:"specs"`
	Items  *modelType      `json:"items"`
}

// looseNumber is a number that may be written as text, empty or null.
type looseNumber float64

// UnmarshalJSON takes 5, "5", "" and null; the last two are 0.
func (n *looseNumber) UnmarshalJSON(raw []byte) error {
	text := strings.Trim(string(raw), `" `)
	if text == "" || text == "null" {
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%s is not a number", raw)
	}
	*n = looseNumber(f)
	return nil
}

// ParseModel reads a thing model as the console exports it. An error names
// the place: line and column of broken JSON, else the path of the key.
func ParseModel(data []byte) (Model, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var file modelFile
	if err := json.Unmarshal(data, &file); err != nil {
		return Model{}, fmt.Errorf("cannot read the thing model: %s%w", place(data, err), err)
	}
	m := Model{Properties: map[string]DataType{}, Events: map[string]map[string]DataType{}, Services: map[string]bool{}}
	var err error
	if m.Properties, err = members(file.Properties, "properties"); err != nil {
		return Model{}, err
	}
	for i, e := range file.Events {
		path := fmt.Sprintf("events[%d]", i)
		if e.Identifier == "" {
			return Model{}, badModel(path+".identifier", "is missing")
		}
		if m.Events[e.Identifier], err = members(e.OutputData, path+".outputData"); err != nil {
			return Model{}, err
		}
	}
	for i, s := range file.Services {
		if s.Identifier == "" {
			return Model{}, badModel(fmt.Sprintf("services[%d].identifier", i), "is missing")
		}
		m.Services[s.Identifier] = true
	}
	return m, nil
}

func badModel(path, what string) error {
	return fmt.Errorf("cannot read the thing model: %s %s", path, what)
}

// place says where the JSON decoder stopped, when it knows.
func place(data []byte, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var offset int64
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	default:
		return ""
	}
	before := data[:min(offset, int64(len(data)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return fmt.Sprintf("line %d, column %d: ", line, column)
}

func members(list []modelMember, path string) (map[string]DataType, error) {
	out := make(map[string]DataType, len(list))
	for i, m := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		if m.Identifier == "" {
			return nil, badModel(at+".identifier", "is missing")
		}
		if _, twice := out[m.Identifier]; twice {
			return nil, badModel(at+".identifier", strconv.Quote(m.Identifier)+" is there twice")
		}
		t, err := m.DataType.convert(at + ".dataType")
		if err != nil {
			return nil, err
		}
		out[m.Identifier] = t
	}
	return out, nil
}

// convert reads the specs of one type. path is where it stands in the file.
func (t modelType) convert(path string) (DataType, error) {
	out := DataType{Kind: t.Type}
	switch t.Type {
	case "int32", "int64", "float", "double", "string", "array":
		return t.limits(path)
	case "date", "bool", "bitMap":
		return out, nil
	case "enum":
		keys, ok := object(t.Specs)
		if !ok && !absent(t.Specs) {
			return out, badModel(path+".specs", "is not an object")
		}
		for _, k := range keys {
			out.Enum = append(out.Enum, k.name)
		}
		slices.Sort(out.Enum)
		return out, nil
	case "struct":
		list, err := structMembers(t.Specs, path+".specs")
		if err != nil {
			return out, err
		}
		out.Members, err = members(list, path+".specs")
		return out, err
	}
	return out, badModel(path+".type", strconv.Quote(t.Type)+" is not a type")
}

// limits reads range, length and element type.
func (t modelType) limits(path string) (DataType, error) {
	out := DataType{Kind: t.Type}
	if absent(t.Specs) {
		return out, nil
	}
	var specs modelSpecs
	if err := json.Unmarshal(t.Specs, &specs); err != nil {
		return out, fmt.Errorf("cannot read the thing model: %s.specs: %w", path, err)
	}
	out.Min, out.Max = float64(specs.Min), float64(specs.Max)
	out.Length = int(min(max(specs.Length, specs.Size, 0), math.MaxInt32))
	if t.Type != "array" {
		return out, nil
	}
	element, at := modelType{specs.Type, specs.Specs}, path+".specs"
	if specs.Items != nil {
		element, at = *specs.Items, path+".specs.items"
	}
	if element.Type == "" {
		return out, nil
	}
	inner, err := element.convert(at)
	out.Element = &inner
	return out, err
}

// structMembers reads the members of a struct: an array, or in some exports
// an object whose names are the identifiers.
func structMembers(raw json.RawMessage, path string) (list []modelMember, err error) {
	if absent(raw) {
		return nil, nil
	}
	if kind(raw) == '[' {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, fmt.Errorf("cannot read the thing model: %s: %w", path, err)
		}
		return list, nil
	}
	fields, ok := object(raw)
	if !ok {
		return nil, badModel(path, "is neither array nor object")
	}
	for _, f := range fields {
		m := modelMember{Identifier: f.name}
		if err := json.Unmarshal(f.raw, &m); err != nil {
			return nil, fmt.Errorf("cannot read the thing model: %s.%s: %w", path, f.name, err)
		}
		if m.DataType.Type == "" { // the type itself, without a wrapper
			if err := json.Unmarshal(f.raw, &m.DataType); err != nil {
				return nil, fmt.Errorf("cannot read the thing model: %s.%s: %w", path, f.name, err)
			}
		}
		list = append(list, m)
	}
	return list, nil
}
