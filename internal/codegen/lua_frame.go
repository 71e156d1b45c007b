package codegen

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

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
			g.line("%s", strings.NewReplacer("HEAD", fmt.Sprint(g.model.head()), "TAIL", fmt.Sprint(g.trailer)).Replace(luaDXL2))
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
		case g.varint() >= 0:
			g.line("%s", strings.ReplaceAll(luaVarint, "AT", fmt.Sprint(g.varint())))
		default:
			g.line("return b")
		}
	})
	g.line("end\n")
}

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
			g.line("{name = %q, ids = %s, min = %d, max = %d, extra = %d, show = show_%s,\n  fits = function(b) return %s end},", one.Name, list, least, most, extra, one.ident, g.fits(one))
		}
	})
	g.line("}\n")
	id := "nil"
	if r := g.d.ID; r != nil {
		id = fmt.Sprintf("uint(v, %d, %d, %s)", r.At, refBytes(r.Type), luaBool(strings.HasPrefix(r.Type, ">")))
	}
	g.line("%s", strings.NewReplacer("IDENT", fmt.Sprintf("%q", g.name), "HEAD", fmt.Sprint(g.model.head()), "GETID", id).Replace(luaDissector))
}
