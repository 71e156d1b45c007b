package frame

import "fmt"

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

// holds reports whether b is a frame of the message.
func (p *Plan) holds(m *MessagePlan, b []byte) bool {
	if p.split > 0 {
		v := p.fitLine(b)
		return v.why == accepted && v.message == m
	}
	return p.broken(&m.shape, b) == accepted
}

// Seal makes b a frame of the message with that id, in place: it writes sync
// where b does not fit it, then constants, id, length, end marker and, last,
// the checks. All other bytes stay, so that a frame may carry any data. The id
// counts only where the message lists ids. With an error, which says why the
// message has no such frame, b may be half sealed.
func (p *Plan) Seal(b []byte, m *MessagePlan, id int) error {
	switch {
	case !m.shape.fits(len(b)):
		return fmt.Errorf("%s has no frame of %d bytes", m.Name, len(b))
	case len(m.IDs) > 0 && !m.matches(int64(id)):
		return fmt.Errorf("%s does not have the id %d", m.Name, id)
	}
	for i := range p.sync {
		if !p.sync[i].ok[b[i]] {
			b[i] = p.sync[i].first
		}
	}
	if err := p.encodeFixed(m, b, id); err != nil {
		return fmt.Errorf("cannot seal %s: %w", m.Name, err)
	}
	if m.parts && !p.holds(m, b) {
		return fmt.Errorf("these bytes are no %s: a count, a constant or a piece of text differs", m.Name)
	}
	return nil
}
