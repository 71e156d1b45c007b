package frame

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Every kind computes over pieces what a frame's check stores over the same bytes.
func TestChecksum_LikeAFrame(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	for _, kind := range CheckKinds() {
		c, err := NewChecksum(Check{Kind: kind})
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		d := Description{Sync: "A5", Size: 32, Check: []Check{{Kind: kind, Endian: "little"}},
			Fields: []Field{{Name: "x", Type: "B"}}}
		if kind == "sum+sum" {
			d.Check[0].Endian = ""
		}
		p, errs := Compile("x", d)
		if len(errs) > 0 {
			t.Fatalf("%s: %v", kind, errs)
		}
		b := make([]byte, 32)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		if err := p.Seal(b, p.Messages()[0], 0); err != nil {
			t.Fatal(err)
		}
		body := b[:32-c.Size()]
		cut := rng.IntN(len(body))
		if got, want := c.Sum(body[:cut], body[cut:]), loadCheck(b[len(body):], false); got != want {
			t.Errorf("%s: Sum = %X, the frame has %X", kind, got, want)
		}
		if c.Name() != kind || c.Bits() < 3 || (c.Bits()+7)/8 != c.Size() {
			t.Errorf("%s: Name %q, %d bits in %d bytes", kind, c.Name(), c.Bits(), c.Size())
		}
	}
}

func TestChecksum_CustomCRC(t *testing.T) {
	// RoboMaster's header check: its published value over the maker's name.
	c, err := NewChecksum(Check{Kind: "crc", Width: 8, Poly: 0x31, Init: 0xFF, Reflect: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Sum([]byte("RoboMaster")); got != 0xD2 {
		t.Errorf("Sum = %02X, want D2", got)
	}
	words, err := NewChecksum(Check{Kind: "sum16w", Endian: "big"})
	if err != nil {
		t.Fatal(err)
	}
	if got := words.Sum([]byte{0x12}, []byte{0x34, 0x01, 0x02}); got != 0x1336 {
		t.Errorf("words over an odd border: %04X, want 1336", got)
	}
	for _, bad := range []Check{{Kind: "sum9"}, {Kind: "crc", Width: 2, Poly: 1}, {Kind: "const"}, {Kind: ""}} {
		if c, err := NewChecksum(bad); err == nil || c != nil {
			t.Errorf("NewChecksum(%+v) = %v, %v", bad, c, err)
		}
	}
}

func TestCRCs(t *testing.T) {
	kinds := CheckKinds()
	for _, crc := range CRCs() {
		if !slices.Contains(kinds, crc.Name) {
			t.Errorf("CheckKinds does not list %s", crc.Name)
		}
		named, err := NewChecksum(Check{Kind: crc.Name})
		if err != nil {
			t.Fatal(err)
		}
		custom, err := NewChecksum(Check{Kind: "crc", Width: crc.Width, Poly: crc.Poly, Init: crc.Init,
			Reflect: crc.Reflect, XorOut: crc.XorOut})
		if err != nil {
			t.Fatal(err)
		}
		text := []byte("123456789")
		if a, b := named.Sum(text), custom.Sum(text); a != b {
			t.Errorf("%s: by name %X, by its parameters %X", crc.Name, a, b)
		}
	}
	for alias := range aliases {
		if slices.Contains(kinds, alias) {
			t.Errorf("CheckKinds lists %s, another name for %s", alias, aliases[alias])
		}
	}
	if bytes.Contains([]byte(strings.Join(kinds, " ")), []byte("const")) {
		t.Error("CheckKinds lists const, which is no checksum")
	}
}
