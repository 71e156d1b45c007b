package frame

// Renumber writes a sequence number into a whole frame, in place, and makes
// its checks hold again. It reports false, and changes nothing, when the
// description names no sequence number or b is too short for it. Numbers too
// large for the field wrap, as a board's counter does.
func (p *Plan) Renumber(b []byte, m *MessagePlan, seq uint64) bool {
	if p.seq == nil || m == nil || len(b) < p.min {
		return false
	}
	at := resolveAt(p.seq.at, len(b))
	if at < 0 || at+p.seq.size > len(b) {
		return false
	}
	storeUint(b[at:at+p.seq.size], seq, p.seq.big)
	for i := range p.checks {
		p.checks[i].put(b, m.shape.extra)
	}
	return true
}
