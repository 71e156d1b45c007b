package frame

import (
	"fmt"
	"strings"
)

// pastedValue is one value of a struct string. Its key is that of the field
// that describes it, otherwise that of its name: names[2].
type pastedValue struct {
	Field
	key       string
	described bool
}

// buildStruct reads a struct string, with names and what fields add to it.
func (l *layout) buildStruct(c content) {
	atoms, err := parseStruct(c.text)
	if err != nil {
		l.m.add(c.prefix+"struct", quote(c.text), err.want, err.cure)
		return
	}
	l.refuseNative(c.prefix+"struct", strings.TrimSpace(c.text), atoms)
	values := l.expand(c, atoms)
	l.begin(len(values))
	for i := range values {
		l.pasted = c.prefix + "struct"
		if values[i].described {
			l.pasted = ""
		}
		l.field(values[i].key, &values[i].Field)
	}
	l.pasted = ""
	if len(l.unbounded) > 0 {
		l.m.add(c.prefix+"struct", "nothing tells a damaged "+oneOf(l.unbounded)+" from a good one", "",
			`add check = { kind = "sum8" } and let the board send it, or list `+
				strings.Join(l.unbounded, ", ")+" under fields with a range") // [WIRE-10]
	}
}

// part returns the key of one part of a field, or the key in which a pasted
// value has it.
func (l *layout) part(key, part string) string {
	switch {
	case l.pasted == "":
		return key + "." + part
	case part == "name":
		return key
	}
	return l.pasted
}

func oneOf(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// refuseNative reports a struct string without a byte order that Python packs
// with gaps: every value at a multiple of its size. [WIRE-8]
func (l *layout) refuseNative(key, text string, atoms []atom) {
	if strings.ContainsAny(text[:1], "<>!") {
		return
	}
	packed, native := 0, 0
	for _, a := range atoms {
		if a.run || a.form != formWhole {
			return // Python has no such type
		}
		align := 1
		if a.integer() || a.kind == rawFloat {
			align = a.size
		}
		packed += a.size
		native += (align-native%align)%align + a.size
	}
	if native != packed {
		l.m.add(key, fmt.Sprintf(`%q is %d bytes as Python packs it without a prefix (native alignment) and %d as "<%s"`,
			text, native, packed, text), "", "write the prefix, on the board as well")
	}
}

// expand gives each value of a struct string its name, and what the field of
// the same name says.
func (l *layout) expand(c content, atoms []atom) []pastedValue {
	var out []pastedValue
	n := 0
	for _, a := range atoms {
		if a.kind == rawPad {
			out = append(out, pastedValue{Field: Field{Skip: 1}, key: c.prefix + "struct"})
			continue
		}
		v := pastedValue{Field: Field{Name: "_", Type: a.letter()}, key: fmt.Sprintf("%snames[%d]", c.prefix, n)}
		if n < len(c.names) {
			v.Name = c.names[n]
		}
		n++
		out = append(out, v)
	}
	if n != len(c.names) {
		l.m.add(c.prefix+"names", fmt.Sprint(len(c.names), " names"),
			fmt.Sprint(n, ", one for each value of struct"), `"_" names a value that is no property`)
	}
	for i, f := range c.fields {
		l.decorate(fmt.Sprintf("%sfields[%d]", c.prefix, i), f, out)
	}
	return out
}

func (l *layout) decorate(key string, f Field, values []pastedValue) {
	if f.Type != "" {
		l.m.add(key+".type", quote(f.Type), "no type beside struct", "struct gives the type; or leave struct out")
		return
	}
	for i := range values {
		if v := &values[i]; f.Name != "" && f.Name != "_" && v.Name == f.Name {
			f.Type = v.Type
			*v = pastedValue{key: key, Field: f, described: true}
			return
		}
	}
	cure := ""
	if f.Name == "_" {
		cure = `give it a name that begins with _, in names as well: "_id"`
	}
	l.m.add(key+".name", quote(f.Name), "a name out of names", cure)
}

// letter writes the type back.
func (a atom) letter() string {
	order := "<"
	if a.big {
		order = ">"
	}
	switch {
	case a.word() != "":
		return order + a.word()
	case a.form == formZ:
		return fmt.Sprintf("%dz", a.size)
	case a.kind == rawText:
		return fmt.Sprintf("%ds", a.size)
	}
	for _, letter := range "?bBhHiIqQefd" {
		if b := letters[byte(letter)]; b.kind == a.kind && b.size == a.size {
			return order + string(letter)
		}
	}
	return order + "x"
}

// keepOffSync refuses a property that stands on a byte of sync that never
// changes: its values cannot be meant. [WIRE-2]
func (c *compiler) keepOffSync(prefix string, m Message, l *layout) {
	n := len(c.p.sync)
	for i := range l.slots {
		s := &l.slots[i]
		if !c.onSync(s) {
			continue
		}
		found := s.name + " stands on the sync bytes " + c.d.Sync
		if m.Struct == "" {
			key := l.keys[s.name]
			c.add(key[:strings.LastIndexByte(key, '.')]+".at", found, "", fmt.Sprintf("set data, or at, to %d", n))
			continue
		}
		cure := fmt.Sprintf("set data = %d", n)
		if s.at == 0 {
			cure += ", or begin struct with " + strings.Repeat("B", n) + " and names with " +
				strings.TrimSuffix(strings.Repeat(`"_", `, n), ", ")
		}
		c.add(prefix+"struct", found, "", cure)
		return
	}
}

func (c *compiler) onSync(s *slot) bool {
	for at := max(s.at, 0); at < min(s.at+s.size, len(c.p.sync)); at++ {
		if c.p.sync[at].literal {
			return true
		}
	}
	return false
}
