package frame

import "bytes"

// FailsCheckOnly reports whether wire, as it stands on the line, would be one
// whole frame of a listed message if its checks held.
func (p *Plan) FailsCheckOnly(wire []byte) bool {
	if len(p.checks) == 0 || p.pieces || p.split > 0 {
		return false
	}
	b := wire
	if p.escapes() {
		var err error
		if b, err = p.Unstuff(nil, wire); err != nil {
			return false
		}
	}
	if len(b) == 0 || !bytes.HasSuffix(b, p.end) {
		return false
	}
	for _, a := range p.explainer(b, 0, true).attempts() {
		if a.m != nil && a.fault != nil && a.fault.Rule == "check" && a.total == len(b) {
			return true
		}
	}
	return false
}
