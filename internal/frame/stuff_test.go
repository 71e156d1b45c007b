package frame_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// stuffed are descriptions of every way to escape, mask and measure, as public
// protocols have them.
func stuffed() map[string]frame.Description {
	crc := []frame.Check{{Kind: "crc-16/ibm-sdlc", Endian: "little"}}
	value := []frame.Field{{Name: "a", Type: "<I"}, {Name: "b", Type: "B"}}
	run := []frame.Field{{Name: "a", Type: "<H"}, {Name: "v", Type: "B", Repeat: "rest", Max: 300}}
	esc := 0xFD
	return map[string]frame.Description{
		"hdlc":  {Stuff: &frame.Stuff{Kind: "hdlc"}, Check: crc, Fields: value},
		"slip":  {Stuff: &frame.Stuff{Kind: "slip"}, Check: crc, Fields: run, Max: 304},
		"cobs":  {Stuff: &frame.Stuff{Kind: "cobs"}, Check: crc, Fields: run, Max: 304},
		"shdlc": {Stuff: &frame.Stuff{Kind: "hdlc"}, Sync: "00 03", Length: &frame.Length{At: 3, Add: 5}, ID: &frame.Ref{At: 1}, Data: 4, Check: []frame.Check{{Kind: "not-sum8"}}, Messages: []frame.Message{{Name: "m", ID: []int{3}, Fields: value}}},
		"xbee": {Stuff: &frame.Stuff{Kind: "xbee"}, Length: &frame.Length{At: 1, Type: ">H", Add: 4}, Data: 3, Max: 128,
			Check: []frame.Check{{Kind: "not-sum8", Over: []string{"3:-1"}}}, Fields: run},
		"robot": {Stuff: &frame.Stuff{Esc: &esc, Map: map[string]int{"0x0F": 0xFF, "0x0E": 0xFE, "0x0D": 0xFD}}, Sync: "FF 01",
			Length: &frame.Length{At: 3, Type: "<H", Add: 6}, ID: &frame.Ref{At: 2}, Data: 5, Max: 96, Check: []frame.Check{{Kind: "sum8"}},
			Messages: []frame.Message{{Name: "m", ID: []int{7, 0xFD}, Fields: run}}},
		"escaped-end": {Stuff: &frame.Stuff{Esc: &esc, Map: map[string]int{"0": 0xFF, "1": 0xFD}}, Sync: "FF", End: "55", Max: 64,
			Check: []frame.Check{{Kind: "crc-16/modbus", Endian: "little"}}, Fields: run},
		"dxl2": {Stuff: &frame.Stuff{Kind: "dxl2"}, Sync: "FF FF FD 00", Length: &frame.Length{At: 5, Type: "<H", Add: 7}, Data: 8, Max: 96,
			Check: []frame.Check{{Kind: "crc-16/umts", Endian: "little"}}, Fields: run},
		"lwpkt": {Sync: "AA", Length: &frame.Length{At: 2, Type: "varint", Add: 5}, Data: 3, End: "55", Max: 400,
			Check: []frame.Check{{Kind: "crc-8/maxim-dow", Over: []string{"1:-2"}}}, Fields: run},
		"dlt645": {Sync: "68 ?? ?? ?? ?? ?? ?? 68", Idle: "FE", End: "16", Length: &frame.Length{At: 9, Add: 12}, Data: 10, Max: 64,
			ID: &frame.Ref{At: 10, Type: "<H"}, Unmask: &frame.Unmask{Sub: 0x33}, Check: []frame.Check{{Kind: "sum8"}},
			Messages: []frame.Message{{Name: "m", ID: []int{0x9010}, Fields: []frame.Field{{Type: "<H", Const: new(int64(0x9010))}, {Name: "v", Type: "B", Repeat: "rest", Max: 20}}}}},
		"xored": {Stuff: &frame.Stuff{Kind: "cobs"}, Unmask: &frame.Unmask{Xor: 0x5A}, Check: crc, Fields: value, Data: 1, Seq: &frame.Ref{At: 0}},
	}
}

func stuffedPlan(t testing.TB, name string) *frame.Plan {
	t.Helper()
	return mustCompile(t, name, stuffed()[name])
}

// randomFrame seals random bytes, in which those that need an escape are common.
func randomFrame(rng *rand.Rand, p *frame.Plan) []byte {
	special := []byte{0x7E, 0x7D, 0x11, 0x13, 0xC0, 0xDB, 0xDC, 0xDD, 0, 0xFF, 0xFD, 0x33, 0x55}
	m := p.Messages()[rng.IntN(len(p.Messages()))]
	for {
		b := make([]byte, p.MinSize()+rng.IntN(p.MaxSize()-p.MinSize()+1))
		for i := range b {
			if b[i] = byte(rng.Uint32()); rng.IntN(2) == 0 {
				b[i] = special[rng.IntN(len(special))]
			}
		}
		if p.Seal(b, m, idsOf(m)[rng.IntN(len(idsOf(m)))]) == nil {
			return b
		}
	}
}

// TestStuff_OnTheLine: known frames of each kind, from both sides. The sources:
// RFC 1055, the COBS paper, Digi's and ROBOTIS' manuals.
func TestStuff_OnTheLine(t *testing.T) {
	bare := func(kind string) *frame.Plan {
		return mustCompile(t, kind, frame.Description{Stuff: &frame.Stuff{Kind: kind}, Max: 600,
			Fields: []frame.Field{{Name: "v", Type: "B", Repeat: "rest", Max: 600, Range: []float64{0, 255}}}})
	}
	run := func(n int) string { return strings.Repeat("01 ", n) }
	for _, row := range []struct {
		plan        *frame.Plan
		frame, wire string
	}{
		{bare("hdlc"), "01 7E 02", "7E 01 7D 5E 02 7E"},
		{bare("hdlc"), "7D 11 13", "7E 7D 5D 7D 31 7D 33 7E"},
		{bare("slip"), "01 C0 DB 02", "C0 01 DB DC DB DD 02 C0"},
		{bare("cobs"), "11 22 00 33", "03 11 22 02 33 00"},
		{bare("cobs"), "00", "01 01 00"},
		{bare("cobs"), "00 00", "01 01 01 00"},
		{bare("cobs"), run(253), "FE " + run(253) + "00"},
		{bare("cobs"), run(254), "FF " + run(254) + "00"},
		{bare("cobs"), run(255), "FF " + run(254) + "02 01 00"},
		{bare("cobs"), run(254) + "00", "FF " + run(254) + "01 01 00"},
		{bare("cobs"), run(508), "FF " + run(254) + "FF " + run(254) + "00"},
		{stuffedPlan(t, "xbee"), "7E 00 02 23 11 CB", "7E 00 02 23 7D 31 CB"},
		{stuffedPlan(t, "robot"), "FF 01 07 02 00 FE FD 04", "FF 01 07 02 00 FD 0E FD 0D 04"},
	} {
		b, wire := fromHex(t, row.frame), fromHex(t, row.wire)
		if got := row.plan.Wire(nil, b); !bytes.Equal(got, wire) {
			t.Errorf("%s, %s: Wire = % X, want %s", row.plan.Name(), row.frame, got, row.wire)
		}
		if got, err := row.plan.Unstuff(nil, wire); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s, %s: Unstuff = % X, %v, want %s", row.plan.Name(), row.wire, got, err, row.frame)
		}
	}
}

// TestStuff_RoundTrip: whatever a frame holds, what is made of it on the line is
// read as the same frame, by Parse and by a scanner, and encoding what it says
// gives the same bytes.
func TestStuff_RoundTrip(t *testing.T) {
	for name := range stuffed() {
		t.Run(name, func(t *testing.T) {
			p, rng := stuffedPlan(t, name), rand.New(rand.NewPCG(7, 8))
			var r reading.Reading
			said := 0
			for range 300 {
				b := randomFrame(rng, p)
				wire := p.Wire(nil, b)
				f, err := p.Parse(wire)
				if err != nil || !bytes.Equal(f.Bytes, b) || !bytes.Equal(f.Raw(), wire) {
					t.Fatalf("% X on the line % X: %v", b, wire, err)
				}
				p.Decode(f, &r)
				again, err := p.Encode(nil, r.Message, values(r))
				if err != nil {
					t.Fatalf("% X: %v: %v", b, r, err)
				}
				g, err := p.Parse(again)
				if err != nil {
					t.Fatalf("% X, encoded again % X: %v", wire, again, err)
				}
				was := fmt.Sprint(r.Props)
				said += len(r.Props)
				if p.Decode(g, &r); fmt.Sprint(r.Props) != was {
					t.Fatalf("% X says %v, encoded again %v", b, was, r.Props)
				}
			}
			if said < 300 {
				t.Errorf("only %d values in all", said)
			}
		})
	}
}

// stuffedStream is a stream of good frames, some of them damaged, and which
// bytes of it are whole frames.
func stuffedStream(rng *rand.Rand, p *frame.Plan, n int) (stream []byte, whole [][]byte) {
	for range n {
		b := randomFrame(rng, p)
		wire := p.Wire(nil, b)
		if rng.IntN(3) == 0 {
			wire[rng.IntN(len(wire))] ^= byte(1 + rng.IntN(255))
		} else {
			whole = append(whole, b)
		}
		stream = append(stream, wire...)
		for range rng.IntN(3) {
			stream = append(stream, byte(rng.Uint32()))
		}
	}
	return stream, whole
}

// scanBytes returns the frames that a scanner finds, without escapes.
func scanBytes(t *testing.T, p *frame.Plan, chunks ...[]byte) ([][]byte, frame.Metrics) {
	t.Helper()
	s := frame.NewScanner(p, 115200)
	var out [][]byte
	end := uint64(0)
	collect := func() {
		for s.Scan() {
			f := s.Frame()
			out = append(out, slices.Clone(f.Bytes))
			if g, err := p.Parse(slices.Clone(f.Raw())); err != nil || !bytes.Equal(g.Bytes, f.Bytes) {
				t.Fatalf("the scanner took % X for % X, Parse says %v", f.Raw(), f.Bytes, err)
			}
			if f.End < end+uint64(len(f.Raw())) {
				t.Fatalf("a frame of %d bytes ends at %d, the one before at %d", len(f.Raw()), f.End, end)
			}
			end = f.End
		}
	}
	for _, c := range chunks {
		s.Feed(reading.Chunk{Bytes: c})
		collect()
	}
	s.Flush()
	collect()
	return out, s.Metrics()
}

// TestStuff_DamageCostsNothingElse: every whole frame is found, however the
// bytes come in, but for one whose delimiter was damaged away: each frame here
// has its own. [WIRE-18] [WIRE-19]
func TestStuff_DamageCostsNothingElse(t *testing.T) {
	for name := range stuffed() {
		t.Run(name, func(t *testing.T) {
			p, rng := stuffedPlan(t, name), rand.New(rand.NewPCG(9, 10))
			var stream []byte
			var whole [][]byte
			for range 200 {
				part, some := stuffedStream(rng, p, 1)
				if name == "cobs" || name == "xored" {
					stream = append(stream, 0) // or damage in front would reach the frame
				}
				stream, whole = append(stream, part...), append(whole, some...)
			}
			got, m := scanBytes(t, p, stream)
			missing := 0
			for _, b := range whole {
				if !slices.ContainsFunc(got, func(g []byte) bool { return bytes.Equal(g, b) }) {
					missing++
				}
			}
			// A check of eight bits lets a damaged neighbour pass that covers a whole one.
			if allowed := map[bool]int{true: 0, false: 3}[p.CheckBits() >= 16]; missing > allowed || len(whole) < 100 {
				t.Errorf("%d of %d whole frames are missing", missing, len(whole))
			}
			if m.BytesIn != uint64(len(stream)) || m.BytesIn != m.FrameBytes+m.Noise+m.Idle {
				t.Errorf("%d bytes in, counted %+v", len(stream), m)
			}
			for _, most := range []int{1, 2, 40} {
				var chunks [][]byte
				for rest := stream; len(rest) > 0; {
					n := min(len(rest), 1+rng.IntN(most))
					chunks, rest = append(chunks, rest[:n]), rest[n:]
				}
				parts, pm := scanBytes(t, p, chunks...)
				if !slices.EqualFunc(parts, got, bytes.Equal) || pm != m {
					t.Fatalf("in chunks of %d: %d frames %+v\nat once %d frames %+v", most, len(parts), pm, len(got), m)
				}
			}
		})
	}
}

// TestStuff_Delimited: the stories of a delimited line. [WIRE-18]
func TestStuff_Delimited(t *testing.T) {
	p := stuffedPlan(t, "hdlc")
	good := p.Wire(nil, func() []byte { b := make([]byte, 7); _ = p.Seal(b, p.Messages()[0], 0); return b }())
	cut := good[:len(good)-1]
	for _, row := range []struct {
		name        string
		stream      []byte
		frames      int
		noise, idle uint64
	}{
		{"one", good, 1, 0, 1},
		{"a flag shared", slices.Concat(cut, good), 2, 0, 1},
		{"flags while nothing is sent", slices.Concat([]byte{0x7E, 0x7E, 0x7E}, good, []byte{0x7E, 0x7E}), 1, 0, 6},
		{"garbage, then one", slices.Concat([]byte{1, 2, 3}, good), 1, 3, 1},
		{"no flag in front", good[1:], 1, 0, 0},
		{"a bad escape", slices.Concat([]byte{1, 0x7D, 0x7E}, good), 1, 2, 2},
		{"too long", slices.Concat(bytes.Repeat([]byte{1}, 100), good), 1, 100, 1},
		{"ends in the middle", slices.Concat(good, good[:4]), 1, 3, 2},
	} {
		got, m := scanBytes(t, p, row.stream)
		if len(got) != row.frames || m.Noise != row.noise || m.Idle != row.idle {
			t.Errorf("%s: %d frames, noise %d, idle %d; want %d, %d, %d", row.name, len(got), m.Noise, m.Idle, row.frames, row.noise, row.idle)
		}
	}
}

// TestStuff_WithoutCheckDropsTheFirst: a piece that nothing is known to stand in
// front of may be the end of a frame. [WIRE-18]
func TestStuff_WithoutCheckDropsTheFirst(t *testing.T) {
	p := mustCompile(t, "bare", frame.Description{Stuff: &frame.Stuff{Kind: "slip"},
		Fields: []frame.Field{{Name: "a", Type: "B", Range: []float64{0, 9}}}})
	if got, m := scanBytes(t, p, []byte{1, 0xC0, 2, 0xC0}); len(got) != 1 || got[0][0] != 2 || m.Noise != 1 {
		t.Errorf("got % X, noise %d; want 02 and the first as noise", got, m.Noise)
	}
}

// TestStuff_SilenceEndsAPiece: half a frame, a silence, and a whole one that
// has no delimiter in front.
func TestStuff_SilenceEndsAPiece(t *testing.T) {
	p := stuffedPlan(t, "cobs")
	b := randomFrame(rand.New(rand.NewPCG(1, 1)), p)
	wire := p.Wire(nil, b)
	s := frame.NewScanner(p, 115200)
	s.Feed(reading.Chunk{Bytes: wire[:len(wire)/2], Stamp: stampAt(10)})
	if s.Scan() {
		t.Fatal("half a frame was accepted")
	}
	due, ok := s.Deadline()
	if !ok {
		t.Fatal("half a frame is held without a deadline")
	}
	s.Expire(due)
	if s.Scan() {
		t.Fatal("half a frame was accepted")
	}
	s.Feed(reading.Chunk{Bytes: wire, Stamp: stampAt(500)})
	if !s.Scan() || !bytes.Equal(s.Frame().Bytes, b) || s.Frame().Stamp != stampAt(500) {
		t.Error("the frame behind the silence was lost")
	}
}

// TestStuff_WorkStaysLinear: what begins a frame at every byte costs no more
// than without escapes.
func TestStuff_WorkStaysLinear(t *testing.T) {
	for name := range stuffed() {
		p := stuffedPlan(t, name)
		for _, pattern := range []string{"7E", "7D", "7E 00 40", "FF 01 07 20 00", "FF", "FD", "FF 01 FD", "C0", "01", "AA 01", "FF FF FD 00 01 20 00", "68 00 00 00 00 00 00 68 81 10"} {
			one := fromHex(t, pattern)
			noise := bytes.Repeat(one, 1<<13/len(one))
			for _, chunk := range []int{1, 100, len(noise)} {
				once, four := scanWork(p, noise, chunk, 1), scanWork(p, noise, chunk, 4)
				most := uint64(len(noise)) * uint64(4*p.MaxSize()+8)
				if once > most || four > 4*once+once/8+4096 {
					t.Errorf("%s on %s in chunks of %d: work %d, at most %d; four times the noise: %d", name, pattern, chunk, once, most, four)
				}
			}
		}
	}
}

func TestStuff_AllocatesNothing(t *testing.T) {
	for name := range stuffed() {
		p, rng := stuffedPlan(t, name), rand.New(rand.NewPCG(3, 3))
		var chunk []byte
		for range 4 {
			chunk = p.Wire(chunk, randomFrame(rng, p))
		}
		s := frame.NewScanner(p, 115200)
		var r reading.Reading
		frames, ms := 0, 0
		step := func() {
			ms++
			s.Feed(reading.Chunk{Bytes: chunk, Stamp: stampAt(ms)})
			for s.Scan() {
				p.Decode(s.Frame(), &r)
				frames++
			}
		}
		for range 50 {
			step()
		}
		if n := testing.AllocsPerRun(200, step); n != 0 || frames < 800 {
			t.Errorf("%s: %v allocations a chunk, %d frames", name, n, frames)
		}
		b := randomFrame(rng, p)
		wire := make([]byte, 0, 4*len(b)+8)
		if n := testing.AllocsPerRun(100, func() { wire = p.Wire(wire[:0], b) }); n != 0 {
			t.Errorf("%s: %v allocations a frame on the line", name, n)
		}
	}
}
