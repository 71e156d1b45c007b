package codegen

import (
	"fmt"
	"slices"

	"serialgw/internal/frame"
)

// structure writes the struct of a message.
func (g *cgen) structure(one *message) {
	inside := one.inStruct()
	if len(inside) == 0 {
		return
	}
	g.line("struct %s {", one.ident)
	g.in(func() {
		for _, m := range inside {
			note := ""
			if m.it != nil && m.bit < 0 {
				note = m.it.note()
			}
			if m.it == nil {
				note = "how many of the next there are"
			}
			if note != "" {
				note = " /* " + comment(note) + " */"
			}
			g.line("%s;%s", m.declaration(), note)
		}
	})
	g.line("};\n")
}

// inStruct returns the members that are no argument of their own.
func (m *message) inStruct() []*member {
	return slices.DeleteFunc(slices.Clone(m.members), func(one *member) bool { return one.arg })
}

// parameters writes what encode and send take beside the bytes, with a comma
// behind each, and how it is passed on: "uint8_t id, const struct x *v, ".
func (m *message) parameters() (declared, passed string) {
	for _, one := range m.members {
		if one.arg {
			declared, passed = declared+one.cType()+" "+one.name+", ", passed+", "+one.name
		}
	}
	if len(m.inStruct()) > 0 {
		declared, passed = declared+fmt.Sprintf("const struct %s *v, ", m.ident), passed+", v"
	}
	return declared, passed
}

// value is the expression of a member's value.
func (m *member) value() string {
	if m.arg {
		return m.name
	}
	return "v->" + m.name
}

// declaration writes a member of a struct.
func (m *member) declaration() string {
	array := ""
	if m.n > 0 {
		array = fmt.Sprintf("[%d]", m.n)
	}
	if m.it == nil {
		return "uint16_t " + m.name
	}
	if m.bit < 0 && m.it.isText() {
		kind := "char"
		if m.it.pos.Type.Kind == frame.TypeHex {
			kind = "uint8_t"
		}
		return fmt.Sprintf("%s %s%s[%d]", kind, m.name, array, m.it.textSize())
	}
	return m.cType() + " " + m.name + array
}

// cType returns the C type of one value.
func (m *member) cType() string {
	t := m.it.pos.Type
	switch {
	case m.bit >= 0 || t.Kind == frame.TypeBool:
		return "bool"
	case m.it.isFloat() && t.Bits == 64:
		return "double"
	case m.it.isFloat():
		return "float"
	}
	bits := 8
	for bits < m.it.valueBits() {
		bits *= 2
	}
	if m.it.signed() {
		return fmt.Sprintf("int%d_t", bits)
	}
	return fmt.Sprintf("uint%d_t", bits)
}
