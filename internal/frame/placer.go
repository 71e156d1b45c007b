package frame

// placer gives fields their places: bytes one after the other, and runs of
// bits, which begin and end on a byte's border.
//
//	off   byte of the next field; of a run its first
//	bits  how much of the run is used; 0: there is none
type placer struct {
	off, bits int
	big       bool // order of the run
	loose     bool // behind a repeat of changing size: places are not known
}

// place returns the field with its type and place; nothing for a skip whose
// successor says where it stands.
func (e *placer) place(f Field) []Field {
	if f.Skip != 0 {
		e.close()
		e.off += f.Skip
		if e.loose {
			return []Field{f}
		}
		return nil
	}
	if f.Expr != "" && f.Type == "" {
		return []Field{f} // takes no bytes
	}
	if f.At != nil {
		e.bits, e.off, e.loose = 0, *f.At, false
	}
	if len(f.Group) > 0 {
		return []Field{e.group(f)}
	}
	t, err := ParseType(f.Type)
	if err != nil {
		return []Field{f}
	}
	if f.Order == "" {
		f.Type = t.Text(f.Type)
	}
	run := e.run(&f, t)
	if !e.loose {
		f.At, f.Bit = new(e.off+e.bits/8), nil
		if e.bits%8 != 0 {
			f.Bit = new(e.bits % 8)
		}
	}
	e.advance(f, t, run)
	return []Field{f}
}

// run reports whether the field is part of a run of bits, and begins or ends
// runs.
func (e *placer) run(f *Field, t Type) bool {
	if e.bits > 0 && (!t.Run || t.Big != e.big) {
		e.close()
	}
	if f.Bit != nil {
		e.close()
		e.bits = *f.Bit
	}
	e.big = t.Big
	return t.Run && (t.Bits%8 != 0 || e.bits%8 != 0)
}

// close ends a run at the next whole byte.
func (e *placer) close() {
	e.off += (e.bits + 7) / 8
	e.bits = 0
}

func (e *placer) advance(f Field, t Type, run bool) {
	n := max(f.Count, 1)
	switch {
	case f.Repeat != "" || t.Bits == 0:
		e.close()
		e.loose = true
	case run:
		e.bits += n * t.Bits
	case e.bits > 0: // whole bytes at the end of whole bytes of a run
		e.close()
		e.off += n * t.Bytes()
	default:
		e.off += n * t.Bytes()
	}
}

// group places a group; its fields run on within it.
func (e *placer) group(f Field) Field {
	e.close()
	if !e.loose {
		f.At = new(e.off)
	}
	inner := placer{loose: true}
	whole := placer{}
	var fields []Field
	for i := range f.Group {
		fields = append(fields, inner.place(f.Group[i])...)
		whole.place(f.Group[i])
	}
	f.Group = fields
	whole.close()
	if f.Repeat != "" || whole.loose {
		e.loose = true
		return f
	}
	e.off += max(f.Count, 1) * whole.off
	return f
}
