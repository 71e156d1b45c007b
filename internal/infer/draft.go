package infer

import (
	"fmt"
	"strings"

	"serialgw/internal/frame"
)

// draft writes the description as TOML with the reason for each line.
func (g *guess) draft(out *Result, contents []content) string {
	var b strings.Builder
	line := func(comment, format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if comment != "" {
			text = fmt.Sprintf("%-44s # %s", text, comment)
		}
		b.WriteString(text + "\n")
	}
	d := &out.Description
	fmt.Fprintf(&b, "# Inferred from %d frames: a draft. Bytes show how frames are built, but not what\n", out.Frames)
	b.WriteString("# they mean: give the values names, units and scales, and leave out what is none.\n")
	line("", "[frame.board]")
	if d.Sync != "" {
		line(claim(out.Sync.Grade, out.Sync.Why), "sync   = %q", d.Sync)
	}
	switch {
	case d.Size > 0:
		line(claim(out.Size.Grade, out.Size.Why), "size   = %d", d.Size)
	case d.Length != nil:
		line(claim(out.Size.Grade, out.Size.Why), "length = %s", lengthText(d.Length))
	default:
		line("", "# size: %s", claim(out.Size.Grade, out.Size.Why))
	}
	if d.Max > 0 {
		line("the longest seen", "max    = %d", d.Max)
	}
	if d.End != "" {
		line("behind every frame", "end    = %q", d.End)
	}
	g.draftChecks(out, line)
	if d.ID != nil {
		line(claim(out.ID.Grade, out.ID.Why), "id     = %s", refText(d.ID))
	}
	if d.Seq != nil {
		line(claim(out.Seq.Grade, out.Seq.Why), "seq    = %s", refText(d.Seq))
	}
	if d.Idle != "" {
		line("between frames", "idle   = %q", d.Idle)
	}
	for i, c := range contents {
		if c.id >= 0 {
			fmt.Fprintf(&b, "\n[[frame.board.message]]\nname   = %q\nid     = 0x%02X\n", c.name, c.id)
			if c.size > 0 {
				fmt.Fprintf(&b, "size   = %d\n", c.size)
			}
		}
		g.draftFields(&b, &contents[i], d)
	}
	return b.String()
}

func claim(grade Grade, why string) string {
	return grade.String() + ": " + why
}

func (g *guess) draftChecks(out *Result, line func(comment, format string, args ...any)) {
	c := out.Check
	switch {
	case c.Check == nil:
		line("", "# check: %s", claim(c.Grade, c.Why))
		return
	case c.Head == nil:
		line(claim(c.Grade, c.Why), "check  = %s", checkText(c.Check))
	default:
		line("", "check  = [")
		line("of the head", "  %s,", checkText(c.Head))
		line(claim(c.Grade, c.Why), "  %s,", checkText(c.Check))
		line("", "]")
	}
	for i := range c.Equal {
		line("", "# accepts the same frames: check = %s", checkText(&c.Equal[i]))
	}
}

func (g *guess) draftFields(b *strings.Builder, c *content, d *frame.Description) {
	fmt.Fprintf(b, "data   = %d\nfields = [\n", c.data)
	fields := c.fields(len(d.Check) > 0, g.rule.open)
	k := 0
	for i := range fields {
		f := &fields[i]
		note := ""
		switch {
		case f.Skip > 0 && (k >= len(c.values) || c.values[k].kind != ""):
		case k < len(c.values):
			note = c.values[k].seenText()
			k++
		}
		text := fieldText(f)
		if note != "" {
			text = fmt.Sprintf("%-42s # %s", text, note)
		}
		b.WriteString("  " + text + "\n")
	}
	b.WriteString("]\n")
	if c.more > 0 && !g.rule.open {
		fmt.Fprintf(b, "# some are up to %d bytes longer: see repeat in docs/frames.md\n", c.more)
	}
}

// seenText says what was seen of a value.
func (v *value) seenText() string {
	if v.kind == "" {
		if v.size > 1 {
			return "always the same bytes"
		}
		return v.note
	}
	text := fmt.Sprintf("seen %s to %s", plain(v.low), plain(v.high))
	if strings.HasSuffix(v.kind, "f") {
		text = fmt.Sprintf("seen %.4g to %.4g", v.low, v.high)
	}
	if v.note != "" {
		text += "; " + v.note
	}
	return text
}

func fieldText(f *frame.Field) string {
	if f.Skip > 0 {
		return fmt.Sprintf("{ skip = %d },", f.Skip)
	}
	text := fmt.Sprintf("{ name = %q, type = %q", f.Name, f.Type)
	if f.Repeat != "" {
		text += fmt.Sprintf(", repeat = %q, max = %d", f.Repeat, f.Max)
	}
	if len(f.Range) == 2 {
		text += fmt.Sprintf(", range = [%s, %s]", plain(f.Range[0]), plain(f.Range[1]))
	}
	return text + " },"
}

// plain writes a number as TOML takes it, without an exponent.
func plain(v float64) string { return fmt.Sprintf("%.0f", v) }

func refText(r *frame.Ref) string {
	if r.Type == "B" {
		return fmt.Sprintf("{ at = %d }", r.At)
	}
	return fmt.Sprintf("{ at = %d, type = %q }", r.At, r.Type)
}

func lengthText(l *frame.Length) string {
	text := fmt.Sprintf("{ at = %d", l.At)
	if l.Type != "B" {
		text += fmt.Sprintf(", type = %q", l.Type)
	}
	if l.Mul != 1 {
		text += fmt.Sprintf(", mul = %d", l.Mul)
	}
	return fmt.Sprintf("%s, add = %d }", text, l.Add)
}

// checkText writes a check; what is the default is left out.
func checkText(c *frame.Check) string {
	text := fmt.Sprintf("{ kind = %q", c.Kind)
	if c.Kind == "crc" {
		text += fmt.Sprintf(", width = %d, poly = 0x%X, init = 0x%X, reflect = %t, xorout = 0x%X", c.Width, c.Poly, c.Init, c.Reflect, c.XorOut)
	}
	if len(c.Over) == 1 {
		text += fmt.Sprintf(", over = %q", c.Over[0])
	} else if len(c.Over) > 1 {
		text += fmt.Sprintf(", over = [\"%s\"]", strings.Join(c.Over, `", "`))
	}
	if c.At != nil {
		text += fmt.Sprintf(", at = %d", *c.At)
	}
	if c.Endian != "" {
		text += fmt.Sprintf(", endian = %q", c.Endian)
	}
	if c.Blank {
		text += ", blank = true"
	}
	return text + " }"
}
