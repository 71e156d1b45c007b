package frame

import "bytes"

// reason says what became of a candidate: that it is a frame, that it may yet
// become one, or the rule that it broke. A later rule got further.
type reason uint8

const (
	accepted reason = iota
	undecided
	whySync
	whyID
	whyLength
	whyConst
	whyCount // a count above its max, or more than the frame holds
	whyText  // pieces that are missing, or no numbers
	whyEnd
	whyCheck
	whyStuff // an escape that means nothing
	whyDoubt // all rules hold, but it stands alone in noise
)

// verdict is what the bytes held say about a candidate. It is made and handed
// on several times a frame, and so kept to what the compiler passes in
// registers: four fields, four words.
type verdict struct {
	why     reason
	drop    int32 // refused, or undecided and given up: bytes that are no frame
	extent  extent
	message *MessagePlan
}

type extent struct {
	next  int32 // undecided: judge again when so many bytes are held
	total int32 // accepted: bytes of the frame; undecided: as far as known
}

func refuse(why reason) verdict { return verdict{why: why, drop: 1} }

func accept(total int) verdict { return verdict{extent: extent{total: int32(total)}} }

func wait(next, total int) verdict {
	return verdict{why: undecided, drop: 1, extent: extent{next: int32(next), total: int32(total)}}
}

// shape says how many bytes a frame has and what is fixed in it.
type shape struct {
	size     int          // fixed total, or 0
	length   *lengthField // total in the head, or nil; both empty: up to the end marker
	min, max int          // bytes
	step     int          // end marker only: data comes in units of so many bytes
	base     int          // end marker only: bytes besides the units
	consts   []constant
	series   []series           // parts of a length of their own
	ends     [maxSeries + 1]int // behind so many series: what a frame needs, if they are full
	moved    []movedConst       // constants behind or among them
	counts   bool               // the series say the size
	tail     int                // bytes behind the fields: the trailer, or fields from the end
	zeroFill bool               // what is missing at the end is 0
	data     int                // lines of text: where the pieces begin
	pieces   int                // lines of text: how many there must be
	hasExtra bool
	extra    byte
}

// constant is a field that must have one value. [WIRE-6]
type constant struct {
	at, size int // at negative: from the end
	big      bool
	value    uint64
	free     uint64 // bits of these bytes that belong to other fields
}

// lengthField is total = mul * (first + sum...) + add. [WIRE-3]
type lengthField struct {
	refs []number
	mul  int64
	add  int64
	end  int  // bytes that must be in to read it
	one  bool // it is one byte, to which add is added: as it mostly is
	// varint: the first is as long as it says. total counts it as one byte.
	varint bool
}

// total returns the claimed size, or -1 when it is absurd.
func (l *lengthField) total(head []byte) int {
	var n int64
	refs := l.refs
	if l.varint {
		at := head[refs[0].at:]
		first, ok := loadVarint(at, varintSize(at))
		if !ok {
			return -1
		}
		n, refs = first, refs[1:]
	}
	for i := range refs {
		v := refs[i].get(head)
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

// starts reports whether a frame can begin with b.
func (p *Plan) starts(b byte) bool { return len(p.sync) == 0 || p.sync[0].ok[b] }

// lead returns how many bytes at the front cannot begin a frame, if the first
// cannot.
func (p *Plan) lead(held []byte) int {
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
	if p.quick.on && len(held) >= p.min {
		if v, ok := p.judgeQuick(held); ok {
			return v
		}
	}
	return p.judgeSlowly(held, t)
}

// judgeSlowly is judge for every kind of frame, and for a part of one.
func (p *Plan) judgeSlowly(held []byte, t turns) verdict {
	if p.split > 0 {
		return p.judgeLine(held, true)
	}
	for i := range min(len(p.sync), len(held)) {
		if !p.sync[i].ok[held[i]] {
			return refuse(whySync)
		}
	}
	if len(held) < len(p.sync) {
		return wait(len(p.sync), p.min)
	}
	var id int64
	if p.id != nil {
		if len(held) < p.id.end() {
			return p.judgeEarly(held)
		}
		id = int64(p.id.get(held))
	}
	if p.turned {
		return p.judgeTurns(held, id, t)
	}
	return p.judgeMessages(held, id)
}

// judgeEarly looks at what is in before the id is.
func (p *Plan) judgeEarly(held []byte) verdict {
	v := wait(p.id.end(), p.min)
	if p.early == nil {
		return v
	}
	e := p.fit(p.early, held)
	if e.why == undecided {
		e.extent.next, e.extent.total = min(e.extent.next, v.extent.next), max(e.extent.total, v.extent.total)
	}
	return e
}

func (p *Plan) judgeMessages(held []byte, id int64) verdict {
	out, listed := refuse(whyID), false
	for _, m := range p.messages {
		if !m.matches(id) {
			continue
		}
		v := p.fit(&m.shape, held)
		v.message = m
		if v.why == accepted {
			return v
		}
		out, listed = out.or(v), true
	}
	if !listed && p.open != nil {
		return p.fit(p.open, held)
	}
	return out
}

// judgeTurns is judgeMessages for a bus that is heard both ways: where a
// request and a reply fit the same bytes, the turn decides. [WIRE-11]
func (p *Plan) judgeTurns(held []byte, id int64, t turns) verdict {
	var fits [2]verdict // a request and a reply that fit
	out, listed, partial := refuse(whyID), false, false
	for _, m := range p.messages {
		if !m.matches(id) {
			continue
		}
		listed = true
		v := p.fit(&m.shape, held)
		v.message = m
		switch fit := &fits[m.side()]; {
		case v.why == accepted && m.Turn == "":
			return v
		case v.why == accepted && fit.message == nil:
			*fit = v
		default:
			out = out.or(v)
			partial = partial || v.why == undecided && m.Turn == "reply"
		}
	}
	if partial && fits[1].message == nil && t.awaits(id) {
		return out // its first bytes may pass as a request
	}
	if v := t.choose(fits[0], fits[1], id); v.message != nil {
		return v
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
	case v.why == undecided && w.why == undecided:
		v.extent.next, v.extent.total = min(v.extent.next, w.extent.next), max(v.extent.total, w.extent.total)
		return v
	case w.why == undecided, v.why != undecided && w.why > v.why:
		return w
	}
	return v
}
