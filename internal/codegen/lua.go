package codegen

import (
	"fmt"
	"strings"

	"serialgw/internal/frame"
)

// Lua writes a dissector for Wireshark: every property with its scaled value,
// every check with what it should be. It takes packets of link type USER0 that
// hold one frame each, with or without the escapes of the line. Of a computed
// value it says how it is computed.
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
	if len(it.Names) > 0 { // under a repeat
		for i, name := range it.Names {
			abbr := g.abbr(identifier(one.Name), identifier(strings.TrimLeft(name, "_")))
			g.line("f[%q .. %d] = ProtoField.%s(%q, %q%s)", key, i, kind, abbr, name, more)
		}
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
