package frame

import (
	"bytes"
	"fmt"
	"slices"
)

// textAttempts explains a line of text as each message. [WIRE-21]
func (x *explainer) textAttempts() []*attempt {
	var all []*attempt
	for _, m := range x.p.messages {
		a := &attempt{x: x, m: m, s: &m.shape}
		a.named = a.isNamed()
		a.checkSync()
		a.lineSize()
		a.checkChecks(true)
		a.checkChecks(false)
		a.checkPieces()
		all = append(all, a)
	}
	return all
}

// isNamed reports whether the first piece is that of the message, whatever else
// is wrong with the line.
func (a *attempt) isNamed() bool {
	rest := a.x.b[min(a.s.data, len(a.x.b)):]
	return a.m.named(&cutter{count: 1, rest: rest, by: a.x.p.split})
}

// lineSize finds the end of the line.
func (a *attempt) lineSize() {
	p, b := a.x.p, a.x.b
	from := min(len(p.sync), len(b))
	i := bytes.Index(b[from:], p.end)
	if i < 0 {
		text := "the end of the line is missing: " + hexOf(p.end)
		last := p.end[len(p.end)-1:]
		if at := bytes.Index(b[from:], last); at >= 0 {
			text += fmt.Sprintf("; only %s stands there, %s", hexOf(last), place(from+at, 1))
		}
		a.breaks(whyEnd, Fault{Rule: "end", At: len(b), Expected: hexOf(p.end), Text: text})
		return
	}
	a.total = from + i + len(p.end)
	if a.total < p.min || a.total > p.max {
		a.breaks(whyLength, Fault{Rule: "length", At: a.total, Found: fmt.Sprint(a.total, " bytes"),
			Text: fmt.Sprintf("the size is impossible: the line has %d bytes, it may have %s", a.total, between(p.min, p.max))})
	}
}

// checkPieces tests the first piece, how many there are, and the numbers.
func (a *attempt) checkPieces() {
	if !a.complete() {
		return
	}
	p, m := a.x.p, a.m
	var c cutter
	if c.cut(p, m, a.frame()); !m.named(&c) {
		piece, _ := c.piece(0)
		a.breaks(whyID, Fault{Rule: "id", At: a.s.data, Found: string(piece), Expected: m.first,
			Text: fmt.Sprintf("the first piece is %q, not %q", piece, m.first)})
		return
	}
	if c.count < a.s.pieces && !a.s.zeroFill {
		a.breaks(whyText, Fault{Rule: "piece", Found: count(c.count, "piece"), Expected: fmt.Sprint(a.s.pieces),
			Text: fmt.Sprintf("pieces are missing: the line has %d, %s has %d", c.count, m.Name, a.s.pieces)})
	}
	for i := range m.slots {
		s := &m.slots[i]
		if s.piece == noPiece || int(s.reach) > c.count-s.at {
			continue
		}
		if piece, ok := c.piece(s.at); ok && !s.fits(p.bare(s, piece)) {
			a.breaks(whyText, Fault{Rule: "piece", Found: string(piece),
				Text: fmt.Sprintf("piece %d is %q, which is no number: %s", s.at, piece, s.name)})
			return
		}
	}
}

// pieces names each piece of the line and what it says.
func (d *describer) pieces() {
	p, m := d.a.x.p, d.a.m
	from, to := d.a.s.data, len(d.b)-p.lineTail
	if from >= to {
		return
	}
	frame := Frame{Bytes: d.b, Message: m}
	at := from
	for n, piece := range bytes.Split(d.b[from:to], []byte{p.split}) {
		name, says := fmt.Sprint("piece ", n), fmt.Sprintf("%q", piece)
		i := slices.IndexFunc(m.slots, func(s slot) bool { return s.piece != noPiece && s.at == n })
		if i >= 0 && d.a.named {
			name = m.slots[i].name
			if d.a.fault == nil {
				says = d.value(frame, i)
			}
		}
		d.add(at, len(piece), "field", name, says, false)
		at += len(piece) + 1
	}
}
