package frame

import "fmt"

// Renumber writes a sequence number into a whole frame without escapes
// (Frame.Bytes), in place, and makes its checks hold again. It reports false, and changes nothing, when the
// description names no sequence number or b is too short for it. Numbers too
// large for the field wrap, as a board's counter does.
func (p *Plan) Renumber(b []byte, m *MessagePlan, seq uint64) bool {
	if p.seq == nil || m == nil || len(b) < p.min {
		return false
	}
	place := p.seq.in(b)
	if place == nil {
		return false
	}
	p.seq.store(place, seq)
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

// Seal makes b a frame of the message with that id, in place; Wire makes of it
// what stands on the line. It writes sync
// where b does not fit it, then constants, id, length, end marker and, last,
// the checks. All other bytes stay, so that a frame may carry any data. The id
// counts only where the message lists ids. With an error, which says why the
// message has no such frame, b may be half sealed.
func (p *Plan) Seal(b []byte, m *MessagePlan, id int) error {
	total := len(b)
	if l := m.shape.length; l != nil && l.varint {
		more := l.spare(b)
		if more < 0 {
			return fmt.Errorf("cannot seal %s: no length field can say %d bytes", m.Name, len(b))
		}
		total -= more
	}
	switch {
	case !m.shape.fits(total):
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
