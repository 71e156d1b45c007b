package frame

import "bytes"

// stuffing is how a line escapes bytes. A frame has three forms:
//
//	on the line   7E 01 7D 5E 02 FC 7E    escapes and delimiters: Frame.Raw
//	the frame     01 7E 02 FC             what sync, length and checks see: Frame.Bytes
//	the fields    01 4B 02 FC             what the fields see: without unmask, dxl2's
//	                                      extra bytes, and a varint in one byte
type stuffing struct {
	kind  stuffKind
	delim byte // hdlc, slip, cobs: what ends a frame
	esc   byte // escaped: what stands before an escaped byte
	plain int  // escaped: so many bytes at the front are never escaped
	// to[b] is what b stands for behind esc, or -1; from[b] is what stands
	// behind esc for b, or -1 where b needs no escape.
	to, from [256]int16
	fresh    [256]bool // bytes that never stand inside a frame: a new one begins
}

type stuffKind uint8

const (
	stuffNone    stuffKind = iota
	stuffEscaped           // behind sync, esc and a byte: xbee, { esc, map }
	stuffHDLC              // delimited from here on
	stuffSLIP
	stuffCOBS
	stuffDXL2 // found and checked as it stands; the fields see it without
)

// delimited reports whether a delimiter cuts the frames.
func (s *stuffing) delimited() bool {
	return s.kind == stuffHDLC || s.kind == stuffSLIP || s.kind == stuffCOBS
}

// longest returns how many bytes a frame of n bytes has on the line at most,
// without delimiters.
func (s *stuffing) longest(n int) int {
	switch s.kind {
	case stuffHDLC, stuffSLIP, stuffEscaped:
		return 2 * n
	case stuffCOBS:
		return n + n/254 + 1
	}
	return n
}

// unstuff appends what a piece between delimiters stands for, or says that the
// piece breaks the rules of its stuffing. A piece that holds no escape is
// returned itself.
func (s *stuffing) unstuff(dst, piece []byte) (frame []byte, ok bool) {
	if s.kind == stuffCOBS {
		return uncobs(dst, piece)
	}
	at := bytes.IndexByte(piece, s.esc)
	if at < 0 {
		return piece, true
	}
	for at >= 0 {
		if at+1 == len(piece) {
			return dst, false // the delimiter has been escaped
		}
		b := s.to[piece[at+1]]
		if b < 0 {
			return dst, false
		}
		dst = append(append(dst, piece[:at]...), byte(b))
		piece = piece[at+2:]
		at = bytes.IndexByte(piece, s.esc)
	}
	return append(dst, piece...), true
}

// uncobs appends what a COBS piece stands for: blocks of a count and so many
// bytes less one, and a 0 behind each that is not full and not the last.
//
//	03 11 22 02 33  ─▶  11 22 00 33
func uncobs(dst, piece []byte) (frame []byte, ok bool) {
	for len(piece) > 0 {
		n := int(piece[0])
		if n == 0 || n > len(piece) {
			return dst, false
		}
		dst = append(dst, piece[1:n]...)
		piece = piece[n:]
		if n < 0xFF && len(piece) > 0 {
			dst = append(dst, 0)
		}
	}
	return dst, true
}

// stuff appends the bytes that stand on the line for a frame, with its
// delimiters; plain is how many bytes at the front are never escaped.
func (s *stuffing) stuff(dst, frame []byte, plain int) []byte {
	switch s.kind {
	case stuffHDLC, stuffSLIP:
		return append(s.escape(append(dst, s.delim), frame), s.delim)
	case stuffCOBS:
		return append(cobs(dst, frame), s.delim)
	case stuffEscaped:
		plain = min(plain, len(frame))
		return s.escape(append(dst, frame[:plain]...), frame[plain:])
	}
	return append(dst, frame...)
}

func (s *stuffing) escape(dst, frame []byte) []byte {
	for _, b := range frame {
		if code := s.from[b]; code >= 0 {
			dst = append(dst, s.esc, byte(code))
		} else {
			dst = append(dst, b)
		}
	}
	return dst
}

// cobs appends a frame in COBS, without the delimiter.
func cobs(dst, frame []byte) []byte {
	for {
		n := bytes.IndexByte(frame, 0)
		rest := n < 0
		if rest {
			n = len(frame)
		}
		for n >= 0xFE { // full blocks, which stand for no 0
			dst = append(append(dst, 0xFF), frame[:0xFE]...)
			frame, n = frame[0xFE:], n-0xFE
			if n == 0 && rest {
				return dst
			}
		}
		dst = append(append(dst, byte(n+1)), frame[:n]...)
		if rest {
			return dst
		}
		frame = frame[n+1:]
	}
}

// unescape appends what the bytes behind raw[at] stand for until dst has want
// bytes, and returns how far it read: to the end, where a lone esc is left for
// later, or to what cannot stand inside a frame (broken). The first plain bytes
// of a frame are never escaped.
func (s *stuffing) unescape(dst, raw []byte, at, want, plain int) (frame []byte, read int, broken bool) {
	for len(dst) < want && at < len(raw) {
		b := raw[at]
		switch {
		case len(dst) < plain:
			at++
		case b == s.esc:
			if at+1 == len(raw) {
				return dst, at, false
			}
			if s.to[raw[at+1]] < 0 {
				return dst, at, true
			}
			b = byte(s.to[raw[at+1]])
			at += 2
		case s.fresh[b]:
			return dst, at, true
		default:
			at++
		}
		dst = append(dst, b)
	}
	return dst, at, false
}

// reach returns how many bytes on the line the first n of a frame have, all of
// which are there.
func (s *stuffing) reach(raw []byte, n, plain int) int {
	at := min(n, plain)
	for n -= at; n > 0; n-- {
		if raw[at] == s.esc {
			at++
		}
		at++
	}
	return at
}

// Wire appends what stands on the line for a frame as sync, length and checks
// see it (Frame.Bytes, or what Seal made): with its escapes and delimiters. It
// is the frame itself where the description has no stuff.
func (p *Plan) Wire(dst, frame []byte) []byte { return p.stuff.stuff(dst, frame, p.stuff.plain) }

// MaxWire returns how many bytes a frame has on the line at most, with its
// escapes and delimiters.
func (p *Plan) MaxWire() int {
	n := p.stuff.longest(p.max)
	if p.stuff.delimited() {
		n += 2
	}
	return n
}

// Delimiter returns the byte that cuts the frames of the line; false when there
// is none.
func (p *Plan) Delimiter() (byte, bool) { return p.stuff.delim, p.stuff.delimited() }

// Unstuff appends the frame that bytes on the line stand for: what Wire makes
// into them, with or without the delimiters at its ends. The error says which
// rule of the stuffing they break; whether it is a frame, Parse says.
func (p *Plan) Unstuff(dst, wire []byte) ([]byte, error) {
	s := &p.stuff
	switch {
	case s.delimited():
		piece := trimByte(wire, s.delim)
		if bytes.IndexByte(piece, s.delim) >= 0 {
			return dst, &stuffError{"a delimiter stands inside"}
		}
		frame, ok := s.unstuff(nil, piece)
		if !ok {
			return dst, &stuffError{whyStuff.text()}
		}
		return append(dst, frame...), nil
	case s.kind == stuffEscaped:
		frame, read, _ := s.unescape(nil, wire, 0, len(wire), p.stuff.plain)
		if read < len(wire) {
			return dst, &stuffError{whyStuff.text()}
		}
		return append(dst, frame...), nil
	}
	return append(dst, wire...), nil
}

func trimByte(b []byte, cut byte) []byte {
	for len(b) > 0 && b[0] == cut {
		b = b[1:]
	}
	for len(b) > 0 && b[len(b)-1] == cut {
		b = b[:len(b)-1]
	}
	return b
}

// stuffError says which rule of the stuffing bytes on the line break.
type stuffError struct{ text string }

func (e *stuffError) Error() string { return "no frame: " + e.text }
