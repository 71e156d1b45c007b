package frame

import "regexp"

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

// renamed gives other names to the slots that are properties, and to these,
// which stand in the same order.
func renamed(slots []slot, props []PropertyInfo, name func(string) string) {
	n := 0
	for i := range slots {
		if slots[i].hidden {
			continue
		}
		slots[i].name = name(slots[i].name)
		slots[i].short.prop.Name = slots[i].name
		props[n].Name = slots[i].name
		n++
	}
}
