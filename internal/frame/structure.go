package frame

import (
	"fmt"
	"slices"
)

// structure is what a layout knows beyond values one behind the other: series,
// the group that is being laid out, and what computed values need.
type structure struct {
	line     bool // the fields are pieces of a line of text
	series   []series
	ends     [maxSeries + 1]int // behind so many series: the last byte, if they are full
	slack    [maxSeries + 1]int // bytes that so many series may lack
	here     moving
	group    *groupScope
	inputs   int  // registers given
	counters *int // of the whole plan
	extended bool // some slot needs parts to be decoded
	zeroFill bool
}

// groupScope is one repetition of a group, or of a field that is repeated.
type groupScope struct {
	nth   int
	names map[string]string // as written: as it is called in this repetition
	given bool              // each repetition has a name of its own
	one   bool              // of one field, not of a group
}

// structured lays out a field that is more than a value with a type; false
// when it is not.
func (l *layout) structured(key string, f *Field) bool {
	switch {
	case f.Expr != "":
		l.expression(key, f)
	case l.rest && l.group == nil:
		l.m.add(key, "a field after repeat", `nothing after repeat = "rest"`, "")
	case f.Const != nil && (f.When != "" || f.Counter != nil):
		l.m.add(key+".const", fmt.Sprint(*f.Const), "const without when and counter", "a constant has no value to send")
	case l.line:
		l.pieces(key, f)
	case l.group != nil && (f.Group != nil || f.Repeat != ""):
		l.m.add(key, "group or repeat within a group", "values, or count of one type", "a group is not repeated within another")
	case l.group != nil && f.At != nil:
		l.m.add(key+".at", fmt.Sprint(*f.At), "no place of its own within a group", "skip leaves bytes out")
	case f.Group != nil:
		l.repeated(key, f, f.Group)
	case f.Type == "s" || f.Type == "z":
		l.longText(key, f)
	case f.Repeat != "" && f.Repeat != "rest":
		if atoms, err := parseStruct(f.Type); err == nil && len(atoms) == 1 && atoms[0].bits%8 != 0 {
			l.m.add(key+".type", quote(f.Type), "whole bytes beside repeat by a field", "a group may hold several")
			return true
		}
		one := *f
		one.Repeat, one.Max, one.At = "", 0, nil
		l.repeated(key, f, []Field{one})
	default:
		l.moveTo(key, f)
		return false
	}
	return true
}

// moveTo notes where a field with at stands among the series.
func (l *layout) moveTo(key string, f *Field) {
	if f.At == nil || len(l.series) == 0 {
		return
	}
	l.here.behind = 0
	if *f.At >= l.series[0].at {
		l.m.add(key+".at", fmt.Sprint(*f.At), fmt.Sprintf("a place in front of %d, or from the end", l.series[0].at),
			"what stands behind a repeat moves; leave at out")
		l.here.behind = uint8(len(l.series))
	}
}

// cover notes bytes that a frame has if all series are full.
func (l *layout) cover(key string) {
	k := l.here.behind
	if l.off < 0 || l.here.in > 0 || l.rest {
		return
	}
	if int(k) < len(l.series) && l.off > l.series[k].at {
		l.m.add(l.part(key, "at"), fmt.Sprint("offset ", l.off), fmt.Sprintf("a value that ends in front of the repeat at %d", l.series[k].at), "")
	}
	l.ends[k] = max(l.ends[k], l.off)
}

// least returns the fewest bytes that a frame has in front of its trailer.
func (l *layout) least() int {
	n := l.ends[0]
	for i := range l.series {
		r := &l.series[i]
		n = max(n, r.at-l.slack[i]+r.least(), l.ends[i+1]-l.slack[i+1])
	}
	return n
}

// repeated lays out fields several times: count times, to the end of the frame,
// or as many times as an earlier field says.
func (l *layout) repeated(key string, f *Field, members []Field) {
	if f.Group != nil && !l.onlyGroup(key, f) {
		return
	}
	n := l.count(key, f)
	if f.Group == nil && f.Names != nil && len(f.Names) != n {
		l.m.add(key+".names", fmt.Sprint(len(f.Names), " names"), fmt.Sprint(n), "")
		return
	}
	l.startAt(key, f)
	start, slots, consts := l.off, len(l.slots), len(l.consts)
	counted := f.Repeat != "" && f.Repeat != "rest"
	switch {
	case f.Repeat != "" && l.off < 0 || l.off > maxTotal || l.off < -maxTotal:
		l.m.add(key+".at", fmt.Sprint(l.off), "an offset from the front beside repeat", "")
		return
	case f.Repeat == "rest":
		l.rest = true
	case counted && !l.beginSeries(key, f, n):
		return
	}
	ok := l.repetitions(key, f, members, n)
	l.group, l.here.in, l.here.nth = nil, 0, 0
	switch stride := (l.off - start) / n; {
	case !ok:
	case stride == 0:
		l.m.add(key+".group", "no bytes", "fields with bytes", "")
	case f.Repeat == "rest":
		l.endRest(start, stride, n, slots, consts)
	case counted:
		l.endSeries(stride)
	}
}

// startAt moves to where a repeat begins: at a whole byte, or at its at.
func (l *layout) startAt(key string, f *Field) {
	if l.wholeByte(); f.At != nil {
		l.moveTo(key, f)
		l.off, l.atEnd = *f.At, false
	}
}

// repetitions lays out the members n times; false after a mistake, which would
// be the same in all others.
func (l *layout) repetitions(key string, f *Field, members []Field, n int) bool {
	mistakes := len(l.m.list)
	for nth := range n {
		l.group, l.here.nth = &groupScope{nth: nth, names: map[string]string{}, one: f.Group == nil}, uint16(nth)
		if f.Group == nil && f.Names != nil {
			members[0].Name, members[0].Names, l.group.given = f.Names[nth], nil, true
		}
		for i := range members {
			memberKey := key
			if f.Group != nil {
				memberKey = fmt.Sprintf("%s.group[%d]", key, i)
			}
			l.field(memberKey, &members[i])
		}
		if l.wholeByte(); len(l.m.list) > mistakes {
			return false
		}
	}
	return true
}

// onlyGroup refuses what says nothing beside group.
func (l *layout) onlyGroup(key string, f *Field) bool {
	bare := Field{At: f.At, Count: f.Count, Repeat: f.Repeat, Max: f.Max, Group: f.Group}
	switch {
	case f.Name != "" || f.Type != "" || f.Names != nil || f.Scale != nil || f.Offset != nil || f.Map != nil ||
		f.Flags != nil || f.Const != nil || f.Range != nil || f.Invalid != nil || f.When != "" || f.Counter != nil || f.Sign != "":
		l.m.add(key+".group", "group beside keys of one value", "group with count or repeat, max and at", "give these keys to its fields")
		return false
	case bare.Count == 0 && bare.Repeat == "":
		l.m.add(key+".count", "none", "count or repeat beside group", "")
		return false
	case len(f.Group) == 0:
		l.m.add(key+".group", "no fields", "one or more", "")
		return false
	}
	return true
}

// endRest notes what a repeat to the end of the frame has: a repetition is
// there only when all of it is.
func (l *layout) endRest(start, stride, n, slots, consts int) {
	l.restAt, l.restSize, l.restMax, l.restMost = start, stride, n, stride*n
	reach := func(at int, m *moving) { m.reach = uint16(start + (int(m.nth)+1)*stride - at) }
	for i := slots; i < len(l.slots); i++ {
		reach(l.slots[i].at, &l.slots[i].moving)
	}
	for i := consts; i < len(l.consts); i++ {
		reach(l.consts[i].at, &l.consts[i].moving)
	}
}

// beginSeries begins values that an earlier field counts.
func (l *layout) beginSeries(key string, f *Field, most int) bool {
	i, ok := l.number(key+".repeat", f.Repeat)
	if !ok {
		return false
	}
	return l.addSeries(key+".repeat", series{number: l.slots[i], slot: i, at: l.off, most: most})
}

func (l *layout) addSeries(key string, s series) bool {
	switch {
	case len(l.series) == maxSeries:
		l.m.add(key, fmt.Sprint(maxSeries+1, " of them"), fmt.Sprintf("at most %d parts of a length of their own", maxSeries), "")
		return false
	case int(l.here.behind) < len(l.series):
		l.m.add(key, "a place in front of another repeat", "repeats in the order of their places", "")
		return false
	}
	l.series = append(l.series, s)
	l.here.in = uint8(len(l.series))
	return true
}

// endSeries is called when the first byte behind a full series is reached.
func (l *layout) endSeries(stride int) {
	k := len(l.series)
	s := &l.series[k-1]
	s.stride = stride
	l.slack[k] = l.slack[k-1] + s.most*stride - s.least()
	l.here = moving{behind: uint8(k)}
	l.extended = true
}

// number finds the field that counts.
func (l *layout) number(key, name string) (int, bool) {
	i, ok := l.find(name)
	if !ok {
		l.m.add(key, quote(name), `"rest" or the name of an earlier integer field`, "")
		return 0, false
	}
	s := &l.slots[i]
	if s.kind != rawUint || s.role != roleNumber || !s.scale.plain() || s.at < 0 || s.in > 0 || s.reach > 0 || s.more != nil || s.piece != noPiece {
		l.m.add(key, quote(name), "a plain unsigned integer at a place from the front", "without scale, map, when or counter, outside a repeat")
		return 0, false
	}
	return i, true
}

// find returns the slot of an earlier field, of the same repetition first.
func (l *layout) find(name string) (int, bool) {
	if l.group != nil {
		if own, ok := l.group.names[name]; ok {
			name = own
		}
	}
	i := slices.IndexFunc(l.slots, func(s slot) bool { return s.name == name })
	return i, i >= 0
}

// beside reports whether a slot is there wherever a value laid out now is.
func (l *layout) beside(s *slot) bool {
	return s.in == 0 && !s.rest || l.group != nil && s.in == l.here.in && s.nth == l.here.nth && s.rest == l.rest
}

// called returns the name of a value in the present repetition.
func (l *layout) called(name string) string {
	if l.group == nil || l.group.given || name == "_" || name == "" {
		return name
	}
	own := fmt.Sprint(name, l.group.nth)
	if last := name[len(name)-1]; !l.group.one && last >= '0' && last <= '9' {
		own = fmt.Sprint(name, "_", l.group.nth)
	}
	l.group.names[name] = own
	return own
}
