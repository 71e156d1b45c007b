package frame

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// flag and escape bytes of the stuffings that have a name.
const (
	hdlcFlag, hdlcEsc, hdlcXor = 0x7E, 0x7D, 0x20
	slipEnd, slipEsc           = 0xC0, 0xDB
	slipEscEnd, slipEscEsc     = 0xDC, 0xDD
)

var stuffNames = []string{"hdlc", "slip", "cobs", "xbee", "dxl2"} //nolint:gochecknoglobals // a table that is only read

// stuffing compiles stuff.
func (c *compiler) stuffing() {
	d, s := c.d.Stuff, &c.p.stuff
	for b := range 256 {
		s.to[b], s.from[b] = -1, -1
	}
	if d == nil {
		return
	}
	switch {
	case d.Kind != "" && (d.Esc != nil || len(d.Map) > 0):
		c.add("stuff.esc", "esc or map beside kind", "one of them", "")
		return
	case d.Kind == "":
		c.escapes(d)
		return
	}
	switch d.Kind {
	case "hdlc":
		s.kind, s.delim = stuffHDLC, hdlcFlag
		s.xor(hdlcFlag, hdlcEsc)
	case "xbee":
		s.kind = stuffEscaped
		s.xor(hdlcFlag, hdlcEsc)
		s.fresh[hdlcFlag] = true
		c.xbeeSync()
		s.plain = 1
	case "slip":
		s.kind, s.delim, s.esc = stuffSLIP, slipEnd, slipEsc
		s.pair(slipEscEnd, slipEnd)
		s.pair(slipEscEsc, slipEsc)
	case "cobs":
		s.kind = stuffCOBS
	case "dxl2":
		s.kind = stuffDXL2
	default:
		c.add("stuff", quote(d.Kind), `"hdlc", "slip", "cobs", "xbee", "dxl2" or a table { esc, map }`, nearest(d.Kind, stuffNames))
	}
	if s.delimited() {
		c.p.idle[s.delim], c.p.hasIdle = true, true
	}
}

// xor makes every byte but the flag possible behind 7D. Writing also escapes
// XON and XOFF, which modems and XBee modules take for themselves.
func (s *stuffing) xor(flag, esc byte) {
	s.esc = esc
	for b := range 256 {
		if byte(b) != flag {
			s.to[b] = int16(byte(b) ^ hdlcXor)
		}
	}
	for _, b := range []byte{flag, esc, 0x11, 0x13} {
		s.from[b] = int16(b ^ hdlcXor)
	}
}

// pair lets code stand behind esc for b.
func (s *stuffing) pair(code, b byte) { s.to[code], s.from[b] = int16(b), int16(code) }

// xbeeSync: the frame begins with 7E, which is the default.
func (c *compiler) xbeeSync() {
	if len(c.p.sync) == 0 {
		c.p.sync, _ = parsePattern("7E")
	}
	if first := c.p.sync[0]; !first.literal || first.first != hdlcFlag {
		c.add("sync", quote(c.d.Sync), `"7E", with which an escaped XBee frame begins`, "")
	}
}

// escapes compiles { esc, map }.
func (c *compiler) escapes(d *Stuff) {
	s := &c.p.stuff
	if d.Esc == nil || *d.Esc < 0 || *d.Esc > 255 || len(d.Map) == 0 {
		c.add("stuff", "no kind", `a kind, or a table with the byte esc and a map, such as { esc = 0xFD, map = { 0x0D = 0xFD } }`, "")
		return
	}
	s.kind, s.esc, s.plain = stuffEscaped, byte(*d.Esc), len(c.p.sync)
	for _, text := range slices.Sorted(maps.Keys(d.Map)) {
		code, err := strconv.ParseUint(text, 0, 8)
		b := d.Map[text]
		switch {
		case err != nil:
			c.add("stuff.map", quote(text), "a byte such as 0x0D for each byte meant", "")
			return
		case b < 0 || b > 255:
			c.add("stuff.map", fmt.Sprint(b), "0 to 255", "")
			return
		case s.from[b] >= 0 || s.to[code] >= 0:
			c.add("stuff.map", quote(text), "each byte once", "")
			return
		}
		s.pair(byte(code), byte(b))
	}
	switch {
	case s.from[s.esc] < 0:
		c.add("stuff.map", "no code for esc", fmt.Sprintf("a code that stands for %#02x", s.esc), "esc itself may stand in the data")
	case len(c.p.sync) == 0:
		c.add("sync", "none", "bytes with which a frame begins", "only sync stands unescaped")
	default:
		// A byte that is always escaped begins the next frame.
		if first := c.p.sync[0]; first.literal && s.from[first.first] >= 0 {
			s.fresh[first.first] = first.first != s.esc
		}
	}
}
