package frame

import (
	"bytes"
	"strings"

	"serialgw/internal/reading"
)

// Lines of text are frames whose values are pieces between separators:
//
//	$GPGGA,123519.00,4807.038,N*5B\r\n
//	└sync  └─ pieces ────────┘ └ check, in hexadecimal digits
//
// A line ends with the first end marker: unlike a byte of a binary frame, its
// bytes are never data. [WIRE-21]

// pieceKind says what a piece of a line is.
type pieceKind uint8

const (
	noPiece  pieceKind = iota // the slot's bytes stand at a place
	pieceNum                  // a decimal number
	pieceInt
	pieceHex
	pieceText
	pieceName // a text that stands for a number
)

// judgeLine judges a line of text at the front.
func (p *Plan) judgeLine(held []byte, aligned bool) verdict {
	for i := range min(len(p.sync), len(held)) {
		if !p.sync[i].ok[held[i]] {
			return refuse(whySync)
		}
	}
	from := min(len(p.sync), len(held))
	total := from + bytes.Index(held[from:min(len(held), max(p.max, from))], p.end) + len(p.end)
	switch {
	case total >= from+len(p.end):
	case len(held) < p.max:
		v := wait(len(held)+1, p.min)
		if p.pieces {
			v = v.dropping(len(held))
		}
		return v
	case p.pieces:
		return p.tooLongLine(held)
	default:
		return refuse(whyEnd)
	}
	v := refuse(whySync)
	if aligned || !p.pieces {
		v = p.fitLine(held[:total])
	}
	if v.why != accepted && (p.pieces || p.skips && v.why == whyCheck) {
		v = v.dropping(total)
	}
	return v
}

// tooLongLine passes over a line that is too long, up to its end if that is in
// [WIRE-1]. It is not counted, because how often depends on how the bytes come.
func (p *Plan) tooLongLine(held []byte) verdict {
	v := refuse(whySync)
	if i := bytes.Index(held, p.end); i >= 0 {
		return v.dropping(i + len(p.end))
	}
	return v.dropping(len(held) - len(p.end) + 1)
}

// fitLine tests a whole line.
func (p *Plan) fitLine(line []byte) verdict {
	if len(line) < p.min || len(line) > p.max {
		return refuse(whyLength)
	}
	for i := range p.checks {
		if !p.checks[i].verify(line, len(line), 0) {
			return refuse(whyCheck)
		}
	}
	out, listed := refuse(whyID), false
	for _, m := range p.messages {
		var c cutter
		if c.cut(p, m, line); !m.named(&c) {
			continue
		}
		listed = true
		if why := m.fitPieces(&c, p); why != accepted {
			out.why = why
			continue
		}
		v := accept(len(line))
		v.message = m
		return v
	}
	if !listed && p.Checked() && !p.strict { // of an unknown kind
		return accept(len(line))
	}
	return out
}

// cutter gives the pieces of a line in their order.
type cutter struct {
	count int    // pieces of the line
	rest  []byte // what stands behind the piece given last
	given int    // how many were given
	last  []byte // the last of them
	by    byte
}

// cut begins with a message's line.
func (c *cutter) cut(p *Plan, m *MessagePlan, line []byte) {
	from, to := m.shape.data, len(line)-p.lineTail
	*c = cutter{by: p.split}
	if from > to {
		return // it has none
	}
	c.rest = bytes.TrimSuffix(line[from:to], []byte{'\r'})
	c.count = bytes.Count(c.rest, []byte{c.by}) + 1
}

// piece returns the piece of that number, from 0 and never a lower one than
// before; false when the line does not have so many.
func (c *cutter) piece(n int) ([]byte, bool) {
	for ; c.given <= n && c.given < c.count; c.given++ {
		end := bytes.IndexByte(c.rest, c.by)
		if end < 0 {
			c.last, c.rest = c.rest, nil
			continue
		}
		c.last, c.rest = c.rest[:end], c.rest[end+1:]
	}
	return c.last, n < c.count
}

// named reports whether the first piece is that of the message.
func (m *MessagePlan) named(c *cutter) bool {
	if m.first == "" {
		return true
	}
	piece, ok := c.piece(0)
	if !ok || len(piece) != len(m.first) {
		return false
	}
	for i := range piece {
		if m.first[i] != '?' && m.first[i] != piece[i] {
			return false
		}
	}
	return true
}

// fitPieces tests the pieces: there must be one for each field, and numbers
// where numbers are expected.
func (m *MessagePlan) fitPieces(c *cutter, p *Plan) reason {
	if c.count < m.shape.pieces && !m.shape.zeroFill {
		return whyText
	}
	for i := range m.slots {
		s := &m.slots[i]
		if s.piece == noPiece || int(s.reach) > c.count-s.at {
			continue
		}
		if piece, ok := c.piece(s.at); ok && !s.fits(p.bare(s, piece)) {
			return whyText
		}
	}
	return accepted
}

// bare returns a piece without what may stand around its value: blanks, and a
// label in front of a number.
func (p *Plan) bare(s *slot, piece []byte) []byte {
	if s.piece == pieceText || s.piece == pieceName {
		return piece
	}
	if p.label > 0 {
		piece = piece[bytes.LastIndexByte(piece, p.label)+1:]
	}
	for len(piece) > 0 && isBlank(piece[0]) {
		piece = piece[1:]
	}
	for len(piece) > 0 && isBlank(piece[len(piece)-1]) {
		piece = piece[:len(piece)-1]
	}
	return piece
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// fits reports whether a piece is empty or what the slot expects.
func (s *slot) fits(piece []byte) bool {
	if len(piece) == 0 {
		return true
	}
	kind := aNumber
	switch s.piece {
	case pieceNum:
		_, _, kind = parseDecimal(piece)
	case pieceInt:
		_, kind = parseInt(piece)
	case pieceHex:
		_, kind = parseDigits(piece)
	}
	return kind != noNumber
}

// parseInt reads a decimal integer.
func parseInt(b []byte) (uint64, numberText) {
	if bytes.ContainsAny(b, ".eEnN") {
		return 0, noNumber
	}
	m, _, kind := parseDecimal(b)
	return uint64(m), kind
}

// parseDigits reads hexadecimal digits, with or without 0x in front.
func parseDigits(b []byte) (v uint64, kind numberText) {
	if len(b) > 2 && b[0] == '0' && (b[1] == 'x' || b[1] == 'X') {
		b = b[2:]
	}
	for _, c := range b {
		digit, ok := hexDigit(c)
		if !ok {
			return 0, noNumber
		}
		if v>>60 != 0 {
			kind = tooLarge
		}
		v = v<<4 | uint64(digit)
	}
	if kind != tooLarge {
		kind = aNumber
	}
	return v, kind
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// readPiece gives the value of a slot of a line; false when it has none.
func (d *parts) readPiece(s *slot, prop *reading.Property, absent *Absent) (ok bool) {
	piece, ok := d.piece(s.at)
	if piece = d.plan.bare(s, piece); !ok || len(piece) == 0 {
		return false
	}
	var raw uint64
	var kind numberText
	switch s.piece {
	case pieceText:
		prop.Value = reading.TextValue(strings.ToValidUTF8(string(piece), "\uFFFD"))
		return true
	case pieceNum:
		prop.Value, ok = s.decimal(piece, absent)
		return ok
	case pieceName:
		return s.meaning(piece, prop, absent)
	case pieceInt:
		raw, kind = parseInt(piece)
	default:
		raw, kind = parseDigits(piece)
	}
	if kind != aNumber {
		absent.Range++
		return false
	}
	if s.role == roleFlag {
		prop.Value = reading.BoolValue(raw>>s.bit&1 != 0)
		return true
	}
	if s.more != nil && s.more.modulus > 0 {
		prop.Value, ok = s.total(raw, d.counters, absent)
		return ok
	}
	return s.number(raw, prop, absent)
}

// meaning gives the number that a text of map stands for.
func (s *slot) meaning(piece []byte, prop *reading.Property, absent *Absent) bool {
	for n, text := range s.labels {
		if text == string(piece) {
			prop.Value, prop.Label = reading.IntValue(n), text
			return true
		}
	}
	absent.Map++
	return false
}
