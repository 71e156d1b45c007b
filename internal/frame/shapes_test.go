package frame_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// The shapes that frames have, each beside a loop written by hand for just that
// frame. Both take the same reads and fill the same readings; docs/performance.md
// has the table.

// shapeFrames are the frames of a shape's stream.
const shapeFrames = 1000

// handLoop takes one read, fills r with each frame's reading, the one after the
// other, and returns how many there were.
type handLoop func(c reading.Chunk, r *reading.Reading) int

// shape is one of them.
type shape struct {
	name  string
	d     frame.Description
	hand  func() handLoop
	given map[string]int64 // values that are not left to chance
	most  int              // of a repeat: values with this number and above are left out
	plain bool             // the loop by hand knows fewer forms of a damaged frame
}

func shapes() []shape {
	stuffed := func(kind string) frame.Description {
		return frame.Description{
			Stuff: &frame.Stuff{Kind: kind}, Check: []frame.Check{{Kind: "crc-16/modbus", Endian: "little"}},
			Fields: []frame.Field{{Name: "time", Type: "<I"}, {Type: "<h", Count: 4, Scale: 0.01, Names: []string{"a", "b", "c", "d"}}, {Name: "mode", Type: "B"}},
		}
	}
	return []shape{
		{name: "fixed", d: attitude(), hand: func() handLoop { return new(handAttitude).read }},
		{name: "length+crc", d: status(), hand: func() handLoop { return new(handStatus).read }},
		{name: "end", d: floats(), hand: func() handLoop { return new(handFloats).read }},
		{name: "hdlc", d: stuffed("hdlc"), hand: func() handLoop { return newHandStuffed(0x7E, "hdlc", unhdlc).read }},
		{name: "cobs", d: stuffed("cobs"), hand: func() handLoop { return newHandStuffed(0, "cobs", uncobs).read }},
		{name: "bits", d: channels(), hand: func() handLoop { return new(handChannels).read }},
		{name: "group", d: lidar(nil), hand: func() handLoop { return new(handLidar).read }},
		// Beyond the six.
		{name: "group+counter", d: lidar(int64(30000)), hand: func() handLoop { return (&handLidar{modulus: 30000}).read }},
		{name: "counted-group", d: countedLidar(), most: 12, hand: func() handLoop { return new(handCounted).read }},
		{
			name: "expr", d: quotients(), hand: func() handLoop { return new(handQuotients).read },
			given: map[string]int64{"_vc": 88000, "_vp": 391, "_cc": 90210, "_cp": 1733, "_pc": 61, "_pp": 7, "_ready": 0x71},
		},
		{name: "line", d: numbers(), plain: true, hand: func() handLoop { return new(handNumbers).read }},
	}
}

// attitude is a frame of a fixed size, as a WIT sensor sends its angles.
func attitude() frame.Description {
	return frame.Description{
		Sync: "55 53", Size: 11, Check: []frame.Check{{Kind: "sum8"}},
		Fields: []frame.Field{{Names: []string{"roll", "pitch", "yaw"}, Count: 3, Type: "<h", Scale: "180/32768"}},
	}
}

// status is the demo board's frame, numbered by a field.
func status() frame.Description {
	return frame.Description{
		Sync: "AA 55", Length: &frame.Length{At: 2, Add: 3}, ID: &frame.Ref{At: 3}, Data: 4, Strict: true,
		Check: []frame.Check{{Kind: "crc-16/modbus", Endian: "little"}},
		Messages: []frame.Message{{Name: "status", ID: []int{1}, Fields: []frame.Field{
			{Name: "number", Type: "<I"}, {Name: "temp", Type: "<h", Scale: 0.01, Invalid: []any{int64(0x7FFF)}, Range: []float64{-40, 125}},
			{Name: "humidity", Type: "<H", Scale: 0.1, Range: []float64{0, 100}}, {Name: "voltage", Type: "<H", Scale: 0.001},
			{Name: "current", Type: "<h", Scale: 0.001}, {Name: "speed", Type: "<h", Scale: 0.1},
			{Name: "state", Type: "B", Map: map[string]string{"0": "idle", "1": "run", "2": "fault"}}, {Type: "B", Flags: map[string]string{"0": "running"}},
		}}},
	}
}

// floats are JustFloat's, which an end marker alone delimits.
func floats() frame.Description {
	return frame.Description{End: "00 00 80 7F", Fields: []frame.Field{{Name: "ch", Type: "<f", Count: 4, Range: []float64{-1e6, 1e6}}}}
}

// channels are sixteen of eleven bits, low bit first, as in SBUS and CRSF.
func channels() frame.Description {
	return frame.Description{
		Sync: "0F", Size: 25, Check: []frame.Check{{Kind: "sum8"}},
		Fields: []frame.Field{{Name: "ch", Type: "<u11", Count: 16}},
	}
}

// lidar is the frame of an LD06: twelve times a distance and an intensity.
func lidar(counter any) frame.Description {
	return frame.Description{
		Sync: "54 2C", Size: 47, Check: []frame.Check{{Kind: "crc", Width: 8, Poly: 0x4D}},
		Fields: []frame.Field{
			{Name: "speed", Type: "<H"}, {Name: "start", Type: "<H", Scale: 0.01},
			{Count: 12, Group: []frame.Field{{Name: "d", Type: "<H"}, {Name: "q", Type: "B"}}},
			{Name: "end", Type: "<H", Scale: 0.01}, {Name: "time", Type: "<H", Counter: counter},
		},
	}
}

// countedLidar is the same with as many points as a byte says.
func countedLidar() frame.Description {
	return frame.Description{
		Sync: "54", Length: &frame.Length{At: 1}, Data: 2, Check: []frame.Check{{Kind: "crc", Width: 8, Poly: 0x4D}},
		Fields: []frame.Field{
			{Name: "speed", Type: "<H"}, {Name: "start", Type: "<H", Scale: 0.01}, {Name: "_n", Type: "B"},
			{Repeat: "_n", Max: 16, Group: []frame.Field{{Name: "d", Type: "<H"}, {Name: "q", Type: "B"}}},
			{Name: "end", Type: "<H", Scale: 0.01}, {Name: "time", Type: "<H"},
		},
	}
}

// quotients is the frame of a CSE7766: three values are computed.
func quotients() frame.Description {
	return frame.Description{
		Sync: "55 5A", Size: 24, Check: []frame.Check{{Kind: "sum8", Over: []string{"2:-1"}}},
		Fields: []frame.Field{
			{Names: []string{"_vc", "_vp", "_cc", "_cp", "_pc", "_pp"}, Count: 6, Type: ">u24"}, {Name: "_ready", Type: "B"},
			{Name: "voltage", Expr: "_vc / _vp", When: "_ready & 0x40"}, {Name: "current", Expr: "_cc / _cp", When: "_ready & 0x20"},
			{Name: "power", Expr: "_pc / _pp", When: "_ready & 0x10"}, {Name: "pulses", Type: ">H"},
		},
	}
}

// numbers are four in a line of text.
func numbers() frame.Description {
	return frame.Description{
		End: "0A", Split: ",", Max: 80,
		Fields: []frame.Field{{Name: "ch", Type: "num", Count: 4, Range: []float64{-1e6, 1e6}}},
	}
}

// wire is a stream of the shape's only message.
func (s *shape) wire(tb testing.TB, p *frame.Plan) []byte {
	tb.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	var out []byte
	for range shapeFrames {
		m := p.Messages()[0]
		values := map[string]reading.Value{}
		for _, info := range m.Properties() {
			var nth int
			if n, _ := fmt.Sscanf(info.Name[1:], "%d", &nth); s.most == 0 || n == 0 || nth < s.most {
				values[info.Name] = s.value(rng, info)
			}
		}
		for name, v := range s.given {
			values[name] = reading.IntValue(v)
		}
		var err error
		if out, err = p.Encode(out, m.Name, values); err != nil {
			tb.Fatal(s.name, ": ", err)
		}
	}
	return out
}

// value is one that the property can have.
func (s *shape) value(rng *rand.Rand, info frame.PropertyInfo) reading.Value {
	switch {
	case info.Kind == reading.Float32:
		return reading.Float32Value(float32(rng.IntN(2_000_001)-1_000_000) / 8)
	case info.Kind == reading.Bool:
		return reading.BoolValue(rng.IntN(2) == 1)
	case s.d.Split != "":
		return reading.DecimalValue(rng.Int64N(200_001)-100_000, 2)
	case info.Labels != nil:
		return reading.IntValue(rng.Int64N(int64(len(info.Labels))))
	case info.Range == nil: // a counter's
		return reading.IntValue(rng.Int64N(30_000))
	}
	unit := 1.0
	for range info.Digits {
		unit *= 10
	}
	low, high := int64(info.Range[0]*unit), int64(info.Range[1]*unit)
	return reading.DecimalValue(low+rng.Int64N(high-low+1), uint8(info.Digits))
}

// loop is the description's counterpart of the loop by hand.
func (s *shape) loop(p *frame.Plan) handLoop {
	scanner, decoder := frame.NewScanner(p, 115200), p.NewDecoder()
	return func(c reading.Chunk, r *reading.Reading) (found int) {
		scanner.Feed(c)
		for scanner.Scan() {
			decoder.Decode(scanner.Frame(), r)
			found++
		}
		return found
	}
}

// pass hands a stream on in reads, a millisecond apart.
func pass(wire []byte, read int, step handLoop, r *reading.Reading, ms *int) (found int) {
	for part := range slices.Chunk(wire, read) {
		*ms++
		found += step(reading.Chunk{Bytes: part, Stamp: stampAt(*ms)}, r)
	}
	return found
}

// readMost is what a read of a port returns at most, in bytes.
const readMost = 4096

// BenchmarkShape finds, checks and decodes the frames of each shape, by its
// description and by hand.
func BenchmarkShape(b *testing.B) {
	for _, s := range shapes() {
		b.Run("shape="+s.name, func(b *testing.B) {
			p := mustCompile(b, s.name, s.d)
			wire := s.wire(b, p)
			b.Run("by=description", func(b *testing.B) { benchLoop(b, wire, s.loop(p)) })
			b.Run("by=hand", func(b *testing.B) { benchLoop(b, wire, s.hand()) })
		})
	}
}

func benchLoop(b *testing.B, wire []byte, loop handLoop) {
	b.Helper()
	var r reading.Reading
	ms := 0
	if found := pass(wire, readMost, loop, &r, &ms); found < shapeFrames-1 {
		b.Fatalf("%d frames of %d", found, shapeFrames)
	}
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		pass(wire, readMost, loop, &r, &ms)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*shapeFrames), "ns/frame")
}

// TestShape_SameByHand: a description and the loop by hand say the same of a
// stream, byte for byte, and lose no more of a damaged one.
func TestShape_SameByHand(t *testing.T) {
	for _, s := range shapes() {
		for _, damage := range []int{0, 997, 211} {
			if damage > 0 && s.plain {
				continue
			}
			t.Run(fmt.Sprintf("%s/OneByteIn=%d", s.name, damage), func(t *testing.T) {
				p := mustCompile(t, s.name, s.d)
				wire := s.wire(t, p)
				rng := rand.New(rand.NewPCG(1, 3))
				for i := range wire {
					if damage > 0 && rng.IntN(damage) == 0 {
						wire[i] ^= byte(1 + rng.IntN(255))
					}
				}
				s.compare(t, p, wire, damage)
			})
		}
	}
}

// compare feeds both with one byte at a time.
func (s *shape) compare(t *testing.T, p *frame.Plan, wire []byte, damage int) {
	t.Helper()
	plan, hand, total := s.loop(p), s.hand(), 0
	var byPlan, byHand reading.Reading
	for i := range wire {
		c := reading.Chunk{Bytes: wire[i : i+1], Stamp: stampAt(i)}
		n, m := plan(c, &byPlan), hand(c, &byHand)
		if n != m || n > 0 && (byPlan.Stamp != byHand.Stamp || byPlan.Message != byHand.Message || !slices.Equal(byPlan.Props, byHand.Props)) {
			t.Fatalf("byte %d:\n%d by description: %v\n%d by hand: %v", i, n, byPlan, m, byHand)
		}
		total += n
	}
	least := shapeFrames - 1 // the first of frames without a check is not trusted
	if damage > 0 {
		least -= 3 * len(wire) / damage
	}
	if total < least || total > shapeFrames {
		t.Errorf("%d frames of %d", total, shapeFrames)
	}
}

// TestShape_AllocatesNothing: nor does any of these shapes cost garbage.
func TestShape_AllocatesNothing(t *testing.T) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			p := mustCompile(t, s.name, s.d)
			wire, loop := s.wire(t, p), s.loop(p)
			var r reading.Reading
			ms, found := 0, 0
			scan := func() { found += pass(wire, readMost, loop, &r, &ms) }
			scan()
			if n := testing.AllocsPerRun(5, scan); n != 0 || found < 6*shapeFrames {
				t.Errorf("%v allocations, %d frames", n, found)
			}
		})
	}
}
