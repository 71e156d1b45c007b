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
			d.add(at, p.seq.size, "seq", "", fmt.Sprint(loadUint(d.b[at:at+p.seq.size], p.seq.big)), false)
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
	if l.end > len(d.b) {
		return
	}
	wrong := d.a.fault != nil && d.a.fault.Rule == "length"
	for i, r := range l.refs {
		says := fmt.Sprint(r.get(d.b))
		if total := l.total(d.b); i == 0 && total >= 0 {
			says += ": a frame of " + count(total, "byte")
		}
		d.add(r.at, r.size, "length", "", says, wrong && i == 0)
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
		wrong := at+c.size <= len(d.b) && !c.holds(d.b, at)
		says := fmt.Sprint(c.value)
		if wrong {
			says = "must be " + says
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
	frame := Frame{Bytes: d.b, Message: d.a.m}
	if missing := d.a.total - len(d.b); missing > 0 {
		frame.Bytes = append(slices.Clone(d.b), make([]byte, missing)...)
	}
	for i := range d.a.m.slots {
		s := &d.a.m.slots[i]
		at := resolveAt(s.at, d.a.total)
		limit := len(d.b)
		if s.rest {
			limit = min(limit, d.a.total-d.a.x.p.trailer)
		}
		if at < 0 || at+s.size > limit {
			continue
		}
		says := d.value(frame, i)
		last := len(d.parts) - 1
		if last >= 0 && d.parts[last].Kind == "field" && d.parts[last].At == at && d.parts[last].Size == s.size {
			d.parts[last].Name += ", " + s.name
			d.parts[last].Says += ", " + says
			continue
		}
		d.add(at, s.size, "field", s.name, says, false)
	}
}

// value decodes one property, with what it stands on.
func (d *describer) value(f Frame, i int) string {
	p, m := d.a.x.p, *f.Message
	decode := func(n int) (reading.Reading, Absent) {
		m.slots = f.Message.slots[:n]
		f.Message = &m
		var r reading.Reading
		absent := p.Decode(&f, &r)
		return r, absent
	}
	s, info := f.Message.slots[i], f.Message.props[i]
	slots := f.Message.slots
	_, before := decode(i)
	f.Message = &MessagePlan{Name: m.Name, IDs: m.IDs, shape: m.shape, slots: slots, props: m.props}
	r, after := decode(i + 1)
	if n := len(r.Props); n > 0 && r.Props[n-1].Name == s.name {
		text := r.Props[n-1].Value.String()
		if r.Props[n-1].Label != "" {
			text += " (" + r.Props[n-1].Label + ")"
		}
		if info.Unit != "" {
			text += " " + info.Unit
		}
		return text
	}
	switch {
	case after.Invalid > before.Invalid:
		return "no value: listed as invalid"
	case after.Range > before.Range:
		return fmt.Sprintf("no value: outside the range of %v to %v", info.Range[0], info.Range[1])
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
