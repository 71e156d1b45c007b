package frame

import "bytes"

// FindBadCheck returns where the first frame of a recording begins that breaks no
// rule but its check, and how many bytes it has on the line; at is -1 where there
// is none. The bytes begin where a frame, or what stands between two, begins.
func (p *Plan) FindBadCheck(wire []byte) (at, size int) {
	switch {
	case p.pieces || p.stuff.delimited():
		return p.findBadPiece(wire)
	case p.stuff.kind == stuffEscaped:
		return p.findBadEscaped(wire)
	}
	for at := 0; at < len(wire); {
		switch v := p.judge(wire[at:], turns{}); v.why {
		case accepted:
			at += int(v.extent.total)
		case whyCheck:
			return at, p.badSize(wire[at:])
		default:
			at++
		}
	}
	return -1, 0
}

// badSize returns how many bytes the frame claims whose check fails; the most,
// where a request and a reply begin alike.
func (p *Plan) badSize(b []byte) int {
	size := 0
	for _, a := range p.explainer(b[:min(len(b), p.max)], 0, false).attempts() {
		if a.fault != nil && a.fault.Rule == "check" && a.complete() {
			size = max(size, a.total)
		}
	}
	return size
}

// findBadEscaped is for frames behind whose sync bytes are escaped.
func (p *Plan) findBadEscaped(wire []byte) (at, size int) {
	for at := 0; at < len(wire); {
		frame, _, _ := p.stuff.unescape(nil, wire[at:], 0, p.max, len(p.sync))
		switch v := p.judge(frame, turns{}); v.why {
		case accepted:
			at += p.stuff.reach(wire[at:], int(v.extent.total), len(p.sync))
		case whyCheck:
			return at, p.stuff.reach(wire[at:], p.badSize(frame), len(p.sync))
		default:
			at++
		}
	}
	return -1, 0
}

// findBadPiece is for frames that an end marker or a delimiter cuts.
func (p *Plan) findBadPiece(wire []byte) (at, size int) {
	cut := p.end
	if p.stuff.delimited() {
		cut = []byte{p.stuff.delim}
	}
	for at < len(wire) {
		n := bytes.Index(wire[at:], cut) + len(cut)
		if n < len(cut) {
			break
		}
		if p.badPiece(wire[at : at+n]) {
			return at, n
		}
		at += n
	}
	return -1, 0
}

// badPiece reports whether a piece, with what cuts it off, fails its check alone.
func (p *Plan) badPiece(piece []byte) bool {
	if !p.stuff.delimited() {
		return p.acceptWhole(piece).why == whyCheck
	}
	frame, ok := p.stuff.unstuff(nil, trimByte(piece, p.stuff.delim))
	return ok && p.judgeWhole(frame, turns{}).why == whyCheck
}
