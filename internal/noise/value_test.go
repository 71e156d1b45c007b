package noise

import (
	"maps"
	"math"
	"slices"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// value draws a value within the property's bounds, of which it uses the share
// span around the value nearest to 0.
func (b *board) value(info frame.PropertyInfo, span float64) reading.Value {
	switch {
	case info.Labels != nil:
		labels := slices.Sorted(maps.Keys(info.Labels))
		return reading.IntValue(labels[b.rng.IntN(len(labels))])
	case info.Kind == reading.Bool:
		return reading.BoolValue(b.rng.IntN(2) == 1)
	case info.Kind == reading.Text:
		return reading.TextValue(b.text(info))
	}
	low, high := -1000., 1000. // a float's bytes bound nothing
	if info.Range != nil {
		low, high = info.Range[0], info.Range[1]
	}
	middle := min(max(0, low), high)
	low, high = middle+(low-middle)*span, middle+(high-middle)*span
	v := low + (high-low)*b.rng.Float64()
	switch info.Kind {
	case reading.Int, reading.Decimal:
		power := math.Pow10(info.Digits)
		// Beyond 2^62 a float may round to what no integer holds.
		mantissa := int64(min(max(math.Round(v*power), -1<<62), 1<<62))
		return reading.DecimalValue(mantissa, uint8(info.Digits))
	case reading.Uint:
		return reading.UintValue(uint64(min(max(v, 0), 1<<63)))
	case reading.Float32:
		return reading.Float32Value(float32(v))
	}
	return reading.Float64Value(math.Round(v*1000) / 1000) // in a line, few characters
}

// aPiece is how long a text may be that is a piece of a line: the line's end
// bounds it.
const aPiece = 1024

func (b *board) text(info frame.PropertyInfo) string {
	if info.Size == aPiece { // short, and without what may stand between pieces
		return b.characters("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1+b.rng.IntN(8))
	}
	switch info.Encoding {
	case "hex":
		return b.characters("0123456789ABCDEF", info.Size)
	case "gbk":
		return b.characters(printable, b.rng.IntN(info.Size/3+1))
	}
	return b.characters(printable, b.rng.IntN(info.Size+1))
}

const printable = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

func (b *board) characters(set string, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = set[b.rng.IntN(len(set))]
	}
	return string(out)
}
