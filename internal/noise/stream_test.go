package noise

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// sent is one frame of the clean stream.
type sent struct {
	message *frame.MessagePlan
	id      int
	frame   []byte // as the checks see it
	bytes   []byte // on the line
	lead    int    // a delimiter in front, which belongs to no frame
}

// board sends random frames of a plan: its own Encode over values within their
// bounds, every message, every id, the sequence number counting up.
type board struct {
	plan  *frame.Plan
	rng   *rand.Rand
	salt  float64 // chance of each byte to begin a copy of the frame's head
	kinds map[*frame.MessagePlan]*kind
	seq   uint64

	asked bool // a request has gone out,
	id    int  // with this id, and no reply yet
}

// kind is what the board knows of a message.
type kind struct {
	counts []int    // numbers of properties that Encode makes a frame of
	span   float64  // share of the bounds that the bytes can hold
	least  []byte   // without counts: the shortest frame, for any data
	drawn  [][]byte // frames, not salted
}

const (
	mostDrawn = 256 // how many different frames of a message a board makes
	mostFill  = 256 // bytes by which a frame of any data outgrows the shortest
)

// newBoard finds out what the plan can send; it is an error when a message has
// no frame at all.
func newBoard(p *frame.Plan, seed uint64, salt float64) (*board, error) {
	b := &board{plan: p, rng: rand.New(rand.NewPCG(seed, 1)), salt: salt, kinds: map[*frame.MessagePlan]*kind{}}
	for _, m := range p.Messages() {
		k := &kind{}
		// A description may allow values that its bytes cannot say.
		for k.span = 1; len(m.Properties()) > 0 && k.span > 1e-12; k.span /= 4 {
			if k.counts = b.countsOf(m, k.span); len(k.counts) > 0 {
				break
			}
		}
		if len(k.counts) == 0 {
			if k.least = b.shortest(m); k.least == nil {
				return nil, fmt.Errorf("%s of %s has no frame of any size", m.Name, p.Name())
			}
		}
		b.kinds[m] = k
		if err := b.agrees(m, k); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// agrees reports a description that refuses its own frames: a constant on a
// byte of the length, say. One of them may pass for another by chance.
func (b *board) agrees(m *frame.MessagePlan, k *kind) (err error) {
	for range 8 {
		raw, failed := b.fresh(m, k)
		if failed != nil {
			return failed
		}
		if _, err = b.plan.Parse(b.plan.Wire(nil, raw)); err == nil {
			return nil
		}
		err = fmt.Errorf("%s refuses its own %s, % X: %w", b.plan.Name(), m.Name, raw, err)
	}
	return err
}

// countsOf tries how many of the properties, which may be repeated to the
// frame's end, make a frame.
func (b *board) countsOf(m *frame.MessagePlan, span float64) []int {
	var counts []int
	for n := range len(m.Properties()) + 1 {
		if _, err := b.encode(m, n, span); err == nil {
			counts = append(counts, n)
		}
	}
	return counts
}

// shortest returns the shortest frame of 0 bytes, sealed.
func (b *board) shortest(m *frame.MessagePlan) []byte {
	for n := b.plan.MinSize(); n <= b.plan.MaxSize(); n++ {
		raw := make([]byte, n)
		if b.plan.Seal(raw, m, idsOf(m)[0]) == nil {
			return raw
		}
	}
	return nil
}

// idsOf returns the ids that the message can have, or 0 where any will do.
func idsOf(m *frame.MessagePlan) []int {
	if len(m.IDs) == 0 {
		return []int{0}
	}
	return m.IDs
}

// next returns the next frame of the stream.
func (b *board) next() (sent, error) {
	m, id := b.choose()
	raw, err := b.draw(m)
	if err != nil {
		return sent{}, err
	}
	raw = b.salted(raw, m, id)
	b.plan.Renumber(raw, m, b.seq)
	b.seq++
	return b.onLine(sent{message: m, id: id, frame: raw}), nil
}

// onLine adds the bytes on the line. Where delimiters cut the frames, each has
// one on both sides: without, damage to one frame's reaches the next.
func (b *board) onLine(s sent) sent {
	if d, ok := b.plan.Delimiter(); ok {
		s.bytes, s.lead = append(s.bytes, d), 1
	}
	wire := b.plan.Wire(nil, s.frame)
	if s.lead > 0 && wire[0] == s.bytes[0] {
		wire = wire[1:]
	}
	s.bytes = append(s.bytes, wire...)
	return s
}

// draw draws a frame of the message, or one that was drawn before: Encode is
// far slower than a scanner, and salt tells the copies apart.
func (b *board) draw(m *frame.MessagePlan) ([]byte, error) {
	k := b.kinds[m]
	if len(k.drawn) == mostDrawn {
		return k.drawn[b.rng.IntN(mostDrawn)], nil
	}
	raw, err := b.fresh(m, k)
	if err != nil {
		return nil, err
	}
	k.drawn = append(k.drawn, raw)
	return raw, nil
}

// fresh makes a frame. Values that the bytes cannot say narrow the bounds.
func (b *board) fresh(m *frame.MessagePlan, k *kind) (raw []byte, err error) {
	if len(k.counts) == 0 {
		return b.fill(k.least, m), nil
	}
	for range 40 {
		if raw, err = b.encode(m, k.counts[b.rng.IntN(len(k.counts))], k.span); err == nil {
			break
		}
		k.span /= 2
	}
	return raw, err
}

// choose draws the next message. On a two-way bus a reply follows each request,
// and nothing else does: one with the request's id, or one such as Modbus'
// exceptions, whose ids no request has.
func (b *board) choose() (*frame.MessagePlan, int) {
	var fit []*frame.MessagePlan
	for _, m := range b.plan.Messages() {
		switch {
		case b.asked && b.answers(m), !b.asked && (m.Turn != "reply" || !b.twoWay()):
			fit = append(fit, m)
		}
	}
	m := fit[b.rng.IntN(len(fit))]
	id := idsOf(m)[b.rng.IntN(len(idsOf(m)))]
	if b.asked && slices.Contains(m.IDs, b.id) {
		id = b.id
	}
	b.asked = false
	if m.Turn == "request" {
		b.id = id
		b.asked = slices.ContainsFunc(b.plan.Messages(), b.answers)
	}
	return m, id
}

// answers reports whether m may follow a request with the id b.id.
func (b *board) answers(m *frame.MessagePlan) bool {
	if m.Turn != "reply" {
		return false
	}
	return len(m.IDs) == 0 || slices.Contains(m.IDs, b.id) || !slices.ContainsFunc(m.IDs, b.requested)
}

func (b *board) requested(id int) bool {
	return slices.ContainsFunc(b.plan.Messages(), func(m *frame.MessagePlan) bool {
		return m.Turn == "request" && slices.Contains(m.IDs, id)
	})
}

func (b *board) twoWay() bool {
	return slices.ContainsFunc(b.plan.Messages(), func(m *frame.MessagePlan) bool { return m.Turn == "request" })
}

// encode makes a frame of random values for the first n properties.
func (b *board) encode(m *frame.MessagePlan, n int, span float64) ([]byte, error) {
	values := make(map[string]reading.Value, n)
	for _, info := range m.Properties()[:n] {
		values[info.Name] = b.value(info, span)
	}
	wire, err := b.plan.Encode(nil, m.Name, values)
	if err != nil {
		return nil, err
	}
	raw, err := b.plan.Unstuff(nil, wire)
	if err != nil {
		return nil, err
	}
	return raw, b.plan.Seal(raw, m, idsOf(m)[0]) // refuses what is longer than max
}

// fill makes a frame that Encode cannot make, as of a message without
// properties: random data and, where the length allows it, a random size.
func (b *board) fill(least []byte, m *frame.MessagePlan) []byte {
	for range 20 { // a size, or a summed length, may be impossible
		raw := make([]byte, len(least)+b.rng.IntN(min(b.plan.MaxSize()-len(least), mostFill)+1))
		if b.plan.Seal(raw, m, idsOf(m)[0]) != nil {
			raw = raw[:len(least)]
		}
		for i := range raw {
			raw[i] = byte(b.rng.Uint32())
		}
		if b.plan.Seal(raw, m, idsOf(m)[0]) == nil {
			return raw
		}
	}
	return least
}

// salted returns a copy with that id, and with the frame's head, one to four
// bytes of it, here and there over the data: what looks like the beginning of
// a frame stands inside it.
func (b *board) salted(raw []byte, m *frame.MessagePlan, id int) []byte {
	plain := slices.Clone(raw)
	if b.plan.Seal(plain, m, id) != nil {
		return raw // cannot be: it was sealed with another id of the message
	}
	out := slices.Clone(plain)
	for i := range out {
		if b.rng.Float64() < b.salt {
			copy(out[i:], plain[:1+b.rng.IntN(min(4, len(plain)))])
		}
	}
	if b.plan.Seal(out, m, id) != nil {
		return plain // salt made a summed length impossible
	}
	return out
}
