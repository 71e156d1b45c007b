package frame_test

import (
	"fmt"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// wireCase is one row of the byte table: what stands on the wire and what the
// scanner must make of it. The rows serve scanning, encoding and fuzzing.
type wireCase struct {
	preset string
	name   string
	wire   string // hex; behind it the line ends
	frames string // "message name=value ...; message ..."
	noise  int    // bytes in no frame
	encode bool   // encoding the values gives the wire again
}

const (
	demoGood  = "AA 55 13 01 2A 00 00 00 E9 09 E5 01 42 2E 83 FF E5 2E 01 01 7D 56 "
	demoSays  = "status temp=25.37 humidity=48.5 voltage=11.842 current=-0.125 speed=1200.5 state=1 running=true"
	anoGood   = "AA FF 03 07 D2 04 C9 FD 4F 46 01 E5 C8 "
	anoSays   = "euler roll=12.34 pitch=-5.67 yaw=179.99 fused=1"
	witGood   = "55 53 69 21 7D F8 E8 C4 82 46 1B "
	witSays   = "angle roll=46.983 pitch=-10.563 yaw=-83.101"
	mbRequest = "01 03 00 00 00 02 C4 0B "
	mbReply   = "00 03 04 00 8D 00 8E FA BC "
	camGood   = "2C 12 A0 00 78 00 20 00 18 00 5B "
	camSays   = "openmv cx=160 cy=120 w=32 h=24"
	floatGood = "00 00 80 3F 00 00 20 C0 00 00 80 7F "
	floatSays = "justfloat ch0=1 ch1=-2.5"
)

var wireCases = []wireCase{
	{"demo", "good", demoGood, demoSays, 0, true},
	{"demo", "two in a row", demoGood + demoGood, demoSays + "; " + demoSays, 0, false},
	{"demo", "bad check", "AA 55 13 01 2A 00 00 00 E9 09 E5 01 42 2E 83 FF E5 2E 01 01 7D 57", "", 22, false},
	{"demo", "check bytes swapped", "AA 55 13 01 2A 00 00 00 E9 09 E5 01 42 2E 83 FF E5 2E 01 01 56 7D", "", 22, false},
	{"demo", "length too small", "AA 55 12 01 2A 00 00 00 E9 09 E5 01 42 2E 83 FF E5 2E 01 01 7D 56", "", 22, false},
	{"demo", "length FF", "AA 55 FF 01 " + demoGood, demoSays, 4, false},
	{"demo", "cut short, then good", "AA 55 13 01 2A 00 00 00 E9 09 " + demoGood, demoSays, 10, false},
	{"demo", "one byte lost", "AA 55 13 01 2A 00 00 E9 09 E5 01 42 2E 83 FF E5 2E 01 01 7D 56 " + demoGood, demoSays, 21, false},
	{"demo", "stray AA", "AA " + demoGood, demoSays, 1, false},
	{"demo", "stray AA 55", "AA 55 " + demoGood, demoSays, 2, false},
	{"demo", "ends in the middle", demoGood + "AA 55 13 01 2A", demoSays, 5, false},

	{"ano-v7", "good", anoGood, anoSays, 0, false},
	{"ano-v7", "id not listed", "AA FF F2 05 01 00 00 F0 41 D2 D4", "?", 0, false},
	{"ano-v7", "sums swapped", "AA FF 03 07 D2 04 C9 FD 4F 46 01 C8 E5", "", 13, false},
	{"ano-v7", "length beyond max", "AA FF 03 3B " + anoGood, anoSays, 4, false},
	{"ano-v7", "plausible header inside noise", "AA FF 03 07 " + anoGood, anoSays, 4, false},

	{"jy901", "good", witGood, witSays, 0, false},
	{"jy901", "sum off by one", "55 53 69 21 7D F8 E8 C4 82 46 1C", "", 11, false},
	{"jy901", "type not listed", "55 5B 00 00 00 00 00 00 00 00 B0 " + witGood, witSays, 11, false},
	{"jy901", "55 doubled", "55 " + witGood, witSays, 1, false},

	{"modbus", "request and reply", mbRequest + "01 03 04 00 8D 00 8E EA 7C", "read_request; read_reply reg0=141 reg1=142", 0, false},
	{"modbus", "reply of request length", "01 03 03 00 00 01 84 4E 01 03 03 00 00 01 84 4E", "read_request; read_reply reg0=0", 0, false},
	{"modbus", "write and its echo", "11 06 00 01 00 03 9A 9B 11 06 00 01 00 03 9A 9B", "write_single_request; write_single_reply", 0, false},
	{"modbus", "another function is no reply", mbRequest + "11 06 00 01 00 03 9A 9B", "read_request; write_single_request", 0, false},
	{"modbus", "write multiple", "11 10 00 01 00 02 04 00 0A 01 02 C6 F0", "write_multiple_request", 0, false},
	{"modbus", "request that with the next byte passes as a reply", "BD 03 04 F1 86 09 AD 93 " + mbReply, "read_request; read_reply reg0=141 reg1=142", 0, false},
	{"modbus", "reply whose first bytes pass as a request", mbRequest + "00 03 04 7D 26 A1 0E EB 00", "read_request; read_reply reg0=32038 reg1=41230", 0, false},
	{"modbus", "request once more, as long as a reply would be", "01 03 20 00 00 02 CF CB 01 03 20 00 00 02 CF CB", "read_request; read_request", 0, false},
	{"modbus", "stray FF on the bus", "FF " + mbRequest, "read_request", 1, false},
	{"modbus", "bad check", "01 03 00 00 00 02 C4 0C", "", 8, false},

	{"openmv", "good", camGood, camSays, 0, true},
	{"openmv", "wrong end", "2C 12 A0 00 78 00 20 00 18 00 FF " + camGood, camSays, 11, false},
	{"openmv", "one byte lost", "2C 12 A0 78 00 20 00 18 00 5B " + camGood, camSays, 10, false},
	{"openmv", "out of range", "2C 12 A0 01 78 00 20 00 18 00 5B", "openmv cy=120 w=32 h=24", 0, false},

	{"justfloat", "first piece is dropped", floatGood + floatGood, floatSays, 12, false},
	{"justfloat", "one byte lost", floatGood + "00 80 3F 00 00 20 C0 00 00 80 7F " + floatGood, floatSays, 23, false},
	{"justfloat", "end marker across two floats", floatGood + "00 00 00 00 80 7F 80 3F 00 00 80 7F", "justfloat ch0=0 ch1=1.003891", 12, false},
	{"justfloat", "NaN is absent", floatGood + "00 00 C0 7F 00 00 80 3F 00 00 80 7F", "justfloat ch1=1", 12, false},
}

// scan runs a scanner over chunks and flushes it; one text a frame.
func scan(p *frame.Plan, chunks ...[]byte) ([]string, frame.Metrics) {
	s := frame.NewScanner(p, 115200)
	var out []string
	var r reading.Reading
	collect := func() {
		for s.Scan() {
			f := s.Frame()
			p.Decode(f, &r)
			out = append(out, tell(f, r))
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

func tell(f *frame.Frame, r reading.Reading) string {
	if f.Message == nil {
		return "?"
	}
	var b strings.Builder
	b.WriteString(r.Message)
	for _, p := range r.Props {
		fmt.Fprintf(&b, " %s=%v", p.Name, p.Value)
	}
	return b.String()
}

func TestScanner_WireTable(t *testing.T) {
	for _, c := range wireCases {
		t.Run(c.preset+"/"+c.name, func(t *testing.T) {
			p := presetPlan(t, c.preset)
			wire := fromHex(t, c.wire)
			got, m := scan(p, wire)
			if g := strings.Join(got, "; "); g != c.frames {
				t.Errorf("frames:\n got %s\nwant %s", g, c.frames)
			}
			if int(m.Noise) != c.noise {
				t.Errorf("noise: got %d bytes, want %d (%+v)", m.Noise, c.noise, m)
			}
			if m.BytesIn != m.FrameBytes+m.Noise+m.Idle {
				t.Errorf("bytes in %d are not frames %d + noise %d + idle %d", m.BytesIn, m.FrameBytes, m.Noise, m.Idle)
			}
			single := make([][]byte, len(wire))
			for i := range wire {
				single[i] = wire[i : i+1]
			}
			if one, m1 := scan(p, single...); strings.Join(one, "; ") != c.frames || m1.Noise != m.Noise {
				t.Errorf("byte by byte: got %v, noise %d", one, m1.Noise)
			}
		})
	}
}

// TestEncode_WireTable encodes what the good rows say and wants the same bytes.
func TestEncode_WireTable(t *testing.T) {
	for _, c := range wireCases {
		if !c.encode {
			continue
		}
		t.Run(c.preset, func(t *testing.T) {
			p := presetPlan(t, c.preset)
			wire := fromHex(t, c.wire)
			f, err := p.Parse(wire)
			if err != nil {
				t.Fatal(err)
			}
			var r reading.Reading
			p.Decode(f, &r)
			got, err := p.Encode(nil, r.Message, values(r))
			if err != nil {
				t.Fatal(err)
			}
			if c.preset == "demo" {
				wire = withoutSeq(t, p, wire)
			}
			if fmt.Sprintf("% X", got) != fmt.Sprintf("% X", wire) {
				t.Errorf("\n got % X\nwant % X", got, wire)
			}
		})
	}
}

func values(r reading.Reading) map[string]reading.Value {
	out := map[string]reading.Value{}
	for _, p := range r.Props {
		out[p.Name] = p.Value
	}
	return out
}

// withoutSeq: the sequence number is no property; Encode leaves it 0 and
// Renumber puts it in.
func withoutSeq(t *testing.T, p *frame.Plan, wire []byte) []byte {
	t.Helper()
	b := append([]byte(nil), wire...)
	if !p.Renumber(b, p.Messages()[0], 0) {
		t.Fatal("cannot number the frame")
	}
	return b
}
