package frame

import (
	"maps"
	"slices"
	"strings"
)

// Checksum computes one kind of check over any bytes, apart from a frame: for
// those who look for the check of an unknown protocol, or explain a failed one.
// It never changes; any number of goroutines may use it.
type Checksum struct {
	name  string
	check check
}

// CRC is one named CRC of the catalogue, in RevEng's terms.
type CRC struct {
	Name    string
	Width   int // 3 to 64 bits
	Poly    uint64
	Init    uint64
	Reflect bool // input and output
	XorOut  uint64
}

// NewChecksum returns the checksum that c.Kind and the parameters of a crc
// name. Where it would stand, what it covers and its form do not count; endian
// does for sum16w only, whose words it orders, and may be missing. The error is
// Errors.
func NewChecksum(c Check) (*Checksum, error) {
	var m compiler
	out := &Checksum{name: strings.ToLower(c.Kind)}
	if c.Endian == "" {
		c.Endian = "little"
	}
	if simpleKinds[out.name].kind == kindFletcher {
		c.Endian = "" // the first sum always stands first
	}
	m.checkKind("check", &c, &out.check)
	m.checkEndian("check", &c, &out.check)
	if len(m.list) > 0 {
		return nil, m.list
	}
	return out, nil
}

// Sum returns the checksum of the pieces, one behind the other, as it stands in
// a frame: of sum+sum the first sum is the low byte.
func (c *Checksum) Sum(pieces ...[]byte) uint64 {
	if c.check.kind == kindConst {
		return uint64(c.check.value)
	}
	s := sums{}
	if c.check.kind == kindCRC {
		s.a = c.check.crc.start
	}
	for _, piece := range pieces {
		s = c.check.update(s, piece)
	}
	return c.check.finish(s)
}

// Size returns how many bytes of a frame the checksum takes, 1 to 8.
func (c *Checksum) Size() int { return c.check.size }

// Bits returns how many bits it has: 0 for const, which guards nothing.
func (c *Checksum) Bits() int { return c.check.bits }

// Name returns the kind as it was given, in small letters.
func (c *Checksum) Name() string { return c.name }

// CheckKinds returns every kind of check that needs no parameters: the simple
// ones, then the CRCs of the catalogue, each sorted. Other names for the same
// CRC are left out.
func CheckKinds() []string {
	names := slices.Sorted(maps.Keys(simpleKinds))
	names = slices.DeleteFunc(names, func(name string) bool { return simpleKinds[name].kind == kindConst })
	for i := range catalogue {
		names = append(names, catalogue[i].name)
	}
	return names
}

// CRCs returns the catalogue of named CRCs, by width and name.
func CRCs() []CRC {
	out := make([]CRC, len(catalogue))
	for i := range catalogue {
		s := catalogue[i].spec
		out[i] = CRC{catalogue[i].name, s.width, s.poly, s.init, s.reflect, s.xorout}
	}
	return out
}
