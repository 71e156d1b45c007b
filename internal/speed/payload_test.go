package speed

import (
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"serialgw/internal/clock"
	"serialgw/internal/cloud"
	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// way takes bytes from a read to payloads: the part of the gateway that works
// for every frame, whatever becomes of the reading.
type way struct {
	plan    *frame.Plan
	scanner *frame.Scanner
	stamp   reading.Stamp
	entries [1]reading.Entry
	payload []byte
	frames  int
	texts   int // values of the last read that are texts
}

// believed is a clock that counts as synchronised, whatever the kernel says of
// it: so it is with a broker at a loopback address.
func believed() func() reading.Stamp {
	c := clock.New()
	return func() reading.Stamp {
		s := c.Now()
		s.Synced = true
		return s
	}
}

func newWay(plan *frame.Plan) *way {
	return &way{plan: plan, scanner: frame.NewScanner(plan, 115200), stamp: believed()()}
}

func (w *way) feed(b []byte) {
	w.stamp = w.stamp.Add(time.Millisecond)
	w.scanner.Feed(reading.Chunk{Bytes: b, Stamp: w.stamp})
	w.texts = 0
	for w.scanner.Scan() {
		f := w.scanner.Frame()
		w.frames++
		if f.Message == nil {
			continue // its id is not listed: there is nothing to publish
		}
		w.plan.Decode(f, &w.entries[0].Reading)
		for _, p := range w.entries[0].Reading.Props {
			if p.Value.Kind == reading.Text {
				w.texts++
			}
		}
		w.payload = cloud.AppendPropertyPost(w.payload[:0], uint64(w.frames), w.entries[:], cloud.StampTime)
	}
}

// TestPayload_AllocatesNothing: from the bytes of a read to the finished
// payload no preset makes garbage but its texts, of at most two allocations
// each, on a clean line and on one that garbles every other frame.
func TestPayload_AllocatesNothing(t *testing.T) {
	all, err := config.Presets()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			clean, noisy := examples(t, all[name])
			for _, line := range [][]byte{clean, noisy} {
				w := newWay(compile(t, name, all[name]))
				step := func() { w.feed(line) }
				for range 100 { // buffers have their size then
					step()
				}
				if n := testing.AllocsPerRun(1000, step); n > float64(2*w.texts) {
					t.Errorf("%v allocations a read with %d texts", n, w.texts)
				}
				if w.frames < 1000 {
					t.Errorf("only %d frames were found", w.frames)
				}
			}
		})
	}
}

// examples returns the published frames of a description, one behind the
// other, and the same with a damaged copy in front of each.
func examples(t *testing.T, d frame.Description) (clean, noisy []byte) {
	t.Helper()
	for _, e := range d.Examples {
		b, err := hex.DecodeString(strings.ReplaceAll(e.Hex, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		clean = append(clean, b...)
		bad := slices.Clone(b)
		bad[len(bad)/2] ^= 0x10
		noisy = append(append(noisy, bad...), b...)
	}
	return clean, noisy
}

func compile(tb testing.TB, name string, d frame.Description) *frame.Plan {
	tb.Helper()
	plan, errs := frame.Compile(name, d)
	if errs != nil {
		tb.Fatal(errs)
	}
	return plan
}

// benchFrame is the frame of the comparison with other programs:
//
//	AA 55 │ length 0F │ id 01 │ seq │ temp │ volt │ current │ flags │ status │ CRC-16
//	                            u32   i16    u16    f32       u8      u8
func benchFrame(tb testing.TB) *frame.Plan {
	return compile(tb, "bench", frame.Description{
		Sync: "AA 55", Length: &frame.Length{At: 2, Add: 5}, ID: &frame.Ref{At: 3},
		Check: []frame.Check{{Kind: "crc-16/modbus", Over: []string{"2:-2"}, Endian: "little"}},
		Messages: []frame.Message{{Name: "m", ID: []int{1}, Data: new(4), Fields: []frame.Field{
			{Name: "seq", Type: "<I"},
			{Name: "temp", Type: "<h", Scale: 0.01},
			{Name: "volt", Type: "<H", Scale: 0.001},
			{Name: "current", Type: "<f"},
			{Name: "flags", Type: "B"},
			{Name: "status", Type: "B"},
		}}},
	})
}

// benchStream returns n of these frames, with values that change as a board's
// do; a program that guesses what comes next guesses wrong.
func benchStream(tb testing.TB, plan *frame.Plan, n int) []byte {
	tb.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	var out []byte
	for seq := range n {
		b := make([]byte, plan.MaxSize())
		binary.LittleEndian.PutUint32(b[4:], uint32(500_000+seq))
		binary.LittleEndian.PutUint16(b[8:], uint16(2000+rng.IntN(1000)))
		binary.LittleEndian.PutUint16(b[10:], uint16(3240+rng.IntN(120)))
		binary.LittleEndian.PutUint32(b[12:], 0x3F800000+rng.Uint32N(1<<23)) // 1 to 2
		b[16], b[17] = byte(rng.Uint32()), byte(rng.IntN(3))
		if err := plan.Seal(b, plan.Message("m"), 1); err != nil {
			tb.Fatal(err)
		}
		out = append(out, b...)
	}
	return out
}

// TestPayload_AMillionFramesAllocateAsMuchAsAThousand: what is allocated is
// for the way itself, never for a frame on it.
func TestPayload_AMillionFramesAllocateAsMuchAsAThousand(t *testing.T) {
	many := 1_000_000
	if testing.Short() {
		many = 100_000
	}
	plan := benchFrame(t)
	stream := benchStream(t, plan, 1000)
	run := func(frames int) uint64 {
		return mallocs(func() {
			w := newWay(plan)
			for w.frames < frames {
				for rest := stream; len(rest) > 0; {
					n := min(4096, len(rest)) // what a read of the port returns at most
					w.feed(rest[:n])
					rest = rest[n:]
				}
			}
		})
	}
	few, all := run(1000), run(many)
	t.Logf("allocations for 1000 frames: %d, for %d: %d", few, many, all)
	if all > few+100 {
		t.Errorf("%d frames make %d allocations, 1000 make %d: at most 100 more are allowed", many, all, few)
	}
}

// BenchmarkPayload is a frame on its way from the bytes to the payload.
func BenchmarkPayload(b *testing.B) {
	const frames = 1000
	plan := benchFrame(b)
	stream := benchStream(b, plan, frames)
	w := newWay(plan)
	w.feed(stream)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		w.feed(stream)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*frames), "ns/frame")
}
