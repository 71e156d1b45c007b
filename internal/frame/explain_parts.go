package frame

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"serialgw/internal/reading"
)

// describe names every byte as the attempt sees it.
func (x *explainer) describe(a *attempt) Explanation {
	out := Explanation{Frame: x.p.name, At: len(x.front), Size: max(a.total, 0), Broken: a.fault, Also: a.also}
	if a.m != nil {
		out.Message = a.m.Name
	}
	out.Also = append(out.Also, a.hints()...)
	d := &describer{a: a, b: a.frame()}
	if a.total == 0 {
		d.b = x.b
	}
	d.head()
	if a.m != nil && a.total > 0 {
		d.fields()
	}
	d.tail()
	d.sort()
	if behind := x.b[len(d.b):]; len(behind) > 0 && x.whole {
		d.parts = append(d.parts, Part{At: len(d.b), Size: len(behind), Bytes: hexOf(behind), Kind: "behind", Says: "behind the frame"})
	}
	if len(x.front) > 0 && x.whole {
		d.parts = append([]Part{{At: -len(x.front), Size: len(x.front), Bytes: hexOf(x.front), Kind: "before", Says: x.p.frontSays(x.front)}}, d.parts...)
	}
	out.Parts = d.parts
	return out
}

// frontSays says what bytes in front of a frame are.
func (p *Plan) frontSays(b []byte) string {
	for _, one := range b {
		if !p.idle[one] {
			return "before the frame"
		}
	}
	return "idle, between frames"
}

// describer collects the parts of one frame.
type describer struct {
	a     *attempt
	b     []byte // of the frame, as far as it is there
	parts []Part
}

// add names bytes; what is not there is left out.
func (d *describer) add(at, size int, kind, name, says string, wrong bool) {
	if at < 0 || size <= 0 || at >= len(d.b) {
		return
	}
	d.parts = append(d.parts, Part{At: at, Size: size, Bytes: hexOf(d.b[at:min(at+size, len(d.b))]),
		Kind: kind, Name: name, Says: says, Wrong: wrong})
}

// head names sync, length, id and sequence number.
func (d *describer) head() {
	p, a := d.a.x.p, d.a
	wrong, says := false, ""
	for i, want := range p.sync {
		if i < len(d.b) && !want.ok[d.b[i]] && !wrong {
			wrong, says = true, "must be "+patternText(p.sync)
		}
	}
	d.add(0, len(p.sync), "sync", "", says, wrong)
	if p.id != nil && p.id.end() <= len(d.b) {
		id := p.id.get(d.b)
		says := fmt.Sprint(id)
		switch {
		case a.m != nil:
			says += ": " + a.m.Name
		default:
			says += ": not listed"
		}
		d.add(p.id.at, p.id.size, "id", "", says, a.fault != nil && a.fault.Rule == "id")
	}
	if a.s != nil && a.s.length != nil {
		d.length(a.s.length)
	}
	if p.seq != nil && a.total > 0 {
		if at := resolveAt(p.seq.at, a.total); at >= 0 && at+p.seq.size <= len(d.b) {
			d.add(at, p.seq.size, "seq", "", fmt.Sprint(p.seq.load(d.b[at:at+p.seq.size])), false)
		}
	}
}

func patternText(sync []bytePattern) string {
	var words []string
	for i := range sync {
		words = append(words, sync[i].text())
	}
	return strings.Join(words, " ")
}

func (d *describer) length(l *lengthField) {
	if l.needs(d.b) > len(d.b) {
		return
	}
	wrong := d.a.fault != nil && d.a.fault.Rule == "length"
	for i := range l.refs {
		at, size, n := l.ref(i, d.b)
		says := fmt.Sprint(n)
		if total := d.a.saidTotal(); i == 0 && total > 0 {
			says += ": a frame of " + count(total, "byte")
		}
		d.add(at, size, "length", "", says, wrong && i == 0)
	}
}

// tail names constants, checks and the end marker.
func (d *describer) tail() {
	p, a := d.a.x.p, d.a
	if a.total == 0 || a.s == nil {
		return
	}
	for i := range a.s.consts {
		c := &a.s.consts[i]
		at := resolveAt(c.at, a.total)
		if at < 0 || at+c.size > len(d.b) {
			continue
		}
		wrong, says := !c.holds(d.b, at), ""
		if wrong {
			want := slices.Clone(d.b[at : at+c.size])
			c.put(want)
			says = "must be " + hexOf(want)
		}
		d.add(at, c.size, "constant", "", says, wrong)
	}
	for i := range p.checks {
		c := &p.checks[i]
		bad := slices.Contains(a.bad, i)
		says := c.says()
		switch {
		case !a.canCheck(c):
			says += ": cannot be made"
		case bad:
			says += ": must be " + d.computed(c)
		case a.mended:
			says += ": holds with sync put right"
		default:
			says += ": holds"
		}
		d.add(resolveAt(c.at, a.total), c.size, "check", "", says, bad)
	}
	if len(p.end) > 0 {
		at := a.total - len(p.end)
		wrong := at >= 0 && a.total <= len(d.b) && !bytes.HasSuffix(d.b, p.end)
		says := ""
		if wrong {
			says = "must be " + hexOf(p.end)
		}
		d.add(at, len(p.end), "end", "", says, wrong)
	}
}

// computed writes what a check should be.
func (d *describer) computed(c *check) string {
	want := make([]byte, c.size)
	storeUint(want, c.compute(d.b, d.a.total, d.a.s.extra), c.big)
	return hexOf(want)
}

// fields names the bytes of each value and what it says. Values of the same
// bytes, as flags are, share a part.
func (d *describer) fields() {
	p, m := d.a.x.p, d.a.m
	whole := d.b
	if missing := d.a.total - len(d.b); missing > 0 {
		whole = append(slices.Clone(d.b), make([]byte, missing)...)
	}
	view := p.appendView(nil, whole)
	places := p.viewPlaces(whole)
	frame := Frame{Bytes: view, view: view, Message: m}
	for i := range m.slots {
		s := &m.slots[i]
		at, limit := resolveAt(s.at, len(view)), len(view)
		if s.rest {
			limit -= p.trailer
		}
		if at < 0 || at+s.size > limit || s.size == 0 {
			continue
		}
		from, to := places[at], places[at+s.size-1]+1
		if to > len(d.b) {
			continue
		}
		says := d.value(frame, i)
		if last := len(d.parts) - 1; last >= 0 && d.parts[last].Kind == "field" &&
			d.parts[last].At == from && d.parts[last].Size == to-from {
			d.parts[last].Name += ", " + s.name
			d.parts[last].Says += ", " + says
			continue
		}
		d.add(from, to-from, "field", s.name, says, false)
	}
}

// viewPlaces returns where each byte of the fields' form of a frame stands in
// the frame.
func (p *Plan) viewPlaces(frame []byte) []int {
	var out []int
	keep := func(from, to int) {
		for i := from; i < to; i++ {
			out = append(out, i)
		}
	}
	switch {
	case p.stuff.kind == stuffDXL2:
		from, to := p.dataOf(len(frame))
		keep(0, from)
		for i := from; i < to; i++ {
			keep(i, i+1)
			if headAt(frame[from:i+1]) && i+1 < to && frame[i+1] == 0xFD {
				i++
			}
		}
		keep(to, len(frame))
	case p.varint >= 0 && len(frame) > p.varint:
		n := max(varintSize(frame[p.varint:]), 1)
		keep(0, p.varint+1)
		keep(min(p.varint+n, len(frame)), len(frame))
	default:
		keep(0, len(frame))
	}
	return out
}

// value decodes one property, with what it stands on. What is no property is
// decoded as if it were one.
func (d *describer) value(f Frame, i int) string {
	p, m := d.a.x.p, *f.Message
	m.slots = slices.Clone(m.slots[:i+1])
	s := &m.slots[i]
	s.hidden = false
	name := s.name
	decode := func(n int) (reading.Reading, Absent) {
		part := m
		part.slots = m.slots[:n]
		f.Message = &part
		var r reading.Reading
		absent := p.Decode(&f, &r)
		return r, absent
	}
	_, before := decode(i)
	r, after := decode(i + 1)
	unit, limits := "", []float64(nil)
	for _, info := range m.props {
		if info.Name == name {
			unit, limits = info.Unit, info.Range
		}
	}
	if n := len(r.Props); n > 0 && r.Props[n-1].Name == name {
		text := r.Props[n-1].Value.String()
		if r.Props[n-1].Label != "" {
			text += " (" + r.Props[n-1].Label + ")"
		}
		if unit != "" {
			text += " " + unit
		}
		return text
	}
	switch {
	case after.Invalid > before.Invalid:
		return "no value: listed as invalid"
	case after.Range > before.Range && len(limits) == 2:
		return fmt.Sprintf("no value: outside the range of %v to %v", limits[0], limits[1])
	case after.Range > before.Range:
		return "no value: too large"
	case after.Map > before.Map:
		return "no value: not in the map"
	case after.NaN > before.NaN:
		return "no value: not a number, or infinite"
	}
	return "no value"
}

// sort puts the parts in the order of the bytes and names what is left.
func (d *describer) sort() {
	covered := make([]bool, len(d.b))
	for _, p := range d.parts {
		for i := p.At; i < min(p.At+p.Size, len(d.b)); i++ {
			covered[i] = true
		}
	}
	for from := 0; from < len(d.b); from++ {
		if covered[from] {
			continue
		}
		to := from
		for to < len(d.b) && !covered[to] {
			to++
		}
		kind, says := "unlisted", "no field"
		if d.a.total == 0 {
			says = ""
		}
		d.add(from, to-from, kind, "", says, false)
		from = to
	}
	slices.SortStableFunc(d.parts, func(a, b Part) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Size, b.Size))
	})
}
