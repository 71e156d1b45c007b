package frame

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// claimed returns the size that the bytes claim, or 0 or less.
func (s *shape) claimed(b []byte) int {
	switch {
	case s.size > 0:
		return s.size
	case s.length != nil && len(b) >= s.length.needs(b):
		if total := s.length.total(b); total >= 0 {
			return total + s.length.longer(b)
		}
		return -1
	}
	return 0
}

// saidTotal returns the size that the length field says.
func (a *attempt) saidTotal() int {
	if a.s.length == nil {
		return 0
	}
	return (&shape{length: a.s.length}).claimed(a.x.b)
}

// checkSize finds the frame's size and whether it can be.
func (a *attempt) checkSize() {
	s, b := a.s, a.x.b
	switch {
	case s.length != nil && len(b) < s.length.needs(b):
		a.cut(s.min)
		return
	case s.counts:
		a.sizeByCounts()
		return
	case s.size == 0 && s.length == nil:
		a.sizeByEnd()
		return
	}
	a.total = s.claimed(b)
	if claimed := a.saidTotal(); s.size > 0 && s.length != nil && claimed != s.size {
		a.breaks(whyLength, Fault{Rule: "length", At: s.length.refs[0].at, Found: a.lengthBytes(),
			Expected: fmt.Sprintf("a frame of %d bytes", s.size),
			Text:     fmt.Sprintf("the length is impossible: %s, but a frame has %d", a.lengthSays(), s.size)})
		return
	}
	if a.x.p.stuff.delimited() && a.total < len(b) {
		a.breaks(whyLength, Fault{Rule: "length", At: a.total, Found: fmt.Sprint(len(b), " bytes"), Expected: fmt.Sprint(a.total, " bytes"),
			Text: fmt.Sprintf("the size is wrong: between the delimiters stand %d bytes, a frame has %d", len(b), a.total)})
	}
	if s.length != nil && (a.total < s.min || a.total > s.max) {
		a.breaks(whyLength, Fault{Rule: "length", At: s.length.refs[0].at, Found: a.lengthBytes(),
			Expected: fmt.Sprintf("a frame of %s bytes", between(s.min, s.max)),
			Text: fmt.Sprintf("the length is impossible: %s, but a frame has %s",
				a.lengthSays(), between(s.min, s.max))})
		a.total = 0
		return
	}
	if a.total > len(b) {
		a.cut(a.total)
	}
}

// sizeByEnd looks for the end marker that makes a frame; the first that is
// possible, when none does.
func (a *attempt) sizeByEnd() {
	s, p, b := a.s, a.x.p, a.x.b
	if p.pieces || p.stuff.delimited() {
		a.total = len(b)
		if !s.fits(len(b)) {
			a.breaks(whyLength, Fault{Rule: "length", At: len(b), Found: fmt.Sprint(len(b), " bytes"), Expected: a.sizes(),
				Text: fmt.Sprintf("the size is impossible: there are %d bytes, a frame has %s", len(b), a.sizes())})
		}
		return
	}
	for from := max(s.min-len(p.end), 0); from < min(len(b), s.max); {
		i := bytes.Index(b[from:min(len(b), s.max)], p.end)
		if i < 0 {
			break
		}
		total := from + i + len(p.end)
		if s.fits(total) && (a.total == 0 || p.broken(s, b[:total]) == accepted) {
			a.total = total
		}
		from += i + 1
	}
	if a.total == 0 {
		a.breaks(whyEnd, Fault{Rule: "end", At: len(b), Expected: hexOf(p.end),
			Text: fmt.Sprintf("the end marker %s is missing: a frame has %s", hexOf(p.end), a.sizes())})
	}
}

// sizes says which sizes an end marker may leave.
func (a *attempt) sizes() string {
	text := between(a.s.min, a.s.max) + " bytes"
	if a.s.step > 1 {
		text += fmt.Sprintf(", %d more than a multiple of %d", a.s.base%a.s.step, a.s.step)
		if a.s.base%a.s.step == 0 {
			text = between(a.s.min, a.s.max) + fmt.Sprintf(" bytes, a multiple of %d", a.s.step)
		}
	}
	return text
}

// cut is for bytes that end before the frame does.
func (a *attempt) cut(total int) {
	why := "a frame has " + count(total, "byte")
	if a.s != nil && a.s.length != nil && len(a.x.b) >= a.s.length.needs(a.x.b) {
		why = a.lengthSays()
	} else if a.s == nil || a.s.size == 0 {
		why += " or more"
	}
	a.breaks(undecided, Fault{Rule: "cut", At: len(a.x.b), Expected: fmt.Sprint(total, " bytes"),
		Found: fmt.Sprint(len(a.x.b), " bytes"),
		Text:  fmt.Sprintf("the frame is cut short: %s, there are %d", why, len(a.x.b))})
}

// lengthSays writes what the length field says.
func (a *attempt) lengthSays() string {
	l := a.s.length
	var parts []string
	for i := range l.refs {
		at, size, n := l.ref(i, a.x.b)
		parts = append(parts, fmt.Sprintf("%s %s %d", place(at, size), says(size), n))
	}
	total := a.saidTotal()
	if total < 0 {
		return strings.Join(parts, ", ") + ", which no frame can have"
	}
	return fmt.Sprintf("%s, which makes %s", strings.Join(parts, ", "), count(total, "byte"))
}

// ref returns where one of the summed fields stands, and what it says.
func (l *lengthField) ref(i int, b []byte) (at, size int, n uint64) {
	r := &l.refs[i]
	if i == 0 && l.varint {
		size = max(varintSize(b[r.at:]), 1)
		v, _ := loadVarint(b[r.at:], min(size, len(b)-r.at, maxVarint))
		return r.at, min(size, maxVarint), uint64(v)
	}
	return r.at, r.size, r.get(b)
}

func (a *attempt) lengthBytes() string {
	at, size, _ := a.s.length.ref(0, a.x.b)
	return hexOf(a.x.b[at:min(at+size, len(a.x.b))])
}

// frame returns the bytes of the frame that are there.
func (a *attempt) frame() []byte { return a.x.b[:min(max(a.total, 0), len(a.x.b))] }

// complete reports whether the whole frame is there.
func (a *attempt) complete() bool { return a.total > 0 && a.total <= len(a.x.b) }

func (a *attempt) checkConsts() {
	b := a.frame()
	for i := range a.s.consts {
		c := &a.s.consts[i]
		at := resolveAt(c.at, a.total)
		if at < 0 || at+c.size > len(b) || c.holds(b, at) {
			continue
		}
		want := slices.Clone(b[at : at+c.size])
		c.put(want)
		a.breaks(whyConst, Fault{Rule: "constant", At: at, Found: hexOf(b[at : at+c.size]), Expected: hexOf(want),
			Text: fmt.Sprintf("a constant differs: %s %s %s instead of %s",
				place(at, c.size), is(c.size), hexOf(b[at:at+c.size]), hexOf(want))})
	}
}

func (a *attempt) checkEnd() {
	end, b := a.x.p.end, a.frame()
	if !a.complete() || len(b) < len(end) || bytes.HasSuffix(b, end) {
		return
	}
	at := len(b) - len(end)
	a.breaks(whyEnd, Fault{Rule: "end", At: at, Found: hexOf(b[at:]), Expected: hexOf(end),
		Text: fmt.Sprintf("the end marker is missing: %s %s %s instead of %s",
			place(at, len(end)), is(len(end)), hexOf(b[at:]), hexOf(end))})
}

// checkChecks makes the checks of the head, or the others.
func (a *attempt) checkChecks(head bool) {
	b := a.frame()
	for i := range a.x.p.checks {
		c := &a.x.p.checks[i]
		if head != (i < a.x.p.headed) || !a.canCheck(c) || c.verify(b, a.total, a.s.extra) {
			continue
		}
		at := resolveAt(c.at, a.total)
		want, found := c.shown(c.expected(b, a.total, a.s.extra)), c.shown(b[at:at+c.size])
		a.bad = append(a.bad, i)
		a.breaks(whyCheck, Fault{Rule: "check", At: at, Found: found, Expected: want,
			Text: fmt.Sprintf("the check fails: %s gives %s, but %s %s %s",
				c.says(), want, place(at, c.size), is(c.size), found)})
	}
}

// expected returns the bytes that the check should have.
func (c *check) expected(frame []byte, total int, extra byte) []byte {
	want := make([]byte, c.size)
	if v := c.compute(frame, total, extra); c.hex {
		c.putHex(want, v)
	} else {
		storeUint(want, v, c.big)
	}
	return want
}

// shown writes a check as a person would: one of digits is text.
func (c *check) shown(b []byte) string {
	if c.hex {
		return fmt.Sprintf("%q", b)
	}
	return hexOf(b)
}

// canCheck reports whether all bytes that the check needs are there.
func (a *attempt) canCheck(c *check) bool {
	if c.need > 0 {
		return c.need <= len(a.frame())
	}
	at := resolveAt(c.at, a.total)
	return a.complete() && at >= 0 && at+c.size <= a.total
}

// otherSize: where a rule is broken and the bytes are more or fewer than the
// length says, it may be the length that is wrong.
func (a *attempt) otherSize() {
	n := len(a.x.b)
	if !a.x.whole || a.fault == nil || a.s.length == nil || a.s.length.varint || a.s.size > 0 || a.total == n || len(a.x.p.checks) == 0 || !a.s.fits(n) {
		return
	}
	first := a.s.length.refs[0]
	if n < a.s.length.end || a.x.p.broken(a.s, a.x.b) != accepted {
		return
	}
	right := slices.Clone(a.x.b)
	if a.s.length.put(right) != nil {
		return
	}
	should := hexOf(right[first.at:first.end()])
	a.fault, a.why, a.bad, a.also = &Fault{Rule: "length", At: first.at, Found: a.lengthBytes(), Expected: should,
		Text: fmt.Sprintf("the length is wrong: %s, but there are %d, and over those every check holds: it would have to be %s (%d)",
			a.lengthSays(), n, should, first.get(right))}, whyLength, nil, nil
	a.total = n
	if a.x.p.broken(a.s, right) == accepted {
		return
	}
	for i := range a.x.p.checks {
		c := &a.x.p.checks[i]
		if at := resolveAt(c.at, n); !c.verify(right, n, a.s.extra) {
			c.put(right, a.s.extra)
			a.also = append(a.also, fmt.Sprintf("the check covers the length: with the length put right %s would have to be %s",
				place(at, c.size), hexOf(right[at:at+c.size])))
		}
	}
}
