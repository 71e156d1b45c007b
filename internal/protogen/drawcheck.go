package protogen

import (
	"fmt"
	"math/rand/v2"

	"serialgw/internal/frame"
)

// kindOfCheck is a check without its place.
type kindOfCheck struct {
	says frame.Check // kind and parameters
	sum  func([]byte) uint64
	size int
}

// liked are the CRCs that one meets; every second CRC drawn is one of them.
var liked = []string{ //nolint:gochecknoglobals // a table that is only read
	"crc-16/modbus", "crc-16/modbus", "crc-16/ibm-3740", "crc-16/xmodem", "crc-16/kermit", "crc-16/arc",
	"crc-16/ibm-sdlc", "crc-8/smbus", "crc-8/smbus", "crc-8/maxim-dow", "crc-8/dvb-s2", "crc-32/iso-hdlc",
	"crc-32/mpeg-2",
}

// drawCheck draws a kind of check: sums and CRCs by halves, and a polynomial of
// the maker's own now and then.
func drawCheck(r *rand.Rand) kindOfCheck {
	switch {
	case chance(r, 50):
		kind := pick(r, "sum8", "sum8", "sum8", "sum8", "xor8", "xor8", "xor8", "neg-sum8", "not-sum8", "sum16",
			"neg-sum16", "sum+sum")
		return kindOfCheck{frame.Check{Kind: kind}, sums[kind].sum, sums[kind].size}
	case chance(r, 8):
		return ownCRC(r)
	}
	return namedCRC(r)
}

// namedCRC draws from the catalogue: whole bytes, at most four of them.
func namedCRC(r *rand.Rand) kindOfCheck {
	want := ""
	if chance(r, 50) {
		want = pick(r, liked...)
	}
	var found []frame.CRC
	for _, c := range frame.CRCs() {
		if c.Width%8 == 0 && c.Width <= 32 && (want == "" || c.Name == want) {
			found = append(found, c)
		}
	}
	c := pick(r, found...)
	own := crc{width: c.Width, poly: c.Poly, init: c.Init, xorout: c.XorOut, reflect: c.Reflect}
	return kindOfCheck{frame.Check{Kind: c.Name}, own.sum, c.Width / 8}
}

// ownCRC draws a polynomial that is in no catalogue, or hardly.
func ownCRC(r *rand.Rand) kindOfCheck {
	c := crc{width: pick(r, 8, 16), reflect: chance(r, 50)}
	mask := uint64(1)<<c.width - 1
	c.poly = r.Uint64()&mask | 1
	c.init, c.xorout = pick(r, 0, mask), pick(r, 0, 0, mask)
	says := frame.Check{Kind: "crc", Width: c.width, Poly: c.poly, Init: c.init, Reflect: c.reflect, XorOut: c.xorout}
	return kindOfCheck{says, c.sum, c.width / 8}
}

// setCheck places the check: last before the end marker, or in the head at at.
func (p *Protocol) setCheck(r *rand.Rand, c kindOfCheck, at int, inHead bool) {
	s := &seal{sum: c.sum, size: c.size, big: chance(r, 50)}
	if inHead {
		s.at, s.from, s.back = at, at+c.size, pick(r, 0, len(p.End))
	} else {
		s.at = -p.tail
		s.from, s.back = pick(r, 0, 0, 0, len(p.Sync), len(p.Sync), p.head), p.tail
	}
	p.seal = s
	says := c.says
	says.At = &s.at
	says.Over = []string{fmt.Sprintf("%d:%d", s.from, -s.back)}
	if s.back == 0 {
		says.Over[0] = fmt.Sprintf("%d:", s.from)
	}
	switch {
	case says.Kind == "sum+sum":
		s.big = false
	case c.size > 1 && s.big:
		says.Endian = "big"
	case c.size > 1:
		says.Endian = "little"
	}
	p.Check = &says
}
