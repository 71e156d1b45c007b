package frame

import (
	"encoding/hex"
	"math"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestCRC_CatalogueCheckValues computes every entry over 123456789, the text
// that RevEng's check values belong to.
func TestCRC_CatalogueCheckValues(t *testing.T) {
	for _, e := range catalogue {
		c := newCRC(e.spec)
		if got := c.finish(c.update(c.start, []byte("123456789"))); got != e.check {
			t.Errorf("%s: got %#x, want %#x", e.name, got, e.check)
		}
	}
	for alias, name := range aliases {
		if _, ok := findCRC(alias); !ok {
			t.Errorf("alias %s leads to %s, which is not listed", alias, name)
		}
	}
}

// TestCRC_StepsOfEight: eight bytes at a time give what one bit at a time does,
// whatever the length.
func TestCRC_StepsOfEight(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, e := range catalogue {
		c := newCRC(e.spec)
		for size := range 40 {
			b := make([]byte, size)
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
			if got, want := c.finish(c.update(c.start, b)), bitwiseCRC(e.spec, b); got != want {
				t.Errorf("%s over % X: got %#x, want %#x", e.name, b, got, want)
			}
		}
	}
}

// bitwiseCRC divides polynomials as the catalogue defines it, bit by bit.
func bitwiseCRC(s crcSpec, b []byte) uint64 {
	mask := uint64(math.MaxUint64) >> (64 - s.width)
	reg := s.init
	for _, x := range b {
		if s.reflect {
			x = bits.Reverse8(x)
		}
		for i := 7; i >= 0; i-- {
			top := reg>>(s.width-1)&1 ^ uint64(x>>i)&1
			reg = reg << 1 & mask
			if top == 1 {
				reg ^= s.poly
			}
		}
	}
	if s.reflect {
		reg = bits.Reverse64(reg) >> (64 - s.width)
	}
	return reg ^ s.xorout
}

// TestCRC_Unnamed are CRCs in everyday use that have no name.
func TestCRC_Unnamed(t *testing.T) {
	for _, row := range []struct {
		name string
		spec crcSpec
		want uint64
	}{
		{"RoboMaster header", crcSpec{width: 8, poly: 0x31, init: 0xFF, reflect: true}, 0x0B},
		{"LD06", crcSpec{width: 8, poly: 0x4D}, 0xC3},
		{"CRSF command", crcSpec{width: 8, poly: 0xBA}, 0x20},
	} {
		c := newCRC(row.spec)
		if got := c.finish(c.update(c.start, []byte("123456789"))); got != row.want {
			t.Errorf("%s: got %#x, want %#x", row.name, got, row.want)
		}
	}
}

// TestChecks_PublishedFrames verifies each kind on a frame that someone else
// published, and refuses the same frame with one bit changed.
func TestChecks_PublishedFrames(t *testing.T) {
	for _, row := range []struct {
		name, frame string
		check       Check
		end         string
		extra       int
	}{
		{"sum8 wit", "55 51 9f fd e8 ff a5 07 35 0b 15", Check{Kind: "sum8"}, "", 0},
		{"sum8 sds011", "aa c0 06 00 06 00 58 d9 3d ab", Check{Kind: "sum8", Over: []string{"2:8"}}, "AB", 0},
		{"sum16 pms5003", "42 4d 00 1c 00 00 00 08 00 08 00 00 00 08 00 08 00 d2 00 46 00 2d 00 1e 00 00 00 00 97 00 02 c5",
			Check{Kind: "sum16", Endian: "big"}, "", 0},
		{"neg-sum8 mh-z19b", "ff 86 02 7c 42 00 00 00 ba", Check{Kind: "neg-sum8", Over: []string{"1:-1"}}, "", 0},
		{"neg-sum16 jbd", "dd 03 00 1b 17 00 00 00 02 d0 03 e8 00 00 20 78 00 00 00 00 00 00 10 48 03 0f 02 0b 76 0b 82 fb ff 77",
			Check{Kind: "neg-sum16", Over: []string{"2:-3"}, Endian: "big"}, "77", 0},
		{"not-sum8 xbee", "7e 00 02 23 11 cb", Check{Kind: "not-sum8", Over: []string{"3:-1"}}, "", 0},
		{"not-sum16 ibus", "20 00 00 00 01 00 02 00 03 00 04 00 05 00 06 00 07 00 08 00 09 00 0a 00 0b 00 0c 00 0d 00 84 ff",
			Check{Kind: "not-sum16", Endian: "little"}, "", 0},
		{"sum+sum ano", "aa ff f2 05 01 00 00 f0 41 d2 d4", Check{Kind: "sum+sum"}, "", 0},
		{"crc-16/arc maix", "aa ca ac bb 09 00 00 00 00 01 68 65 6c 6c 6f 2b 44", Check{Kind: "CRC-16/ARC", Endian: "little"}, "", 0},
		{"crc-16/modbus pzem", "01 04 14 08 d1 00 6c 00 00 00 f4 00 00 00 26 00 00 01 f4 00 64 00 00 51 34",
			Check{Kind: "crc-16/modbus", Endian: "little"}, "", 0},
		{"crc-8/dvb-s2 msp", "24 58 3c 00 64 00 00 00 8f", Check{Kind: "crc-8/dvb-s2", Over: []string{"3:-1"}}, "", 0},
		{"two ranges hipnuc", "5a a5 4c 00 14 bb 91 08 15 23 09 a2 c4 47 08 15 1c 00 cc e8 61 be 9a 35 56 3e 65 ea 72 3f 31 d0 7c bd 75 dd c5 bb 6b d7 24 bc 89 88 fc 40 01 00 6a 41 ab 2a 70 c2 96 d4 50 41 ed 03 43 41 41 f4 f4 c2 cc ca f8 be 73 6a 19 be f0 00 1c 3d 8d 37 5c 3f",
			Check{Kind: "crc-16/xmodem", At: new(4), Over: []string{"0:4", "6:"}, Endian: "little"}, "", 0},
		{"extra mavlink", "fe 09 03 ff 00 00 00 00 00 00 06 08 00 00 03 9f 5c",
			Check{Kind: "crc-16/mcrf4xx", Over: []string{"1:-2"}, Endian: "little", Extra: "crc_extra"}, "", 50},
		{"blank seekfree", "AA 11 82 08 00 00 80 3F", Check{Kind: "sum8", At: new(2), Over: []string{"0:"}, Blank: true}, "", 0},
		{"crc width 8 ld06", "54 2c 68 08 ab 7e e0 00 e4 dc 00 e2 d9 00 e5 d5 00 e3 d3 00 e4 d0 00 e9 cd 00 e4 ca 00 e2 c7 00 e9 c5 00 e5 c2 00 e5 c0 00 e5 be 82 3a 1a 50",
			Check{Kind: "crc", Width: 8, Poly: 0x4D}, "", 0},
		{"sum16w", "01 02 03 04 04 06", Check{Kind: "sum16w", Endian: "little"}, "", 0},
		{"sum16w big, odd", "01 02 03 04 02", Check{Kind: "sum16w", Endian: "big"}, "", 0},
		{"xor8", "24 4D 3E 01 69 07 6F", Check{Kind: "xor8", Over: []string{"3:-1"}}, "", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := unhex(t, row.frame)
			message := Message{Name: "m", Size: len(b)}
			if row.extra != 0 {
				message.CRCExtra = &row.extra
			}
			p, errs := Compile("x", Description{End: row.end, Check: []Check{row.check}, Messages: []Message{message}})
			if errs != nil {
				t.Fatal(errs)
			}
			if _, err := p.Parse(b); err != nil {
				t.Errorf("good frame: %v", err)
			}
			c := &p.checks[0]
			from, _ := c.over[0].resolve(len(b))
			b[from] ^= 0x10
			if _, err := p.Parse(b); err == nil {
				t.Error("a frame with a changed bit was accepted")
			}
		})
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
