package frame

import "bytes"

// Explain takes bytes that should be one frame, as typed by hand or found in a
// manual. Bytes in front of a frame are passed over, bytes behind it are named.
// Where the line escapes bytes, what is explained is the frame without escapes.
func (p *Plan) Explain(wire []byte) Explanation {
	if !p.escapes() {
		return p.explainer(wire, p.findFrame(wire), true).explain()
	}
	at := 0
	if p.stuff.kind == stuffEscaped {
		at = p.findEscaped(wire)
	}
	return p.explainLine(wire[at:], at, true)
}

// ExplainAt takes bytes of a recording where a frame should begin at wire[at].
// What stands behind it belongs to the next ones; twice MaxLine bytes are enough
// to see where the next begins.
func (p *Plan) ExplainAt(wire []byte, at int) Explanation {
	if !p.escapes() {
		x := p.explainer(wire, at, false)
		x.ahead = x.b
		x.b = x.b[:min(len(x.b), p.max+1)] // one may be too many
		return x.explain()
	}
	return p.explainLine(wire[min(max(at, 0), len(wire)):], at, false)
}

// MaxLine returns the most bytes that a frame has on the line, with delimiters.
func (p *Plan) MaxLine() int {
	if !p.escapes() {
		return p.max
	}
	return p.stuff.longest(p.max) + 2
}

// escapes reports whether the line has another form than the frame. Dynamixel's
// has one that its checks see as it is.
func (p *Plan) escapes() bool { return p.stuff.delimited() || p.stuff.kind == stuffEscaped }

// findEscaped returns where a frame begins behind which bytes are escaped, or
// where one comes closest.
func (p *Plan) findEscaped(wire []byte) int {
	best, furthest := 0, -1
	for at := range wire {
		frame, _, _ := p.stuff.unescape(nil, wire[at:], 0, p.max, len(p.sync))
		v := p.judge(frame, turns{})
		if v.why == accepted {
			return at
		}
		if n := v.why.distance(); n > furthest {
			best, furthest = at, n
		}
	}
	return best
}

// explainLine takes the escapes out and explains what is left; the line's own
// rules come first.
func (p *Plan) explainLine(wire []byte, at int, whole bool) Explanation {
	var line, frame []byte
	var broken bool
	if p.stuff.delimited() {
		line = p.piece(wire, whole)
		piece, ok := p.stuff.unstuff(nil, trimByte(line, p.stuff.delim))
		frame, broken = piece, !ok
	} else {
		var read int
		frame, read, broken = p.stuff.unescape(nil, wire, 0, len(wire), len(p.sync))
		line = wire[:read]
	}
	e := p.explainer(frame, 0, whole).explain()
	if p.stuff.kind == stuffEscaped && e.Size > 0 && e.Size <= len(frame) {
		line = wire[:p.stuff.reach(wire, e.Size, len(p.sync))]
		broken = broken && !e.OK
	}
	e.At, e.Line = at, len(line)
	if p.stuff.delimited() {
		e.At += bytes.Index(wire, line)
	}
	if broken && !e.OK {
		e.OK = false
		text := "an escape means nothing: " + hexOf(wire[:min(len(line)+2, len(wire))]) + " ends before the frame does"
		if e.Broken != nil {
			e.Also = append([]string{e.Broken.Text}, e.Also...)
		}
		e.Broken = &Fault{Rule: "escape", At: len(frame), Text: text}
	}
	return e
}

// piece returns what stands between delimiters. Typed by hand it is all of it,
// unless delimiters stand inside: then the first piece that is a frame, or else
// the first.
func (p *Plan) piece(wire []byte, whole bool) []byte {
	first := []byte(nil)
	for piece := range bytes.SplitSeq(wire, []byte{p.stuff.delim}) {
		if len(piece) == 0 {
			continue
		}
		if first == nil {
			first = piece
		}
		if !whole {
			break
		}
		if _, err := p.Parse(piece); err == nil {
			return piece
		}
	}
	return first
}
