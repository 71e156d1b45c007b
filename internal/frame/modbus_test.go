package frame_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

const flowmeter = "sigrok/flowmeter_target_15liter_per_min"

// busBytes returns the recorded bytes of a 9600-baud bus with their own times.
func busBytes(t *testing.T) []reading.Chunk {
	t.Helper()
	var out []reading.Chunk
	for line := range strings.Lines(string(readCapture(t, flowmeter+".tsv"))) {
		columns := strings.Fields(line)
		ns, err1 := strconv.ParseInt(columns[0], 10, 64)
		b, err2 := strconv.ParseUint(columns[2], 16, 8)
		if err1 != nil || err2 != nil {
			t.Fatalf("bad line %q", line)
		}
		out = append(out, reading.Chunk{Bytes: []byte{byte(b)}, Stamp: reading.Stamp{Wall: ns, Boot: ns}})
	}
	return out
}

// sampleTime is sigrok's unit of time in this recording: 4 MHz.
const sampleTime = 250 * time.Nanosecond

// sigrokSays is sigrok's Modbus decode by the time at which a statement about
// the bus begins. It reads every frame as a request and as a reply, so half of
// what it says is about a frame that is not there.
type sigrokSays map[int64][]string

func readSigrok(t *testing.T) sigrokSays {
	t.Helper()
	says := sigrokSays{}
	for line := range strings.Lines(string(readCapture(t, flowmeter+".sigrok-modbus.txt"))) {
		span, text, _ := strings.Cut(strings.TrimSpace(line), " modbus-1: ")
		from, _, _ := strings.Cut(span, "-")
		sample, err := strconv.ParseInt(from, 10, 64)
		if err != nil {
			t.Fatalf("bad line %q", line)
		}
		at := sample * int64(sampleTime)
		says[at] = append(says[at], text)
	}
	return says
}

func (s sigrokSays) count(text string) int {
	n := 0
	for _, all := range s {
		for _, one := range all {
			if one == text {
				n++
			}
		}
	}
	return n
}

// claim is a value of ours and how sigrok says it, at which byte of the frame.
type claim struct {
	at           int
	name, format string
}

var busClaims = map[string][]claim{
	"read_request": {{0, "slave", "Slave ID: %d"}, {1, "", "Function 3: Read Holding Registers"},
		{2, "address", "Start at address 0x%X / "}, {4, "units", "Read %d units of data"}, {6, "", "CRC correct"}},
	"read_reply": {{0, "slave", "Slave ID: %d"}, {1, "", "Function 3: Read Holding Registers"},
		{2, "bytes", "Byte count: %d"}},
	"write_multiple_request": {{0, "slave", "Slave ID: %d"}, {1, "", "Function 16: Write Multiple Registers"},
		{2, "address", "Start at address 0x%X / "}, {4, "units", "Write %d Registers"}, {6, "bytes", "Byte count: %d"},
		{7, "value0", "Value 0x%X"}, {8, "value1", "Value 0x%X"}, {9, "value2", "Value 0x%X"}, {10, "value3", "Value 0x%X"}, {11, "", "CRC correct"}},
	"write_multiple_reply": {{0, "slave", "Slave ID: %d"}, {1, "", "Function 16: Write Multiple Registers"},
		{2, "address", "Start at address 0x%X / "}, {4, "units", "Write %d Registers"}, {6, "", "CRC correct"}},
}

// claimsOf lists what sigrok must say about a frame; a reply has as many
// registers as it has bytes for.
func claimsOf(s sighting) []claim {
	out := slices.Clone(busClaims[s.message])
	if s.message != "read_reply" {
		return out
	}
	registers := 0
	for at := 3; at+2 < len(s.bytes); at += 2 {
		out = append(out, claim{at, fmt.Sprint("reg", registers), "0x%04X / "})
		registers++
	}
	return append(out, claim{len(s.bytes) - 2, "", "CRC correct"})
}

// compareSigrok compares one frame, whose bytes came at times, and returns how
// many values agree.
func compareSigrok(t *testing.T, s sighting, times []reading.Chunk, says sigrokSays) int {
	t.Helper()
	named := 0
	for _, c := range claimsOf(s) {
		want := c.format
		if c.name != "" {
			want = fmt.Sprintf(c.format, s.values[c.name].Int64())
			named++
		}
		if all := says[times[c.at].Stamp.Wall]; !slices.ContainsFunc(all, func(text string) bool { return strings.HasPrefix(text+" ", want) }) {
			t.Errorf("%s % X, byte %d, %s: we say %q, sigrok %q", s.message, s.bytes, c.at, c.name, want, all)
		}
	}
	if named != len(s.values) {
		t.Errorf("%s says %d values, %d of them compared", s.message, len(s.values), named)
	}
	return named
}

// TestScanner_ModbusBus listens to a recorded bus: 132 frames by sigrok's
// count, no byte left over, requests and replies in turn, every number as
// sigrok gives it. [WIRE-11]
func TestScanner_ModbusBus(t *testing.T) {
	p, bus, says := describedPlan(t, "flowmeter"), busBytes(t), readSigrok(t)
	got, m := replay(p, 9600, bus)
	if correct := says.count("CRC correct"); len(got) != 132 || correct != 132 || m.Noise != 0 {
		t.Fatalf("got %d frames and %d bytes of noise, want 132 and 0; sigrok has %d", len(got), m.Noise, correct)
	}
	values, at := 0, 0
	for i, s := range got {
		// The recording begins with a request: its third byte would announce a
		// reply of 69 bytes.
		if kind := []string{"request", "reply"}[i%2]; !strings.HasSuffix(s.message, kind) {
			t.Errorf("frame %d: got a %s, want a %s", i, s.message, kind)
		}
		if s.message == "read_reply" && s.values["bytes"].Int64() != 2*got[i-1].values["units"].Int64() {
			t.Errorf("frame %d: a reply of %v bytes to a request for %v registers", i, s.values["bytes"], got[i-1].values["units"])
		}
		values += compareSigrok(t, s, bus[at:], says)
		encodesBack(t, p, s)
		at += len(s.bytes)
		if s.stamp != bus[at-1].Stamp {
			t.Errorf("frame %d: got the time %v, want that of its last byte, %v", i, s.stamp, bus[at-1].Stamp)
		}
	}
	if values != 722 {
		t.Errorf("compared %d values, want 722", values)
	}
}

// TestScanner_ModbusBusByTurnsAlone describes requests and replies by the same
// sizes. In the test above length and CRC already tell them apart; here every
// frame fits both, so that only whose turn it is decides. [WIRE-11]
func TestScanner_ModbusBusByTurnsAlone(t *testing.T) {
	bus := busBytes(t)
	d := frame.Description{Sync: "?? 03|10", ID: &frame.Ref{At: 1}, Max: 256, Strict: true,
		Check: []frame.Check{{Kind: "crc-16/modbus", Endian: "little"}}}
	for _, turn := range []string{"request", "reply"} {
		d.Messages = append(d.Messages,
			frame.Message{Name: "short " + turn, Turn: turn, Size: 8},
			frame.Message{Name: "read " + turn, Turn: turn, Length: &frame.Length{At: 2, Add: 5}},
			frame.Message{Name: "write " + turn, Turn: turn, Length: &frame.Length{At: 6, Add: 9}})
	}
	want, _ := replay(describedPlan(t, "flowmeter"), 9600, bus)
	got, m := replay(mustCompile(t, "turns", d), 9600, bus)
	if len(got) != len(want) || m.Noise != 0 {
		t.Fatalf("got %d frames and %d bytes of noise, want %d and 0", len(got), m.Noise, len(want))
	}
	for i, s := range got {
		_, turn, _ := strings.Cut(s.message, " ")
		if !strings.HasSuffix(want[i].message, turn) {
			t.Errorf("frame %d, % X: got a %s, want a %s", i, s.bytes, turn, want[i].message)
		}
	}
}

// TestScanner_ModbusBusInLumps: however an adapter and a busy host pass the
// bytes on, the frames stay the same. The slave answers 4 ms after a request,
// so a lump often holds the end of one and the beginning of the other.
func TestScanner_ModbusBusInLumps(t *testing.T) {
	bus := busBytes(t)
	p := describedPlan(t, "flowmeter")
	single, _ := replay(p, 9600, bus)
	same := func(name string, chunks []reading.Chunk) {
		t.Helper()
		got, m := replay(p, 9600, chunks)
		if !slices.Equal(texts(got), texts(single)) || m.Noise != 0 {
			t.Errorf("%s: got %d frames and %d bytes of noise, want the same %d and 0", name, len(got), m.Noise, len(single))
		}
	}
	const latency = int64(16 * time.Millisecond) // an FTDI adapter's
	same("16 ms lumps", lumps(bus, func(a, b reading.Stamp) bool { return a.Wall/latency == b.Wall/latency }))
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		same("lumps of 0 to 16 ms", lumps(bus, func(a, b reading.Stamp) bool { return b.Wall-a.Wall <= rng.Int64N(latency) }))
		same("random chunks without times", untimed(lumps(bus, func(_, _ reading.Stamp) bool { return rng.IntN(12) > 0 })))
	}
	all := untimed(lumps(bus, func(_, _ reading.Stamp) bool { return true }))
	if file := readCapture(t, flowmeter+".bin"); !bytes.Equal(file, all[0].Bytes) {
		t.Fatal("the .bin holds other bytes than the .tsv")
	}
	same("at once", all)
}

// lumps joins a byte with the lump in front, whose first byte has its own
// time, as long as joins says so. A lump arrives with its last byte.
func lumps(bus []reading.Chunk, joins func(first, next reading.Stamp) bool) []reading.Chunk {
	var out []reading.Chunk
	var first reading.Stamp
	for i, c := range bus {
		if i == 0 || !joins(first, c.Stamp) {
			first = c.Stamp
			out = append(out, reading.Chunk{})
		}
		last := &out[len(out)-1]
		last.Bytes, last.Stamp = append(last.Bytes, c.Bytes...), c.Stamp
	}
	return out
}

func untimed(chunks []reading.Chunk) []reading.Chunk {
	for i := range chunks {
		chunks[i].Stamp = reading.Stamp{}
	}
	return chunks
}
