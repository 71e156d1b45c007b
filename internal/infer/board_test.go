package infer

import (
	"math/rand/v2"

	"serialgw/internal/frame"
)

// board makes the stream of one that was thought up for a test.
type board struct {
	sync  []byte
	parts []part // of the head, in order
	msgs  []message
	check frame.Check
	tail  []byte // end marker
	// from is where the check begins to cover.
	from int
	big  bool // check
	gaps float64
	idle byte
	flip float64 // chance of a bit error
}

// part is a part of the head.
type part struct {
	kind byte // l length, i id, s sequence, c constant
	size int
	big  bool
	add  int // length: total = field + add
	val  byte
}

type message struct {
	id      int
	payload int
	vary    int // up to so many more bytes
}

func (b *board) stream(n int, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	sum, err := frame.NewChecksum(b.check)
	none := b.check.Kind == ""
	if err != nil && !none {
		panic(err)
	}
	width := 0
	if !none {
		width = sum.Size()
	}
	walks := map[int][]int16{}
	var out []byte
	for i := range n {
		m := b.msgs[rng.IntN(len(b.msgs))]
		size := m.payload
		if m.vary > 0 {
			size += rng.IntN(m.vary + 1)
		}
		head := len(b.sync)
		for _, p := range b.parts {
			head += p.size
		}
		total := head + size + width + len(b.tail)
		f := append([]byte(nil), b.sync...)
		for _, p := range b.parts {
			v := 0
			switch p.kind {
			case 'l':
				v = total - p.add
			case 'i':
				v = m.id
			case 's':
				v = i
			case 'c':
				v = int(p.val)
			}
			f = put(f, uint64(v), p.size, p.big)
		}
		w := walks[m.id]
		for len(w) < size/2+1 {
			w = append(w, int16(rng.IntN(4000)-2000))
		}
		walks[m.id] = w
		for k := range size {
			if k%2 == 0 {
				w[k/2] += int16(rng.IntN(41) - 20)
				f = append(f, byte(w[k/2]))
			} else {
				f = append(f, byte(uint16(w[k/2])>>8))
			}
		}
		if !none {
			f = put(f, sum.Sum(f[b.from:]), width, b.big)
		}
		f = append(f, b.tail...)
		out = append(out, f...)
		if rng.Float64() < b.gaps {
			for range 1 + rng.IntN(6) {
				out = append(out, b.idle)
			}
		}
	}
	for i := range out {
		for bit := range 8 {
			if rng.Float64() < b.flip {
				out[i] ^= 1 << bit
			}
		}
	}
	return out[rng.IntN(10):]
}

func put(f []byte, v uint64, size int, big bool) []byte {
	for k := range size {
		shift := 8 * k
		if big {
			shift = 8 * (size - 1 - k)
		}
		f = append(f, byte(v>>shift))
	}
	return f
}
