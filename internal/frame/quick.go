package frame

import "bytes"

// quick is what judgeQuick needs of the plainest frames, which are most of
// those in use: each id has one message, the size is fixed or one length field
// says it, and one check covers all between two places.
//
//	AA 55 │ length │ id │ data ... │ check │ end
//	     from ─────────────────────┘        total
type quick struct {
	on     bool
	byID   [256]*MessagePlan // nil: not listed
	anyID  *MessagePlan      // instead, where frames have no id
	from   int               // the check covers frame[from : total-behind]
	behind int
	whole  bool // delimiters say the size, where neither of the others does
}

// plainFrames finds out whether judgeQuick can do the plan's work.
func (p *Plan) plainFrames() {
	if p.id != nil && p.id.mask != nil {
		return
	}
	if p.turned || p.pieces || p.headed > 0 || len(p.checks) != 1 || !p.checks[0].plain() {
		return
	}
	q := quick{on: true, whole: p.stuff.delimited(), from: p.checks[0].over[0].from, behind: -p.checks[0].over[0].to}
	if p.open != nil && !q.covers(p.open) {
		return
	}
	for _, m := range p.messages {
		if !q.covers(&m.shape) || !q.list(p, m) {
			return
		}
	}
	p.quick = q
}

// covers reports whether frames of that shape are plain.
func (q *quick) covers(s *shape) bool {
	sized := q.whole || s.size > 0 || s.length != nil && len(s.length.refs) == 1 && !s.length.varint
	return len(s.consts)+len(s.series)+len(s.moved) == 0 && sized && s.min >= q.from+q.behind
}

// list notes which ids a message has; false when it is not alone with them.
func (q *quick) list(p *Plan, m *MessagePlan) bool {
	if p.id == nil {
		q.anyID = m
		return len(p.messages) == 1
	}
	if p.id.size != 1 || len(m.IDs) == 0 {
		return false
	}
	for _, id := range m.IDs {
		if q.byID[id] != nil {
			return false
		}
		q.byID[id] = m
	}
	return true
}

// plain reports whether the check stands at the end, covers one piece up to
// some place before the end, and needs nothing but those bytes.
func (c *check) plain() bool {
	return c.kind != kindConst && !c.blank && !c.extra && !c.hex && c.at < 0 &&
		len(c.over) == 1 && c.over[0].from >= 0 && (c.over[0].to < 0 || c.over[0].toEnd)
}

// judgeQuick says what judge would say of a whole frame, or of what can be no
// frame, at the front; ok is false where judge is needed. A test holds the two
// against each other. held has at least p.min bytes.
func (p *Plan) judgeQuick(held []byte) (v verdict, ok bool) {
	for i := range p.sync {
		if !p.sync[i].ok[held[i]] {
			return refuse(whySync), true
		}
	}
	m := p.quick.anyID
	if p.id != nil {
		m = p.quick.byID[held[p.id.at]]
	}
	s := p.open // takes the ids that are not listed
	if m != nil {
		s = &m.shape
	} else if s == nil {
		return refuse(whyID), true
	}
	total := s.size
	if l := s.length; l != nil {
		if l.one {
			total = int(held[l.refs[0].at]) + int(l.add)
		} else {
			total = l.total(held)
		}
		if total < s.min || total > s.max {
			return refuse(whyLength), true
		}
	} else if total == 0 {
		if total = len(held); !s.fits(total) {
			return refuse(whyLength), true
		}
	}
	if total > len(held) || p.skips || p.whole && total < len(held) {
		return verdict{}, false
	}
	frame := held[:total]
	if len(p.end) > 0 && !bytes.HasSuffix(frame, p.end) {
		return refuse(whyEnd), true
	}
	c := &p.checks[0]
	at := total + c.at
	if loadCheck(frame[at:at+c.size], c.big) != c.sum(frame[p.quick.from:total-p.quick.behind]) {
		return refuse(whyCheck), true
	}
	v = accept(total)
	v.message = m
	return v, true
}
