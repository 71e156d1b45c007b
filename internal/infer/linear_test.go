package infer

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// drawFrames draws frames of AA 55, twelve bytes, of which a few move slowly,
// and what end adds; share of them is damaged in one bit.
func drawFrames(n int, damage float64, end func(f []byte) []byte) [][]byte {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	var out [][]byte
	level := 20000
	for i := range n {
		level += rng.IntN(400) - 200
		f := []byte{0xAA, 0x55, byte(i), byte(i >> 8), byte(level >> 8), byte(level), 0, byte(rng.IntN(3))}
		for range 6 {
			f = append(f, byte(rng.IntN(256)))
		}
		f = append(f, end(f)...)
		if rng.Float64() < damage {
			f[2+rng.IntN(len(f)-2)] ^= 1 << rng.IntN(8)
		}
		out = append(out, f)
	}
	return out
}

// sealed returns the check bytes of a kind.
func sealed(t *testing.T, c frame.Check, big bool) func([]byte) []byte {
	sum, err := frame.NewChecksum(withEndian(c, big))
	if err != nil {
		t.Fatal(err)
	}
	return func(f []byte) []byte {
		v, out := sum.Sum(f), make([]byte, sum.Size())
		for i := range out {
			k := i
			if big {
				k = len(out) - 1 - i
			}
			out[i] = byte(v >> (8 * k))
		}
		return out
	}
}

// TestFree: every check of which a bit is linear is seen to depend on the other
// bytes, whatever its polynomial and with some damage; values are not.
func TestFree(t *testing.T) {
	moving := rand.New(rand.NewPCG(3, 3))
	level := 300
	value := func([]byte) []byte {
		level += moving.IntN(60) - 30
		return []byte{byte(level >> 8), byte(level)}
	}
	crc7 := func(f []byte) []byte { // as SD cards have it, with a stop bit that rests
		c := byte(0)
		for _, b := range f {
			c ^= b
			for range 8 {
				c = c<<1 ^ 0x12*(c>>7)
			}
		}
		return []byte{c | 1}
	}
	weighted := func(f []byte) []byte {
		v := 0
		for i, b := range f {
			v += (7*i + 3) * int(b)
		}
		return []byte{byte(v)}
	}
	for name, row := range map[string]struct {
		end    func([]byte) []byte
		damage float64
		free   bool
	}{
		"values":                 {value, 0, true},
		"values, damaged":        {value, 0.01, true},
		"too damaged to say":     {value, 0.3, false},
		"a constant":             {func([]byte) []byte { return []byte{1, 2} }, 0, true},
		"sum8":                   {sealed(t, frame.Check{Kind: "sum8"}, false), 0, false},
		"sum16, low byte first":  {sealed(t, frame.Check{Kind: "sum16"}, false), 0, false},
		"sum16, high byte first": {sealed(t, frame.Check{Kind: "sum16"}, true), 0, false},
		"xor8":                   {sealed(t, frame.Check{Kind: "xor8"}, false), 0.01, false},
		"two sums":               {sealed(t, frame.Check{Kind: "sum+sum"}, false), 0, false},
		"CRC, unusual":           {sealed(t, frame.Check{Kind: "crc", Width: 16, Poly: 0x2F15, Init: 0x1234, XorOut: 0x77}, true), 0.01, false},
		"CRC of 7 bits":          {crc7, 0, false},
		"weighted sum":           {weighted, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			frames := drawFrames(1500, row.damage, row.end)
			end := len(frames[0])
			if got := free(frames, end-1, end, row.damage) && free(frames, end-2, end, row.damage); got != row.free {
				t.Errorf("free is %t", got)
			}
		})
	}
}

// TestInfer_CopyOfAByte: of damaged frames a number that stands there twice holds
// more often than the CRC of all, which is the check nevertheless.
func TestInfer_CopyOfAByte(t *testing.T) {
	seal := sealed(t, frame.Check{Kind: "crc-16/modbus"}, false)
	s := bytes.Join(drawFrames(2000, 0.06, func(f []byte) []byte {
		twice := []byte{f[9], f[9]}
		return append(twice, seal(append(bytes.Clone(f), twice...))...)
	}), nil)
	if r := Infer(s); r.Check.Check == nil || r.Check.Check.Kind != "crc-16/modbus" || r.Explained < 0.9 {
		t.Errorf("check %+v, %.3f explained", r.Check, r.Explained)
	}
}

// TestInfer_TextBetween: lines of text are no part of frames, tell nothing of
// their size, and are no idle bytes.
func TestInfer_TextBetween(t *testing.T) {
	seal := sealed(t, frame.Check{Kind: "crc-16/modbus"}, false)
	var s []byte
	for i, f := range drawFrames(1500, 0, seal) {
		if s = append(s, f...); i%17 == 0 {
			s = append(s, "[I] loop 100\r\n"...)
		}
	}
	r := Infer(s)
	if r.Size.Fixed != 16 || r.Sync.Pattern != "AA 55" || r.Frames != 1500 {
		t.Errorf("size %+v, sync %q, %d frames", r.Size, r.Sync.Pattern, r.Frames)
	}
	if strings.Contains(r.Draft, "idle") {
		t.Errorf("idle bytes in\n%s", r.Draft)
	}
}
