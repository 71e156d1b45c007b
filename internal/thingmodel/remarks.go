package thingmodel

import (
	"fmt"
	"maps"
	"slices"
)

// Remark is about one property of an exported model, or about all where there
// is no identifier.
type Remark struct{ Identifier, Text string }

// String returns the remark as a person reads it.
func (r Remark) String() string {
	if r.Identifier == "" {
		return r.Text
	}
	return r.Identifier + ": " + r.Text
}

// Remarks says what Export, with the same into, cannot write as the board has it.
// [ONENET-27]
func (m *Model) Remarks(into *File) []Remark {
	var out []Remark
	for i := range m.Properties {
		p := &m.Properties[i]
		if into == nil || into.property(p.Identifier) == nil || loses(p.against(into.property(p.Identifier))) {
			out = append(out, p.remarks()...)
		}
	}
	if n := m.points(into); n > maxPoints {
		out = append(out, Remark{"", fmt.Sprintf("%d properties, events and services: a product takes at most %d", n, maxPoints)})
	}
	return out
}

// points counts what the written file has.
func (m *Model) points(into *File) int {
	if into == nil {
		return len(m.Properties)
	}
	n := len(into.Properties) + len(into.Events) + len(into.Services)
	for i := range m.Properties {
		if into.property(m.Properties[i].Identifier) == nil {
			n++
		}
	}
	return n
}

func (p *Property) remarks() (out []Remark) {
	add := func(format string, args ...any) {
		out = append(out, Remark{p.Identifier, fmt.Sprintf(format, args...)})
	}
	switch t := p.Type; {
	case t.Kind == Int64 && t.Max > 1<<63:
		add("values above 9223372036854775807 fit into no type of OneNET")
	case (t.Kind == Float || t.Kind == Double) && !t.Bounded:
		add("no range is known, %s to %s is written: give the field a range", plain(-wide), plain(wide))
	case t.Kind == Enum && len(t.Labels) > maxLabels:
		add("%d labels: OneNET takes at most %d", len(t.Labels), maxLabels)
	case t.Kind == String && (t.Length == 0 || t.Length > maxText):
		add("text may be longer than %d characters, which is all that OneNET takes", maxText)
	}
	if n := len([]rune(p.Type.Unit)); n > maxUnit {
		add("the unit has %d characters, it is cut to %d", n, maxUnit)
	}
	for _, number := range slices.Sorted(maps.Keys(p.Type.Labels)) {
		text := p.Type.Labels[number]
		if n := len([]rune(text)); n > maxLabel {
			add("the label %q has %d characters, it is cut to %d", text, n, maxLabel)
		}
	}
	return out
}
