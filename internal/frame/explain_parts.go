package frame

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// describe names every byte as the attempt sees it.
func (x *explainer) describe(a *attempt) Explanation {
	out := Explanation{Frame: x.p.name, At: len(x.front), Size: max(a.total, 0), Broken: a.fault, Also: a.also}
	if a.m != nil {
		out.Message = a.m.Name
	}
	if missing := x.bytesMissing(a); missing != "" {
		out.Also = append([]string{missing}, out.Also...)
	} else {
		if id := x.otherID(a); id != "" {
			out.Also = append(out.Also, id)
		}
		var hints []string
		if !a.sure {
			hints = a.hints()
		}
		out.Also = append(append(out.Also, a.damaged()...), hints...)
	}
	d := &describer{a: a, b: a.frame()}
	if a.total == 0 {
		d.b = x.b
	}
	d.head()
	switch {
	case a.m == nil || a.total <= 0:
	case x.p.split > 0:
		d.pieces()
	default:
		d.fields()
	}
	d.tail()
	if f := a.fault; f != nil && f.Rule == "sync" && !a.mended {
		d.silence()
	}
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

// silence takes away what the values say: these bytes are of another frame.
func (d *describer) silence() {
	for i := range d.parts {
		if d.parts[i].Kind == "field" {
			d.parts[i].Says = ""
		}
	}
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
	return c.shown(c.expected(d.b, d.a.total, d.a.s.extra))
}
