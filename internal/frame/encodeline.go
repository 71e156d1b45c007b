package frame

import (
	"bytes"
	"fmt"
	"slices"

	"serialgw/internal/reading"
)

// line writes a line of text.
func (e *partsEncoder) line(dst []byte) ([]byte, error) {
	p, shape := e.plan, &e.m.shape
	start := len(dst)
	out := slices.Clone(dst)
	for _, s := range p.sync {
		out = append(out, s.first)
	}
	for len(out)-start < shape.data {
		out = append(out, ' ')
	}
	n, next := e.pieceCount(), 0
	for piece := range n {
		if piece > 0 {
			out = append(out, p.split)
		}
		at := len(out)
		for ; next < len(e.m.slots) && e.m.slots[next].at <= piece; next++ {
			var err error
			if out, err = e.appendPiece(out, at, &e.m.slots[next]); err != nil {
				return dst, fmt.Errorf("cannot encode %s of %s: %w", e.m.slots[next].name, e.m.Name, err)
			}
		}
		if piece == 0 && e.m.first != "" {
			if len(out) == at {
				out = append(out, bytes.ReplaceAll([]byte(e.m.first), []byte("?"), []byte("X"))...)
			}
			if c := (cutter{count: 1, rest: out[at:], by: p.split}); !e.m.named(&c) {
				return dst, fmt.Errorf("cannot encode %s: its first piece %q is not %s", e.m.Name, out[at:], e.m.first)
			}
		}
	}
	return e.closeLine(dst, out, start)
}

// closeLine writes checks and end marker.
func (e *partsEncoder) closeLine(dst, out []byte, start int) ([]byte, error) {
	p := e.plan
	tail := make([]byte, p.lineTail)
	if p.lineTail > p.trailer {
		tail[0] = '*'
	}
	out = append(out, tail...)
	b := out[start:]
	if len(b) > p.max {
		return dst, fmt.Errorf("cannot encode %s: %d bytes, at most %d are possible", e.m.Name, len(b), p.max)
	}
	copy(b[len(b)-len(p.end):], p.end)
	for i := range p.checks {
		p.checks[i].put(b, 0)
	}
	if i := bytes.Index(b[len(p.sync):], p.end); i+len(p.sync)+len(p.end) != len(b) {
		return dst, fmt.Errorf("cannot encode %s: a text holds the end marker", e.m.Name)
	}
	return out, nil
}

// pieceCount returns how many pieces the line has.
func (e *partsEncoder) pieceCount() int {
	n := e.m.shape.pieces
	for i := range e.m.slots {
		s := &e.m.slots[i]
		if _, ok := e.values[s.name]; ok && s.piece != noPiece && s.reach > 0 {
			n = max(n, s.at+int(s.reach))
		}
	}
	return n
}

// appendPiece writes the value of a slot, whose piece begins at at.
func (e *partsEncoder) appendPiece(out []byte, at int, s *slot) ([]byte, error) {
	v, ok := e.values[s.name]
	switch {
	case s.piece == noPiece:
		return out, nil
	case !ok && s.needed() && s.reach == 0:
		return out, fmt.Errorf("no value")
	case !ok:
		return out, nil
	case s.piece == pieceText:
		if v.Kind != reading.Text || bytes.IndexByte([]byte(v.Str()), e.plan.split) >= 0 {
			return out, fmt.Errorf("%v is not a text without %q", v, e.plan.split)
		}
		return append(out, v.Str()...), nil
	case s.piece == pieceName:
		text, ok := s.labels[v.Int64()]
		if v.Kind != reading.Int || !ok {
			return out, fmt.Errorf("%v is not in map", v)
		}
		return append(out, text...), nil
	case s.piece == pieceNum:
		if _, err := ratOf(v); err != nil {
			return out, err
		}
		return append(out, v.String()...), nil
	}
	return e.appendInteger(out, at, s, v)
}

// appendInteger writes an integer; flags share theirs.
func (e *partsEncoder) appendInteger(out []byte, at int, s *slot, v reading.Value) ([]byte, error) {
	var raw [8]byte
	if before, kind := parseDigits(out[at:]); s.role == roleFlag && s.piece == pieceHex && kind == aNumber {
		storeUint(raw[:], before, false)
	} else if before, kind := parseInt(out[at:]); s.role == roleFlag && kind == aNumber {
		storeUint(raw[:], before, false)
	}
	if err := s.encode(raw[:], v, nil, nil); err != nil {
		return out, err
	}
	if n := loadUint(raw[:], false); s.piece == pieceHex {
		return fmt.Appendf(out[:at], "%X", n), nil
	} else {
		return fmt.Appendf(out[:at], "%d", int64(n)), nil
	}
}
