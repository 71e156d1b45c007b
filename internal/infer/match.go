package infer

import (
	"cmp"
	"slices"

	"serialgw/internal/frame"
)

// match is a check that holds.
type match struct {
	kind
	place
	held, tried int
}

func (m *match) bits() int { return m.sum.Bits() }

// share is in how many of the frames that were not used to find it it holds.
func (m *match) share() float64 { return float64(m.held) / float64(max(1, m.tried)) }

// check returns the match as a description has it.
func (m *match) check() frame.Check {
	c := m.spec
	at := m.at
	c.At, c.Blank = &at, m.blank
	for _, v := range m.over {
		c.Over = append(c.Over, v.text())
	}
	return c
}

// shift moves the match to frames that begin by bytes later.
func (m *match) shift(by int) {
	move := func(n int) int { return n - by }
	m.over = slices.Clone(m.over)
	m.at = move(m.at)
	for i := range m.over {
		m.over[i].from = max(0, move(m.over[i].from))
		m.over[i].to = move(m.over[i].to)
	}
}

// bestHeld leaves out what holds in clearly fewer frames than another check at
// the same place: a CRC with a wrong initial value is right for all frames of one
// size, which may be most. Elsewhere a copy of a byte may hold more often than a
// check of the whole frame, which all damage spoils.
func bestHeld(found []match) []match {
	type spot struct {
		at   int
		head bool
	}
	top := map[spot]int{}
	for _, m := range found {
		top[spot{m.at, m.head}] = max(top[spot{m.at, m.head}], m.held)
	}
	return slices.DeleteFunc(found, func(m match) bool { return float64(m.held) < nearBest*float64(top[spot{m.at, m.head}]) })
}

// better orders matches: those that guard the whole frame first, then more
// bits, then those that leave no bytes out, then what makers do most: everything
// before the check, which is last.
func better(a, b match) int {
	return cmp.Or(
		b2i(a.head)-b2i(b.head),
		b.bits()-a.bits(),
		a.left()-b.left(),
		b2i(a.at >= 0)-b2i(b.at >= 0),
		len(a.over)-len(b.over),
		b2i(a.blank)-b2i(b.blank),
		a.over[0].from-b.over[0].from,
		b.at-a.at,
		b2i(a.spec.Kind == "crc")-b2i(b.spec.Kind == "crc"),
		cmp.Compare(a.spec.Kind, b.spec.Kind),
		slices.CompareFunc(a.over, b.over, wider),
	)
}

// left is how many bytes at the end of the frame it neither covers nor takes.
func (m *match) left() int {
	if m.at < 0 {
		return max(0, -m.at-m.size)
	}
	return max(0, -m.over[len(m.over)-1].to)
}

// wider orders spans: those that go nearer to the end of the frame first.
func wider(a, b span) int { return cmp.Compare(b.to, a.to) }

// covers returns which bytes of a frame of so many the check covers, its own
// included: damage there shows as well.
func (m *match) covers(total int) []bool {
	out := make([]bool, total)
	for i := range m.size {
		if at := m.at + b2i(m.at < 0)*total + i; at >= 0 && at < total {
			out[at] = true
		}
	}
	for _, v := range m.over {
		to := v.to + b2i(v.to <= 0)*total
		for i := max(v.from, 0); i < min(to, total); i++ {
			out[i] = true
		}
	}
	return out
}
