package protogen

import (
	"math/rand/v2"

	"serialgw/internal/frame"
)

// SizeKind says how a frame's size is told.
type SizeKind string

// The kinds of size.
const (
	Fixed    SizeKind = "fixed"  // every frame has the same size
	ByID     SizeKind = "by id"  // each message has its own
	ByLength SizeKind = "length" // a field in the head says it
)

// Protocol is one invented protocol. Its exported fields are the truth in
// plain form.
type Protocol struct {
	Seed     uint64
	Sync     [][]byte // the values that each sync byte may have; one value: it is fixed
	Size     SizeKind
	Total    int           // Fixed: bytes of the whole frame
	Length   *frame.Length // ByLength
	Counts   string        // ByLength: what the field counts, in words
	End      []byte        // the end marker, besides size or length; nil: none
	Check    *frame.Check  // nil: none
	ID       *frame.Ref    // nil: none
	Seq      *frame.Ref    // nil: none; one count for all messages
	Idle     []byte        // bytes that may stand between frames
	Chatter  string        // text that the board prints between frames now and then
	Messages []Message

	head int // bytes before the fields
	tail int // bytes behind them: check and end marker
	seal *seal
}

// Message is one kind of frame.
type Message struct {
	Name  string
	ID    int // where the protocol has ids
	Every int // sent in each Every-th round

	signals []signal
	rest    *signal // ByLength: 1 to most of these follow
	most    int
	pad     int // bytes of zero behind the fields
}

// size returns the frame's total with n repeats of rest.
func (p *Protocol) size(m *Message, n int) int {
	total := p.head + m.pad + p.tail
	for i := range m.signals {
		total += m.signals[i].size
	}
	if m.rest != nil {
		total += n * m.rest.size
	}
	return total
}

// random returns the numbers of one purpose: the same for the same seed.
func random(seed, purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, purpose)) }

// frameOf builds a frame whose field values come from value.
func (p *Protocol) frameOf(r *rand.Rand, m *Message, seq uint64, repeats int, value func(i int) float64) []byte {
	b := make([]byte, p.size(m, repeats))
	for i, values := range p.Sync {
		b[i] = values[r.IntN(len(values))]
	}
	at := p.head
	for i := range m.signals {
		m.signals[i].put(b[at:at+m.signals[i].size], value(i))
		at += m.signals[i].size
	}
	for i := range repeats {
		m.rest.put(b[at:at+m.rest.size], value(len(m.signals)+i))
		at += m.rest.size
	}
	if p.ID != nil {
		putRef(b, *p.ID, uint64(m.ID))
	}
	if p.Seq != nil {
		putRef(b, *p.Seq, seq)
	}
	if l := p.Length; l != nil {
		putRef(b, frame.Ref{At: l.At, Type: l.Type}, uint64((len(b)-l.Add)/max(l.Mul, 1)))
	}
	copy(b[len(b)-len(p.End):], p.End)
	if p.seal != nil {
		p.seal.put(b)
	}
	return b
}

func putRef(b []byte, ref frame.Ref, v uint64) {
	size, big := refForm(ref)
	putUint(b[ref.At:ref.At+size], v, big)
}

// refForm reads the type of a Ref made here: B, <H or >H.
func refForm(ref frame.Ref) (size int, big bool) {
	if ref.Type == "" || ref.Type == "B" {
		return 1, false
	}
	return 2, ref.Type[0] == '>'
}
