package codegen

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"serialgw/internal/frame"
)

// message writes the table of a message's fields.
func (s *sheet) message(m frame.Message, plan *frame.MessagePlan) {
	s.line("## %s\n", m.Name)
	least, most := plan.Sizes()
	about := fmt.Sprintf("%d bytes", least)
	if least != most {
		about = fmt.Sprintf("%d to %d bytes", least, most)
	}
	if len(m.ID) > 0 {
		about += ", id"
		for i, id := range m.ID {
			if i > 0 {
				about += ","
			}
			about += fmt.Sprintf(" 0x%02X", id)
		}
	}
	if m.Turn != "" {
		about += ", a " + m.Turn
	}
	if m.CRCExtra != nil {
		about += fmt.Sprintf(", one more byte in the check: %d", *m.CRCExtra)
	}
	if m.First != "" {
		about += ", first piece " + m.First
	}
	s.line("%s.\n", about)
	if len(m.Fields) == 0 {
		s.line("No fields.\n")
		return
	}
	s.line("| offset | type | name | unit | scale | range | notes |\n|---|---|---|---|---|---|---|")
	s.rows(m.Fields, *m.Data, "")
	s.line("")
}

// rows writes the fields; those of a group are marked.
func (s *sheet) rows(fields []frame.Field, data int, mark string) {
	places := frame.Places(data, fields)
	for i := range fields {
		f, p := &fields[i], places[i]
		at := fmt.Sprint(p.At)
		if p.Run && p.Bit > 0 {
			at += fmt.Sprintf(" bit %d", p.Bit)
		}
		if p.Loose {
			at = "+" + at
		}
		if s.d.Split != "" {
			at = fmt.Sprint("piece ", i)
		}
		it := &item{Field: *f, pos: p}
		s.line("| %s |", strings.Join([]string{mark + at, typeText(f), nameText(f), f.Unit, numberText(f.Scale, f.Offset),
			rangeText(f.Range), notesText(it)}, " | "))
		if len(f.Group) > 0 {
			s.rows(f.Group, 0, "· ")
		}
	}
}

func typeText(f *frame.Field) string {
	text := f.Type
	switch {
	case f.Skip > 0:
		return fmt.Sprintf("%d bytes", f.Skip)
	case len(f.Group) > 0:
		text = "group"
	case f.Type == "":
		return ""
	default:
		text = "`" + text + "`"
	}
	if f.Order != "" {
		text += " order " + f.Order
	}
	switch {
	case f.Repeat == "rest":
		text += fmt.Sprintf(" × to the end, at most %d", f.Max)
	case f.Repeat != "":
		text += fmt.Sprintf(" × %s, at most %d", f.Repeat, f.Max)
	case f.Count > 0:
		text += fmt.Sprintf(" × %d", f.Count)
	}
	return text
}

func nameText(f *frame.Field) string {
	if len(f.Names) > 0 {
		return strings.Join(f.Names, ", ")
	}
	return f.Name
}

func numberText(scale, offset any) string {
	text := ""
	if scale != nil {
		text = number(scale)
	}
	if offset != nil {
		text = strings.TrimSpace(text + " + " + number(offset))
	}
	return text
}

func rangeText(r []float64) string {
	if len(r) != 2 {
		return ""
	}
	return short(r[0]) + " to " + short(r[1])
}

func notesText(it *item) string {
	var parts []string
	if it.Const != nil {
		parts = append(parts, fmt.Sprint("always ", *it.Const))
	}
	parts = append(parts, it.labels()...)
	var bits []string
	for key := range it.Flags {
		bits = append(bits, key)
	}
	slices.SortFunc(bits, byNumber)
	for _, key := range bits {
		parts = append(parts, "bit "+key+" "+it.Flags[key])
	}
	for _, v := range it.Invalid {
		parts = append(parts, number(v)+": no value")
	}
	for _, more := range []struct{ label, text string }{
		{"sign ", it.Sign}, {"computed: ", it.Expr}, {"only where ", it.When}, {"encoding ", it.Encode},
	} {
		if more.text != "" {
			parts = append(parts, more.label+more.text)
		}
	}
	if it.Counter != nil {
		parts = append(parts, "a counter that starts again; its total is sent")
	}
	return strings.ReplaceAll(strings.Join(parts, ", "), "|", "\\|")
}

// example works out the first example of the description, byte by byte.
func (s *sheet) example(examples []frame.Example) {
	for _, e := range examples {
		b, err := hex.DecodeString(strings.Join(strings.Fields(e.Hex), ""))
		if err != nil {
			continue
		}
		x := s.plan.Explain(b)
		if !x.OK {
			continue
		}
		s.line("## An example\n\n`%s`\n\n| offset | bytes | what | value |\n|---|---|---|---|", e.Hex)
		for _, p := range x.Parts {
			what := p.Kind
			if p.Name != "" {
				what = p.Name
			}
			s.line("| %d | `%s` | %s | %s |", p.At, p.Bytes, what, strings.ReplaceAll(p.Says, "|", "\\|"))
		}
		return
	}
}
