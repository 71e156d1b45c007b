package frame_test

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"serialgw/internal/reading"
)

type handChannels struct{ held }

func (h *handChannels) read(c reading.Chunk, r *reading.Reading) (found int) {
	b := h.add(c)
	for len(b) >= 25 {
		if b[0] != 0x0F {
			b = from(b, 0x0F)
			continue
		}
		f := b[:25]
		if sum8(f[:24]) != f[24] {
			b = b[1:]
			continue
		}
		r.Stamp, r.Message = c.Stamp, "bits"
		channelProps(f[1:23], properties(r, 16))
		b = b[25:]
		found++
	}
	h.keep(b)
	return found
}

var channelNames = numbered("ch", 16) //nolint:gochecknoglobals // a table that is only read

func numbered(name string, n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint(name, i))
	}
	return names
}

// channelProps takes bits as they come: what a receiver's program does.
func channelProps(data []byte, props []reading.Property) {
	var bits uint32
	have, ch := 0, 0
	for _, x := range data {
		bits |= uint32(x) << have
		have += 8
		if have >= 11 {
			whole(&props[ch], channelNames[ch], int64(bits&0x7FF))
			bits >>= 11
			have -= 11
			ch++
		}
	}
}

var distances, intensities = numbered("d", 16), numbered("q", 16) //nolint:gochecknoglobals // tables that are only read

var lidarTable = func() (t [256]byte) { //nolint:gochecknoglobals // a table that is only read
	for i := range t {
		c := byte(i)
		for range 8 {
			c = c<<1 ^ 0x4D&-(c>>7)
		}
		t[i] = c
	}
	return t
}()

func crcLidar(b []byte) (c byte) {
	for _, x := range b {
		c = lidarTable[c^x]
	}
	return c
}

type handLidar struct {
	held
	modulus     int64 // of time; 0: it is no counter
	seen        bool
	last, total int64
}

func (h *handLidar) read(c reading.Chunk, r *reading.Reading) (found int) {
	b := h.add(c)
	for len(b) >= 47 {
		if b[0] != 0x54 {
			b = from(b, 0x54)
			continue
		}
		f := b[:47]
		if f[1] != 0x2C || crcLidar(f[:46]) != f[46] {
			b = b[1:]
			continue
		}
		r.Stamp, r.Message = c.Stamp, "group"
		props := properties(r, 28)
		points(f[2:6], f[6:42], props)
		decimal(&props[26], "end", u16(f[42:]), 2)
		h.time(r, &props[27], u16(f[44:]))
		b = b[47:]
		found++
	}
	h.keep(b)
	return found
}

func (h *handLidar) time(r *reading.Reading, p *reading.Property, raw int64) {
	switch {
	case h.modulus == 0:
		whole(p, "time", raw)
		return
	case raw < h.modulus:
		whole(p, "time", h.step(raw))
	default:
		r.Props = r.Props[:len(r.Props)-1]
	}
	r.Message = "group+counter"
}

func (h *handLidar) step(raw int64) int64 {
	switch step := (raw - h.last + h.modulus) % h.modulus; {
	case !h.seen:
		h.seen, h.total = true, raw
	case step > h.modulus/2:
		h.total += step - h.modulus
	default:
		h.total += step
	}
	h.last = raw
	return h.total
}

// points reads speed and start, and as many points as there are.
func points(head, f []byte, props []reading.Property) {
	whole(&props[0], "speed", u16(head))
	decimal(&props[1], "start", u16(head[2:]), 2)
	for k := 0; len(f) >= 3; k++ {
		whole(&props[2+2*k], distances[k], u16(f))
		whole(&props[3+2*k], intensities[k], int64(f[2]))
		f = f[3:]
	}
}

type handCounted struct{ held }

func (h *handCounted) read(c reading.Chunk, r *reading.Reading) (found int) {
	const least = 12 // without a point
	b := h.add(c)
	for len(b) >= least {
		if b[0] != 0x54 {
			b = from(b, 0x54)
			continue
		}
		size, n := int(b[1]), int(b[6])
		if size < least+3*n || size > least+3*16 || n > 16 {
			b = b[1:]
			continue
		}
		if len(b) < size {
			break
		}
		f := b[:size]
		if crcLidar(f[:size-1]) != f[size-1] {
			b = b[1:]
			continue
		}
		r.Stamp, r.Message = c.Stamp, "counted-group"
		props := properties(r, 4+2*n)
		points(f[2:6], f[7:7+3*n], props)
		decimal(&props[2+2*n], "end", u16(f[7+3*n:]), 2)
		whole(&props[3+2*n], "time", u16(f[9+3*n:]))
		b = b[size:]
		found++
	}
	h.keep(b)
	return found
}

type handQuotients struct{ held }

func (h *handQuotients) read(c reading.Chunk, r *reading.Reading) (found int) {
	b := h.add(c)
	for len(b) >= 24 {
		if b[0] != 0x55 {
			b = from(b, 0x55)
			continue
		}
		f := b[:24]
		if f[1] != 0x5A || sum8(f[2:23]) != f[23] {
			b = b[1:]
			continue
		}
		r.Stamp, r.Message = c.Stamp, "expr"
		quotientProps(f, r)
		b = b[24:]
		found++
	}
	h.keep(b)
	return found
}

func quotientProps(f []byte, r *reading.Reading) {
	props, n := properties(r, 4), 0
	for k, name := range [...]string{"voltage", "current", "power"} {
		period := u24(f[5+6*k:])
		if f[20]>>(6-k)&1 == 0 || period == 0 {
			continue
		}
		v := float64(u24(f[2+6*k:])) / float64(period)
		decimal(&props[n], name, int64(v*1000+0.5), 3)
		n++
	}
	whole(&props[n], "pulses", int64(binary.BigEndian.Uint16(f[21:])))
	r.Props = props[:n+1]
}

func u24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

// handNumbers reads lines of four numbers without exponents and blanks.
type handNumbers struct {
	held
	aligned bool
}

func (h *handNumbers) read(c reading.Chunk, r *reading.Reading) (found int) {
	b := h.add(c)
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		line := b[:i]
		b = b[i+1:]
		if !h.aligned {
			h.aligned = true
			continue
		}
		if !numberProps(line, properties(r, 4)) {
			continue
		}
		r.Stamp, r.Message = c.Stamp, "line"
		found++
	}
	h.keep(b)
	return found
}

func numberProps(line []byte, props []reading.Property) bool {
	for i := range props {
		piece := line
		if end := bytes.IndexByte(line, ','); end >= 0 {
			piece, line = line[:end], line[end+1:]
		} else {
			line = nil
		}
		v, digits, ok := parseNumber(piece)
		if !ok {
			return false
		}
		decimal(&props[i], channelNames[i], v, digits)
	}
	return true
}

// parseNumber reads -12.34.
func parseNumber(b []byte) (v int64, digits uint8, ok bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	point := false
	for _, x := range b {
		switch {
		case x >= '0' && x <= '9':
			v = v*10 + int64(x-'0')
			if point {
				digits++
			}
		case x == '.' && !point:
			point = true
		default:
			return 0, 0, false
		}
	}
	if negative {
		v = -v
	}
	return v, digits, len(b) > 0
}
