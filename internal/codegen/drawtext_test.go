//go:build system

package codegen

import (
	"encoding/hex"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"

	"serialgw/internal/frame"
)

func (s *sample) drawFloat(rng *rand.Rand, it *item, keep func(uint64, any)) {
	low, high := -1e6, 1e6
	if it.pos.Type.Bits == 16 {
		low, high = -60000, 60000
	}
	if len(it.Range) == 2 {
		factor, offset := 1.0, 0.0
		if it.Scale != nil {
			factor, _ = rat(it.Scale).Float64()
		}
		if it.Offset != nil {
			offset, _ = rat(it.Offset).Float64()
		}
		a, b := (it.Range[0]-offset)/factor, (it.Range[1]-offset)/factor
		low, high = max(low, min(a, b)), min(high, max(a, b))
	}
	x := low + (high-low)*(0.001+0.998*rng.Float64())
	raw := math.Float64bits(x)
	if it.pos.Type.Bits < 64 {
		x = float64(float32(x))
		raw = uint64(math.Float32bits(float32(x)))
	}
	exact := new(big.Rat).SetFloat64(x)
	want, _ := scaled(it, exact).Float64()
	keep(raw, want)
}

func drawText(rng *rand.Rand, it *item, n int) (b []byte, want string) {
	size := it.textSize()
	if it.count != nil {
		size = n
	}
	b = make([]byte, it.textSize())
	used := rng.IntN(size + 1)
	switch {
	case it.pos.Type.Kind == frame.TypeHex:
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b, strings.ToUpper(hex.EncodeToString(b))
	case it.count != nil:
		used = n
	case it.pos.Type.Bits == 0: // with its NUL
		used = rng.IntN(it.Max)
	}
	for i := range used {
		b[i] = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 .-"[rng.IntN(45)]
	}
	return b, string(b[:used])
}
