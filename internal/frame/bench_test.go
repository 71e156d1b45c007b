package frame

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/reading"
)

// benchCRCs are one CRC for each of the ways that differ: a register takes the
// same steps whatever its width, from either end of a byte.
var benchCRCs = []string{"crc-8/smbus", "crc-16/modbus", "crc-16/ibm-3740", "crc-32/iso-hdlc", "crc-64/xz"}

// BenchmarkCheck judges one check over a whole frame. The frames are as long as
// a small board's, and as long as a length of one byte can say.
func BenchmarkCheck(b *testing.B) {
	for _, kind := range append(slices.Sorted(maps.Keys(simpleKinds)), benchCRCs...) {
		for _, size := range []int{20, 255} {
			b.Run(fmt.Sprintf("kind=%s/bytes=%d", strings.ReplaceAll(kind, "/", "-"), size), func(b *testing.B) {
				c := benchCheck(b, kind, size)
				frame := make([]byte, size)
				rng := rand.New(rand.NewPCG(1, 1))
				for i := range frame {
					frame[i] = byte(rng.Uint32())
				}
				c.put(frame, 0)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if !c.verify(frame, size, 0) {
						b.Fatal("a good frame was refused")
					}
				}
			})
		}
	}
}

func benchCheck(b *testing.B, kind string, size int) *check {
	b.Helper()
	d := Check{Kind: kind, Endian: "little"}
	switch one, simple := simpleKinds[kind]; {
	case kind == "const":
		d.Value, d.Endian = new(0x5B), ""
	case one.kind == kindFletcher, simple && one.size == 1:
		d.Endian = "" // they have none
	}
	p, errs := Compile("bench", Description{Sync: "AA 55", Size: size, Check: []Check{d}, Messages: []Message{{Name: "m"}}})
	if errs != nil {
		b.Fatal(errs)
	}
	return &p.checks[0]
}

// benchNoise is what a scanner can be given instead of frames: bytes that
// begin nothing, that begin a frame at each byte or at every other one, and
// that make a whole frame of every fourth byte, all but for the check.
var benchNoise = []struct {
	name  string
	bytes []byte // again and again; nil: at random
}{
	{"random", nil}, {"AA", []byte{0xAA}}, {"AA55", []byte{0xAA, 0x55}}, {"AA550F01", []byte{0xAA, 0x55, 0x0F, 0x01}},
}

// BenchmarkScanNoise scans bytes of which none belongs to a frame.
func BenchmarkScanNoise(b *testing.B) {
	p, errs := Compile("bench", Description{
		Sync: "AA 55", Length: &Length{At: 2, Add: 5}, ID: &Ref{At: 3}, Data: 4,
		Check:    []Check{{Kind: "crc-16/modbus", Over: []string{"2:-2"}, Endian: "little"}},
		Messages: []Message{{Name: "m", ID: []int{1}, Fields: []Field{{Name: "x", Type: "<I"}, {Skip: 10}}}},
	})
	if errs != nil {
		b.Fatal(errs)
	}
	for _, row := range benchNoise {
		b.Run("noise="+row.name, func(b *testing.B) {
			noise := bytes.Repeat(row.bytes, readMost/max(len(row.bytes), 1))
			for rng := rand.New(rand.NewPCG(1, 1)); len(noise) < readMost; {
				noise = append(noise, byte(rng.Uint32()))
			}
			s := NewScanner(p, 115200)
			scan := func() {
				s.Feed(reading.Chunk{Bytes: noise})
				if s.Scan() {
					b.Fatal("a frame was found in noise")
				}
			}
			scan() // the scanner's buffer has its size then
			b.SetBytes(readMost)
			b.ReportAllocs()
			for b.Loop() {
				scan()
			}
		})
	}
}

// readMost is what a read of a port returns at most, in bytes.
const readMost = 4096
