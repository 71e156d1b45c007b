package frame_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// FuzzScanner: whatever the bytes, nothing panics, no byte is counted twice or
// not at all, chunks make no difference, and an intact frame behind the noise
// and a flush is found.
func FuzzScanner(f *testing.F) {
	for _, c := range wireCases {
		f.Add(fromHex(f, c.wire), uint8(3))
	}
	plans := map[string]*frame.Plan{}
	for _, name := range frame.PresetNames() {
		plans[name] = presetPlan(f, name)
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		for name, p := range plans {
			whole, m := scan(p, data)
			if m.BytesIn != uint64(len(data)) || m.BytesIn != m.FrameBytes+m.Noise+m.Idle {
				t.Fatalf("%s: %d bytes in, counted %+v", name, len(data), m)
			}
			chunks := slices.Collect(slices.Chunk(data, int(size)+1))
			if parts, pm := scan(p, chunks...); !slices.Equal(whole, parts) || pm != m {
				t.Fatalf("%s in chunks of %d:\n got %v %+v\nwant %v %+v", name, int(size)+1, parts, pm, whole, m)
			}
			findsNext(t, name, p, data)
		}
	})
}

// findsNext feeds a good frame after the data and a silence.
func findsNext(t *testing.T, name string, p *frame.Plan, data []byte) {
	good, ok := goodFrames[name]
	if !ok {
		return
	}
	s := frame.NewScanner(p, 115200)
	s.Feed(reading.Chunk{Bytes: data})
	for s.Scan() {
	}
	s.Flush()
	for s.Scan() {
	}
	s.Feed(reading.Chunk{Bytes: fromHex(t, good)})
	if !s.Scan() {
		t.Fatalf("%s: a good frame behind silence was lost", name)
	}
}

// FuzzStuffed: on a line with escapes, too, no byte is counted twice or not at
// all, chunks make no difference, and what is taken stands on the line so.
func FuzzStuffed(f *testing.F) {
	plans := map[string]*frame.Plan{}
	rng := rand.New(rand.NewPCG(1, 1))
	for name := range stuffed() {
		plans[name] = stuffedPlan(f, name)
		f.Add(plans[name].Wire(nil, randomFrame(rng, plans[name])), uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		for name, p := range plans {
			whole, m := scanBytes(t, p, data)
			if m.BytesIn != uint64(len(data)) || m.BytesIn != m.FrameBytes+m.Noise+m.Idle {
				t.Fatalf("%s: %d bytes in, counted %+v", name, len(data), m)
			}
			chunks := slices.Collect(slices.Chunk(data, int(size)+1))
			if parts, pm := scanBytes(t, p, chunks...); !slices.EqualFunc(whole, parts, bytes.Equal) || pm != m {
				t.Fatalf("%s in chunks of %d:\n got % X %+v\nwant % X %+v", name, int(size)+1, parts, pm, whole, m)
			}
			if frame, err := p.Unstuff(nil, data); err == nil {
				if again, err := p.Unstuff(nil, p.Wire(nil, frame)); err != nil || !bytes.Equal(again, frame) {
					t.Fatalf("%s: % X stands for % X, on the line again for % X, %v", name, data, frame, again, err)
				}
			}
		}
	})
}
