package frame

import (
	"cmp"
	"fmt"
	"slices"

	"serialgw/internal/reading"
)

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
	var moved measured
	if n := len(view) - p.trailer; n < 0 || len(m.shape.series) > 0 && m.shape.measure(view[:n], true, &moved) != accepted {
		return // what stands where cannot be known
	}
	for i := range m.slots {
		s := &m.slots[i]
		at, size, ok := s.span(&moved, len(view), p.trailer)
		if !ok {
			continue
		}
		from, to := places[at], places[at+size-1]+1
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

// span returns where a slot stands in a frame of total bytes; false when the
// frame does not have it, or it takes no bytes.
func (s *slot) span(m *measured, total, trailer int) (at, size int, ok bool) {
	at, size, limit := resolveAt(s.at, total), s.size, total
	if s.at >= 0 {
		at -= m.shift[s.behind]
	}
	if s.rest || s.reach > 0 {
		limit -= trailer
	}
	switch {
	case s.more != nil && s.more.calc != nil:
		return 0, 0, false
	case s.more != nil && s.more.sized && s.more.series > 0:
		size = m.n[s.more.series]
	case s.more != nil && s.more.sized:
		size = total - trailer - at
	case s.in > 0 && int(s.nth) >= m.n[s.in]:
		return 0, 0, false
	}
	return at, size, at >= 0 && size > 0 && at+max(size, int(s.reach)) <= limit
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
	m.slots, m.pairs = slices.Clone(m.slots[:i+1]), nil
	for k := range m.slots {
		m.slots[k].alike = 0 // the runs of slots reach beyond these
	}
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
