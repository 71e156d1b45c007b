package onenetsim

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// DataType is the type of a property, an output or an element.
type DataType struct {
	Kind   string // int32 int64 float double date bool enum string bitMap array struct; "": anything
	Min    float64
	Max    float64 // Min == Max: no range
	Length int     // characters of a string, elements of an array; 0: no limit

	Enum    []string            // keys of an enum, as text; none: any integer
	Element *DataType           // of an array; nil: anything
	Members map[string]DataType // of a struct; none: anything
}

// check judges a value that is present and not null. ranges adds what only
// profile strict enforces.
func (t DataType) check(identifier string, raw json.RawMessage, ranges bool) *refusal {
	code := t.mismatch(raw)
	if code == 0 && ranges {
		code = t.excess(raw)
	}
	if code == 0 {
		code = t.inner(raw, ranges)
	}
	if code == 0 {
		return nil
	}
	return refuseIdent(code, identifier)
}

// mismatch returns the code for a value of the wrong type, 0 for a right one.
func (t DataType) mismatch(raw json.RawMessage) int {
	k := kind(raw)
	number := k == '-' || (k >= '0' && k <= '9')
	for _, rule := range []struct {
		kind string
		fits bool
		code int
	}{
		{"bool", k == 't' || k == 'f', codeBoolType}, // 1 and 0 are not booleans here
		{"int32", integer(raw, 32), codeInt32Type},
		{"int64", integer(raw, 64), codeInt64Type},
		{"date", integer(raw, 64), codeDateType},
		{"float", number, codeFloatType},
		{"double", number, codeDoubleType},
		{"enum", t.enumKey(raw), codeEnumType},
		{"bitMap", integer(raw, 64) && k != '-', codeBitMapType},
		{"string", k == '"', codeStringType},
		{"array", k == '[', codeArrayType},
		{"struct", k == '{', codeStructType},
	} {
		if rule.kind == t.Kind && !rule.fits {
			return rule.code
		}
	}
	return 0
}

// integer reports a number without point and exponent that fits.
func integer(raw json.RawMessage, bits int) bool {
	_, err := strconv.ParseInt(string(raw), 10, bits)
	return err == nil
}

func (t DataType) enumKey(raw json.RawMessage) bool {
	return integer(raw, 64) && (len(t.Enum) == 0 || slices.Contains(t.Enum, string(raw)))
}

// excess returns the code for a value outside the model's limits.
func (t DataType) excess(raw json.RawMessage) int {
	switch t.Kind {
	case "int32", "int64", "float", "double":
		f, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || math.IsInf(f, 0) || (t.Min < t.Max && (f < t.Min || f > t.Max)) {
			return codeRange
		}
	case "string":
		var text string
		if json.Unmarshal(raw, &text) != nil || (t.Length > 0 && utf8.RuneCountInString(text) > t.Length) {
			return codeLength
		}
	case "array":
		if list, ok := array(raw); !ok || (t.Length > 0 && len(list) > t.Length) {
			return codeLength
		}
	}
	return 0
}

// inner judges elements and members.
func (t DataType) inner(raw json.RawMessage, ranges bool) int {
	switch {
	case t.Kind == "array" && t.Element != nil:
		list, _ := array(raw)
		for _, e := range list {
			if absent(e) || t.Element.check("", e, ranges) != nil {
				return codeArrayType
			}
		}
	case t.Kind == "struct" && len(t.Members) > 0:
		list, ok := object(raw)
		for _, m := range list {
			member, known := t.Members[m.name]
			if !known || absent(m.raw) || member.check("", m.raw, ranges) != nil {
				return codeStructType
			}
		}
		if !ok {
			return codeStructType
		}
	}
	return 0
}

// Model is a product's thing model, as far as a device can offend against it.
type Model struct {
	Properties map[string]DataType
	Events     map[string]map[string]DataType // event to outputs
	Services   map[string]bool
}

// property finds a property. Without a model any well-formed identifier is
// one, of any type.
func (m *Model) property(identifier string) (DataType, *refusal) {
	if m == nil {
		return DataType{}, wellFormed(identifier)
	}
	t, ok := m.Properties[identifier]
	switch _, event := m.Events[identifier]; {
	case ok:
		return t, nil
	case event || m.Services[identifier]:
		return t, refuseIdent(codeMode, identifier)
	}
	return t, refuseIdent(codeNoIdent, identifier)
}

// event finds the outputs of an event; nil outputs: any.
func (m *Model) event(identifier string) (map[string]DataType, *refusal) {
	if m == nil {
		return nil, wellFormed(identifier)
	}
	outputs, ok := m.Events[identifier]
	switch _, property := m.Properties[identifier]; {
	case ok:
		return outputs, nil
	case property || m.Services[identifier]:
		return nil, refuseIdent(codeMode, identifier)
	}
	return nil, refuseIdent(codeNoIdent, identifier)
}

// wellFormed checks an identifier: 1 to 50 letters, digits and underscores,
// with $ in front for the platform's own.
func wellFormed(identifier string) *refusal {
	bare := strings.TrimPrefix(identifier, "$")
	if bare == "" || len(identifier) > 50 || strings.ContainsFunc(bare, func(r rune) bool { return !isWordRune(r) }) {
		return refuseIdent(codeNoIdent, identifier)
	}
	return nil
}
