package frame

import (
	"fmt"
	"slices"
)

// Expand returns the description with everything said that it leaves to
// defaults: each message, each field with its type, byte order and place, each
// check with its place and range, each size. What it returns names no preset,
// has no struct, and finds and decodes the same frames. The mistakes are those
// of Compile.
//
// A field behind a repeat of changing size has no place of its own: it runs on.
func Expand(name string, d Description) (Description, Errors) {
	p, errs := Compile(name, d)
	if len(errs) > 0 {
		return Description{}, errs
	}
	out := d
	out.Preset, out.Data, out.Struct, out.Names, out.Fields = "", 0, "", nil, nil
	out.Max = p.max
	if d.Sync == "" && len(p.sync) > 0 { // xbee's own
		out.Sync = hexOf(p.SyncBytes())
	}
	if p.varint >= 0 { // Compile adds what a varint may be longer
		out.Max -= maxVarint - 1
	}
	if d.Unmask != nil && d.Unmask.Over == "" {
		out.Unmask = new(*d.Unmask)
		out.Unmask.Over = p.masked.over.text()
	}
	out.ID, out.Seq = explicitRef(d.ID), explicitRef(d.Seq)
	out.Length = explicitLength(d.Length)
	out.Check = nil
	for _, k := range d.Check {
		out.Check = append(out.Check, explicitCheck(k, len(p.end)))
	}
	messages := d.Messages
	if len(messages) == 0 {
		messages = []Message{{Name: name, Struct: d.Struct, Names: d.Names, Fields: d.Fields}}
	}
	out.Messages = nil
	for i, m := range messages {
		m := explicitMessage(&d, m, len(p.sync))
		if m.Size == 0 && m.Length == nil && d.Size == 0 && d.Length == nil {
			m.Size = p.messages[i].shape.size
		}
		out.Messages = append(out.Messages, m)
	}
	return out, padded(name, &out, p)
}

// padded keeps the smallest size of each message: bytes that a struct string
// only passes over, and that stand behind its last value, count as well.
func padded(name string, out *Description, p *Plan) Errors {
	for i := range out.Messages {
		m := &out.Messages[i]
		m.Fields = slices.DeleteFunc(m.Fields, func(f Field) bool {
			t, err := ParseType(f.Type)
			beyond := err == nil && f.At != nil && *f.At+t.Bytes() > p.messages[i].shape.min-p.trailer
			return f.Name == "_" && len(f.Group) == 0 && f.Repeat == "" && f.Count == 0 && f.Const == nil && beyond
		})
	}
	again, errs := Compile(name, *out)
	if len(errs) > 0 {
		return errs
	}
	for i := range out.Messages {
		at := p.messages[i].shape.min - p.trailer - 1
		if again.messages[i].shape.min < p.messages[i].shape.min && at >= 0 {
			pad := Field{Name: "_", Type: "B", At: &at} // first, for nothing may follow a repeat
			out.Messages[i].Fields = append([]Field{pad}, out.Messages[i].Fields...)
		}
	}
	_, errs = Compile(name, *out)
	return errs
}

func explicitRef(r *Ref) *Ref {
	if r == nil {
		return nil
	}
	out := *r
	if out.Type == "" {
		out.Type = "B"
	}
	if t, err := ParseType(out.Type); err == nil {
		out.Type = t.Text(out.Type)
	}
	return &out
}

func explicitLength(l *Length) *Length {
	if l == nil {
		return nil
	}
	out := *l
	if out.Mul == 0 {
		out.Mul = 1
	}
	first := explicitRef(&Ref{At: l.At, Type: l.Type})
	out.Type, out.Sum = first.Type, nil
	for i := range l.Sum {
		out.Sum = append(out.Sum, *explicitRef(&l.Sum[i]))
	}
	return &out
}

// explicitCheck says where a check stands, in front of an end marker of so
// many bytes, and what it covers [WIRE-5].
func explicitCheck(k Check, end int) Check {
	sum, err := NewChecksum(k)
	if err != nil {
		return k // cannot happen: it has been compiled
	}
	size := sum.Size()
	if k.Form == "hex" {
		size *= 2
	}
	if k.At == nil {
		at := -(end + size)
		k.At = &at
	}
	if len(k.Over) == 0 && sum.check.kind != kindConst {
		k.Over = []string{fmt.Sprintf("0:%d", *k.At)}
	}
	if k.Endian == "" && sum.check.kind != kindConst {
		k.Endian = "little"
	}
	return k
}

func explicitMessage(d *Description, m Message, sync int) Message {
	data := d.Data
	if m.Struct == "" && data == 0 {
		data = sync
	}
	if m.Data != nil {
		data = *m.Data
	}
	m.Data = &data
	m.Length = explicitLength(m.Length)
	if d.Split != "" {
		return m
	}
	fields := m.Fields
	if m.Struct != "" {
		fields = unpasted(m)
	}
	m.Struct, m.Names = "", nil
	m.Fields = explicitFields(placer{off: data}, fields)
	return m
}

// unpasted turns a struct string into fields; those that are listed beside it
// say more of the values that they name.
func unpasted(m Message) []Field {
	atoms, _ := parseStruct(m.Struct) // it has been compiled
	var out []Field
	n := 0
	for _, a := range atoms {
		if a.kind == rawPad {
			out = append(out, Field{Skip: 1})
			continue
		}
		f := Field{Name: m.Names[n], Type: a.letter()}
		for _, more := range m.Fields {
			if more.Name == f.Name && f.Name != "_" {
				more.Type = f.Type
				f = more
			}
		}
		n++
		out = append(out, f)
	}
	return out
}
