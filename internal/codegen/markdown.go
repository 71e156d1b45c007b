package codegen

import (
	"cmp"
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
