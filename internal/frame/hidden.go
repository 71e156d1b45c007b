package frame

import (
	"regexp"
	"slices"
)

// A field whose name is "_" and more is read where another field needs it,
// and is no property: r.Props, Properties and the values of Encode leave it
// out. Its slot stands among the others, in front of those that need it.
var (
	identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,49}$`)
	hiddenName = regexp.MustCompile(`^_[A-Za-z0-9_]{1,49}$`)
)

// isHidden reports whether a name keeps its value from being sent.
func isHidden(name string) bool { return len(name) > 1 && name[0] == '_' }

// checkName reports whether a slot's name may be used: a property's must suit
// OneNET.
func (l *layout) checkName(key string, s *slot) bool {
	switch {
	case s.hidden && !hiddenName.MatchString(s.name):
		l.m.add(key, quote(s.name), "_, then 1 to 49 letters, digits and _", "")
		return false
	case !s.hidden && !identifier.MatchString(s.name):
		l.m.add(key, quote(s.name), "a letter, then at most 49 letters, digits and _", "OneNET takes no other identifiers")
		return false
	}
	return true
}

// renamed returns a copy whose properties have other names.
func (m *MessagePlan) renamed(name func(string) string) *MessagePlan {
	out := *m
	out.slots, out.props = slices.Clone(m.slots), slices.Clone(m.props)
	n := 0 // properties stand in their slots' order
	for i := range out.slots {
		s := &out.slots[i]
		if s.hidden {
			continue
		}
		s.name = name(s.name)
		s.short.prop.Name, out.props[n].Name = s.name, s.name
		n++
	}
	if m.pairs != nil {
		out.pairs = pairsOf(out.slots)
	}
	return &out
}
