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
		return reading.TextValue(b.text(info.Size))
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
	return reading.Float64Value(v)
}

func (b *board) text(size int) string {
	out := make([]byte, b.rng.IntN(size+1))
	for i := range out {
		out[i] = byte(' ' + b.rng.IntN('~'-' '+1))
	}
	return string(out)
}
