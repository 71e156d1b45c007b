package codegen

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"serialgw/internal/frame"
)

// Markdown writes a datasheet: how the frame stands on the line, the fields of
// every message, the checks, and an example byte by byte.
func Markdown(name string, d frame.Description) (string, error) {
	expanded, errs := frame.Expand(name, d)
	if len(errs) > 0 {
		return "", errs
	}
	p, errs := frame.Compile(name, d)
	if len(errs) > 0 {
		return "", errs
	}
	s := &sheet{name: name, d: expanded, plan: p}
	s.head()
	s.line("")
	s.line("## The frame\n")
	s.line("```\n%s\n```\n", s.diagram())
	s.rules()
	for i, one := range s.d.Messages {
		s.message(one, p.Messages()[i])
	}
	s.example(d.Examples)
	return s.b.String(), nil
}

// sheet writes a datasheet.
type sheet struct {
	writer
	name string
	d    frame.Description
	plan *frame.Plan
}

func (s *sheet) head() {
	s.line("# %s", s.name)
	for _, part := range []struct{ label, text string }{
		{"", s.d.Title}, {"Source: ", s.d.Source}, {"Only probable: ", s.d.Likely},
	} {
		if part.text != "" {
			s.line("\n%s%s", part.label, part.text)
		}
	}
}

// cell is a part of the frame's row.
type cell struct {
	at   int
	text string
}

// diagram draws the frame in one row: AA 55 | length | id | data ... | check.
func (s *sheet) diagram() string {
	var front, back []cell
	add := func(at int, text string) {
		if at < 0 {
			back = append(back, cell{at, text})
		} else {
			front = append(front, cell{at, text})
		}
	}
	if s.d.Sync != "" {
		add(0, s.d.Sync)
	}
	if l := s.d.Length; l != nil {
		add(l.At, "length "+l.Type)
	}
	if s.d.ID != nil {
		add(s.d.ID.At, "id "+s.d.ID.Type)
	}
	if s.d.Seq != nil {
		add(s.d.Seq.At, "seq "+s.d.Seq.Type)
	}
	for _, k := range s.d.Check {
		add(*k.At, k.Kind)
	}
	front = append(front, cell{1 << 20, "data ..."})
	if end := s.plan.EndBytes(); len(end) > 0 {
		add(-len(end), fmt.Sprintf("% X", end))
	}
	byPlace := func(a, b cell) int { return cmp.Compare(a.at, b.at) }
	slices.SortStableFunc(front, byPlace)
	slices.SortStableFunc(back, byPlace)
	places, texts := "", ""
	for _, c := range append(front, back...) {
		place := fmt.Sprint(c.at)
		if c.at == 1<<20 {
			place = ""
		}
		width := max(len([]rune(c.text)), len(place))
		places += fmt.Sprintf("  %-*s", width+1, place)
		texts += fmt.Sprintf("│ %-*s ", width, c.text)
	}
	return strings.TrimRight(places, " ") + "\n" + texts + "│"
}

// rules says how sizes and checks are made.
func (s *sheet) rules() {
	least, most := s.plan.MinSize(), s.plan.MaxSize()
	size := fmt.Sprintf("%d bytes", least)
	if least != most {
		size = fmt.Sprintf("%d to %d bytes", least, most)
	}
	s.line("Offsets count from the first byte; negative ones from the end. `<` low byte first, `>` high byte first.\n")
	s.line("- Size: %s.", size)
	if l := s.d.Length; l != nil {
		s.line("- Length: %s.", lengthText(l))
	}
	if s.d.Stuff != nil {
		kind := s.d.Stuff.Kind
		if kind == "" {
			kind = fmt.Sprintf("%02X and a code", *s.d.Stuff.Esc)
		}
		s.line("- Escapes on the line: %s; offsets count without them.", kind)
	}
	if u := s.d.Unmask; u != nil {
		s.line("- Data bytes %s are masked on the line: sub = 0x%02X, xor = 0x%02X undoes it.", u.Over, u.Sub, u.Xor)
	}
	for _, k := range s.d.Check {
		s.line("- Check: %s.", checkText(k))
	}
	s.line("")
}

func lengthText(l *frame.Length) string {
	text := fmt.Sprintf("`%s` at %d", l.Type, l.At)
	for _, r := range l.Sum {
		text += fmt.Sprintf(" + `%s` at %d", r.Type, r.At)
	}
	if l.Mul > 1 {
		text = fmt.Sprintf("%d × (%s)", l.Mul, text)
	}
	switch {
	case l.Add > 0:
		text += fmt.Sprintf(" + %d", l.Add)
	case l.Add < 0:
		text += fmt.Sprintf(" - %d", -l.Add)
	}
	return "the whole frame has " + text + " bytes"
}

func checkText(k frame.Check) string {
	if k.Kind == "const" {
		return fmt.Sprintf("the byte %02X at %d", *k.Value, *k.At)
	}
	text := fmt.Sprintf("%s over `%s`, at %d", k.Kind, strings.Join(k.Over, "` and `"), *k.At)
	if k.Kind == "crc" {
		text = fmt.Sprintf("CRC of %d bits, polynomial 0x%X, start 0x%X, reflected %v, final XOR 0x%X, over `%s`, at %d",
			k.Width, k.Poly, k.Init, k.Reflect, k.XorOut, strings.Join(k.Over, "` and `"), *k.At)
	}
	if c, err := frame.NewChecksum(k); err == nil && c.Size() > 1 && k.Kind != "sum+sum" {
		text += ", " + k.Endian + "-endian"
	}
	if k.Blank {
		text += ", its own bytes taken as 00"
	}
	if k.Extra != "" {
		text += ", and one more byte that the message gives"
	}
	if k.Form != "" {
		text += ", in ASCII hex digits"
	}
	return text
}

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
