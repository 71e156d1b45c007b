package frame

import (
	"fmt"
	"slices"
	"strings"
)

// attempt is what a frame would be as one message.
type attempt struct {
	x     *explainer
	m     *MessagePlan // nil: the id is not listed
	s     *shape       // nil: nothing is known of its size
	total int          // bytes that it claims; 0: unknown
	fault *Fault       // the first broken rule
	why   reason       // its place in the order of rules
	also  []string
	bad   []int // indexes of failed checks
	sure  bool  // what would make them hold is found, and hardly by luck
	reID  bool  // with another listed id all else holds
	// mended: with sync put right it would be a frame.
	mended bool
	named  bool // of a line: its first piece is that of the message
}

// better reports whether a explains more than b: it breaks no rule, or only a
// later one.
func (a *attempt) better(b *attempt) bool {
	switch {
	case b.fault == nil:
		return false
	case a.fault == nil:
		return true
	case a.named != b.named:
		return a.named
	case a.why == b.why:
		return a.total == len(a.x.b) && b.total != len(b.x.b)
	}
	return a.why > b.why
}

// attempt tests every rule in the order in which the scanner does. [WIRE-4]
func (x *explainer) attempt(s *shape, m *MessagePlan) *attempt {
	a := &attempt{x: x, m: m, s: s}
	a.checkSync()
	if a.mend(); a.mended {
		return a
	}
	a.checkSize()
	a.checkConsts()
	a.checkCounts()
	a.checkChecks(true)
	a.checkEnd()
	a.checkChecks(false)
	a.otherSize()
	return a
}

// breaks notes a broken rule: the first is the fault, the others are told
// beside it.
func (a *attempt) breaks(why reason, f Fault) {
	if a.fault == nil {
		a.fault, a.why = &f, why
		return
	}
	a.also = append(a.also, f.Text)
}

func (a *attempt) checkSync() {
	for i, want := range a.x.p.sync {
		if i >= len(a.x.b) {
			a.cut(a.x.p.min)
			return
		}
		if got := a.x.b[i]; !want.ok[got] {
			a.breaks(whySync, Fault{Rule: "sync", At: i, Found: hexOf(a.x.b[i : i+1]), Expected: want.text(),
				Text: fmt.Sprintf("no sync: byte %d is %02X instead of %s", i, got, want.text())})
			return
		}
	}
}

// mend: where sync is wrong, but right sync makes it a frame, nothing else is
// wrong.
func (a *attempt) mend() {
	p := a.x.p
	if a.fault == nil || a.fault.Rule != "sync" || len(a.x.b) < p.min {
		return
	}
	right := slices.Clone(a.x.b)
	for i := range p.sync {
		if !p.sync[i].ok[right[i]] {
			right[i] = p.sync[i].first
		}
	}
	total := a.s.claimed(right)
	if total <= 0 || total > len(right) || p.broken(a.s, right[:total]) != accepted {
		return
	}
	a.mended, a.total = true, total
	a.also = append(a.also, "with "+hexOf(right[:len(p.sync)])+" there, all else holds")
}

// wrongID is for a frame whose id no message has.
func (a *attempt) wrongID() {
	p := a.x.p
	id := p.id.get(a.x.b)
	var listed []string
	for _, m := range p.messages {
		for _, one := range m.IDs {
			listed = append(listed, fmt.Sprintf("%0*X (%s)", 2*p.id.size, one, m.Name))
		}
	}
	a.breaks(whyID, Fault{Rule: "id", At: p.id.at, Found: hexOf(a.x.b[p.id.at:p.id.end()]), Expected: strings.Join(listed, ", "),
		Text: fmt.Sprintf("the id %0*X is not listed: %s; listed are %s", 2*p.id.size, id,
			place(p.id.at, p.id.size), strings.Join(listed, ", "))})
	for _, m := range p.messages {
		if total := m.shape.claimed(a.x.b); total > 0 && total <= len(a.x.b) && p.broken(&m.shape, a.x.b[:total]) == accepted {
			a.also = append(a.also, fmt.Sprintf("all else holds for a frame of %d bytes: the board sends a message that is not described", total))
			a.total = total
			return
		}
	}
}
