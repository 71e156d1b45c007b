//go:build system

package systemtest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"strconv"
)

// tortureFrame describes to the gateway what numberedFrame encodes by hand.
const tortureFrame = `
[frame.torture]
sync   = "AA 55"
size   = 18
check  = { kind = "crc-32/iso-hdlc", endian = "little" }
data   = 3
fields = [
  { name = "seq", type = "<I" },
  { name = "twin", type = "<I" },
  { name = "temp", type = "<h", scale = 0.01 },
  { name = "state", type = "B" },
]
`

// tortureSize is the bytes of a frame.
const tortureSize = 18

// content is what a frame says. The number alone decides about the rest, so
// that a value can be told from one that was never sent with its number.
type content struct {
	seq, twin uint32
	temp      int16 // 0.01 degrees
	state     uint8
}

func contentOf(seq uint32) content {
	x := (uint64(seq) + 0x9E3779B97F4A7C15) * 0xBF58476D1CE4E5B9
	x ^= x >> 29
	return content{seq: seq, twin: uint32(x >> 32), temp: int16(x >> 8), state: uint8(x)}
}

// numberedFrame encodes a frame:
//
//	AA 55 01 | seq u32 | twin u32 | temp i16 | state u8 | crc-32
func numberedFrame(b []byte, seq uint32) []byte {
	start, c := len(b), contentOf(seq)
	b = append(b, 0xAA, 0x55, 0x01)
	b = binary.LittleEndian.AppendUint32(b, c.seq)
	b = binary.LittleEndian.AppendUint32(b, c.twin)
	b = binary.LittleEndian.AppendUint16(b, uint16(c.temp))
	b = append(b, c.state)
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

// damaged returns the frame with one fault of the line in it, so that no
// intact copy of it is left.
func damaged(random *rand.Rand, frame []byte) []byte {
	for {
		bad := bytes.Clone(frame)
		at := 1 + random.IntN(len(frame)-3)
		switch random.IntN(5) {
		case 0: // flipped bits
			for range 1 + random.IntN(3) {
				bad[random.IntN(len(bad))] ^= 1 << random.IntN(8)
			}
		case 1: // lost byte
			bad = append(bad[:at], bad[at+1:]...)
		case 2: // inserted byte
			bad = append(bad[:at], append([]byte{byte(random.Uint32())}, bad[at:]...)...)
		case 3: // burst
			for i := at; i < min(at+4, len(bad)); i++ {
				bad[i] = byte(random.Uint32())
			}
		default: // cut short
			bad = bad[:at]
		}
		// The next frame begins with AA: it could stand for a lost last byte.
		if !bytes.Contains(append(bytes.Clone(bad), 0xAA), frame) {
			return bad
		}
	}
}

// noise returns bytes that are no frame, with false starts among them.
func noise(random *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		if b[i] = byte(random.Uint32()); random.IntN(8) == 0 {
			b[i] = []byte{0xAA, 0x55}[random.IntN(2)]
		}
	}
	return b
}

// arrived is one reading as the cloud got it.
type arrived struct {
	content
	ms    int64 // Unix ms
	timed bool
}

type sample struct {
	Value json.RawMessage
	Time  *int64
}

// readPost returns the readings of a property/post or history/post. An error
// says that values do not belong together.
func readPost(payload []byte) (id string, all []arrived, err error) {
	var post struct{ Params json.RawMessage }
	if err := json.Unmarshal(payload, &post); err != nil {
		return "", nil, fmt.Errorf("not JSON: %w", err)
	}
	id = postID(payload)
	if bytes.HasPrefix(post.Params, []byte("{")) {
		var values map[string]sample
		if err := json.Unmarshal(post.Params, &values); err != nil {
			return id, nil, fmt.Errorf("params: %w", err)
		}
		one, err := readingOf(func(name string) (sample, bool) { s, ok := values[name]; return s, ok }, len(values))
		return id, []arrived{one}, err
	}
	var entries []struct{ Properties map[string][]sample }
	if err := json.Unmarshal(post.Params, &entries); err != nil {
		return id, nil, fmt.Errorf("params: %w", err)
	}
	for _, e := range entries {
		for i := range e.Properties["seq"] {
			one, err := readingOf(func(name string) (sample, bool) {
				if i >= len(e.Properties[name]) {
					return sample{}, false
				}
				return e.Properties[name][i], true
			}, len(e.Properties))
			if err != nil {
				return id, nil, err
			}
			all = append(all, one)
		}
	}
	return id, all, nil
}

// readingOf puts the values of one reading together.
func readingOf(value func(name string) (sample, bool), names int) (a arrived, err error) {
	var n [4]float64
	for i, name := range []string{"seq", "twin", "temp", "state"} {
		s, ok := value(name)
		if !ok || names != len(n) {
			return a, fmt.Errorf("%d values, want 4 with %s", names, name)
		}
		if n[i], err = strconv.ParseFloat(string(s.Value), 64); err != nil {
			return a, fmt.Errorf("%s is %s: %w", name, s.Value, err)
		}
		if i > 0 && (s.Time != nil) != a.timed || i > 0 && a.timed && *s.Time != a.ms {
			return a, fmt.Errorf("%s has another time than seq", name)
		}
		if s.Time != nil {
			a.ms, a.timed = *s.Time, true
		}
	}
	n[2] *= 100
	for _, v := range n {
		if math.Abs(v-math.Round(v)) > 1e-6 || v > math.MaxUint32 {
			return a, fmt.Errorf("the values %v are not of this board", n)
		}
	}
	a.content = content{seq: uint32(n[0]), twin: uint32(n[1]), temp: int16(math.Round(n[2])), state: uint8(n[3])}
	return a, nil
}
