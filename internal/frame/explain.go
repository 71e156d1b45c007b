package frame

// Explanation says what each byte of a frame is, and if it is none, which rule
// it breaks first and what would have kept it.
type Explanation struct {
	Frame   string `json:"frame"`
	Message string `json:"message,omitempty"` // "": its id is not listed
	OK      bool   `json:"ok"`                // a frame begins at At
	At      int    `json:"at"`                // bytes in front of the frame
	Size    int    `json:"size"`              // bytes that it has or should have; 0: that cannot be known
	Line    int    `json:"line,omitempty"`    // bytes that it has on the line, where that escapes some
	Parts   []Part `json:"parts"`             // in the order of the bytes; parts may share bytes
	Broken  *Fault `json:"broken,omitempty"`  // the first rule that it breaks
	// Also lists what else is worth knowing: further rules that it breaks, and
	// changes that would make the check hold.
	Also []string `json:"also,omitempty"`
	// Tried names every other message that the frame could have been.
	Tried []Tried `json:"tried,omitempty"`
}

// Part is a run of bytes with one meaning.
type Part struct {
	At    int    `json:"at"`    // counted from the frame's first byte; in front of it negative
	Bytes string `json:"bytes"` // in hex; shorter than Size when the frame is cut short
	Size  int    `json:"size"`
	Kind  string `json:"kind"` // before sync id length seq constant field check end unlisted behind
	Name  string `json:"name,omitempty"`
	Says  string `json:"says,omitempty"` // what the bytes mean
	Wrong bool   `json:"wrong,omitempty"`
}

// Fault is a broken rule.
type Fault struct {
	Rule     string `json:"rule"`               // sync id length cut constant end check escape
	At       int    `json:"at"`                 // the first byte that breaks it, counted from the frame's first
	Found    string `json:"found"`              // the bytes that stand there
	Expected string `json:"expected,omitempty"` // what should stand there
	Text     string `json:"text"`               // all of it in one sentence
}

// Tried is a message that the frame is not.
type Tried struct {
	Message string `json:"message"`
	Text    string `json:"text"` // the first rule that it breaks as such
}

// findFrame returns where a frame begins; if none does, where one comes
// closest, and of several equally close ones the first.
func (p *Plan) findFrame(b []byte) int {
	if p.pieces || p.stuff.delimited() {
		return 0
	}
	best, furthest := 0, -1
	for at := range b {
		v := p.judge(b[at:], turns{})
		if v.why == accepted {
			return at
		}
		if n := v.why.distance(); n > furthest {
			best, furthest = at, n
		}
	}
	if best > 0 && p.keepsFront(b) {
		return 0
	}
	return best
}

// distance is how far a candidate got that is no frame.
func (r reason) distance() int {
	switch r {
	case whySync:
		return 0
	case undecided: // any few bytes at the end may become a frame
		return 1
	}
	return int(r)
}

// keepsFront reports whether the beginning is meant although a frame comes
// closer further on: its sync is right, or nothing but its sync is wrong.
func (p *Plan) keepsFront(b []byte) bool {
	if p.judge(b, turns{}).why != whySync {
		return true
	}
	for _, a := range p.explainer(b, 0, true).attempts() {
		if a.mended {
			return true
		}
	}
	return false
}

// explainer explains bytes as one frame.
type explainer struct {
	p     *Plan
	front []byte // what stands before the frame
	b     []byte // from the frame's first byte on
	whole bool   // b should be one frame and nothing else
	ahead []byte // b and what follows it in a recording; nil: it was typed
}

func (p *Plan) explainer(b []byte, at int, whole bool) *explainer {
	at = min(max(at, 0), len(b))
	return &explainer{p: p, front: b[:at], b: b[at:], whole: whole}
}

// explain tries every message that the id allows and takes the best.
func (x *explainer) explain() Explanation {
	all := x.attempts()
	best := all[0]
	for _, a := range all[1:] {
		if a.better(best) {
			best = a
		}
	}
	v := x.judge()
	for _, a := range all {
		if v.why == accepted && v.message != nil && a.m == v.message {
			best = a // of two that fit, whose turn it is
		}
	}
	if v.why == accepted && v.message == nil && best.m != nil { // a line of an unknown kind
		best = &attempt{x: x, s: best.s, total: best.total}
	}
	out := x.describe(best)
	if out.OK = v.why == accepted; out.OK {
		out.Broken, out.Also = nil, nil
	} else if out.Broken == nil {
		out.Broken = &Fault{Rule: "other", Text: v.why.text()}
	}
	if !out.OK {
		out.Also = append(out.Also, x.oneByte()...)
	}
	for _, a := range all {
		if a != best && a.fault != nil && !out.OK && (a.named || !best.named) {
			out.Tried = append(out.Tried, Tried{a.m.Name, a.fault.Text})
		}
	}
	return out
}

// attempts returns what the frame would be as each message; never nothing.
func (x *explainer) attempts() []*attempt {
	if x.p.split > 0 {
		return x.textAttempts()
	}
	var all []*attempt
	for _, m := range x.candidates() {
		all = append(all, x.attempt(&m.shape, m))
	}
	if len(all) == 0 {
		all = append(all, x.unlisted())
	}
	return all
}

func (x *explainer) judge() verdict {
	switch {
	case x.p.split > 0:
		return x.p.judgeLine(x.b, true)
	case x.p.pieces:
		return x.p.acceptWhole(x.b)
	case x.p.stuff.delimited():
		return x.p.judgeWhole(x.b, turns{})
	}
	return x.p.judge(x.b, turns{})
}

// candidates returns the messages that the id allows; all of them where the
// frame has none.
func (x *explainer) candidates() []*MessagePlan {
	p := x.p
	if p.id == nil || len(x.b) < p.id.end() {
		if p.id == nil {
			return p.messages
		}
		return nil
	}
	var out []*MessagePlan
	for _, m := range p.messages {
		if m.matches(int64(p.id.get(x.b))) {
			out = append(out, m)
		}
	}
	return out
}

// unlisted explains a frame whose id is not listed, or not in.
func (x *explainer) unlisted() *attempt {
	p := x.p
	if p.open != nil && len(x.b) >= p.id.end() {
		return x.attempt(p.open, nil)
	}
	a := &attempt{x: x}
	a.checkSync()
	switch {
	case a.fault != nil:
	case len(x.b) < p.id.end():
		a.cut(p.min)
	default:
		a.wrongID()
	}
	return a
}
