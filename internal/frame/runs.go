package frame

import "fmt"

// run is where the next number of a run begins: so many bits behind the byte
// at l.off. With 0 there is none, or it ends at a whole byte.
type run struct {
	bit uint8
	big bool // in which order the bits before it were counted
}

// reach returns where the next whole byte is.
func (l *layout) reach() int { return l.off + b2i(l.run.bit > 0) }

// wholeByte ends a run of bits.
func (l *layout) wholeByte() {
	if l.run.bit > 0 {
		l.off++
		l.run.bit = 0
		l.atEnd = l.off == 0 && l.fromEnd > 0
	}
}

// start moves to where a field of that type can begin: behind the bits of the
// field before, if both count them in the same order, else at a whole byte.
func (l *layout) start(key string, f *Field, a atom) {
	if !a.run || a.big != l.run.big {
		l.wholeByte()
	}
	l.run.big = a.big
	switch {
	case f.Bit == nil:
	case !a.run:
		l.m.add(key+".bit", fmt.Sprint(*f.Bit), `bit beside a type such as "<u12" or ">i5"`, "at alone moves other types")
	case f.At == nil:
		l.m.add(key+".bit", fmt.Sprint(*f.Bit), "bit beside at", "fields of a run of bits follow each other without it")
	case *f.Bit < 0 || *f.Bit > 8*maxTotal || l.off < 0 && l.off+*f.Bit/8 >= 0:
		l.m.add(key+".bit", fmt.Sprint(*f.Bit), "a place inside the frame", "bit counts on from at")
	default:
		l.off += *f.Bit / 8
		l.run.bit = uint8(*f.Bit % 8)
	}
}

// spot returns where the next value stands, and how it is read there.
func (l *layout) spot(a atom) (at int, placed atom) {
	if !a.run || l.run.bit == 0 && a.bits%8 == 0 {
		return l.off, a
	}
	total := l.run.bit + a.bits
	a.form, a.size = formBits, (int(total)+7)/8
	a.shift = l.run.bit
	if a.big {
		a.shift = uint8(8*a.size) - total
	}
	return l.off, a
}

// take moves past the next value.
func (l *layout) take(key string, a atom) (at int, placed atom, ok bool) {
	at, placed = l.spot(a)
	if !l.advance(key, placed.size) {
		return 0, placed, false
	}
	if placed.form != formBits {
		return at, placed, true
	}
	if l.run.bit = (l.run.bit + a.bits) % 8; l.run.bit > 0 { // the last byte has room
		l.off--
		l.atEnd = false
	}
	return at, placed, true
}

// repeat notes that n values of that type follow at most, up to the end.
func (l *layout) repeat(a atom, n int) {
	bits := 8 * a.size
	if a.run {
		bits = int(a.bits)
	}
	l.restAt, l.restMax, l.restMost = l.reach(), n, (bits*n+7)/8
	if l.restSize = 1; bits%8 == 0 {
		l.restSize = bits / 8
	}
}
