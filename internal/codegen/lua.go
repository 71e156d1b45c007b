package codegen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// Lua writes a dissector for Wireshark: every property with its scaled value,
// every check with what it should be. It takes packets of link type USER0 that
// hold one frame each, with or without the escapes of the line.
//
// An error names what the description has that Lua cannot be given.
func Lua(name string, d frame.Description) (string, error) {
	m, err := newModel(name, d)
	if err != nil {
		return "", err
	}
	g := &luagen{model: m, writer: writer{unit: "  "}}
	for _, s := range m.checks {
		if s.size > 4 {
			return "", fmt.Errorf("check: a check of more than 32 bits cannot be generated")
		}
	}
	if err := g.possible(); err != nil {
		return "", err
	}
	g.head()
	g.fields()
	g.line("%s", luaHelpers)
	g.stuffing()
	for i := range g.checks {
		g.checkFunction(i)
	}
	for i, one := range g.messages {
		g.message(one, m.plan.Messages()[i])
	}
	g.dissector()
	return g.b.String(), nil
}

// luagen writes Lua.
type luagen struct {
	*model
	writer
}

// possible refuses runs of bits that a double cannot hold.
func (g *luagen) possible() error {
	if err := (&cgen{model: g.model}).possible(); err != nil {
		return err
	}
	var bad error
	g.eachItem(func(it *item) {
		bits := it.valueBits()
		if it.hasType() && !it.isText() && !it.isFloat() && bits > 53 && (it.pos.Run || it.pos.Type.Kind == frame.TypeBCD || it.pos.Type.Kind == frame.TypeMidi) {
			bad = fmt.Errorf("%s: more than 53 bits in a run, or of BCD or MIDI, cannot be generated", it.key)
		}
	})
	return bad
}

func (g *luagen) head() {
	g.line("-- Frame %s, written by serialgw frame lua.", g.name)
	for _, line := range g.about() {
		g.line("-- %s", line)
	}
	g.line("--\n-- For packets of link type USER0 that hold one frame each:")
	g.line("--   tshark -X lua_script:%s.lua -r frames.pcapng -V\n", g.name)
	g.line("local bit = bit or bit32 or require(\"bit\")")
	g.line("local p = Proto(%q, %q)", protoName(g.ident), "serialgw frame "+g.name)
	g.line("local bad_check = ProtoExpert.new(%q, \"bad check\", expert.group.CHECKSUM, expert.severity.ERROR)", g.abbr("bad_check"))
	g.line("local bad_frame = ProtoExpert.new(%q, \"no such frame\", expert.group.MALFORMED, expert.severity.ERROR)", g.abbr("bad_frame"))
	g.line("p.experts = {bad_check, bad_frame}\n")
}

// abbr is the name of a field in display filters.
func (g *luagen) abbr(parts ...string) string {
	return protoName(g.ident) + "." + strings.Join(parts, ".")
}

// protoName is a name that no dissector of Wireshark's own has.
func protoName(ident string) string { return "gw_" + strings.ToLower(ident) }

// fields declares a ProtoField for each property.
func (g *luagen) fields() {
	g.line("local f = {}")
	g.line("f.message = ProtoField.string(%q, \"message\")", g.abbr("message"))
	g.line("f.check = ProtoField.string(%q, \"check\")", g.abbr("check"))
	for _, one := range g.messages {
		var walk func(items []*item)
		walk = func(items []*item) {
			for _, it := range items {
				walk(it.group)
				for _, m := range it.members {
					g.field(one, it, m)
				}
			}
		}
		walk(one.items)
	}
	g.line("p.fields = f\n")
}

// field declares one property, or those of an array.
func (g *luagen) field(one *message, it *item, m *member) {
	kind, more := g.kind(it, m)
	key := one.Name + "." + m.prop
	abbr := g.abbr(identifier(one.Name), strings.TrimLeft(m.name, "_"))
	if m.n == 0 {
		g.line("f[%q] = ProtoField.%s(%q, %q%s)", key, kind, abbr, m.prop, more)
		return
	}
	g.line("for i = 0, %d do\n  f[%q .. i] = ProtoField.%s(%q .. i, %q .. i%s)\nend", m.n-1, key, kind, abbr, m.prop, more)
}

// kind is the type of a ProtoField, and its further arguments.
func (g *luagen) kind(it *item, m *member) (kind, more string) {
	t := it.pos.Type
	scaled := it.Scale != nil || it.Offset != nil || it.Digits != nil
	switch {
	case m.bit >= 0 || t.Kind == frame.TypeBool:
		return "bool", ""
	case it.isText():
		return "string", ""
	case it.isFloat() && (t.Bits == 64 || scaled):
		return "double", ""
	case it.isFloat():
		return "float", ""
	case len(it.Map) > 0 && it.valueBits() <= 32:
		var labels []string
		for _, key := range it.mapKeys() {
			labels = append(labels, fmt.Sprintf("[%s] = %q", key, it.Map[key]))
		}
		return g.sized(it, 32), ", base.DEC, {" + strings.Join(labels, ", ") + "}"
	case scaled || it.valueBits() > 32 && it.valueBits() <= 53 || it.Sign != "":
		return "double", ""
	case it.valueBits() > 53:
		return g.sized(it, 64), ""
	}
	return g.sized(it, 32), ""
}

func (g *luagen) sized(it *item, bits int) string {
	if it.signed() {
		return fmt.Sprintf("int%d", bits)
	}
	return fmt.Sprintf("uint%d", bits)
}

// message writes the function that shows the fields of a message.
func (g *luagen) message(one *message, plan *frame.MessagePlan) {
	g.line("local function show_%s(t, tvb, b)", one.ident)
	g.in(func() {
		g.line("local v, q = {}, 0")
		for _, it := range one.items {
			g.show(one, plan, it)
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

// stuffing writes the function that takes the escapes of the line out.
func (g *luagen) stuffing() {
	g.line("-- The frame without escapes; nil where there are none.")
	g.line("local function unescaped(b)")
	g.in(func() {
		switch kind := g.stuffKind(); kind {
		case "", "dxl2":
			g.line("return nil")
		case "cobs":
			g.line("%s", luaCOBS)
		default:
			g.line("%s", g.unescape())
		}
	})
	g.line("end\n")
	g.line("-- The frame as its fields see it.\nlocal function view(b)")
	g.in(func() {
		u := g.d.Unmask
		switch {
		case g.stuffKind() == "dxl2":
			g.line("%s", strings.NewReplacer("HEAD", fmt.Sprint(g.head_()), "TAIL", fmt.Sprint(g.trailer)).Replace(luaDXL2))
		case u != nil:
			over, _ := parseSlice(u.Over) // it has been compiled
			to := fmt.Sprintf("clip(%d, b.n)", over.to)
			if over.toEnd {
				to = "b.n"
			}
			op := fmt.Sprintf("(b[i] - %d) %% 256", u.Sub)
			if u.Xor != 0 {
				op = fmt.Sprintf("bit.bxor(b[i], %d)", u.Xor)
			}
			g.line("local out = {n = b.n, at = b.at}\nfor i = 0, b.n - 1 do out[i] = b[i] end\nfor i = clip(%d, b.n), %s - 1 do out[i] = %s end\nreturn out", over.from, to, op)
		default:
			g.line("return b")
		}
	})
	g.line("end\n")
}

// head_ is the model's head.
func (g *luagen) head_() int { return g.model.head() }

// unescape writes the loop that takes escapes out.
func (g *luagen) unescape() string {
	c := &cgen{model: g.model}
	esc, to := c.pairs()
	delim, plain := c.delimiter(), len(g.sync)
	var codes []string
	if g.stuffKind() == "hdlc" || g.stuffKind() == "xbee" {
		for x := range 256 {
			codes = append(codes, fmt.Sprintf("[%d] = %d", x^0x20, x))
		}
	} else {
		for _, b := range slices.Sorted(maps.Keys(to)) {
			codes = append(codes, fmt.Sprintf("[%d] = %d", to[b], b))
		}
	}
	if delim >= 0 {
		plain = 0
	}
	return strings.NewReplacer("CODES", strings.Join(codes, ", "), "ESC", fmt.Sprint(esc), "DELIM", fmt.Sprint(delim), "PLAIN", fmt.Sprint(plain)).Replace(
		`local codes = {CODES}
local out, n, i = {at = {}}, 0, 0
while i < b.n do
  if b[i] ~= DELIM then
    out.at[n] = b.at[i]
    if n >= PLAIN and b[i] == ESC then
      i = i + 1
      out[n] = codes[b[i]] or 0
    else
      out[n] = b[i]
    end
    n = n + 1
  end
  i = i + 1
end
out.n = n
return out`)
}

// dissector writes the entry: it finds the message, shows it, and says what is
// wrong.
func (g *luagen) dissector() {
	g.line("-- Every check of a frame: what stands there and what should.\nlocal function checks(b, extra)\n  local out = {}")
	g.in(func() {
		for i := range g.checks {
			s := &g.checks[i]
			at := fmt.Sprintf("clip(%d, b.n)", s.at)
			want := fmt.Sprintf("check%d(b, extra)", i)
			if s.Kind == "const" {
				want = fmt.Sprint(*s.Value)
			}
			g.line("out[%d] = {at = %s, size = %d, name = %q, want = bytes_of(%s, %d, %s)}", i+1, at, s.size, s.Kind+" over "+overText(s), want, s.size, luaBool(s.Endian == "big"))
		}
		g.line("for _, c in ipairs(out) do\n  c.found = hex(b, c.at, math.min(c.size, b.n - c.at), \" \")\n  c.good = c.found == c.want\nend\nreturn out")
	})
	g.line("end\n")
	g.line("local messages = {")
	g.in(func() {
		for _, one := range g.messages {
			var ids []string
			for _, id := range one.ID {
				ids = append(ids, fmt.Sprintf("[%d] = true", id))
			}
			list := "nil"
			if len(ids) > 0 {
				list = "{" + strings.Join(ids, ", ") + "}"
			}
			extra := 0
			if one.CRCExtra != nil {
				extra = *one.CRCExtra
			}
			least, most := g.plan.Message(one.Name).Sizes()
			if one.ZeroFill {
				least = 0
			}
			g.line("{name = %q, ids = %s, min = %d, max = %d, extra = %d, show = show_%s},", one.Name, list, least, most, extra, one.ident)
		}
	})
	g.line("}\n")
	id := "nil"
	if r := g.d.ID; r != nil {
		id = fmt.Sprintf("uint(v, %d, %d, %s)", r.At, refBytes(r.Type), luaBool(strings.HasPrefix(r.Type, ">")))
	}
	g.line("%s", strings.NewReplacer("IDENT", fmt.Sprintf("%q", g.name), "HEAD", fmt.Sprint(g.model.head()), "GETID", id).Replace(luaDissector))
}
