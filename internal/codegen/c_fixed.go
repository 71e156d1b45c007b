package codegen

import (
	"fmt"
	"strings"

	"serialgw/internal/frame"
)

// fixedParts writes what does not depend on the values, the checks last, and
// returns the size.
func (g *cgen) fixedParts(one *message) {
	g.syncTests(one)
	if g.d.ID != nil && one.hasID {
		g.number(*g.d.ID, "f", fmt.Sprintf("0x%X", one.id))
	}
	g.mask()
	if g.stuffKind() == "dxl2" {
		g.line("n = %s_insert(f, n);", g.ident)
	}
	l := g.d.Length
	if one.Length != nil {
		l = one.Length
	}
	if l != nil {
		g.length(l)
	}
	for i, b := range g.end {
		g.line("f[%s] = 0x%02X;", g.fromEnd(one, i-len(g.end)), b)
	}
	for i := range g.checks {
		g.putCheck(one, i)
	}
	switch kind := g.stuffKind(); kind {
	case "":
		g.line("return n;")
	case "dxl2":
		g.line("memcpy(buf, f, n);\nreturn n;")
	default:
		g.line("return %s_stuff(buf, f, n);", g.ident)
	}
}

// fromEnd is the index of a byte that counts from the end.
func (g *cgen) fromEnd(one *message, at int) string {
	switch {
	case at >= 0:
		return fmt.Sprint(at)
	case one.fixed && !g.moves():
		return fmt.Sprint(one.min + at)
	}
	return add("n", at)
}

// number writes a number of the head.
func (g *cgen) number(r frame.Ref, from, expr string) {
	t, err := frame.ParseType(r.Type)
	if err != nil {
		return // cannot happen: it has been compiled
	}
	if t.Bytes() == 1 {
		g.line("f[%d] = (uint8_t)(%s);", r.At, expr)
		return
	}
	g.line("%s_put_%s(%s, %d, (%s)(%s));", g.ident, order(t.Big), add(from, r.At), t.Bytes(), g.word, expr)
}

// length writes what the length field must say; summed fields keep theirs.
func (g *cgen) length(l *frame.Length) {
	g.line("{")
	g.in(func() {
		g.line("size_t len = n;\n")
		if l.Add > 0 {
			g.line("if (len < %d)\n    return 0;", l.Add)
		}
		if l.Add != 0 {
			g.line("len = len %s %d;", map[bool]string{true: "-", false: "+"}[l.Add > 0], max(l.Add, -l.Add))
		}
		if l.Mul > 1 {
			g.line("if (len %% %d != 0)\n    return 0;\nlen /= %d;", l.Mul, l.Mul)
		}
		for _, r := range l.Sum {
			n := refBytes(r.Type)
			big := strings.HasPrefix(r.Type, ">")
			for i := range n {
				shift := 8 * i
				if big {
					shift = 8 * (n - 1 - i)
				}
				g.line("len -= (size_t)f[%d] << %d;", r.At+i, shift)
			}
		}
		if isVarint(l) {
			g.line("%s", strings.ReplaceAll(cVarint, "AT", fmt.Sprint(l.At)))
			return
		}
		if most := 8 * refBytes(l.Type); most < 32 {
			g.line("if (len > 0x%X)\n    return 0;", 1<<most-1)
		}
		g.number(frame.Ref{At: l.At, Type: l.Type}, "f", "len")
	})
	g.line("}")
}

// mask does to the data what unmask undoes.
func (g *cgen) mask() {
	u := g.d.Unmask
	if u == nil {
		return
	}
	over, err := parseSlice(u.Over)
	if err != nil {
		return // cannot happen: it has been compiled
	}
	op := fmt.Sprintf("+ 0x%02X", u.Sub)
	if u.Xor != 0 {
		op = fmt.Sprintf("^ 0x%02X", u.Xor)
	}
	from, to := g.bound(over.from), g.bound(over.to)
	if over.toEnd {
		to = "n"
	}
	g.line("for (size_t i = %s; i < %s; i++)\n    f[i] = (uint8_t)(f[i] %s);", from, to, op)
}

// bound writes an end of a slice, cut to the frame as Python does.
func (g *cgen) bound(at int) string {
	if at == 0 {
		return "0"
	}
	return fmt.Sprintf("%s_clip(%d, n)", g.ident, at)
}
