package codegen

import (
	"fmt"
	"strings"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// message writes the function that shows the fields of a message.
func (g *luagen) message(one *message, plan *frame.MessagePlan) {
	g.line("local function show_%s(t, tvb, b)", one.ident)
	g.in(func() {
		g.line("local v, q = {}, 0")
		for _, it := range one.items {
			g.show(one, plan, it)
		}
		for _, f := range one.Fields { // the language of expressions is the gateway's
			if f.Expr != "" && !strings.HasPrefix(f.Name, "_") {
				g.line("t:add(tvb(), %q)", f.Name+" is computed by the gateway: "+f.Expr)
			}
		}
	})
	g.line("end\n")
}

// show writes the code for one field; v keeps raw values that others need.
func (g *luagen) show(one *message, plan *frame.MessagePlan, it *item) {
	at := fmt.Sprint(it.pos.At)
	switch {
	case it.pos.Loose:
		at = add("q", it.pos.At)
	case it.pos.At < 0:
		at = add("b.n", it.pos.At)
	}
	limit := "b.n"
	if it.Repeat == "rest" {
		limit = fmt.Sprintf("b.n - %d", g.trailer)
	}
	size := it.pos.Size
	if it.hasType() && it.pos.Type.Bits == 0 {
		g.ownLength(one, it, at)
		return
	}
	g.line("do -- %s", it.key)
	g.in(func() {
		count := fmt.Sprint(it.n)
		if it.count != nil && it.count.it != nil {
			count = fmt.Sprintf("(v[%q] or 0)", it.count.prop)
		}
		g.line("local at, bits, i = %s, %d, 0", at, it.pos.Bit)
		g.line("while i < %s do", count)
		g.in(func() {
			need := fmt.Sprintf("at + %d", size)
			if it.pos.Run {
				need = fmt.Sprintf("at + math.floor((bits + %d) / 8)", it.pos.Type.Bits+7)
			}
			if !one.ZeroFill {
				g.line("if at < 0 or %s > %s then break end", need, limit)
			}
			if len(it.group) > 0 {
				for _, in := range it.group {
					g.inGroup(one, plan, in)
				}
			} else {
				g.values(one, plan, it, "at", "bits")
			}
			if it.pos.Run {
				g.line("bits = bits + %d\nat, bits = at + math.floor(bits / 8), bits %% 8", it.pos.Type.Bits)
			} else {
				g.line("at = at + %d", size)
			}
			g.line("i = i + 1")
		})
		g.line("end")
		if it.Repeat != "" {
			g.line("q = at%s", map[bool]string{true: " + (bits > 0 and 1 or 0)"}[it.pos.Run])
		}
	})
	g.line("end")
}

func (g *luagen) inGroup(one *message, plan *frame.MessagePlan, it *item) {
	g.line("do local at, bits = at + %d, %d", it.pos.At, it.pos.Bit)
	g.in(func() { g.values(one, plan, it, "at", "bits") })
	g.line("end")
}

// ownLength shows a text that says its length itself, or whose length another
// field says.
func (g *luagen) ownLength(one *message, it *item, at string) {
	key := fmt.Sprintf("%q", one.Name+"."+it.members[0].prop)
	g.line("do -- %s", it.key)
	g.in(func() {
		g.line("local at, n = %s, 0", at)
		switch {
		case it.count == nil:
			g.line("while n < %d and at + n < b.n and b[at + n] ~= 0 do n = n + 1 end", it.Max-1)
			g.line("q = at + n + 1")
		case it.count.it != nil:
			g.line("n = math.min(v[%q] or 0, b.n - at)\nq = at + n", it.count.prop)
		default:
			g.line("n = math.min(%d, b.n - %d - at)\nq = at + n", it.Max, g.trailer)
		}
		g.line("if n > 0 then t:add(f[%s], range(tvb, b, at, n), text(b, at, n)) end", key)
	})
	g.line("end")
}

// values reads one value and shows what it means.
func (g *luagen) values(one *message, plan *frame.MessagePlan, it *item, at, bits string) {
	t := it.pos.Type
	n := t.Bytes()
	reach := fmt.Sprintf("range(tvb, b, %s, %d)", at, n)
	if it.pos.Run {
		reach = fmt.Sprintf("range(tvb, b, %s, math.floor((%s + %d) / 8))", at, bits, t.Bits+7)
	}
	if len(it.members) == 0 {
		return
	}
	if it.isText() {
		g.line("t:add(f[%s], %s, %s)", g.keyOf(one, it, it.members[0]), reach, luaText(it, at, n))
		return
	}
	g.line("local r, x = %s, %s", reach, g.load(it, at, bits))
	if len(it.Flags) > 0 {
		for _, m := range it.members {
			g.line("t:add(f[%s], r, math.floor(x / 2^%d) %% 2 == 1)", g.keyOf(one, it, m), m.bit)
		}
		return
	}
	key := g.keyOf(one, it, it.members[0])
	if len(it.members) > 1 { // names: one for each value
		var keys []string
		for _, m := range it.members {
			keys = append(keys, g.keyOf(one, it, m))
		}
		key = "({" + strings.Join(keys, ", ") + "})[i + 1]"
	}
	if len(it.members) == 1 && it.members[0].n == 0 {
		g.line("v[%q] = tonumber(tostring(x))", it.members[0].prop)
	}
	g.shown(plan, it, key)
}

func luaText(it *item, at string, n int) string {
	switch it.pos.Type.Kind {
	case frame.TypeHex:
		return fmt.Sprintf("hex(b, %s, %d)", at, n)
	case frame.TypeTextZ:
		return fmt.Sprintf("(text(b, %s, %d):gsub(\"%%z.*\", \"\"))", at, n)
	}
	return fmt.Sprintf("(text(b, %s, %d):gsub(\"%%z*$\", \"\"))", at, n)
}

// shown writes a number, or that it means none.
func (g *luagen) shown(plan *frame.MessagePlan, it *item, key string) {
	var none []string
	for _, bad := range it.Invalid {
		none = append(none, "x == "+number(bad))
	}
	if len(it.Map) > 0 {
		var keys []string
		for _, k := range it.mapKeys() {
			keys = append(keys, "x == "+k)
		}
		none = append(none, "not ("+strings.Join(keys, " or ")+")")
	}
	value := "x"
	if it.Scale != nil {
		value = fmt.Sprintf("x * (%s)", number(it.Scale))
	}
	if it.Offset != nil {
		value += fmt.Sprintf(" + (%s)", number(it.Offset))
	}
	if digits, ok := digitsIn(plan, it); ok && value != "x" {
		value = fmt.Sprintf("round(%s, %d)", value, digits)
	}
	if value != "x" && it.valueBits() > 53 && !it.isFloat() {
		value = strings.Replace(value, "x", "tonumber(tostring(x))", 1)
	}
	g.line("local y = %s", value)
	if len(it.Range) == 2 {
		none = append(none, fmt.Sprintf("y < %s or y > %s", short(it.Range[0]), short(it.Range[1])))
	}
	if it.isFloat() {
		none = append(none, "y ~= y or y == math.huge or y == -math.huge")
	}
	note := ""
	if it.Unit != "" {
		note = fmt.Sprintf(":append_text(%q)", " "+it.Unit)
	}
	if it.When != "" {
		note += fmt.Sprintf(":append_text(%q)", " (only where "+it.When+")")
	}
	if it.Counter != nil {
		note += ":append_text(\" (as sent; the gateway adds up)\")"
	}
	if len(none) == 0 {
		g.line("t:add(f[%s], r, y)%s", key, note)
		return
	}
	g.line("if %s then\n  t:add(r, %q .. tostring(x))\nelse\n  t:add(f[%s], r, y)%s\nend", strings.Join(none, " or "), it.property()+": no value, raw ", key, note)
}

// keyOf is the index of a property's ProtoField.
func (g *luagen) keyOf(one *message, it *item, m *member) string {
	key := fmt.Sprintf("%q", one.Name+"."+m.prop)
	if m.n > 0 {
		key += " .. i"
	}
	return key
}

// digitsIn returns the decimals with which a property is sent.
func digitsIn(plan *frame.MessagePlan, it *item) (int, bool) {
	for _, info := range plan.Properties() {
		same := len(it.members) > 0 && strings.TrimRight(info.Name, "0123456789") == strings.TrimRight(it.members[0].prop, "0123456789")
		if same && (info.Kind == reading.Decimal || info.Kind == reading.Int || it.Digits != nil) {
			return info.Digits, true
		}
	}
	return 0, false
}

// load reads the raw value.
func (g *luagen) load(it *item, at, bits string) string {
	t := it.pos.Type
	n, big := t.Bytes(), luaBool(t.Big)
	var text string
	switch {
	case it.pos.Run:
		text = fmt.Sprintf("bits_of(b, 8 * %s + %s, %d, %s)", at, bits, t.Bits, big)
	case t.Kind == frame.TypeBCD && it.Sign == "msb":
		return fmt.Sprintf("signed_bcd(b, %s, %d, %s)", at, n, big)
	case t.Kind == frame.TypeBCD:
		text = fmt.Sprintf("bcd(b, %s, %d, %s)", at, n, big)
	case t.Kind == frame.TypeMidi:
		text = fmt.Sprintf("midi(b, %s, %d, %s)", at, n, big)
	case it.Order != "":
		straight := fmt.Sprintf("straight(b, %s, %q)", at, it.Order)
		plain := *it
		plain.Order = ""
		plain.pos.Type.Big = true
		return strings.Replace(g.load(&plain, "0", ""), "(b, ", "("+straight+", ", 1)
	case it.isFloat():
		return fmt.Sprintf("ieee(b, %s, %d, %s)", at, n, big)
	case t.Kind == frame.TypeBool:
		return fmt.Sprintf("b[%s] ~= 0", at)
	case t.Bits > 53 && t.Kind == frame.TypeInt:
		return fmt.Sprintf("wide(b, %s, %d, %s, Int64)", at, n, big)
	case t.Bits > 53:
		text = fmt.Sprintf("wide(b, %s, %d, %s, UInt64)", at, n, big)
	default:
		text = fmt.Sprintf("uint(b, %s, %d, %s)", at, n, big)
	}
	switch {
	case t.Kind == frame.TypeInt:
		return fmt.Sprintf("signed(%s, %d)", text, t.Bits)
	case it.Sign == "msb":
		return fmt.Sprintf("magnitude(%s, %d)", text, t.Bits)
	case it.Sign != "":
		return fmt.Sprintf("(v[%q] or 0) ~= 0 and -%s or %s", it.Sign, text, text)
	}
	return text
}

func luaBool(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
