package frame

import "bytes"

// reason says which rule a candidate broke; a later one got further.
type reason uint8

const (
	whyNone reason = iota
	whySync
	whyID
	whyLength
	whyConst
	whyEnd
	whyCheck
)

type decision uint8

const (
	reject decision = iota
	wait
	accept
)

// verdict is what the bytes held say about a candidate.
type verdict struct {
	decision decision
	why      reason // reject
	next     int    // wait: judge again when so many bytes are held
	total    int    // accept: bytes of the frame; wait: as far as known
	drop     int    // reject, or wait given up: bytes that are no frame
	message  *MessagePlan
}

// shape says how many bytes a frame has and what is fixed in it.
type shape struct {
	size     int          // fixed total, or 0
	length   *lengthField // total in the head, or nil; both empty: up to the end marker
	min, max int          // bytes
	step     int          // end marker only: data comes in units of so many bytes
	base     int          // end marker only: bytes besides the units
	consts   []constant
	hasExtra bool
	extra    byte
}

// constant is a field that must have one value. [WIRE-6]
type constant struct {
	at, size int // at negative: from the end
	big      bool
	value    uint64
}

// lengthField is total = mul * (first + sum...) + add. [WIRE-3]
type lengthField struct {
	refs []number
	mul  int64
	add  int64
	end  int // bytes that must be in to read it
}

// total returns the claimed size, or -1 when it is absurd.
func (l *lengthField) total(head []byte) int {
	var n int64
	for _, r := range l.refs {
		v := r.get(head)
		if v > maxTotal {
			return -1
		}
		n += int64(v)
	}
	n = n*l.mul + l.add
	if n < 0 || n > maxTotal {
		return -1
	}
	return int(n)
}

// lead returns how many bytes at the front cannot begin a frame.
func (p *Plan) lead(held []byte) int {
	if len(p.sync) == 0 || len(held) == 0 {
		return 0
	}
	if p.sync[0].literal {
		if i := bytes.IndexByte(held, p.sync[0].first); i >= 0 {
			return i
		}
		return len(held)
	}
	for i, b := range held {
		if p.sync[0].ok[b] {
			return i
		}
	}
	return len(held)
}

// judge tries every message on the bytes held, from the first one on. [WIRE-4]
func (p *Plan) judge(held []byte, t turns) verdict {
	for i := range min(len(p.sync), len(held)) {
		if !p.sync[i].ok[held[i]] {
			return verdict{why: whySync, drop: 1}
		}
	}
	if len(held) < len(p.sync) {
		return verdict{decision: wait, next: len(p.sync), total: p.min, drop: 1}
	}
	var id int64
	if p.id != nil {
		if len(held) < p.id.end() {
			return p.judgeEarly(held)
		}
		id = int64(p.id.get(held))
	}
	return p.judgeMessages(held, id, t)
}

// judgeEarly looks at what is in before the id is.
func (p *Plan) judgeEarly(held []byte) verdict {
	v := verdict{decision: wait, next: p.id.end(), total: p.min, drop: 1}
	if p.early == nil {
		return v
	}
	e := p.fit(p.early, held)
	if e.decision == wait {
		e.next, e.total = min(e.next, v.next), max(e.total, v.total)
	}
	return e
}

func (p *Plan) judgeMessages(held []byte, id int64, t turns) verdict {
	out := verdict{why: whyID, drop: 1}
	var fits [2]*MessagePlan // a request and a reply that fit
	var totals [2]int        // their sizes may differ: a CRC and a 0 behind it pass again
	listed, partial := false, false
	for _, m := range p.messages {
		if !m.matches(id) {
			continue
		}
		listed = true
		v := p.fit(&m.shape, held)
		v.message = m
		switch {
		case v.decision == accept && m.Turn == "":
			return v
		case v.decision == accept && fits[m.side()] == nil:
			fits[m.side()], totals[m.side()] = m, v.total
		default:
			out = out.or(v)
			partial = partial || v.decision == wait && m.Turn == "reply"
		}
	}
	if partial && fits[1] == nil && t.awaits(id) {
		return out // its first bytes may pass as a request
	}
	if m := t.choose(fits, id); m != nil {
		return verdict{decision: accept, total: totals[m.side()], message: m}
	}
	if !listed && p.open != nil {
		return p.fit(p.open, held)
	}
	return out
}

// or joins the verdicts of two candidates at one place: while one of them may
// still become a frame, wait for the nearest news.
func (v verdict) or(w verdict) verdict {
	switch {
	case v.decision == wait && w.decision == wait:
		v.next, v.total = min(v.next, w.next), max(v.total, w.total)
		return v
	case w.decision == wait, v.decision == reject && w.why > v.why:
		return w
	}
	return v
}

// fit tries one shape; it rejects as early as a byte proves it wrong.
func (p *Plan) fit(s *shape, held []byte) verdict {
	switch {
	case s.size > 0:
		return p.fitTotal(s, held, s.size, s.size)
	case s.length == nil:
		return p.fitEnd(s, held)
	case len(held) < s.length.end:
		return p.fitTotal(s, held, 0, s.length.end)
	}
	total := s.length.total(held)
	if total < s.min || total > s.max {
		return verdict{why: whyLength, drop: 1} // [WIRE-3]
	}
	return p.fitTotal(s, held, total, total)
}

// fitEnd tries the end markers that leave a possible size, one after the
// other: the bytes of a marker may also be data.
func (p *Plan) fitEnd(s *shape, held []byte) verdict {
	out := verdict{why: whyEnd, drop: 1}
	reach := min(len(held), s.max)
	for from := max(s.min-len(p.end), 0); from < reach; {
		i := bytes.Index(held[from:reach], p.end)
		if i < 0 {
			break
		}
		if total := from + i + len(p.end); s.fits(total) {
			if v := p.fitTotal(s, held, total, total); v.decision == accept {
				return v
			}
			out.why = whyCheck
		}
		from += i + 1
	}
	if len(held) >= s.max {
		return out
	}
	// What can be known without the total may still refuse it now.
	v := p.fitTotal(s, held, 0, len(held)+1)
	v.total = s.min
	return v
}

// fitTotal tests a frame of total bytes, 0 when that is not known yet; next is
// how far to read for more.
func (p *Plan) fitTotal(s *shape, held []byte, total, next int) verdict {
	for i := range s.consts {
		c := &s.consts[i]
		at := resolveAt(c.at, total)
		switch {
		case at < 0: // counts from an end that is not known yet
		case at+c.size > len(held):
			next = min(next, at+c.size)
		case loadUint(held[at:at+c.size], c.big) != c.value:
			return verdict{why: whyConst, drop: 1}
		}
	}
	for i := range p.checks {
		c := &p.checks[i]
		switch {
		case c.need == 0:
		case c.need > len(held):
			next = min(next, c.need)
		case !c.verify(held, c.need, s.extra):
			return verdict{why: whyCheck, drop: 1}
		}
	}
	if total == 0 || total > len(held) {
		return verdict{decision: wait, next: max(next, len(held)+1), total: max(total, s.min), drop: 1}
	}
	return p.fitWhole(s, held[:total])
}

// fits reports whether a frame may have that size.
func (s *shape) fits(total int) bool {
	return total >= s.min && total <= s.max && (s.step == 0 || (total-s.base)%s.step == 0)
}

// fitWhole makes the tests that need the whole frame.
func (p *Plan) fitWhole(s *shape, frame []byte) verdict {
	if !bytes.HasSuffix(frame, p.end) {
		return verdict{why: whyEnd, drop: 1}
	}
	for i := range p.checks {
		c := &p.checks[i]
		if c.need > 0 {
			continue
		}
		if !c.verify(frame, len(frame), s.extra) {
			return verdict{why: whyCheck, drop: 1}
		}
	}
	return verdict{decision: accept, total: len(frame)}
}

// judgePiece handles frames that only their end marker delimits [WIRE-12]. A
// marker that leaves an impossible size may be data, so the next one decides.
func (p *Plan) judgePiece(held []byte, aligned bool) verdict {
	m := p.messages[0]
	first := bytes.Index(held, p.end) + len(p.end)
	if first < len(p.end) { // none
		if len(held) > p.max {
			return verdict{why: whySync, drop: len(held) - len(p.end) + 1}
		}
		return verdict{decision: wait, next: len(held) + 1, total: p.min, drop: len(held)}
	}
	if !aligned || first > p.max {
		return verdict{why: whySync, drop: first}
	}
	if m.shape.fits(first) {
		return p.acceptPiece(m, held[:first], first)
	}
	overlap := first - len(p.end) + 1
	second := bytes.Index(held[overlap:], p.end) + overlap + len(p.end)
	switch {
	case second >= overlap+len(p.end):
		if m.shape.fits(second) {
			return p.acceptPiece(m, held[:second], first)
		}
		return verdict{why: whyLength, drop: first}
	case len(held) >= p.max:
		return verdict{why: whyLength, drop: first}
	}
	return verdict{decision: wait, next: len(held) + 1, total: p.max, drop: first}
}

func (p *Plan) acceptPiece(m *MessagePlan, frame []byte, drop int) verdict {
	v := p.fit(&shape{size: len(frame), consts: m.shape.consts}, frame)
	v.message = m
	if v.decision != accept {
		v.drop = drop
	}
	return v
}
