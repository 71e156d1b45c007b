package frame

import (
	"fmt"
	"math"
	"math/big"

	"serialgw/internal/reading"
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
	if f.At != nil {
		l.moveTo(key, f)
		l.off = *f.At
	}
	if l.wholeByte(); f.At != nil {
		l.atEnd = false
	}
	start, slots, consts, mistakes := l.off, len(l.slots), len(l.consts), len(l.m.list)
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
	defer func() { l.group, l.here.in, l.here.nth = nil, 0, 0 }()
	for nth := range n {
		if len(l.slots) > maxAtoms {
			break // said at the end
		}
		l.group, l.here.nth = &groupScope{nth: nth, names: map[string]string{}}, uint16(nth)
		if f.Group == nil && f.Names != nil && nth < len(f.Names) {
			members[0].Name, members[0].Names, l.group.given = f.Names[nth], nil, true
		}
		for i := range members {
			memberKey := key
			if f.Group != nil {
				memberKey = fmt.Sprintf("%s.group[%d]", key, i)
			}
			l.field(memberKey, &members[i])
		}
		l.wholeByte()
		if len(l.m.list) > mistakes {
			return // they are the same in all others
		}
		if nth == 0 && l.off == start {
			l.m.add(key+".group", "no bytes", "fields with bytes", "")
			return
		}
	}
	stride := (l.off - start) / n
	if f.Repeat == "rest" {
		l.endRest(start, stride, n, slots, consts)
	}
	if counted {
		l.endSeries(stride)
	}
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

// constants hands on the constants, those at a place of their own apart.
func (l *layout) constants(s *shape) {
	s.series, s.ends, s.zeroFill = l.series, l.ends, l.zeroFill
	for _, c := range l.consts {
		if c.moving == (moving{}) && !l.zeroFill || c.at < 0 {
			s.consts = append(s.consts, c.constant)
		} else {
			s.moved = append(s.moved, c)
		}
	}
}

// shortest returns the fewest bytes of a frame with zero_fill.
func (c *compiler) shortest(prefix string, s *shape, l *layout) int {
	switch {
	case s.counts || s.size > 0 && c.d.Size == 0 && s.length == nil:
		c.add(prefix+"zero_fill", "neither length nor end", "one of them, so that a frame can be shorter than its fields", "")
	case l.rest:
		c.add(prefix+"zero_fill", `zero_fill beside repeat = "rest"`, "one of them", "")
	}
	n := max(c.head+c.p.trailer, c.checkReach(), l.fromEnd)
	if s.length != nil {
		n = max(n, s.length.end+c.p.trailer)
	}
	return n
}

// find returns the slot of an earlier field, of the same repetition first.
func (l *layout) find(name string) (int, bool) {
	if l.group != nil {
		if own, ok := l.group.names[name]; ok {
			name = own
		}
	}
	for i := len(l.slots) - 1; i >= 0; i-- {
		if l.slots[i].name == name {
			return i, true
		}
	}
	return 0, false
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
	if last := name[len(name)-1]; last >= '0' && last <= '9' {
		own = fmt.Sprint(name, "_", l.group.nth)
	}
	l.group.names[name] = own
	return own
}

// longText lays out a text whose length is in the frame.
func (l *layout) longText(key string, f *Field) {
	repeat := f.Type == "s"
	switch {
	case repeat && f.Repeat == "":
		l.m.add(key+".type", quote(f.Type), `a length as in "8s"`, `or repeat = "rest", or the earlier field that says it`)
		return
	case !repeat && f.Repeat != "":
		l.m.add(key+".repeat", quote(f.Repeat), `no repeat beside "z"`, "the text ends with its NUL")
		return
	case f.Max < 1 || f.Max > maxText:
		l.m.add(key+".max", fmt.Sprint(f.Max), fmt.Sprintf("1 to %d bytes", maxText), "how long can the text be?")
		return
	case f.Count != 0:
		l.m.add(key+".count", fmt.Sprint(f.Count), "one text", "")
		return
	case l.group != nil:
		l.m.add(key+".type", quote(f.Type), `a length as in "8s" within a group`, "")
		return
	case f.Name == "":
		l.m.add(key+".name", "no name", "a name", "")
		return
	}
	l.moveTo(key, f)
	if l.wholeByte(); f.At != nil {
		l.off = *f.At
	}
	if l.off < 0 || l.off > maxTotal {
		l.m.add(key+".at", fmt.Sprint(l.off), "an offset from the front", "")
		return
	}
	one := *f
	one.Type, one.Repeat, one.Max, one.At = fmt.Sprint(f.Max, "s"), "", 0, nil
	switch {
	case f.Repeat == "rest":
		l.rest = true
		l.restAt, l.restSize, l.restMax, l.restMost = l.off, 1, f.Max, f.Max
	case repeat && !l.beginSeries(key, f, f.Max):
		return
	case !repeat && !l.addSeries(key+".type", series{text: true, at: l.off, most: f.Max}):
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

// extra returns what the slot has beyond its bytes.
func (s *slot) extra() *more {
	if s.more == nil {
		s.more = &more{}
	}
	return s.more
}

// extend gives a slot what its field says beyond its value.
func (l *layout) extend(key string, f *Field, s *slot, info *PropertyInfo) {
	if s.at >= 0 {
		s.moving = l.here
	}
	if l.rest && l.group == nil && !l.line {
		s.reach = uint16(s.size)
	}
	if f.When != "" {
		if when, ok := l.compute(key+".when", f.When); ok {
			s.extra().when = when
		}
	}
	if f.Counter != nil {
		l.counter(key+".counter", f, s, info)
	}
	if s.more != nil || s.behind > 0 || s.in > 0 {
		l.extended = true
	}
}

// compute compiles an expression over earlier fields.
func (l *layout) compute(key, text string) (*program, bool) {
	p, err := parseExpr(text, func(name string) (uint16, *exprError) {
		i, ok := l.find(name)
		switch {
		case !ok:
			return 0, &exprError{want: "the name of an earlier field"}
		case l.slots[i].role == roleText:
			return 0, &exprError{want: "a number", cure: name + " is a text"}
		case l.slots[i].input == 0 && l.inputs == maxInputs:
			return 0, &exprError{want: fmt.Sprintf("at most %d different inputs in a message", maxInputs)}
		}
		s := &l.slots[i]
		if s.input == 0 {
			l.inputs++
			s.input = uint16(l.inputs)
		}
		return s.input - 1, nil
	})
	if err != nil {
		l.m.add(key, err.where(text), err.want, err.cure)
		return nil, false
	}
	l.extended = true
	return p, true
}

// exprDigits are the decimals of a computed value that does not say.
const exprDigits = 3

// expression adds a computed value.
func (l *layout) expression(key string, f *Field) {
	switch {
	case f.Name == "" || f.Name == "_":
		l.m.add(key+".name", "no name", "a name", "")
		return
	case f.Type != "" || f.At != nil || f.Bit != nil || f.Names != nil || f.Count != 0 || f.Repeat != "" || f.Group != nil ||
		f.Scale != nil || f.Offset != nil || f.Map != nil || f.Flags != nil || f.Const != nil || f.Invalid != nil ||
		f.Counter != nil || f.Sign != "" || f.Order != "" || f.Encode != "" || f.Max != 0:
		l.m.add(key+".expr", "expr beside keys of bytes", "name, unit, digits, range and when", "")
		return
	}
	calc, ok := l.compute(key+".expr", f.Expr)
	if !ok {
		return
	}
	digits := exprDigits
	if f.Digits != nil {
		digits = *f.Digits
	}
	if digits < 0 || digits > maxDigits {
		l.m.add(key+".digits", fmt.Sprint(digits), fmt.Sprintf("0 to %d", maxDigits), "")
		return
	}
	v := &value{slot: slot{digits: uint8(digits), power: math.Pow10(digits)}, info: PropertyInfo{Unit: f.Unit, Kind: reading.Int, Digits: digits}}
	if digits > 0 {
		v.info.Kind = reading.Decimal
	}
	if low, high, ok := l.limits(key, f, &v.info); ok {
		v.slot.ranged = true
		v.slot.low, v.slot.high = mantissaBound(low, digits, false), mantissaBound(high, digits, true)
	}
	v.slot.scale, _ = newScaling(big.NewRat(1, 1), new(big.Rat), 0)
	v.slot.extra().calc = calc
	l.publish(key, v, f, f.Name, 0)
}

// counter makes a slot one whose total grows.
func (l *layout) counter(key string, f *Field, s *slot, info *PropertyInfo) {
	if s.kind != rawUint || s.role != roleNumber {
		l.m.add(key, fmt.Sprint(f.Counter), "an unsigned integer type beside counter", "")
		return
	}
	_, high := s.bounds()
	modulus := new(big.Int).Add(high, big.NewInt(1))
	switch v := f.Counter.(type) {
	case bool:
		if !v {
			return
		}
		if modulus.BitLen() > 62 {
			l.m.add(key, "true", "a number at most 2^61", "a counter of 8 bytes does not start again")
			return
		}
	case int64:
		if v < 2 || modulus.Cmp(big.NewInt(v)) < 0 || v > 1<<61 {
			l.m.add(key, fmt.Sprint(v), fmt.Sprintf("true, or 2 to %v, at most 2^61", modulus), "the number of values that the counter has")
			return
		}
		modulus.SetInt64(v)
	default:
		l.m.add(key, fmt.Sprint(v), "true, or the number after which the counter starts at 0 again", "")
		return
	}
	m := s.extra()
	m.modulus, m.counter = modulus.Uint64(), *l.counters
	*l.counters++
	info.Range = nil
	if info.Kind == reading.Uint {
		info.Kind = reading.Int
	}
}
