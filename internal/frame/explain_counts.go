package frame

import "fmt"

// sizeByCounts finds the size of a frame whose counts say it.
func (a *attempt) sizeByCounts() {
	var m measured
	b := a.x.b
	switch why := a.s.measure(b, false, &m); why {
	case accepted:
		switch a.total = max(m.need+a.s.tail, a.s.min); {
		case a.total > a.s.max: // [WIRE-3]
			a.breaks(whyLength, Fault{Rule: "length", At: a.total, Found: fmt.Sprint(a.total, " bytes"), Expected: a.sizes(),
				Text: fmt.Sprintf("the counts say %d bytes, at most %d are possible", a.total, a.s.max)})
		case a.total > len(b):
			a.cut(a.total)
		}
	case undecided:
		a.cut(max(m.need+a.s.tail, a.s.min))
	default:
		a.wrongCount(why, b)
	}
}

// checkCounts tests what counts say of a frame whose size is known, and the
// constants behind them. [WIRE-20]
func (a *attempt) checkCounts() {
	if !a.complete() || len(a.s.series)+len(a.s.moved) == 0 || a.s.counts && a.fault != nil {
		return
	}
	b := a.frame()
	if len(b) < a.x.p.trailer {
		return
	}
	data := b[:len(b)-a.x.p.trailer]
	if why := a.s.brokenParts(b, a.x.p.trailer); why != accepted {
		a.wrongCount(why, data)
	}
}

// wrongCount names the count that cannot be, where there is one.
func (a *attempt) wrongCount(why reason, data []byte) {
	if why == whyConst {
		a.breaks(why, Fault{Rule: "constant", Text: why.text()})
		return
	}
	f := Fault{Rule: "count", Text: why.text()}
	var m measured
	a.s.measure(data, true, &m)
	for i := range a.s.series {
		r := &a.s.series[i]
		if r.text {
			continue
		}
		n := &r.number
		at := n.at - m.shift[n.behind]
		if at < 0 || at+n.size > len(data) {
			break
		}
		says, _, ok := n.magnitude(data[at : at+n.size])
		f.At, f.Found = at, hexOf(data[at:at+n.size])
		switch {
		case !ok || says > uint64(r.most):
			f.Expected = fmt.Sprintf("at most %d", r.most)
			f.Text = fmt.Sprintf("a count is impossible: %s %s %s, at most %d", place(at, n.size), is(n.size), f.Found, r.most)
		case r.at-m.shift[i]+int(says)*r.stride > len(data)+a.x.p.trailer-max(a.s.tail, a.x.p.trailer):
			f.Text = fmt.Sprintf("a count is impossible: %s %s %s, for which the frame has no room", place(at, n.size), is(n.size), f.Found)
		default:
			continue
		}
		break
	}
	a.breaks(why, f)
}
