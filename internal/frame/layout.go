package frame

import "fmt"

// layout collects what the fields of one message say.
type layout struct {
	m       *mistakes
	checked bool // a checksum guards the frame, so values need no bounds
	slots   []slot
	props   []PropertyInfo
	consts  []movedConst
	keys    map[string]string // property to the key that gave it

	// pasted is the key of struct while values are read that no field
	// describes; such a value's own key is that of its name. Else "".
	pasted    string
	unbounded []string // pasted properties that lack bounds

	off      int  // where the next field stands; negative: from the frame's end
	atEnd    bool // a field from the end has reached it
	rest     bool // a repeat = "rest" has begun: nothing may follow
	used     int  // end of the last value that means something
	full     int  // the same with padding
	fromEnd  int  // bytes that negative offsets reach back
	restAt   int  // where the repeated values begin
	restSize int  // bytes of one of them; 1 where they are no whole bytes
	restMax  int
	restMost int // bytes of all of them
	run      run
	structure
}

// content is the part of a description that says what a frame carries.
type content struct {
	prefix string // "" or "message[2]."
	data   int
	text   string // struct
	names  []string
	fields []Field
}

// build reads the fields; a struct string is turned into fields first.
func (l *layout) build(c content) {
	l.off = c.data
	if c.text != "" {
		l.buildStruct(c)
		return
	}
	if len(c.names) > 0 {
		l.m.add(c.prefix+"names", "", "names beside struct", "give each field its own name")
	}
	l.begin(len(c.fields))
	for i := range c.fields {
		l.field(fmt.Sprintf("%sfields[%d]", c.prefix, i), &c.fields[i])
	}
}

// begin notes that n fields follow from here.
func (l *layout) begin(n int) {
	if n > 0 {
		l.used, l.full = l.off, l.off
	}
}

func (l *layout) field(key string, f *Field) {
	if f.Skip != 0 {
		l.skip(key, f)
		return
	}
	if !l.structured(key, f) {
		l.plainField(key, f)
	}
}

// plainField lays out a value with a type, once, count times or to the end.
func (l *layout) plainField(key string, f *Field) {
	atoms, err := parseStruct(f.Type)
	switch {
	case err != nil:
		l.m.add(key+".type", quote(f.Type), err.want, err.cure)
		return
	case len(atoms) != 1 || atoms[0].kind == rawPad:
		l.m.add(key+".type", quote(f.Type), "one value", "write count for several, skip for padding")
		return
	}
	l.place(key, f, atoms[0])
}

// place adds a field of a known type: once, count times, or to the end.
func (l *layout) place(key string, f *Field, a atom) {
	n := l.count(key, f)
	names := l.fieldNames(key, f, n)
	if len(names) != n {
		return
	}
	if f.At != nil {
		if l.off = *f.At; l.off > maxTotal || l.off < -maxTotal {
			l.m.add(key+".at", fmt.Sprint(l.off), fmt.Sprintf("at most %d", maxTotal), "")
			l.off = 0
		}
		l.run.bit, l.atEnd = 0, false
	}
	a = l.signed(key, f, l.reorder(key, f, a))
	l.start(key, f, a)
	if f.Repeat != "" {
		l.rest = true
		if l.off < 0 {
			l.m.add(key+".at", fmt.Sprint(l.off), `an offset from the front beside repeat = "rest"`, "")
			return
		}
		l.repeat(a, n)
	}
	v := l.value(key, f, a)
	for i := range n {
		at, placed, ok := l.take(key, a)
		if !ok {
			return
		}
		if v != nil {
			v.slot.atom = placed
			l.publish(key, v, f, names[i], at)
		}
		if !l.rest && (f.Const != nil || names[i] != "_" || len(f.Flags) > 0) {
			l.used = max(l.used, l.reach())
		}
	}
}

func (l *layout) skip(key string, f *Field) {
	if f.Name != "" || f.Type != "" || f.At != nil {
		l.m.add(key+".skip", "skip beside other keys", "skip alone", "")
	}
	if f.Skip < 0 || f.Skip > maxTotal {
		l.m.add(key+".skip", fmt.Sprint(f.Skip), fmt.Sprintf("1 to %d bytes", maxTotal), "")
		return
	}
	l.wholeByte()
	l.advance(key, f.Skip)
}

// advance moves past size bytes and keeps the extents.
func (l *layout) advance(key string, size int) bool {
	if l.atEnd || (l.off < 0 && l.off+size > 0) || l.off+size > maxTotal {
		l.m.add(l.part(key, "at"), fmt.Sprint("offset ", l.off), "a place inside the frame", "")
		return false
	}
	if l.off < 0 {
		l.fromEnd = max(l.fromEnd, -l.off)
		l.atEnd = l.off+size == 0
	}
	l.off += size
	if !l.rest {
		l.full = max(l.full, l.off)
	}
	l.cover(key)
	return true
}

// count returns how many values a field has.
func (l *layout) count(key string, f *Field) int {
	switch {
	case f.Repeat != "" && f.Count != 0:
		l.m.add(key+".repeat", "repeat and count", "one of them", "")
	case f.Repeat != "" && (f.Max < 1 || f.Max > maxAtoms):
		l.m.add(key+".max", fmt.Sprint(f.Max), fmt.Sprintf("1 to %d", maxAtoms), "repeat must say the most there can be")
	case f.Repeat != "":
		return f.Max
	case f.Max != 0:
		l.m.add(key+".max", fmt.Sprint(f.Max), "max beside repeat only", "")
	case f.Count < 0 || f.Count > maxAtoms:
		l.m.add(key+".count", fmt.Sprint(f.Count), fmt.Sprintf("1 to %d", maxAtoms), "")
	case f.Count > 0:
		return f.Count
	}
	return 1
}

// fieldNames returns a name for each value; "" for those of flags alone.
func (l *layout) fieldNames(key string, f *Field, n int) []string {
	several := f.Count > 0 || f.Repeat != ""
	switch {
	case len(f.Names) > 0 && f.Name != "":
		l.m.add(key+".names", "name and names", "one of them", "")
	case len(f.Names) > 0 && len(f.Names) != n:
		l.m.add(key+".names", fmt.Sprint(len(f.Names), " names"), fmt.Sprint(n), "")
		return nil
	case len(f.Names) > 0:
		return f.Names
	case f.Name == "" && len(f.Flags) == 0 && f.Const == nil:
		l.m.add(key+".name", "no name", "a name", `name = "_" for a value that is no property`)
		return nil
	}
	out := make([]string, n)
	for i := range out {
		out[i] = f.Name
		if several && f.Name != "_" {
			out[i] = fmt.Sprint(f.Name, i)
		}
	}
	return out
}

// publish adds the property, or the properties, of one value.
func (l *layout) publish(key string, v *value, f *Field, name string, at int) {
	s, info := v.slot, v.info
	s.at, s.rest = at, l.rest
	if len(f.Flags) > 0 {
		for _, b := range v.flags {
			one, its := s, info
			one.bit, one.name = b.bit, l.called(b.name)
			its.Name = one.name
			l.extend(key, f, &one, &its)
			l.add(key+".flags", one, its)
		}
		return
	}
	if name == "_" {
		return
	}
	l.extend(key, f, &s, &info)
	name = l.called(name)
	s.name, info.Name = name, name
	switch {
	case l.checked || bounded(&s) || isHidden(name):
	case l.pasted != "":
		l.unbounded = append(l.unbounded, name)
	default:
		l.m.add(key+".range", name+" without bounds", "range, const, map or flags",
			"the frame has no check, so only bounds can tell a damaged value")
	}
	l.add(l.part(key, "name"), s, info)
}

// bounded reports whether a damaged value has a chance to be noticed. [WIRE-10]
func bounded(s *slot) bool {
	return s.ranged || s.role == roleEnum || s.role == roleFlag || s.role == roleBool
}

func (l *layout) add(key string, s slot, info PropertyInfo) {
	s.hidden = isHidden(s.name)
	if !l.checkName(key, &s) {
		return
	}
	if before, ok := l.keys[s.name]; ok {
		l.m.add(key, quote(s.name), "a name used once in a message", "it also stands in "+before)
		return
	}
	if l.keys == nil {
		l.keys = map[string]string{}
	}
	if len(l.slots) == maxAtoms {
		l.m.add(key, fmt.Sprint(maxAtoms+1, " values"), fmt.Sprintf("at most %d in a message", maxAtoms), "")
	}
	l.keys[s.name] = key
	l.slots = append(l.slots, s)
	if !s.hidden {
		l.props = append(l.props, info)
	}
}
