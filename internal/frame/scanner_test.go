package frame_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// goodFrames holds one good frame for each preset that has a check.
var goodFrames = map[string]string{"demo": demoGood, "ano-v7": anoGood, "jy901": witGood, "modbus": mbReply}

// TestScanner_Resync puts noise in front of each of 50 good frames. Not one
// may be lost, whatever the noise pretends to be. [WIRE-1]
func TestScanner_Resync(t *testing.T) {
	noises := []struct{ name, hex string }{
		{"None", ""},
		{"TwoBytes", "00 01"},
		{"StraySyncByte", "AA"},
		{"StrayWholeSync", "AA 55"},
		{"SyncAndPlausibleLength", "AA 55 13"},
		{"SyncLengthAndID", "AA 55 13 01"},
		{"OtherSync", "55"},
		{"OtherSyncAndType", "55 53"},
		{"ReplyHeader", "01 03 20"},
		{"HalfAFrame", "AA 55 13 01 2A 00 00 00 E9 09 E5"},
		{"HalfAnoFrame", "AA FF 03 07 D2 04"},
		{"DoubledSync", "AA AA AA AA 55 55"},
		{"AllOnes", "FF FF FF FF"},
	}
	for name, good := range goodFrames {
		for _, noise := range noises {
			t.Run(name+"/"+noise.name, func(t *testing.T) {
				var stream []byte
				for range 50 {
					stream = append(stream, fromHex(t, noise.hex)...)
					stream = append(stream, fromHex(t, good)...)
				}
				got, m := scan(presetPlan(t, name), stream)
				if len(got) != 50 {
					t.Errorf("got %d of 50 frames", len(got))
				}
				if want := 50 * len(fromHex(t, noise.hex)); int(m.Noise) != want {
					t.Errorf("noise: got %d bytes, want %d", m.Noise, want)
				}
			})
		}
	}
}

// TestScanner_RescansOneByteAfterFailedSync hides a good frame inside what a
// false header claims as its own body.
func TestScanner_RescansOneByteAfterFailedSync(t *testing.T) {
	p := presetPlan(t, "demo")
	for cut := 4; cut < 22; cut++ {
		wire := append(fromHex(t, demoGood)[:cut], fromHex(t, demoGood)...)
		got, m := scan(p, wire)
		if len(got) != 1 || int(m.Noise) != cut {
			t.Errorf("frame behind %d bytes of another: got %d frames, noise %d", cut, len(got), m.Noise)
		}
	}
}

func TestScanner_RandomChunksGiveTheSameFrames(t *testing.T) {
	for _, name := range frame.PresetNames() {
		t.Run(name, func(t *testing.T) {
			p := presetPlan(t, name)
			rng := rand.New(rand.NewPCG(1, 2))
			stream := mixedStream(t, name, rng)
			want, wantM := scan(p, stream)
			if len(want) == 0 {
				t.Fatal("the stream holds no frame")
			}
			for range 20 {
				var chunks [][]byte
				for rest := stream; len(rest) > 0; {
					n := min(len(rest), 1+rng.IntN(40))
					chunks, rest = append(chunks, rest[:n]), rest[n:]
				}
				got, m := scan(p, chunks...)
				if !slices.Equal(got, want) {
					t.Fatalf("got %d frames, want %d", len(got), len(want))
				}
				if m != wantM {
					t.Fatalf("metrics:\n got %+v\nwant %+v", m, wantM)
				}
			}
		})
	}
}

// mixedStream joins the preset's table rows and examples, noise, and damaged
// frames.
func mixedStream(t testing.TB, preset string, rng *rand.Rand) []byte {
	var wires []string
	for _, c := range wireCases {
		if c.preset == preset {
			wires = append(wires, c.wire)
		}
	}
	for _, e := range presetDescription(t, preset).Examples {
		wires = append(wires, e.Hex)
	}
	var out []byte
	for range 30 {
		for _, wire := range wires {
			b := fromHex(t, wire)
			if rng.IntN(4) == 0 {
				b[rng.IntN(len(b))] ^= byte(1 + rng.IntN(255))
			}
			out = append(out, b...)
			for range rng.IntN(4) {
				out = append(out, byte(rng.Uint32()))
			}
		}
	}
	return out
}

// TestScanner_AdversarialNoiseStaysLinear feeds what looks like the beginning
// of a frame at every byte. However the bytes come in, each costs at most a
// judgement of a longest frame and a few moves, so four times the noise costs
// four times the work.
func TestScanner_AdversarialNoiseStaysLinear(t *testing.T) {
	long := frame.Description{
		Sync: "AA", Length: &frame.Length{At: 1}, Max: 255,
		Check:    []frame.Check{{Kind: "crc-16/modbus", Endian: "little"}},
		Messages: []frame.Message{{Name: "m"}},
	}
	plans := []*frame.Plan{mustCompile(t, "long", long), presetPlan(t, "demo"), presetPlan(t, "justfloat")}
	for _, pattern := range []string{"AA", "AA 55", "AA 55 0F 01", "AA 55 13 01", "00 00 80", "AA FA"} {
		noise := bytes.Repeat(fromHex(t, pattern), 1<<14/len(fromHex(t, pattern)))
		for _, p := range plans {
			for _, chunk := range []int{1, 100, len(noise)} {
				once, four := scanWork(p, noise, chunk, 1), scanWork(p, noise, chunk, 4)
				most := uint64(len(noise)) * uint64(2*p.MaxSize()+4)
				if once > most || four > 4*once+once/8+1024 {
					t.Errorf("%s on %s in chunks of %d: work %d, at most %d; four times the noise: %d",
						p.Name(), pattern, chunk, once, most, four)
				}
			}
		}
	}
}

// scanWork feeds the noise several times over and returns what it cost.
func scanWork(p *frame.Plan, noise []byte, chunk, times int) uint64 {
	s := frame.NewScanner(p, 0)
	for range times {
		for part := range slices.Chunk(noise, chunk) {
			s.Feed(reading.Chunk{Bytes: part})
			for s.Scan() {
			}
		}
	}
	return s.Work()
}

func stampAt(ms int) reading.Stamp {
	d := time.Duration(ms) * time.Millisecond
	return reading.Stamp{Wall: int64(d), Boot: int64(d)}
}

// TestScanner_Stamp: a frame has the time of its last byte, which lies before
// that of the read by what came behind it. [WIRE-14]
func TestScanner_Stamp(t *testing.T) {
	wire := fromHex(t, demoGood) // 22 bytes; at 10000 bits/s a byte takes 1 ms
	three := bytes.Repeat(wire, 3)
	for _, row := range []struct {
		name  string
		baud  int
		reads map[int][]byte // when, in ms
		want  []int
	}{
		{"LastByteOfItsRead", 10000, map[int][]byte{100: wire[:10], 200: wire[10:]}, []int{200}},
		{"OthersBehindIt", 10000, map[int][]byte{100: wire[:10], 200: append(bytes.Clone(wire[10:]), wire[:5]...), 300: wire[5:21], 400: wire[21:]}, []int{195, 400}},
		{"ThreeInOneRead", 10000, map[int][]byte{100: three}, []int{56, 78, 100}},
		{"NotBeforeTheReadBefore", 10000, map[int][]byte{100: wire, 133: three}, []int{100, 111, 122, 133}},
		{"ClockSetBack", 10000, map[int][]byte{100: wire, 99: three}, []int{100, 99, 99, 99}},
		{"NoSpeed", 0, map[int][]byte{100: three}, []int{100, 100, 100}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := frame.NewScanner(presetPlan(t, "demo"), row.baud)
			times := slices.Sorted(maps.Keys(row.reads))
			if row.name == "ClockSetBack" {
				slices.Reverse(times)
			}
			var got []int
			for _, at := range times {
				s.Feed(reading.Chunk{Bytes: row.reads[at], Stamp: stampAt(at)})
				for s.Scan() {
					got = append(got, int(s.Frame().Stamp.Wall/int64(time.Millisecond)))
				}
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("frames at %v ms, want %v", got, row.want)
			}
		})
	}
}

// TestScanner_Deadline: missing bytes may take three times their time, or that
// of two packets of a USB adapter, and nothing expires within 20 ms. [WIRE-7]
func TestScanner_Deadline(t *testing.T) {
	p := presetPlan(t, "ano-v7")
	for _, row := range []struct {
		held string // of a frame of 54 or of 13 bytes
		baud int
		want time.Duration
	}{
		{"AA FF 03 30", 9600, 3 * 50 * (10 * time.Second / 9600)},
		{"AA FF 03 07", 9600, 2 * 32 * (10 * time.Second / 9600)},
		{"AA FF 03 07 D2", 1200, 2 * 32 * (10 * time.Second / 1200)},
		{"AA FF 03 07", 115200, 20 * time.Millisecond},
		{"AA FF 03 07", 0, 20 * time.Millisecond},
	} {
		s := frame.NewScanner(p, row.baud)
		s.Feed(reading.Chunk{Bytes: fromHex(t, row.held), Stamp: stampAt(100)})
		if s.Scan() {
			t.Fatal("a frame out of a part")
		}
		got, ok := s.Deadline()
		if !ok || got.Since(stampAt(100)) != row.want {
			t.Errorf("%s at %d baud: got %v %v, want %v", row.held, row.baud, got.Since(stampAt(100)), ok, row.want)
		}
	}
	s := frame.NewScanner(p, 9600)
	if _, ok := s.Deadline(); ok {
		t.Error("a deadline without bytes")
	}
}

// TestScanner_ExpireFreesTheFrameBehind: a false header claims more bytes than
// will come; the silence gives the good frame behind it free.
func TestScanner_ExpireFreesTheFrameBehind(t *testing.T) {
	d := presetDescription(t, "ano-v7")
	p := mustCompile(t, "ano", d)
	wire := append(fromHex(t, "AA FF 03 30"), fromHex(t, anoGood)...)
	for _, how := range []string{"Expire", "EmptyChunk", "Flush"} {
		t.Run(how, func(t *testing.T) {
			s := frame.NewScanner(p, 115200)
			s.Feed(reading.Chunk{Bytes: wire, Stamp: stampAt(0)})
			if s.Scan() {
				t.Fatal("the false header was not believed")
			}
			s.Expire(stampAt(19))
			if s.Scan() {
				t.Fatal("expired before its time")
			}
			switch how {
			case "Expire":
				s.Expire(stampAt(20))
			case "EmptyChunk":
				s.Feed(reading.Chunk{Stamp: stampAt(20)})
			case "Flush":
				s.Flush()
			}
			ok, f := s.Scan(), s.Frame()
			if !ok || f.Message.Name != "euler" || f.Skipped != 4 {
				t.Fatalf("got %v %+v, want euler behind 4 bytes", ok, f)
			}
			if want := uint64(1); how != "Flush" && s.Metrics().Expired != want {
				t.Errorf("expired: got %d, want %d", s.Metrics().Expired, want)
			}
			s.Feed(reading.Chunk{Bytes: fromHex(t, anoGood), Stamp: stampAt(30)})
			if !s.Scan() {
				t.Error("nothing works after expiry")
			}
		})
	}
}

// TestScanner_SilenceEndsTheWaitForAReply: the second request could begin a
// reply of 37 bytes, and still could after the first one came out of the same
// silence. [WIRE-11]
func TestScanner_SilenceEndsTheWaitForAReply(t *testing.T) {
	const request = "01 03 20 00 00 02 CF CB "
	s := frame.NewScanner(presetPlan(t, "modbus"), 115200)
	s.Feed(reading.Chunk{Bytes: fromHex(t, "01 03 30 "+request+"01 02 03 "+request), Stamp: stampAt(0)})
	if s.Scan() {
		t.Fatal("the false header was not believed")
	}
	s.Expire(stampAt(20))
	for i := range 2 {
		if !s.Scan() || s.Frame().Message.Name != "read_request" {
			t.Errorf("request %d: got %+v", i, s.Frame())
		}
	}
}

// TestScanner_LoneFrameInNoiseIsDoubted: behind 64 KiB of noise a Modbus frame
// is believed when another or a silence follows, and not in more noise; one
// with fixed sync bytes always is. [WIRE-13]
func TestScanner_LoneFrameInNoiseIsDoubted(t *testing.T) {
	noise := bytes.Repeat([]byte{0x55}, 64<<10) // no function code
	for _, row := range []struct {
		name, preset, behind string
		noise                []byte
		silent               bool
		frames, doubted      int
	}{
		{"InNoise", "modbus", "55 55 55", noise, false, 0, 1},
		{"FrameFollows", "modbus", mbReply, noise, false, 2, 0},
		{"PartFollows", "modbus", "11 03", noise, false, 0, 0},
		{"PartAndSilence", "modbus", "11 03", noise, true, 1, 0},
		{"Silence", "modbus", "", noise, true, 1, 0},
		{"LittleNoise", "modbus", "55 55 55", noise[1:], false, 1, 0},
		{"FixedSync", "demo", "55 55 55", noise, false, 1, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := frame.NewScanner(presetPlan(t, row.preset), 9600)
			s.Feed(reading.Chunk{Bytes: row.noise, Stamp: stampAt(0)})
			if s.Scan() {
				t.Fatal("a frame in the noise")
			}
			s.Feed(reading.Chunk{Bytes: fromHex(t, goodFrames[row.preset]+row.behind), Stamp: stampAt(1)})
			if row.silent {
				s.Expire(stampAt(2000))
			}
			frames := 0
			for s.Scan() {
				frames++
			}
			if m := s.Metrics(); frames != row.frames || int(m.Doubted) != row.doubted {
				t.Errorf("%d frames, %d doubted; want %d, %d", frames, m.Doubted, row.frames, row.doubted)
			}
		})
	}
}

func TestScanner_ImpossibleLengthIsRejectedAtOnce(t *testing.T) {
	// 13 says 22 bytes, the largest that demo lists; 07 says 10, the smallest.
	for head, refused := range map[string]uint64{"AA 55 FF": 1, "AA 55 14": 1, "AA 55 06": 1, "AA 55 13": 0, "AA 55 07": 0} {
		s := frame.NewScanner(presetPlan(t, "demo"), 115200)
		s.Feed(reading.Chunk{Bytes: fromHex(t, head)})
		s.Scan()
		if _, held := s.Deadline(); held == (refused == 1) || s.Metrics().LengthRejected != refused {
			t.Errorf("%s: held %v, want %d refused (%+v)", head, held, refused, s.Metrics())
		}
	}
}

// TestScanner_HeaderCheckRejectsEarly: RoboMaster's header CRC-8 proves a
// broken length wrong before the body comes. [WIRE-5]
func TestScanner_HeaderCheckRejectsEarly(t *testing.T) {
	four := 4
	p := mustCompile(t, "robomaster", frame.Description{
		Sync: "A5", Length: &frame.Length{At: 1, Type: "<H", Add: 9}, Max: 128,
		Seq: &frame.Ref{At: 3}, ID: &frame.Ref{At: 5, Type: "<H"},
		Check: []frame.Check{
			{Kind: "crc", Width: 8, Poly: 0x31, Init: 0xFF, Reflect: true, At: &four, Over: []string{"0:4"}},
			{Kind: "crc-16/mcrf4xx", Endian: "little"},
		},
		Messages: []frame.Message{{Name: "hurt", ID: []int{0x206}, Data: new(7), Fields: []frame.Field{{Name: "damage", Type: "B"}}}},
	})
	good, err := p.Encode(nil, "hurt", map[string]reading.Value{"damage": reading.IntValue(3)})
	if err != nil {
		t.Fatal(err)
	}
	s := frame.NewScanner(p, 115200)
	broken := bytes.Clone(good[:5])
	broken[1] = 60
	s.Feed(reading.Chunk{Bytes: broken})
	s.Scan()
	if s.Metrics().CheckFailed != 1 {
		t.Errorf("the header check waits for the body: %+v", s.Metrics())
	}
	s.Feed(reading.Chunk{Bytes: good})
	if ok, f := s.Scan(), s.Frame(); !ok || f.Message.Name != "hurt" {
		t.Errorf("got %v, want the good frame % X", ok, good)
	}
}

func TestScanner_CountsSequenceGaps(t *testing.T) {
	p := presetPlan(t, "demo")
	s := frame.NewScanner(p, 115200)
	for _, seq := range []uint64{5, 6, 9, 9, 10, 2, 3} {
		b := fromHex(t, demoGood)
		if !p.Renumber(b, p.Message("status"), seq) {
			t.Fatal("cannot number the frame")
		}
		s.Feed(reading.Chunk{Bytes: b})
		if !s.Scan() {
			t.Fatal("frame lost")
		}
	}
	m := s.Metrics()
	if m.SeqLost != 2 || m.SeqRepeated != 1 || m.SeqBack != 1 {
		t.Errorf("got lost %d, repeated %d, back %d; want 2, 1, 1", m.SeqLost, m.SeqRepeated, m.SeqBack)
	}
}

func TestScanner_IdleBytesAreNoNoise(t *testing.T) {
	d := presetDescription(t, "demo")
	d.Idle = "FF 00"
	got, m := scan(mustCompile(t, "demo", d), fromHex(t, "FF FF "+demoGood+"00 FF 33"+demoGood))
	if len(got) != 2 || m.Idle != 4 || m.Noise != 1 {
		t.Errorf("got %d frames, idle %d, noise %d; want 2, 4, 1", len(got), m.Idle, m.Noise)
	}
	if e := m.Explained(); e < 0.97 || e > 0.98 {
		t.Errorf("explained: got %v, want 44/45", e)
	}
}

func TestScanner_ResyncsAndLongestLoss(t *testing.T) {
	_, m := scan(presetPlan(t, "demo"), fromHex(t, "01 "+demoGood+"01 02 03"+demoGood+"01"+demoGood))
	if m.Resyncs != 2 || m.LongestLoss != 3 {
		t.Errorf("got %d resyncs, longest loss %d; want 2, 3", m.Resyncs, m.LongestLoss)
	}
}

func TestScanner_SyncAndEndWithoutLength(t *testing.T) {
	p := mustCompile(t, "x", frame.Description{
		Sync: "7B", End: "7D", Check: []frame.Check{{Kind: "xor8"}},
		Fields: []frame.Field{{Name: "v", Type: "<h", Repeat: "rest", Max: 4}},
	})
	for n := range 5 {
		values := map[string]reading.Value{}
		for i := range n {
			values[fmt.Sprint("v", i)] = reading.IntValue(int64(0x7D * (i + 1)))
		}
		b, err := p.Encode(nil, "x", values)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := scan(p, append([]byte{0x7D, 0x7B, 0x01}, b...))
		if len(got) != 1 || strings.Count(got[0], "=") != n {
			t.Errorf("%d values: got %v from % X", n, got, b)
		}
	}
}
