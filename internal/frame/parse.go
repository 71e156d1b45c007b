package frame

import "fmt"

// Parse takes bytes that are one whole frame as it stands on the line, as in an
// example or typed by hand; the delimiters at its ends may be missing. The
// error says which rule they break.
func (p *Plan) Parse(wire []byte) (*Frame, error) {
	b := wire
	if p.stuff.delimited() || p.stuff.kind == stuffEscaped {
		var err error
		if b, err = p.Unstuff(nil, wire); err != nil {
			return nil, err
		}
	}
	var v verdict
	if p.pieces {
		v = p.acceptWhole(b)
	} else {
		v = p.judge(b, turns{})
	}
	total := int(v.extent.total)
	switch {
	case v.why == accepted && total < len(b):
		return nil, fmt.Errorf("the frame ends after %d bytes, but there are %d", total, len(b))
	case v.why == accepted:
		f := &Frame{Bytes: b, raw: wire, Message: v.message}
		if p.viewed() {
			f.view = p.appendView(nil, b)
		}
		return f, nil
	case v.why == undecided:
		return nil, fmt.Errorf("the frame has %d bytes or more, but there are %d", max(total, len(b)+1), len(b))
	}
	return nil, fmt.Errorf("no frame: %s", v.why.text())
}

func (p *Plan) acceptWhole(b []byte) verdict {
	if p.split > 0 {
		return p.judgeLine(b, true)
	}
	if m := p.messages[0]; m.shape.fits(len(b)) {
		return p.acceptPiece(m, b, len(b))
	}
	return refuse(whyLength)
}

func (r reason) text() string {
	switch r {
	case whySync:
		return "the first bytes are not sync"
	case whyID:
		return "the id is not listed"
	case whyLength:
		return "the length is impossible"
	case whyConst:
		return "a constant field differs"
	case whyCount:
		return "a count is above its max, or says more than the frame holds"
	case whyText:
		return "a piece of the line is missing, or is no number"
	case whyEnd:
		return "the end marker is missing"
	case whyCheck:
		return "the check fails"
	case whyStuff:
		return "an escape means nothing"
	case whyDoubt:
		return "it stands alone in noise"
	}
	return "unknown"
}
