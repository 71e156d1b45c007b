package frame

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"serialgw/internal/reading"
)

// sbusFrames are a thousand frames of sixteen channels of eleven bits, low bit
// first, as SBUS and CRSF send them.
func sbusFrames(b testing.TB) (*Plan, []*Frame) {
	b.Helper()
	p, errs := Compile("sbus", Description{
		Sync: "0F", Size: 25, Check: []Check{{Kind: "sum8"}},
		Fields: []Field{{Name: "ch", Type: "<u11", Count: 16}},
	})
	if errs != nil {
		b.Fatal(errs)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	frames := make([]*Frame, 1000)
	for i := range frames {
		values := map[string]reading.Value{}
		for ch := range 16 {
			values[fmt.Sprint("ch", ch)] = reading.IntValue(rng.Int64N(1 << 11))
		}
		bytes, err := p.Encode(nil, "sbus", values)
		if err != nil {
			b.Fatal(err)
		}
		if frames[i], err = p.Parse(bytes); err != nil {
			b.Fatal(err)
		}
	}
	return p, frames
}

// BenchmarkDecodeBits reads sixteen channels of eleven bits: by the plan, and
// by a loop written for nothing else that makes the same reading.
func BenchmarkDecodeBits(b *testing.B) {
	p, frames := sbusFrames(b)
	for _, row := range []struct {
		by     string
		decode func(*Frame, *reading.Reading)
	}{
		{"plan", func(f *Frame, r *reading.Reading) { p.Decode(f, r) }},
		{"hand", sbusByHand},
	} {
		b.Run("by="+row.by, func(b *testing.B) {
			var r reading.Reading
			row.decode(frames[0], &r)
			b.ReportAllocs()
			for b.Loop() {
				for _, f := range frames {
					row.decode(f, &r)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(frames)), "ns/frame")
			if len(r.Props) != 16 {
				b.Fatal(r.Props)
			}
		})
	}
}

var sbusNames = [16]string{"ch0", "ch1", "ch2", "ch3", "ch4", "ch5", "ch6", "ch7", "ch8", "ch9", "ch10", "ch11", "ch12", "ch13", "ch14", "ch15"}

// sbusByHand takes bits as they come: what a receiver's program does.
func sbusByHand(f *Frame, r *reading.Reading) {
	r.Stamp, r.Message = f.Stamp, "sbus"
	if cap(r.Props) < 16 {
		r.Props = make([]reading.Property, 16)
	}
	r.Props = r.Props[:16]
	data := f.Bytes[1:23]
	var held uint32
	bits, ch := 0, 0
	for _, x := range data {
		held |= uint32(x) << bits
		bits += 8
		if bits >= 11 {
			p := &r.Props[ch]
			p.Name, p.Label, p.Value = sbusNames[ch], "", reading.IntValue(int64(held&0x7FF))
			held >>= 11
			bits -= 11
			ch++
		}
	}
}

// TestDecodeBits_SameByHand: the two of the benchmark say the same.
func TestDecodeBits_SameByHand(t *testing.T) {
	p, frames := sbusFrames(t)
	var plan, hand reading.Reading
	for _, f := range frames {
		p.Decode(f, &plan)
		sbusByHand(f, &hand)
		if !slices.Equal(plan.Props, hand.Props) {
			t.Fatalf("% X: plan %v, by hand %v", f.Bytes, plan.Props, hand.Props)
		}
	}
}
