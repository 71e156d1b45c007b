package protogen

import (
	"fmt"
	"math/rand/v2"

	"serialgw/internal/frame"
)

// chance is true in so many of 100 draws.
func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// New draws a protocol. The same seed gives the same protocol.
func New(seed uint64) *Protocol {
	r := random(seed, 1)
	p := &Protocol{Seed: seed}
	checked := !chance(r, 8)
	p.drawSync(r, checked)
	p.drawMessages(r)
	p.drawSize(r)
	p.drawEnd(r)
	p.head = len(p.Sync)
	inHead := checked && chance(r, 7)
	parts := p.headParts(r)
	var c kindOfCheck
	if checked {
		c = drawCheck(r)
		if inHead {
			parts = append(parts, "check")
		}
	}
	at := p.placeParts(r, parts, c.size)
	p.tail = len(p.End)
	if checked && !inHead {
		p.tail += c.size
	}
	p.level()
	if p.Size == ByLength {
		p.drawLength(r)
	}
	if checked {
		p.setCheck(r, c, at, inHead)
	}
	p.drawLine(r)
	return p
}

// drawSync: two bytes mostly; without a check never one, which noise has in
// every 256 bytes.
func (p *Protocol) drawSync(r *rand.Rand, checked bool) {
	n := pick(r, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3, 4)
	if !checked {
		n = max(n, 2)
	}
	liked := [][]byte{{0xAA, 0x55}, {0x55, 0xAA}, {0xA5, 0x5A}, {0xAA, 0xAA}, {0xFF, 0xFE}, {0xEB, 0x90},
		{0xFE, 0xEF}, {0x5A, 0xA5}, {0x55, 0x51}, {0x3A, 0x3B}, {0xAA, 0xFF}, {0xFA, 0xAF}}
	b := pick(r, liked...)
	if chance(r, 40) {
		b = []byte{byte(1 + r.IntN(255)), byte(r.IntN(256))}
	}
	b = append(b[:2:2], byte(r.IntN(256)), byte(r.IntN(256)))
	for i := range n {
		p.Sync = append(p.Sync, []byte{b[i]})
	}
	if n > 1 && n < 4 && checked && chance(r, 15) { // a target or source address behind sync
		address := byte(r.IntN(200))
		p.Sync = append(p.Sync, []byte{address, address + 1, 0xFF}[:2+r.IntN(2)])
	}
}

// drawMessages: one without an id, or one to six with.
func (p *Protocol) drawMessages(r *rand.Rand) {
	n, id := 1, chance(r, 65)
	if id {
		n = pick(r, 1, 2, 2, 3, 3, 4, 5, 6)
	}
	first, step := pick(r, 0, 1, 1, 1, 0x10, 0x51, 0xA0, r.IntN(200)), pick(r, 1, 1, 1, 2, 7)
	big := chance(r, 35)
	named := 0
	for i := range n {
		m := Message{Name: fmt.Sprintf("kind%d", i), ID: first + i*step, Every: 1}
		if i > 0 {
			m.Every = pick(r, 1, 1, 2, 5, 10, 20)
		}
		for range pick(r, 1, 2, 3, 4, 4, 5, 6, 8, 10, 12) {
			m.signals = append(m.signals, newSignal(r, big, named))
			named++
		}
		p.Messages = append(p.Messages, m)
	}
	if id {
		p.ID = &frame.Ref{} // placed later
	}
}

func (p *Protocol) drawSize(r *rand.Rand) {
	p.Size = pick(r, Fixed, ByID, ByLength, ByLength, ByLength, ByLength)
	if p.ID == nil {
		p.Size = pick(r, Fixed, ByLength)
	}
	if len(p.Messages) == 1 && p.Size == ByID {
		p.Size = Fixed
	}
	if p.Size != ByLength {
		return
	}
	for i := range p.Messages { // a list of points, cells or keys
		if len(p.Messages) == 1 && chance(r, 60) || chance(r, 15) {
			s := newSignal(r, p.Messages[i].signals[0].big, 900+i)
			p.Messages[i].rest, p.Messages[i].most = &s, pick(r, 4, 8, 16)
		}
	}
}

func (p *Protocol) drawEnd(r *rand.Rand) {
	if chance(r, 30) {
		p.End = pick(r, []byte{0x0D, 0x0A}, []byte{0x0D, 0x0A}, []byte{0x55, 0xAA}, []byte{0xFE}, []byte{0x0A},
			[]byte{0xED}, []byte{byte(r.IntN(256)), byte(r.IntN(256))})
	}
}

// headParts returns what stands between sync and the fields, in a drawn order.
func (p *Protocol) headParts(r *rand.Rand) []string {
	var parts []string
	if p.ID != nil {
		parts = append(parts, "id")
	}
	if p.Size == ByLength {
		parts = append(parts, "length")
	}
	if chance(r, 30) {
		parts = append(parts, "seq")
	}
	r.Shuffle(len(parts), func(i, k int) { parts[i], parts[k] = parts[k], parts[i] })
	return parts
}

// placeParts gives each part its place, and returns that of the check.
func (p *Protocol) placeParts(r *rand.Rand, parts []string, checkSize int) (check int) {
	wide := pick(r, "<H", ">H")
	for _, part := range parts {
		ref := frame.Ref{At: p.head, Type: "B"}
		switch part {
		case "id":
			if chance(r, 8) {
				ref.Type = wide
			}
			p.ID = &ref
		case "length":
			if chance(r, 25) {
				ref.Type = wide
			}
			p.Length = &frame.Length{At: ref.At, Type: ref.Type}
		case "seq":
			if chance(r, 20) {
				ref.Type = wide
			}
			p.Seq = &ref
		case "check":
			check = p.head
			p.head += checkSize
			continue
		}
		size, _ := refForm(ref)
		p.head += size
	}
	return check
}

// level pads the messages of a protocol with one size to the largest.
func (p *Protocol) level() {
	if p.Size != Fixed {
		return
	}
	for i := range p.Messages {
		p.Total = max(p.Total, p.size(&p.Messages[i], 0))
	}
	for i := range p.Messages {
		p.Messages[i].pad = p.Total - p.size(&p.Messages[i], 0)
	}
}

// drawLength: total = field + add.
func (p *Protocol) drawLength(r *rand.Rand) {
	l := p.Length
	size, _ := refForm(frame.Ref{Type: l.Type})
	behind := l.At + size
	ways := []struct {
		counts string
		add    int
	}{
		{"fields", p.head + p.tail},
		{"fields", p.head + p.tail},
		{"whole", 0},
		{"behind itself", behind},
		{"behind itself, without check and end", behind + p.tail},
		{"behind sync", len(p.Sync)},
		{"behind sync, without check and end", len(p.Sync) + p.tail},
	}
	way := pick(r, ways...)
	p.Counts, l.Add = way.counts, way.add
}

// drawLine: what stands between frames.
func (p *Protocol) drawLine(r *rand.Rand) {
	if chance(r, 10) {
		if b := pick[byte](r, 0x00, 0xFF); b != p.Sync[0][0] {
			p.Idle = []byte{b}
		}
	}
	if chance(r, 8) {
		p.Chatter = pick(r, "ok\r\n", "tick\n", "[I] loop 100\r\n")
	}
}
