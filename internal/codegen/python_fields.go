package codegen

import (
	"fmt"
	"strings"

	"serialgw/internal/frame"
)

// packRun is a run of values that one struct.pack_into writes.
type packRun struct {
	at, end int
	big     byte
	format  string
	args    []string
}

// take adds a field to the run, if it goes on where the run ends.
func (r *packRun) take(it *item) bool {
	word := strings.TrimLeft(it.Type, "<>!")
	t := it.pos.Type
	plain := len(word) == 1 && strings.Contains("bBhHiIlLqQfd", word) && !it.pos.Loose && it.pos.At >= 0 &&
		it.Repeat == "" && it.Const == nil && len(it.Flags) == 0 && it.Order == "" && it.Sign == "" && len(it.members) > 0 && len(it.group) == 0
	if !plain || it.members[0].n > 0 && it.members[0].n != it.n {
		return false
	}
	big := byte('<')
	if t.Big {
		big = '>'
	}
	fits := r.format == "" || r.end == it.pos.At && (r.big == big || t.Bits == 8 || strings.Trim(r.format, "bB") == "")
	if !fits {
		return false
	}
	if r.format == "" {
		r.at, r.big = it.pos.At, big
	}
	if t.Bits > 8 {
		r.big = big
	}
	for _, m := range it.members {
		switch {
		case m.n > 0:
			r.format += strings.Repeat(word, m.n)
			r.args = append(r.args, "*"+m.name)
		default:
			r.format += word
			r.args = append(r.args, m.name)
		}
	}
	r.end = it.pos.At + it.n*it.pos.Size
	return true
}

func (r *packRun) flush(g *pygen) {
	if r.format != "" {
		g.line("struct.pack_into(%q, f, %d, %s)", string(r.big)+r.format, r.at, strings.Join(r.args, ", "))
	}
	*r = packRun{}
}

// pyBase is the offset of a field's first byte.
func pyBase(it *item, at int) string {
	switch {
	case it.pos.Loose:
		return add("p", at)
	case at < 0:
		return add("n", at)
	}
	return fmt.Sprint(at)
}

func (g *pygen) store(it *item) {
	at := it.pos.At
	switch {
	case it.count != nil:
		g.repeated(it)
	case it.hasType() && it.pos.Type.Bits == 0:
		name := it.members[0].name
		g.line("%s = bytes(%s)[:%d]", name, name, it.Max-1)
		g.line("p = %s\n_put_text(f, p, %d, %s)\np += len(%s) + 1", pyBase(it, at), it.Max, name, name)
	case len(it.group) > 0:
		g.line("for i in range(%d):", it.n)
		g.in(func() { g.groupBody(it, pyBase(it, at)) })
	case it.Const != nil:
		for i := range it.n {
			g.value(it, pyBase(it, at), i, fmt.Sprint(*it.Const))
		}
	case len(it.Flags) > 0:
		g.value(it, pyBase(it, at), 0, pyFlags(it, ""))
	case len(it.members) == it.n && it.members[0].n == 0:
		for i, m := range it.members {
			g.value(it, pyBase(it, at), i, m.name)
		}
	case len(it.members) == 1:
		for i := range it.n {
			g.value(it, pyBase(it, at), i, fmt.Sprintf("%s[%d]", it.members[0].name, i))
		}
	}
}

func pyFlags(it *item, index string) string {
	var parts []string
	for _, m := range it.members {
		parts = append(parts, fmt.Sprintf("(1 << %d if %s%s else 0)", m.bit, m.name, index))
	}
	return strings.Join(parts, " | ")
}

// repeated writes as many values as the list has; where an earlier field says
// how many, it must say the same.
func (g *pygen) repeated(it *item) {
	list := g.listOf(it)
	count := "len(" + list + ")"
	if it.count.it != nil {
		count = it.count.name
	}
	g.line("if %s > %d:\n    raise ValueError(\"%s: at most %d\")", count, it.n, list, it.n)
	for _, m := range listMembers(it) {
		if "len("+m.name+")" != count {
			g.line("if len(%s) != %s:\n    raise ValueError(\"%s: a list of %%d is needed, not of %%d\" %% (%s, len(%s)))", m.name, count, m.name, count, m.name)
		}
	}
	g.line("p = %s", pyBase(it, it.pos.At))
	switch {
	case it.isText():
		g.line("_put_text(f, p, %s, %s)\np += %s", count, list, count)
	case len(it.group) > 0:
		g.line("for i in range(%s):", count)
		g.in(func() { g.groupBody(it, "p") })
		g.line("p += %d * %s", it.pos.Size, count)
	case it.pos.Run:
		g.line("for i in range(%s):", count)
		g.in(func() {
			g.line("_put_bits(f, 8 * p + %d + %d * i, %d, %s[i], %s)", it.pos.Bit, it.pos.Type.Bits, it.pos.Type.Bits, list, pyBool(it.pos.Type.Big))
		})
		g.line("p += (%d + %d * %s + 7) // 8", it.pos.Bit, it.pos.Type.Bits, count)
	default:
		g.line("for i in range(%s):", count)
		g.in(func() { g.bytes(it, fmt.Sprintf("p + %d * i", it.pos.Size), list+"[i]") })
		g.line("p += %d * %s", it.pos.Size, count)
	}
}

// listOf is the list that says how many values of a repeat there are.
func (g *pygen) listOf(it *item) string {
	for _, one := range it.group {
		if len(one.members) > 0 {
			return one.members[0].name
		}
	}
	if len(it.members) == 0 { // a group of constants
		return "()"
	}
	return it.members[0].name
}

// listMembers returns the members that have as many values as the count says.
func listMembers(it *item) []*member {
	var out []*member
	for _, one := range append([]*item{it}, it.group...) {
		for _, m := range one.members {
			if m.list == it {
				out = append(out, m)
			}
		}
	}
	return out
}

func pyBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func (g *pygen) groupBody(it *item, start string) {
	for _, one := range it.group {
		from := add(fmt.Sprintf("%s + %d * i", start, it.pos.Size), one.pos.At)
		switch {
		case one.Const != nil:
			g.value(one, from, 0, fmt.Sprint(*one.Const))
		case len(one.Flags) > 0:
			g.value(one, from, 0, pyFlags(one, "[i]"))
		case len(one.members) == 1:
			g.value(one, from, 0, one.members[0].name+"[i]")
		}
	}
}

// value writes the i-th value of a field whose first stands at from.
func (g *pygen) value(it *item, from string, i int, expr string) {
	if it.pos.Run {
		g.line("_put_bits(f, 8 * (%s) + %d, %d, %s, %s)", from, it.pos.Bit+i*it.pos.Type.Bits, it.pos.Type.Bits, g.raw(it, expr), pyBool(it.pos.Type.Big))
		return
	}
	g.bytes(it, add(from, i*it.pos.Size), expr)
}

// raw writes the bits of a value as an integer.
func (g *pygen) raw(it *item, expr string) string {
	t := it.pos.Type
	switch {
	case it.isFloat():
		return fmt.Sprintf("_f%d(%s)", t.Bits, expr)
	case t.Kind == frame.TypeBool:
		return fmt.Sprintf("1 if %s else 0", expr)
	case it.Sign == "msb" && t.Kind != frame.TypeBCD:
		return fmt.Sprintf("(1 << %d | -%s if %s < 0 else %s)", t.Bits-1, expr, expr, expr)
	case it.Sign == "msb":
		return fmt.Sprintf("abs(%s)", expr)
	}
	return expr
}

func (g *pygen) bytes(it *item, at, expr string) {
	t := it.pos.Type
	n, big := t.Bytes(), pyBool(t.Big)
	switch {
	case it.isText() && t.Kind == frame.TypeTextZ:
		g.line("_put_text(f, %s, %d, bytes(%s).split(b\"\\0\")[0])", at, n, expr)
	case it.isText():
		g.line("_put_text(f, %s, %d, %s)", at, n, expr)
	case t.Kind == frame.TypeBCD:
		g.line("_put_digits(f, %s, %d, %s, %s, 100)", at, n, g.raw(it, expr), big)
		if it.Sign == "msb" {
			last := n - 1
			if t.Big {
				last = 0
			}
			g.line("if %s < 0:\n    f[%s] |= 0x80", expr, add(at, last))
		}
	case t.Kind == frame.TypeMidi:
		g.line("_put_digits(f, %s, %d, %s, %s, 128)", at, n, expr, big)
	case it.Order != "":
		g.line("_put_order(f, %s, %d, %s, %q)", at, n, g.raw(it, expr), it.Order)
	case n == 1:
		g.line("f[%s] = %s & 0xFF", at, paren(g.raw(it, expr)))
	default:
		g.line("_put(f, %s, %d, %s, %s)", at, n, g.raw(it, expr), big)
	}
}

// paren guards an expression against what stands behind it.
func paren(expr string) string {
	if strings.ContainsAny(expr, " ") {
		return "(" + expr + ")"
	}
	return expr
}
