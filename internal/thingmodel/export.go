package thingmodel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Limits of the console. [ONENET-27]
const (
	maxPoints = 100     // properties, events and services of a product
	maxLabels = 100     // of an enum
	maxLabel  = 20      // characters of a label
	maxUnit   = 15      // characters
	maxText   = 255     // characters of a string
	maxName   = 30      // characters
	wide      = 9999999 // what is written for a float that nothing bounds
)

// fileProperty is one property as the console writes it.
type fileProperty struct {
	Identifier   string   `json:"identifier"`
	Name         string   `json:"name"`
	FunctionType string   `json:"functionType"` // u: the user's, s: the system's, st: a standard's
	AccessMode   string   `json:"accessMode"`
	Desc         string   `json:"desc"`
	DataType     fileType `json:"dataType"`
	FunctionMode string   `json:"functionMode"`
	Required     bool     `json:"required"`
}

type fileType struct {
	Type  Kind            `json:"type"`
	Specs json.RawMessage `json:"specs"`
}

// Export returns the file that the console imports. With into, a file exported
// from it, everything there stays: profile, events, services, what no board
// gives, and what agrees; what differs in a way that loses values gets the
// board's type, and what is missing is added. [ONENET-26]
func (m *Model) Export(into *File) ([]byte, error) {
	members := []member{{"properties", nil}, {"events", json.RawMessage("[]")}, {"services", json.RawMessage("[]")}}
	var list []json.RawMessage
	if into != nil {
		members = into.members
		list = m.kept(into)
	}
	for i := range m.Properties {
		p := &m.Properties[i]
		if into != nil && into.property(p.Identifier) != nil {
			continue
		}
		raw, err := json.Marshal(p.file())
		if err != nil {
			return nil, fmt.Errorf("cannot write %s: %w", p.Identifier, err)
		}
		list = append(list, raw)
	}
	properties, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("cannot write the properties: %w", err)
	}
	return writeMembers(members, properties)
}

// kept returns the properties of the console's file, those that would lose
// values with the board's type.
func (m *Model) kept(into *File) []json.RawMessage {
	list := []json.RawMessage{}
	for i := range into.Properties {
		c := &into.Properties[i]
		at := slices.IndexFunc(m.Properties, func(p Property) bool { return p.Identifier == c.Identifier })
		raw := c.raw
		if at >= 0 && loses(m.Properties[at].against(c)) {
			p := m.Properties[at].file()
			p.Name, p.Desc, p.FunctionType, p.AccessMode, p.Required = c.Name, c.desc, c.FunctionType, c.AccessMode, c.required
			raw, _ = json.Marshal(p) // of plain strings: it cannot fail
		}
		list = append(list, raw)
	}
	return list
}

func writeMembers(members []member, properties json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, one := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quoted(one.key) + ":")
		if one.key == "properties" {
			one.raw = properties
		}
		b.Write(one.raw)
	}
	b.WriteByte('}')
	var out bytes.Buffer
	if err := json.Indent(&out, b.Bytes(), "", "  "); err != nil {
		return nil, fmt.Errorf("cannot write the thing model: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// file returns the property as the console writes it.
func (p *Property) file() fileProperty {
	return fileProperty{
		Identifier: p.Identifier, Name: cut(p.Identifier, maxName), FunctionType: "u", AccessMode: "r",
		DataType: fileType{p.Type.Kind, p.Type.specs()}, FunctionMode: "property",
	}
}

// specs writes the limits; numbers stand there as text.
func (t Type) specs() json.RawMessage {
	switch t.Kind {
	case Bool:
		return json.RawMessage(`{"true":"true","false":"false"}`)
	case String:
		length := t.Length
		if length == 0 || length > maxText {
			length = maxText
		}
		return fmt.Appendf(nil, `{"length":"%d"}`, length)
	case Enum:
		b := []byte{'{'}
		for i, n := range slices.Sorted(maps.Keys(t.Labels)) {
			if i > 0 {
				b = append(b, ',')
			}
			b = fmt.Appendf(b, `"%d":%s`, n, quoted(cut(t.Labels[n], maxLabel)))
		}
		return append(b, '}')
	}
	step := ""
	if t.Step > 0 {
		step = plain(t.Step)
	}
	low, high := t.bounds()
	return fmt.Appendf(nil, `{"max":"%s","min":"%s","step":"%s","unit":%s}`, high, low, step, quoted(cut(t.Unit, maxUnit)))
}

// bounds returns min and max, which the console wants of every number.
func (t Type) bounds() (low, high string) {
	low, high = plain(t.Min), plain(t.Max)
	switch {
	case !t.Bounded && t.Kind != Int64:
		return plain(-wide), plain(wide)
	case t.Kind == Int64 && (!t.Bounded || t.Min <= -1<<63): // a float64 cannot say the last ones
		low = "-9223372036854775808"
	}
	if t.Kind == Int64 && (!t.Bounded || t.Max >= 1<<63) {
		high = "9223372036854775807"
	}
	return low, high
}

// plain writes a number without an exponent.
func plain(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func quoted(text string) string {
	raw, _ := json.Marshal(text) // a string cannot fail
	return string(raw)
}

func cut(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most])
	}
	return text
}
