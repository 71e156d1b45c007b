package codegen

import (
	"fmt"
	"strings"

	"serialgw/internal/frame"
)

// encode writes the function that makes a frame of a message.
func (g *cgen) encode(one *message) {
	up := strings.ToUpper(g.ident)
	arg, _ := one.parameters()
	if arg = strings.TrimSuffix(arg, ", "); arg != "" {
		arg = ", " + arg
	}
	room := up + "_MAX"
	g.line("/* Writes a frame into buf, which has room for %s bytes, and returns its", room)
	g.line(" * size: 0 when the values make no frame. */")
	g.line("static inline size_t %s_encode(uint8_t *buf%s)\n{", one.ident, arg)
	g.in(func() {
		if g.stuffKind() == "" {
			g.line("uint8_t *f = buf;")
		} else {
			g.line("uint8_t f[%s_FRAME_MAX];", up)
		}
		switch {
		case one.fixed && g.moves():
			g.line("size_t n = %d;", one.min)
		case one.fixed:
			g.line("const size_t n = %d;", one.min)
		default:
			g.line("size_t n = %d, p = 0;", one.min)
		}
		g.line("\nmemset(f, 0, %d);", g.frameMax(one.max))
		for i, b := range g.sync {
			g.line("f[%d] = 0x%02X;", i, b)
		}
		g.fields(one)
		g.fixedParts(one)
	})
	g.line("}\n")
}

// fields writes the values: those from the front first, because they say how
// long the frame is.
func (g *cgen) fields(one *message) {
	reach := 0 // of what stands behind the last part of changing size
	for _, it := range one.items {
		if it.pos.At < 0 {
			continue
		}
		if !it.pos.Loose {
			reach = 0
		}
		g.store(it)
		if it.pos.Loose || it.Repeat != "" {
			reach = it.pos.At + it.most()
		}
		if it.Repeat != "" || it.hasType() && it.pos.Type.Bits == 0 {
			reach = 0
		}
	}
	if !one.fixed {
		g.line("if (n < %s)\n    n = %s;", add("p", reach+g.trailer), add("p", reach+g.trailer))
	}
	for _, it := range one.items {
		if it.pos.At < 0 {
			g.store(it)
		}
	}
}

// base is the expression of a field's first byte.
func base(it *item) string {
	switch {
	case it.pos.Loose:
		return "f + p"
	case it.pos.At < 0:
		return "f + n"
	}
	return "f"
}

// store writes one field.
func (g *cgen) store(it *item) {
	from := base(it)
	switch {
	case it.count != nil:
		g.repeated(it, from)
	case it.hasType() && it.pos.Type.Bits == 0:
		name := it.members[0].name
		g.line("p = %s;\nfor (size_t i = 0; i < %d && v->%s[i] != 0; i++)\n    f[p++] = (uint8_t)v->%s[i];\np++;", startOf(it, from), it.Max-1, name, name)
	case len(it.group) > 0:
		g.line("for (size_t i = 0; i < %d; i++) {", it.n)
		g.in(func() { g.groupBody(it, add(from, it.pos.At)) })
		g.line("}")
	case it.Const != nil:
		for i := range it.n {
			g.value(it, from, i, fmt.Sprintf("%d", *it.Const))
		}
	case len(it.Flags) > 0:
		g.value(it, from, 0, flagsExpr(it, ""))
	case len(it.members) == it.n && it.n > 0 && it.members[0].n == 0:
		for i, m := range it.members {
			g.value(it, from, i, m.value())
		}
	case len(it.members) == 1: // an array of fixed size
		for i := range it.n {
			g.value(it, from, i, fmt.Sprintf("v->%s[%d]", it.members[0].name, i))
		}
	}
}

// flagsExpr writes the bits of flags; index is of a group.
func flagsExpr(it *item, index string) string {
	var parts []string
	for _, m := range it.members {
		parts = append(parts, fmt.Sprintf("(v->%s%s ? %s : 0)", m.name, index, bitOf(m.bit)))
	}
	return strings.Join(parts, " | ")
}

func bitOf(bit int) string {
	if bit > 30 {
		return fmt.Sprintf("UINT64_C(1) << %d", bit)
	}
	return fmt.Sprintf("0x%Xu", 1<<bit)
}

// startOf is the offset of a field's first byte.
func startOf(it *item, from string) string {
	if from == "f" {
		return fmt.Sprint(it.pos.At)
	}
	return add(strings.TrimPrefix(from, "f + "), it.pos.At)
}

// repeated writes as many values as the count says.
func (g *cgen) repeated(it *item, from string) {
	count := "v->" + it.count.name
	g.line("if (%s > %d)\n    return 0;", count, it.n)
	start := startOf(it, from)
	size := it.pos.Size
	switch {
	case it.isText():
		g.line("p = %s;\nfor (size_t i = 0; i < (size_t)%s; i++)\n    f[p + i] = (uint8_t)v->%s[i];", start, count, it.members[0].name)
		size = 1
	case len(it.group) > 0:
		g.line("p = %s;\nfor (size_t i = 0; i < (size_t)%s; i++) {", start, count)
		g.in(func() { g.groupBody(it, "f + p") })
		g.line("}")
	case it.pos.Run:
		bits := it.pos.Type.Bits
		g.line("p = %s;\nfor (size_t i = 0; i < (size_t)%s; i++)", start, count)
		g.in(func() {
			g.line("%s;", g.bits(it, "f + p", fmt.Sprintf("%d + %d * i", it.pos.Bit, bits), "v->"+it.members[0].name+"[i]"))
		})
		g.line("p += (%d + %d * (size_t)%s + 7) / 8;", it.pos.Bit, bits, count)
		return
	default:
		g.line("p = %s;\nfor (size_t i = 0; i < (size_t)%s; i++) {", start, count)
		g.in(func() { g.bytes(it, fmt.Sprintf("f + p + %d * i", size), "v->"+it.members[0].name+"[i]") })
		g.line("}")
	}
	if size == 1 {
		g.line("p += %s;", count)
	} else {
		g.line("p += %d * (size_t)%s;", size, count)
	}
}

// groupBody writes one repetition of a group.
func (g *cgen) groupBody(it *item, start string) {
	for _, one := range it.group {
		from := fmt.Sprintf("%s + %d * i", start, it.pos.Size)
		switch {
		case one.Const != nil:
			g.value(one, from, 0, fmt.Sprintf("%d", *one.Const))
		case len(one.Flags) > 0:
			g.value(one, from, 0, flagsExpr(one, "[i]"))
		case len(one.members) == 1:
			g.value(one, from, 0, "v->"+one.members[0].name+"[i]")
		}
	}
}

// value writes the i-th value of a field.
func (g *cgen) value(it *item, from string, i int, expr string) {
	if it.pos.Run {
		bit := it.pos.Bit + i*it.pos.Type.Bits
		g.line("%s;", g.bits(it, add(from, it.pos.At), fmt.Sprint(bit), expr))
		return
	}
	g.bytes(it, add(from, it.pos.At+i*it.pos.Size), expr)
}

// bits writes a value into a run of bits.
func (g *cgen) bits(it *item, dst, bit, expr string) string {
	return fmt.Sprintf("%s_put_bits_%s(%s, %s, %d, %s)", g.ident, order(it.pos.Type.Big), dst, bit, it.pos.Type.Bits, g.unsigned(it, expr))
}

func order(big bool) string {
	if big {
		return "be"
	}
	return "le"
}

// unsigned writes the bits of a value.
func (g *cgen) unsigned(it *item, expr string) string {
	t := it.pos.Type
	switch {
	case it.isFloat():
		return fmt.Sprintf("%s_f%d(%s)", g.ident, t.Bits, expr)
	case t.Kind == frame.TypeBool:
		return fmt.Sprintf("%s ? 1u : 0u", expr)
	case it.Const != nil:
		return fmt.Sprintf("(%s)%s", g.word, expr+map[bool]string{true: "LL"}[g.word == "uint64_t"])
	case it.Sign == "msb" && t.Kind != frame.TypeBCD:
		return fmt.Sprintf("%s < 0 ? ((%s)1 << %d | ((%s)0 - (%s)%s)) : (%s)%s", expr, g.word, t.Bits-1, g.word, g.word, expr, g.word, expr)
	case it.Sign == "msb":
		return fmt.Sprintf("%s < 0 ? (%s)0 - (%s)%s : (%s)%s", expr, g.word, g.word, expr, g.word, expr)
	case len(it.Flags) > 0:
		return fmt.Sprintf("(%s)(%s)", g.word, expr)
	}
	return fmt.Sprintf("(%s)%s", g.word, expr)
}

// bytes writes a value of whole bytes.
func (g *cgen) bytes(it *item, dst, expr string) {
	t := it.pos.Type
	n := t.Bytes()
	switch {
	case t.Kind == frame.TypeText || t.Kind == frame.TypeHex:
		g.line("memcpy(%s, %s, %d);", dst, expr, n)
	case t.Kind == frame.TypeTextZ:
		g.line("for (size_t i = 0; i < %d && %s[i] != 0; i++)\n    (%s)[i] = (uint8_t)%s[i];", n, expr, dst, expr)
	case t.Kind == frame.TypeBCD || t.Kind == frame.TypeMidi:
		name := map[frame.TypeKind]string{frame.TypeBCD: "bcd", frame.TypeMidi: "midi"}[t.Kind]
		g.line("%s_put_%s_%s(%s, %d, %s);", g.ident, name, order(t.Big), dst, n, g.unsigned(it, expr))
		if it.Sign == "msb" {
			last := n - 1
			if t.Big {
				last = 0
			}
			g.line("if (%s < 0)\n    (%s)[%d] |= 0x80;", expr, dst, last)
		}
	case it.Order != "":
		g.line("%s_put_order(%s, %d, %s, %q);", g.ident, dst, n, g.unsigned(it, expr), it.Order)
	case n == 1:
		g.line("*(%s) = (uint8_t)(%s);", dst, g.unsigned(it, expr))
	default:
		g.line("%s_put_%s(%s, %d, %s);", g.ident, order(t.Big), dst, n, g.unsigned(it, expr))
	}
}
