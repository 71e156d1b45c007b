package protogen

import (
	"math/rand/v2"
)

// Span is where one frame stands in a recording.
type Span struct {
	From, To int // bytes From to To-1
	Message  int // index in Protocol.Messages
	Damaged  bool
}

// Recording is what a listener heard: bytes, and the truth about them.
type Recording struct {
	Bytes  []byte
	Frames []Span // every whole frame, in order, the damaged ones too
}

// Stream returns the bytes of so many whole frames; see Record.
func (p *Protocol) Stream(frames int, bitErrorRate float64) []byte {
	return p.Record(frames, bitErrorRate).Bytes
}

// Record plays the board for so many whole frames. The recording begins within
// a frame that is cut off, as a listener's does who comes late. Each bit is
// turned over with the chance bitErrorRate, 0 to 1.
func (p *Protocol) Record(frames int, bitErrorRate float64) Recording {
	r := random(p.Seed, 2)
	b := p.newBoard(r)
	var out Recording
	_, first := b.next()
	out.Bytes = append(out.Bytes, first[1+r.IntN(len(first)-1):]...)
	for len(out.Frames) < frames {
		out.Bytes = p.between(r, out.Bytes)
		message, f := b.next()
		from := len(out.Bytes)
		out.Bytes = append(out.Bytes, f...)
		out.Frames = append(out.Frames, Span{From: from, To: len(out.Bytes), Message: message})
	}
	if bitErrorRate > 0 {
		out.damage(random(p.Seed, 3), bitErrorRate)
	}
	return out
}

// between appends what the line carries between two frames.
func (p *Protocol) between(r *rand.Rand, b []byte) []byte {
	if len(p.Idle) > 0 && chance(r, 20) {
		for range 1 + r.IntN(6) {
			b = append(b, p.Idle...)
		}
	}
	if p.Chatter != "" && chance(r, 2) {
		b = append(b, p.Chatter...)
	}
	return b
}

// damage turns over bits and marks the frames that they hit.
func (rec *Recording) damage(r *rand.Rand, rate float64) {
	hit := 0
	for i := range rec.Bytes {
		var flips byte
		for bit := range 8 {
			if r.Float64() < rate {
				flips |= 1 << bit
			}
		}
		if flips == 0 {
			continue
		}
		rec.Bytes[i] ^= flips
		for hit < len(rec.Frames) && rec.Frames[hit].To <= i {
			hit++
		}
		if hit < len(rec.Frames) && rec.Frames[hit].From <= i {
			rec.Frames[hit].Damaged = true
		}
	}
}

// board is a running device: the rounds of its messages and its values.
type board struct {
	p      *Protocol
	r      *rand.Rand
	round  int
	turn   int // message to look at next
	seq    uint64
	states [][]state // by message and signal; the last is that of rest
}

func (p *Protocol) newBoard(r *rand.Rand) *board {
	b := &board{p: p, r: r, seq: uint64(r.IntN(256))}
	for i := range p.Messages {
		m := &p.Messages[i]
		var states []state
		for k := range m.signals {
			states = append(states, m.signals[k].begin(r))
		}
		if m.rest != nil {
			states = append(states, m.rest.begin(r))
		}
		b.states = append(b.states, states)
	}
	return b
}

// next returns the next frame and the index of its message.
func (b *board) next() (message int, f []byte) {
	for b.round%b.p.Messages[b.turn].Every != 0 {
		b.pass()
	}
	message = b.turn
	m, states := &b.p.Messages[message], b.states[message]
	for i := range m.signals {
		m.signals[i].step(b.r, &states[i])
	}
	repeats := 0
	if m.rest != nil {
		repeats = 1 + b.r.IntN(m.most)
	}
	f = b.p.frameOf(b.r, m, b.seq, repeats, func(i int) float64 {
		if i < len(m.signals) {
			return states[i].v
		}
		m.rest.step(b.r, &states[len(m.signals)])
		return states[len(m.signals)].v
	})
	b.seq++
	b.pass()
	return message, f
}

func (b *board) pass() {
	if b.turn++; b.turn == len(b.p.Messages) {
		b.turn = 0
		b.round++
	}
}

// fresh returns n frames of any message with any values that the board may
// ever send, and their messages.
func (p *Protocol) fresh(r *rand.Rand, n int) (frames [][]byte, messages []int) {
	for range n {
		i := r.IntN(len(p.Messages))
		m := &p.Messages[i]
		repeats := 0
		if m.rest != nil {
			repeats = 1 + r.IntN(m.most)
		}
		frames = append(frames, p.frameOf(r, m, r.Uint64(), repeats, func(i int) float64 {
			if i < len(m.signals) {
				return m.signals[i].any(r)
			}
			return m.rest.any(r)
		}))
		messages = append(messages, i)
	}
	return frames, messages
}
