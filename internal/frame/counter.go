package frame

import (
	"slices"

	"serialgw/internal/reading"
)

// Decoder is Plan.Decode with a memory: fields with counter give a total that
// goes on growing where the board's own counter starts at 0 again. It belongs
// to one goroutine and sees every frame of one board, in order; the totals
// begin at the first raw values that it sees.
type Decoder struct {
	plan     *Plan
	counters []counterState
	absent   Absent // in the frame decoded last, where something may be
	none     Absent // where nothing is: never written
}

// counterState is what a counter had in the frame before.
type counterState struct {
	seen  bool
	last  uint64
	total int64
}

// NewDecoder returns a decoder that has seen nothing.
func (p *Plan) NewDecoder() *Decoder {
	return &Decoder{plan: p, counters: make([]counterState, p.counters)}
}

// Decode is Plan.Decode, with totals. What it returns is the decoder's, until the
// next Decode: six counts that are handed on cost as much as a value.
func (d *Decoder) Decode(f *Frame, r *reading.Reading) *Absent {
	// Field by field: what has just been written so cannot be read 16 bytes at a time.
	r.Stamp.Wall, r.Stamp.Boot = f.Stamp.Wall, f.Stamp.Boot
	r.Stamp.BootID = f.Stamp.BootID
	r.Stamp.Synced = f.Stamp.Synced
	m := f.Message
	if m == nil || cap(r.Props) < len(m.slots) {
		return d.decodeFirst(f, r)
	}
	r.Message, r.Props = m.Name, r.Props[:len(m.slots)]
	if m.parts {
		return d.decodeParts(f, r)
	}
	b := f.data(d.plan)
	var n int
	if m.pairs != nil {
		n = pairs(m.pairs, b, r.Props)
	} else {
		n = briefly(m.slots, b, 0, r.Props)
	}
	if n < len(m.slots) {
		return d.decodeFrom(n, f, b, r)
	}
	return &d.none
}

// decodeFirst is Decode where there is no message, or no room for its properties
// yet.
func (d *Decoder) decodeFirst(f *Frame, r *reading.Reading) *Absent {
	m := f.Message
	if m == nil {
		r.Message, r.Props = "", r.Props[:0]
		return &d.none
	}
	r.Message, r.Props = m.Name, make([]reading.Property, len(m.slots))
	if m.parts {
		return d.decodeParts(f, r)
	}
	return d.decodeFrom(0, f, f.data(d.plan), r)
}

// decodeParts is Decode for a message that is read by parts.
func (d *Decoder) decodeParts(f *Frame, r *reading.Reading) *Absent {
	d.absent = Absent{}
	r.Props = r.Props[:d.plan.decodeParts(f, r.Props, d.counters, &d.absent)]
	return &d.absent
}

// total moves a counter's total to its raw value. A value that the counter
// cannot have changes nothing. Without counters it gives the raw value.
func (s *slot) total(raw uint64, counters []counterState, absent *Absent) (reading.Value, bool) {
	if slices.Contains(s.invalid, raw) {
		absent.Invalid++
		return reading.Value{}, false
	}
	v, ok := s.integer(raw)
	if !ok || raw >= s.more.modulus {
		absent.Range++
		return reading.Value{}, false
	}
	if counters == nil {
		return v, true
	}
	c := &counters[s.more.counter]
	c.step(raw, s.more.modulus)
	mantissa := c.total
	if !s.scale.plain() {
		magnitude := uint64(mantissa)
		if mantissa < 0 {
			magnitude = -magnitude
		}
		if mantissa, ok = s.scale.apply(c.total < 0, magnitude); !ok {
			absent.Range++
			return reading.Value{}, false
		}
	}
	return reading.DecimalValue(mantissa, s.digits), true
}

// step moves the total to a raw value by the shorter way around: more than
// half of the modulus is a step back. [WIRE-24]
func (c *counterState) step(raw, modulus uint64) {
	if !c.seen {
		c.seen, c.last, c.total = true, raw, int64(raw)
		return
	}
	step := raw - c.last
	if raw < c.last {
		step += modulus
	}
	if c.last = raw; step > modulus/2 {
		c.total -= int64(modulus - step)
		return
	}
	c.total += int64(step)
}
