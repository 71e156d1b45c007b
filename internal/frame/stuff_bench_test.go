package frame_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// stuffedValues is a small board's frame: six numbers and a CRC.
func stuffedValues(kind string) frame.Description {
	return frame.Description{
		Stuff: &frame.Stuff{Kind: kind}, Check: []frame.Check{{Kind: "crc-16/modbus", Endian: "little"}},
		Fields: []frame.Field{{Name: "time", Type: "<I"}, {Type: "<h", Count: 4, Scale: 0.01, Names: []string{"a", "b", "c", "d"}}, {Name: "mode", Type: "B"}},
	}
}

// BenchmarkStuffed decodes a read of escaped frames, by a description and by a
// loop written for that frame alone.
func BenchmarkStuffed(b *testing.B) {
	for _, kind := range []string{"hdlc", "cobs"} {
		p := mustCompile(b, kind, stuffedValues(kind))
		rng := rand.New(rand.NewPCG(1, 2))
		var wire []byte
		frames := 0
		for ; len(wire) < 4096; frames++ {
			f := make([]byte, 15)
			for i := range f {
				f[i] = byte(rng.Uint32())
			}
			if err := p.Seal(f, p.Messages()[0], 0); err != nil {
				b.Fatal(err)
			}
			wire = p.Wire(wire, f)
		}
		b.Run("kind="+kind+"/by=description", func(b *testing.B) {
			s := frame.NewScanner(p, 115200)
			var r reading.Reading
			run(b, len(wire), frames, func() (n int) {
				s.Feed(reading.Chunk{Bytes: wire, Stamp: stampAt(1)})
				for s.Scan() {
					p.Decode(s.Frame(), &r)
					n++
				}
				return n
			})
		})
		b.Run("kind="+kind+"/by=hand", func(b *testing.B) {
			h := byHand{kind: kind, delim: map[string]byte{"hdlc": 0x7E}[kind]}
			run(b, len(wire), frames, func() int { return h.feed(wire) })
		})
	}
}

func run(b *testing.B, size, frames int, step func() int) {
	b.Helper()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		if n := step(); n != frames {
			b.Fatalf("%d frames of %d", n, frames)
		}
	}
}

// byHand is what one writes for a single board: bytes into a piece, a piece out
// of its escapes, a CRC by a table, and the numbers.
type byHand struct {
	kind  string
	delim byte
	piece []byte
	frame [64]byte
	said  struct {
		time       uint32
		a, b, c, d float64
		mode       uint8
	}
}

var handTable = func() (t [256]uint16) { //nolint:gochecknoglobals // a table that is only read
	for i := range t {
		c := uint16(i)
		for range 8 {
			c = c>>1 ^ 0xA001&-(c&1)
		}
		t[i] = c
	}
	return t
}()

func (h *byHand) feed(wire []byte) (frames int) {
	h.piece = append(h.piece, wire...)
	held := h.piece
	for {
		i := bytes.IndexByte(held, h.delim)
		if i < 0 {
			break
		}
		if n := h.unstuff(held[:i]); n == 15 && h.decode(h.frame[:n]) {
			frames++
		}
		held = held[i+1:]
	}
	h.piece = h.piece[:copy(h.piece, held)]
	return frames
}

func (h *byHand) unstuff(piece []byte) int {
	n := 0
	if h.kind == "hdlc" {
		for i := 0; i < len(piece) && n < len(h.frame); i++ {
			b := piece[i]
			if b == 0x7D {
				if i++; i == len(piece) {
					return 0
				}
				b = piece[i] ^ 0x20
			}
			h.frame[n] = b
			n++
		}
		return n
	}
	for len(piece) > 0 {
		size := int(piece[0])
		if size > len(piece) || n+size > len(h.frame) {
			return 0
		}
		n += copy(h.frame[n:], piece[1:size])
		if piece = piece[size:]; len(piece) > 0 && size < 0xFF {
			h.frame[n] = 0
			n++
		}
	}
	return n
}

func (h *byHand) decode(f []byte) bool {
	crc := uint16(0xFFFF)
	for _, b := range f[:13] {
		crc = crc>>8 ^ handTable[byte(crc)^b]
	}
	if crc != binary.LittleEndian.Uint16(f[13:]) {
		return false
	}
	number := func(at int) float64 { return float64(int16(binary.LittleEndian.Uint16(f[at:]))) * 0.01 }
	h.said.time = binary.LittleEndian.Uint32(f)
	h.said.a, h.said.b, h.said.c, h.said.d = number(4), number(6), number(8), number(10)
	h.said.mode = f[12]
	return true
}
