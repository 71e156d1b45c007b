package frame

// Place says where a field stands.
type Place struct {
	At   int // byte of its beginning, or of the run of bits that it is part of
	Bit  int // of a run: bits from At to its first bit, 0 to 7, in the run's order
	Run  bool
	Type Type // none for a group, a skip and a computed value
	Size int  // bytes of one value or group; 0 where that varies, and of a run
	// Loose: At counts from the end of the last part of changing size.
	Loose bool
}

// Places returns where each field stands when the first begins at byte data.
// The fields are those of a description that compiles; of a group the fields'
// places are Places(0, group) within each repetition.
func Places(data int, fields []Field) []Place {
	e := placer{off: data}
	out := make([]Place, len(fields))
	for i := range fields {
		out[i] = e.place(&fields[i])
	}
	return out
}

// placer gives fields their places: bytes one after the other, and runs of
// bits, which begin and end on a byte's border.
//
//	off   byte of the next field; of a run its first
//	bits  how much of the run is used; 0: there is none
type placer struct {
	off, bits int
	big       bool // order of the run
	loose     bool // behind a repeat of changing size: off counts from there
}

func (e *placer) place(f *Field) Place {
	if f.Skip != 0 {
		e.close()
		e.off += f.Skip
		return Place{At: e.off - f.Skip, Size: f.Skip, Loose: e.loose}
	}
	if f.Expr != "" && f.Type == "" {
		return Place{At: e.off, Loose: e.loose} // takes no bytes
	}
	if f.At != nil {
		e.bits, e.off, e.loose = 0, *f.At, false
	}
	if len(f.Group) > 0 {
		return e.group(f)
	}
	t, err := ParseType(f.Type)
	if err != nil {
		return Place{At: e.off, Loose: e.loose}
	}
	run := e.run(f, t)
	out := Place{At: e.off + e.bits/8, Bit: e.bits % 8, Run: run, Type: t, Loose: e.loose}
	if !run {
		out.Size = t.Bytes()
	}
	e.advance(f, t, run)
	return out
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

func (e *placer) advance(f *Field, t Type, run bool) {
	n := max(f.Count, 1)
	switch {
	case f.Repeat != "" || t.Bits == 0:
		e.bits, e.off, e.loose = 0, 0, true
	case run:
		e.bits += n * t.Bits
	default: // a run that has ended on a byte's border ends here
		e.close()
		e.off += n * t.Bytes()
	}
}

// group places a group; its fields run on within it.
func (e *placer) group(f *Field) Place {
	e.close()
	whole := placer{}
	for i := range f.Group {
		whole.place(&f.Group[i])
	}
	whole.close()
	out := Place{At: e.off, Size: whole.off, Loose: e.loose}
	if whole.loose {
		out.Size = 0
	}
	if f.Repeat != "" || whole.loose {
		e.off, e.loose = 0, true
		return out
	}
	e.off += max(f.Count, 1) * whole.off
	return out
}

// explicitFields gives fields their types and, where they do not change, their
// places. A skip goes where its successor says where it stands.
func explicitFields(e placer, fields []Field) []Field {
	var out []Field
	for _, f := range fields {
		p := e.place(&f)
		switch {
		case f.Skip != 0:
			if p.Loose {
				out = append(out, f)
			}
			continue
		case f.Expr != "" && f.Type == "":
			out = append(out, f)
			continue
		}
		if len(f.Group) > 0 {
			f.Group = explicitFields(placer{loose: true}, f.Group)
		} else if f.Order == "" {
			f.Type = p.Type.Text(f.Type)
		}
		if !p.Loose {
			f.At, f.Bit = new(p.At), nil
			if p.Bit > 0 {
				f.Bit = new(p.Bit)
			}
		}
		out = append(out, f)
	}
	return out
}
