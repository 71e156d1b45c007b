package codegen

import (
	"fmt"
	"slices"
	"strings"

	"serialgw/internal/frame"
)

// C writes a C99 header for the board: a struct, an encode and a send function
// for each message, and a function for each check. It writes byte by byte, so
// that neither the byte order of the board nor the layout of its structs
// matters.
//
// An error names what the description has that C cannot be given.
func C(name string, d frame.Description) (string, error) {
	m, err := newModel(name, d)
	if err != nil {
		return "", err
	}
	g := &cgen{model: m, writer: writer{unit: "    "}, word: "uint32_t"}
	if m.wide() {
		g.word = "uint64_t"
	}
	if err := g.possible(); err != nil {
		return "", err
	}
	g.checks = headChecksFirst(m.checks)
	g.header()
	return g.b.String(), nil
}

// cgen writes C.
type cgen struct {
	*model
	writer
	word string // the unsigned type that holds every value
}

// wide reports whether some value or check has more than 32 bits.
func (m *model) wide() bool {
	for _, s := range m.checks {
		if s.size > 4 {
			return true
		}
	}
	wide := false
	m.eachItem(func(it *item) { wide = wide || !it.isText() && it.valueBits() > 32 })
	return wide
}

// eachItem visits all fields, those of groups as well.
func (m *model) eachItem(visit func(*item)) {
	var walk func([]*item)
	walk = func(items []*item) {
		for _, it := range items {
			if len(it.group) > 0 {
				walk(it.group)
			} else {
				visit(it)
			}
		}
	}
	for _, one := range m.messages {
		walk(one.items)
	}
}

// possible refuses what no generator of frames can write.
func (m *model) possible() error {
	for _, one := range m.messages {
		for _, it := range one.items {
			if it.Const != nil && (it.pos.Type.Kind == frame.TypeBCD || it.pos.Type.Kind == frame.TypeMidi) && it.many {
				return fmt.Errorf("message %s, %s: a constant that repeats cannot be generated", one.Name, it.key)
			}
			if it.pos.Loose && it.pos.At < 0 {
				return fmt.Errorf("message %s, %s: its place cannot be generated", one.Name, it.key)
			}
		}
	}
	return nil
}

func (g *cgen) header() {
	guard := strings.ToUpper(g.ident) + "_FRAME_H"
	g.line("/* Frame %s, written by serialgw frame c.", comment(g.name))
	for _, line := range g.about() {
		g.line(" * %s", comment(line))
	}
	g.line(" *\n * Fill the struct of a message and call its send function with your own for")
	g.line(" * one byte, or its encode function. Values are raw: as they stand on the line.")
	if slices.ContainsFunc(g.messages, func(one *message) bool { return len(one.inStruct()) < len(one.members) }) {
		g.line(" * The id of a message, which the description does not say, is an argument.")
	}
	g.line(" * For example, where uart_put is yours and sends a byte:\n *")
	for _, line := range g.cExample(g.messages[0]) {
		g.line(" *     %s", line)
	}
	for i, line := range g.unnamed() {
		if i == 0 {
			g.line(" *")
		}
		g.line(" * %s", comment(line))
	}
	g.line(" */")
	g.line("#ifndef %s\n#define %s\n", guard, guard)
	g.line("#if !defined(__cplusplus) && (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 199901L)")
	g.line("#error \"this header needs C99: gcc -std=c99; Keil: C99 Mode in the C/C++ options\"\n#endif\n")
	g.line("#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n")
	most := 0
	for _, one := range g.messages {
		most = max(most, one.max)
	}
	up := strings.ToUpper(g.ident)
	g.line("/* Bytes of the largest frame, and on the line. */")
	g.line("#define %s_FRAME_MAX %d\n#define %s_MAX %d\n", up, g.frameMax(most), up, g.lineMax(most))
	g.constants()
	g.helpers()
	for i := range g.checks {
		g.checkFunction(i)
	}
	g.stuffing()
	for _, one := range g.messages {
		g.structure(one)
		g.encode(one)
		g.send(one)
	}
	g.line("#endif")
}

// frameMax is the room that a frame takes while it is made.
func (m *model) frameMax(most int) int {
	if m.stuffKind() == "dxl2" {
		return most + most/3 + 1
	}
	if m.varint() >= 0 {
		return most + 3
	}
	return most
}

// varint is where a length of changing size stands; -1: there is none.
func (m *model) varint() int {
	if l := m.d.Length; l != nil && isVarint(l) {
		return l.At
	}
	for _, one := range m.messages {
		if l := one.Length; l != nil && isVarint(l) {
			return l.At
		}
	}
	return -1
}

func isVarint(l *frame.Length) bool { return strings.TrimLeft(l.Type, "<>!") == "varint" }

// moves reports whether the frame grows while its length is written.
func (m *model) moves() bool { return m.stuffKind() == "dxl2" || m.varint() >= 0 }

// lineMax is the most bytes on the line, with escapes and delimiters.
func (m *model) lineMax(most int) int {
	most = m.frameMax(most)
	switch m.stuffKind() {
	case "", "dxl2":
		return most
	case "cobs":
		return most + most/254 + 2
	}
	return 2*most + 2
}

func (m *model) stuffKind() string {
	switch s := m.d.Stuff; {
	case s == nil:
		return ""
	case s.Kind != "":
		return s.Kind
	}
	return "esc"
}

// comment makes a text safe inside a comment.
func comment(s string) string { return strings.ReplaceAll(s, "*/", "* /") }

// constants names the ids and the numbers of maps.
func (g *cgen) constants() {
	used := map[string]bool{}
	for _, one := range g.messages {
		up := strings.ToUpper(one.ident)
		if one.hasID {
			g.line("#define %s_ID 0x%X", unique(up, used), one.id)
		}
		var walk func([]*item)
		walk = func(items []*item) {
			for _, it := range items {
				walk(it.group)
				for _, key := range it.mapKeys() {
					word := strings.ToUpper(ascii(it.Map[key]))
					if strings.Trim(word, "_") == "" {
						word = strings.ReplaceAll(key, "-", "minus")
					}
					g.line("#define %s %s", unique(up+"_"+strings.ToUpper(it.members[0].name)+"_"+word, used), cNumber(key))
				}
			}
		}
		walk(one.items)
	}
	g.line("")
}

// ascii leaves the letters and digits of a label.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		case r < 0x80:
			return '_'
		}
		return -1
	}, s)
}

// cNumber writes the key of a map for C: 010 is 10 there, too.
func cNumber(key string) string {
	if strings.HasPrefix(key, "-") {
		return "(" + key + ")"
	}
	return key
}

func (g *cgen) send(one *message) {
	arg, pass := one.parameters()
	g.line("static inline size_t %s_send(%svoid (*put)(uint8_t))\n{", one.ident, arg)
	g.in(func() {
		g.line("uint8_t buf[%s_MAX];\nsize_t n = %s_encode(buf%s);\n", strings.ToUpper(g.ident), one.ident, pass)
		g.line("for (size_t i = 0; i < n; i++)\n    put(buf[i]);\nreturn n;")
	})
	g.line("}\n")
}
