package frame

import "fmt"

// longText lays out a text whose length is in the frame.
func (l *layout) longText(key string, f *Field) {
	if !l.longTextFits(key, f) {
		return
	}
	if l.startAt(key, f); l.off < 0 || l.off > maxTotal {
		l.m.add(key+".at", fmt.Sprint(l.off), "an offset from the front", "")
		return
	}
	one := *f
	one.Type, one.Repeat, one.Max, one.At = fmt.Sprint(f.Max, "s"), "", 0, nil
	switch {
	case f.Repeat == "rest":
		l.rest = true
		l.restAt, l.restSize, l.restMax, l.restMost = l.off, 1, f.Max, f.Max
	case f.Type == "s" && !l.beginSeries(key, f, f.Max):
		return
	case f.Type == "z" && !l.addSeries(key+".type", series{text: true, at: l.off, most: f.Max}):
		return
	}
	before := len(l.slots)
	l.plainField(key, &one)
	for i := before; i < len(l.slots); i++ {
		s := &l.slots[i]
		s.extra().sized, s.more.series = true, s.in
		s.rest, s.reach, s.in = false, 0, 0 // it is always there, if only with no bytes
	}
	if l.extended = true; f.Repeat != "rest" {
		l.endSeries(1)
	}
}

// longTextFits refuses keys that say nothing about such a text.
func (l *layout) longTextFits(key string, f *Field) bool {
	switch repeat := f.Type == "s"; {
	case repeat && f.Repeat == "":
		l.m.add(key+".type", quote(f.Type), `a length as in "8s"`, `or repeat = "rest", or the earlier field that says it`)
	case !repeat && f.Repeat != "":
		l.m.add(key+".repeat", quote(f.Repeat), `no repeat beside "z"`, "the text ends with its NUL")
	case f.Max < 1 || f.Max > maxText:
		l.m.add(key+".max", fmt.Sprint(f.Max), fmt.Sprintf("1 to %d bytes", maxText), "how long can the text be?")
	case f.Count != 0:
		l.m.add(key+".count", fmt.Sprint(f.Count), "one text", "")
	case l.group != nil:
		l.m.add(key+".type", quote(f.Type), `a length as in "8s" within a group`, "")
	case f.Name == "":
		l.m.add(key+".name", "no name", "a name", "")
	default:
		return true
	}
	return false
}
