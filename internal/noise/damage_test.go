package noise

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// level says how often each fault strikes.
type level struct {
	name                    string
	bit                     float64 // a bit turns over, per bit
	lost, doubled, inserted float64 // per byte
	cut                     float64 // a frame ends early, per frame
}

// levels are those of the table, named after the rate of bit errors. Bytes are
// lost, doubled and put in as often as bits turn over, but no more often than
// every 10,000th; frames are cut ten times as often. At 1e-3 every tenth frame
// of 13 bytes is hit, far more than on a line that works at all.
func levels() []level {
	return []level{
		{name: "1e-5", bit: 1e-5, lost: 1e-5, doubled: 1e-5, inserted: 1e-5, cut: 1e-4},
		{name: "1e-4", bit: 1e-4, lost: 1e-4, doubled: 1e-4, inserted: 1e-4, cut: 1e-3},
		{name: "1e-3", bit: 1e-3, lost: 1e-4, doubled: 1e-4, inserted: 1e-4, cut: 1e-3},
	}
}

// fault strikes at random, once in 1/rate chances on average.
type fault struct {
	rng  *rand.Rand
	rate float64
	left int // chances until it strikes
}

func newFault(rng *rand.Rand, rate float64) *fault {
	f := &fault{rng: rng, rate: rate}
	f.draw()
	return f
}

// draw draws the distance to the next strike: geometric, one number a strike
// instead of one a bit.
func (f *fault) draw() {
	f.left = math.MaxInt
	if f.rate > 0 {
		f.left = int(min(math.Log(1-f.rng.Float64())/math.Log1p(-f.rate), math.MaxInt32))
	}
}

func (f *fault) strikes() bool {
	if f.left > 0 {
		f.left--
		return false
	}
	f.draw()
	return true
}

// passed is what became of a frame on the line.
type passed struct {
	sent
	from, to int // the bytes that came of it
	at       int // where it stands whole; -1: damaged
	harm     harm
}

// harm is what struck a frame.
type harm struct {
	flips, lost, doubled, inserted int
	cut                            bool
}

// again strikes b as hard in other places, and returns a copy.
func (h harm) again(b []byte, rng *rand.Rand) []byte {
	out := slices.Clone(b)
	for n := h.flips; n > 0; { // each bit once
		bit := rng.IntN(8 * len(b))
		if mask := byte(1) << (bit % 8); (out[bit/8]^b[bit/8])&mask == 0 {
			out[bit/8] ^= mask
			n--
		}
	}
	for range h.inserted {
		out = slices.Insert(out, rng.IntN(len(out)), byte(rng.Uint32()))
	}
	for range h.doubled {
		at := rng.IntN(len(out))
		out = slices.Insert(out, at, out[at])
	}
	for range h.lost {
		at := rng.IntN(len(out))
		out = slices.Delete(out, at, at+1)
	}
	if h.cut {
		out = out[:rng.IntN(max(len(out), 1))]
	}
	return out
}

// line is what arrives at the gateway, and the truth about it.
type line struct {
	bytes  []byte
	times  []time.Duration // when each byte is in
	frames []passed
	hurts  []int // the last damaged byte of each damage, ascending; -1: before the first
}

// damager sends frames over a bad line.
type damager struct {
	rng                          *rand.Rand
	bit                          *fault
	lost, doubled, inserted, cut *fault
	byteTime                     time.Duration // ten bits on the wire
	now                          time.Duration
	last                         int // the last damaged byte; -1: before the first
	line                         line
}

// pauses stand between bursts of about ten frames, as a board makes them that
// sends what it has and waits; they are shorter and longer than deadlines.
const (
	pauseRate = 0.1
	maxPause  = 100 * time.Millisecond
)

// damage sends the frames over the line; the gateway begins to listen in the
// middle of the first.
func damage(frames []sent, l level, byteTime time.Duration, seed uint64) line {
	rng := rand.New(rand.NewPCG(seed, 2))
	d := &damager{
		rng: rng, byteTime: byteTime, last: -1,
		bit: newFault(rng, l.bit), lost: newFault(rng, l.lost), doubled: newFault(rng, l.doubled),
		inserted: newFault(rng, l.inserted), cut: newFault(rng, l.cut),
	}
	size := 0
	for _, f := range frames {
		size += len(f.bytes)
	}
	d.line.bytes, d.line.times = make([]byte, 0, size+size/64), make([]time.Duration, 0, size+size/64)
	for i, f := range frames {
		if rng.Float64() < pauseRate {
			d.now += time.Duration(rng.Int64N(int64(maxPause)))
		}
		heard := f.bytes
		if i == 0 {
			heard = heard[1+rng.IntN(max(len(heard)-1, 1)):]
		}
		d.send(f, heard)
	}
	return d.line
}

// send passes a frame, or the part of it that is heard.
func (d *damager) send(f sent, heard []byte) {
	p := passed{sent: f, from: len(d.line.bytes), at: -1}
	d.pass(&p.harm, heard)
	p.to = len(d.line.bytes)
	// A byte doubled or put in at an edge leaves the frame whole.
	if i := bytes.Index(d.line.bytes[p.from:], f.bytes); i >= 0 {
		p.at = p.from + i
		if i > 0 {
			d.line.hurts = append(d.line.hurts, p.at-1)
		}
		if end := p.at + len(f.bytes); p.to > end {
			d.line.hurts = append(d.line.hurts, p.to-1)
		}
	} else {
		d.line.hurts = append(d.line.hurts, d.last)
	}
	d.line.frames = append(d.line.frames, p)
}

// pass passes bytes, each with its chance of every fault.
func (d *damager) pass(h *harm, heard []byte) {
	end := len(heard)
	if h.cut = d.cut.strikes(); h.cut {
		end = d.rng.IntN(max(end, 1))
	}
	for _, b := range heard[:end] {
		if d.inserted.strikes() {
			d.put(byte(d.rng.Uint32()))
			d.slip(&h.inserted)
		}
		if d.lost.strikes() {
			d.now += d.byteTime
			d.slip(&h.lost)
			continue
		}
		for bit := range 8 {
			if d.bit.strikes() {
				b ^= 1 << bit
				h.flips++
				d.last = len(d.line.bytes)
			}
		}
		d.put(b)
		if d.doubled.strikes() {
			d.put(b)
			d.slip(&h.doubled)
		}
	}
	if h.cut {
		d.last = len(d.line.bytes) - 1
	}
}

// slip counts that a byte is missing here, or one too many.
func (d *damager) slip(count *int) {
	*count++
	d.last = len(d.line.bytes) - 1
}

func (d *damager) put(b byte) {
	d.now += d.byteTime
	d.line.bytes = append(d.line.bytes, b)
	d.line.times = append(d.line.times, d.now)
}

// hurtBefore returns the last damaged byte in front of at, and whether there
// is one behind since.
func (l *line) hurtBefore(at, since int) (int, bool) {
	i, _ := slices.BinarySearch(l.hurts, at)
	if i == 0 || l.hurts[i-1] < since {
		return 0, false
	}
	return l.hurts[i-1], true
}
