package frame

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"serialgw/internal/reading"
)

// lines compiles split and label, and refuses what says nothing about a line
// of text.
func (c *compiler) lines() {
	if c.d.Split == "" {
		if c.d.Label != "" {
			c.add("label", quote(c.d.Label), "label beside split only", "")
		}
		return
	}
	c.p.split = c.separator("split", c.d.Split)
	if c.d.Label != "" {
		if c.p.label = c.separator("label", c.d.Label); c.p.label == c.p.split {
			c.add("label", quote(c.d.Label), "another character than split", "")
		}
	}
	switch {
	case c.d.Size != 0 || c.d.Length != nil:
		c.add("split", "split beside size or length", "end alone", "a line ends with its end marker")
	case len(c.p.end) == 0:
		c.add("end", "none", `the line's end marker, "0A" or "0D 0A"`, "")
	case c.d.ID != nil || c.d.Seq != nil:
		c.add("split", "split beside id or seq", "first in the messages", "")
	case c.d.Stuff != nil || c.d.Unmask != nil:
		c.add("split", "split beside stuff or unmask", "one of them", "")
	}
	if c.d.Max == 0 {
		c.add("max", "none", "the longest line in bytes, with its end marker", "")
	}
	for i := range c.d.Check {
		if k := &c.d.Check[i]; k.Extra != "" || k.Blank {
			c.add(fmt.Sprintf("check[%d]", i), "blank or extra", "neither beside split", "")
		}
	}
}

// separator reads a character that stands between pieces.
func (c *compiler) separator(key, text string) byte {
	if len(text) != 1 || text[0] != '\t' && (text[0] < ' ' || text[0] > '~') || strings.Contains("0123456789.+-", text) {
		c.add(key, quote(text), `one character such as ",", ";" or " "`, "no digit, point or sign")
		return ','
	}
	return text[0]
}

// firstPiece compiles first.
func (c *compiler) firstPiece(prefix string, m Message, out *MessagePlan) {
	switch out.first = m.First; {
	case m.First == "":
	case c.p.split == 0:
		c.add(prefix+"first", quote(m.First), "first beside split only", "")
	case strings.IndexByte(m.First, c.p.split) >= 0 || len(m.First) > maxText:
		c.add(prefix+"first", quote(m.First), "one piece, without "+quote(c.d.Split), "")
	}
	if c.p.split > 0 && (m.Size != 0 || m.Length != nil || m.Struct != "" || len(m.ID) > 0 || m.Turn != "" || m.CRCExtra != nil) {
		c.add(prefix+"first", "size, length, struct, id, turn or crc_extra beside split", "first", "")
	}
}

// lineShape works out how long the lines of one message are.
func (c *compiler) lineShape(prefix string, m Message, l *layout, s *shape) {
	c.p.lineTail = c.p.trailer
	for i := range c.p.checks {
		if c.p.checks[i].hex && c.p.checks[i].at < 0 {
			c.p.lineTail = c.p.trailer + 1 // the character in front of it
		}
	}
	s.pieces = l.full
	s.min = max(s.data+len(m.First)+c.p.lineTail, c.checkReach())
	s.max = max(s.min, c.d.Max)
	if c.d.Max > 0 && c.d.Max < s.min {
		c.add("max", fmt.Sprint(c.d.Max), fmt.Sprintf("at least %d", s.min), "the shortest line has so many bytes")
	}
	if l.fromEnd > 0 || len(m.Fields) == 0 && len(c.d.Fields) == 0 {
		c.add(prefix+"fields", "no fields", "one for each piece", `type = "_" for one that is no property`)
	}
}

// lineShapes works out what holds for all messages.
func (c *compiler) lineShapes() {
	p := c.p
	p.pieces = len(p.sync) == 0 && len(c.d.Check) == 0
	p.min, p.max = max(len(p.sync)+p.lineTail, len(p.end)), c.d.Max
	named := 0
	for _, m := range p.messages {
		named += b2i(m.first != "")
	}
	if named < len(p.messages)-1 {
		c.add("message", fmt.Sprint(len(p.messages)-named, " messages without first"), "at most one, the last", "first tells messages apart")
	}
	for i, m := range p.messages {
		if m.first == "" && i < len(p.messages)-1 && named == len(p.messages)-1 {
			c.add(fmt.Sprintf("message[%d].first", i), "none", "first, or this message as the last", "it would take the lines of those behind it")
		}
	}
}

// pieceTypes are the types of a line's fields; "_" is any piece, no property.
var pieceTypes = map[string]pieceKind{ //nolint:gochecknoglobals // a table that is only read
	"num": pieceNum, "int": pieceInt, "hex": pieceHex, "str": pieceText, "_": noPiece,
}

// pieces lays out a field of a line of text.
func (l *layout) pieces(key string, f *Field) {
	kind, ok := pieceTypes[f.Type]
	switch {
	case l.group != nil && (f.Group != nil || f.Repeat != ""):
		l.m.add(key, "group or repeat within a group", "values, or count of one type", "a group is not repeated within another")
	case f.Repeat != "" && f.Repeat != "rest":
		l.m.add(key+".repeat", quote(f.Repeat), `"rest" or count in a line of text`, "")
	case f.Group != nil:
		l.repeated(key, f, f.Group)
	case !ok:
		l.m.add(key+".type", quote(f.Type), "num, int, hex, str or _ beside split", "")
	case f.At != nil || f.Bit != nil || f.Order != "" || f.Sign != "" || f.Encode != "" || f.Const != nil:
		l.m.add(key, "at, bit, order, sign, encoding or const", "none of them beside split", "the pieces are the fields, in order")
	case f.Repeat != "":
		one := *f
		one.Repeat, one.Max = "", 0
		l.repeated(key, f, []Field{one})
	case f.Type == "_" && f.Name == "":
		one := *f
		one.Name = "_"
		l.piece(key, &one, kind)
	case kind == pieceText && len(f.Map) > 0:
		l.distinct(key, f.Map)
		l.piece(key, f, pieceName)
	default:
		l.piece(key, f, kind)
	}
}

// distinct refuses a map in which a text has two numbers: the text alone stands
// in the line.
func (l *layout) distinct(key string, names map[string]string) {
	number := map[string]string{}
	for _, n := range slices.Sorted(maps.Keys(names)) {
		text := names[n]
		if before, ok := number[text]; ok {
			l.m.add(key+".map", quote(text), "a text for each number beside str", "it stands for "+before+" and "+n)
		}
		number[text] = n
	}
}

// piece lays out a field that is one piece, or count of them.
func (l *layout) piece(key string, f *Field, kind pieceKind) {
	n := l.count(key, f)
	names := l.fieldNames(key, f, n)
	if len(names) != n {
		return
	}
	var v *value
	if kind != noPiece {
		v = l.pieceValue(key, f, kind)
	}
	for i := range n {
		at := l.off
		if !l.advance(key, 1) {
			return
		}
		if v != nil {
			l.publish(key, v, f, names[i], at)
		}
	}
}

// pieceValue compiles what a field says about the value of a piece.
func (l *layout) pieceValue(key string, f *Field, kind pieceKind) *value {
	var a atom
	switch kind {
	case pieceInt, pieceName:
		a = letters['q']
	case pieceHex:
		a = letters['Q']
	case pieceText:
		a = atom{kind: rawText, size: maxText}
	default:
		a = letters['d']
		if f.Scale != nil || f.Offset != nil {
			l.m.add(key+".scale", "scale or offset", "neither beside num", "expr computes with it")
			return nil
		}
	}
	one := *f
	one.Type = map[pieceKind]string{pieceInt: "q", pieceName: "q", pieceHex: "Q", pieceNum: "d"}[kind]
	v := l.value(key, &one, a)
	if v == nil {
		return nil
	}
	v.slot.piece = kind
	if kind == pieceNum && f.Digits != nil {
		v.slot.digits, v.info.Kind = uint8(*f.Digits), reading.Decimal
		if *f.Digits == 0 {
			v.info.Kind = reading.Int
		}
	}
	return v
}
