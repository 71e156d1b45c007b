package frame_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"serialgw/internal/reading"
)

// The loops by hand are what one writes for a single board in earnest: they keep
// what is partial, go on behind the first byte of what is no frame, and fill a
// reading in place. Their CRCs go through one table, a byte at a time.

// held is what a loop has not used yet.
type held struct{ b []byte }

func (h *held) add(c reading.Chunk) []byte {
	h.b = append(h.b, c.Bytes...)
	return h.b
}

func (h *held) keep(rest []byte) { h.b = h.b[:copy(h.b, rest)] }

// from returns what is left from the next first byte of a frame on.
func from(b []byte, first byte) []byte {
	i := bytes.IndexByte(b, first)
	if i < 0 {
		return nil
	}
	return b[i:]
}

func sum8(b []byte) (sum byte) {
	for _, x := range b {
		sum += x
	}
	return sum
}

var modbusTable = func() (t [256]uint16) { //nolint:gochecknoglobals // a table that is only read
	for i := range t {
		c := uint16(i)
		for range 8 {
			c = c>>1 ^ 0xA001&-(c&1)
		}
		t[i] = c
	}
	return t
}()

func crcModbus(b []byte) uint16 {
	c := uint16(0xFFFF)
	for _, x := range b {
		c = c>>8 ^ modbusTable[byte(c)^x]
	}
	return c
}

func u16(b []byte) int64 { return int64(binary.LittleEndian.Uint16(b)) }
func i16(b []byte) int64 { return int64(int16(binary.LittleEndian.Uint16(b))) }

// properties makes room for n properties, which are then filled in place: to
// append them takes half as long again.
func properties(r *reading.Reading, n int) []reading.Property {
	r.Props = slices.Grow(r.Props[:0], n)[:n]
	return r.Props
}

func set(p *reading.Property, name string, v reading.Value) {
	p.Name, p.Label, p.Value = name, "", v
}

func whole(p *reading.Property, name string, v int64) { set(p, name, reading.IntValue(v)) }

func decimal(p *reading.Property, name string, v int64, digits uint8) {
	set(p, name, reading.DecimalValue(v, digits))
}

type handAttitude struct{ held }

func (h *handAttitude) read(c reading.Chunk, r *reading.Reading) (found int) {
	b := h.add(c)
	for len(b) >= 11 {
		if b[0] != 0x55 {
			b = from(b, 0x55)
			continue
		}
		f := b[:11]
		if f[1] != 0x53 || sum8(f[:10]) != f[10] {
			b = b[1:]
			continue
		}
		r.Stamp, r.Message = c.Stamp, "fixed"
		props := properties(r, 3)
		decimal(&props[0], "roll", thousandths(f[2:]), 3)
		decimal(&props[1], "pitch", thousandths(f[4:]), 3)
		decimal(&props[2], "yaw", thousandths(f[6:]), 3)
		b = b[11:]
		found++
	}
	h.keep(b)
	return found
}

// thousandths reads an angle in 180/32768 degrees and rounds it.
func thousandths(b []byte) int64 {
	v := i16(b) * 180_000
	if v < 0 {
		return -((1<<14 - v) >> 15)
	}
	return (v + 1<<14) >> 15
}

type handStatus struct{ held }

func (h *handStatus) read(c reading.Chunk, r *reading.Reading) (found int) {
	const size = 22
	b := h.add(c)
	for len(b) >= 4 {
		if b[0] != 0xAA {
			b = from(b, 0xAA)
			continue
		}
		if b[1] != 0x55 || b[2] != size-3 || b[3] != 1 {
			b = b[1:]
			continue
		}
		if len(b) < size {
			break
		}
		f := b[:size]
		if crcModbus(f[:size-2]) != binary.LittleEndian.Uint16(f[size-2:]) {
			b = b[1:]
			continue
		}
		r.Stamp, r.Message = c.Stamp, "status"
		r.Props = statusProps(f, properties(r, 8))
		b = b[size:]
		found++
	}
	h.keep(b)
	return found
}

func statusProps(f []byte, props []reading.Property) []reading.Property {
	n := 0
	add := func(name string, v int64, digits uint8) {
		decimal(&props[n], name, v, digits)
		n++
	}
	add("number", int64(binary.LittleEndian.Uint32(f[4:])), 0)
	if v := i16(f[8:]); v != 0x7FFF && v >= -4000 && v <= 12500 {
		add("temp", v, 2)
	}
	if v := u16(f[10:]); v <= 1000 {
		add("humidity", v, 1)
	}
	add("voltage", u16(f[12:]), 3)
	add("current", i16(f[14:]), 3)
	add("speed", i16(f[16:]), 1)
	states := [...]string{"idle", "run", "fault"}
	if v := int(f[18]); v < len(states) {
		add("state", int64(v), 0)
		props[n-1].Label = states[v]
	}
	set(&props[n], "running", reading.BoolValue(f[19]&1 != 0))
	return props[:n+1]
}

// handFloats takes what stands between two end markers. Where the first leaves
// another size, it may be data, and the next one counts.
type handFloats struct {
	held
	aligned bool
}

func (h *handFloats) read(c reading.Chunk, r *reading.Reading) (found int) {
	const size = 20
	end := []byte{0, 0, 0x80, 0x7F}
	b := h.add(c)
	for {
		first := bytes.Index(b, end) + len(end)
		if first < len(end) {
			break
		}
		n := first
		if h.aligned && n < size {
			next := bytes.Index(b[n-len(end)+1:], end)
			if next < 0 && len(b) < size {
				break // the next marker is not in
			}
			n += 1 + next
		}
		if !h.aligned || n != size {
			b, h.aligned = b[first:], true
			continue
		}
		r.Stamp, r.Message = c.Stamp, "end"
		r.Props = floatProps(b[:size], properties(r, 4))
		b = b[size:]
		found++
	}
	h.keep(b)
	return found
}

func floatProps(f []byte, props []reading.Property) []reading.Property {
	n := 0
	for i, name := range [...]string{"ch0", "ch1", "ch2", "ch3"} {
		if v := math.Float32frombits(binary.LittleEndian.Uint32(f[4*i:])); v >= -1e6 && v <= 1e6 {
			set(&props[n], name, reading.Float32Value(v))
			n++
		}
	}
	return props[:n]
}

// handStuffed takes what stands between two delimiters out of its escapes.
type handStuffed struct {
	held
	delim   byte
	message string
	unstuff func(dst, piece []byte) int
	frame   [64]byte
}

func newHandStuffed(delim byte, message string, unstuff func(dst, piece []byte) int) *handStuffed {
	return &handStuffed{delim: delim, message: message, unstuff: unstuff}
}

func (h *handStuffed) read(c reading.Chunk, r *reading.Reading) (found int) {
	const size = 15
	b := h.add(c)
	for {
		i := bytes.IndexByte(b, h.delim)
		if i < 0 {
			break
		}
		piece := b[:i]
		b = b[i+1:]
		if len(piece) < size || h.unstuff(h.frame[:], piece) != size {
			continue
		}
		f := h.frame[:size]
		if crcModbus(f[:size-2]) != binary.LittleEndian.Uint16(f[size-2:]) {
			continue
		}
		r.Stamp, r.Message = c.Stamp, h.message
		props := properties(r, 6)
		whole(&props[0], "time", int64(binary.LittleEndian.Uint32(f)))
		decimal(&props[1], "a", i16(f[4:]), 2)
		decimal(&props[2], "b", i16(f[6:]), 2)
		decimal(&props[3], "c", i16(f[8:]), 2)
		decimal(&props[4], "d", i16(f[10:]), 2)
		whole(&props[5], "mode", int64(f[12]))
		found++
	}
	h.keep(b)
	return found
}

// unhdlc returns how many bytes the piece stands for, 0 when it stands for none
// or for more than there is room.
func unhdlc(dst, piece []byte) (n int) {
	for i := 0; i < len(piece) && n < len(dst); i++ {
		x := piece[i]
		if x == 0x7D {
			if i++; i == len(piece) {
				return 0
			}
			x = piece[i] ^ 0x20
		}
		dst[n] = x
		n++
	}
	return n
}

// uncobs is the same for COBS.
func uncobs(dst, piece []byte) (n int) {
	for len(piece) > 0 {
		size := int(piece[0])
		if size > len(piece) || n+size > len(dst) {
			return 0
		}
		n += copy(dst[n:], piece[1:size])
		if piece = piece[size:]; len(piece) > 0 && size < 0xFF {
			dst[n] = 0
			n++
		}
	}
	return n
}
