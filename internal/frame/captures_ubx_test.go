package frame_test

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"serialgw/internal/reading"
)

// ubxID is class and id of a UBX frame, 0107 for NAV-PVT.
func ubxID(b []byte) string { return fmt.Sprintf("%02X%02X", b[2], b[3]) }

// walkUBX goes from frame to frame by their lengths alone and computes the two
// sums as u-blox describes them, without anything of package frame.
func walkUBX(b []byte) (good, bad [][]byte) {
	for len(b) >= 8 {
		if b[0] != 0xB5 || b[1] != 0x62 {
			b = b[1:]
			continue
		}
		total := min(8+int(binary.LittleEndian.Uint16(b[4:])), len(b))
		one, sum, sums := b[:total], byte(0), byte(0)
		for _, x := range one[2 : total-2] {
			sum += x
			sums += sum
		}
		if one[total-2] == sum && one[total-1] == sums {
			good = append(good, one)
		} else {
			bad = append(bad, one)
		}
		b = b[total:]
	}
	return good, bad
}

// gpsLeap is how far GPS time was ahead of UTC when these were recorded.
const gpsLeap = 18 * time.Second

// pyubx2Time writes a time of week as pyubx2 does: UTC, without the day.
func pyubx2Time(iTOW reading.Value) string {
	tow := time.Duration(iTOW.Int64())*time.Millisecond - gpsLeap
	return strings.TrimSuffix(time.UnixMicro(tow.Microseconds()).UTC().Format("15:04:05.000000"), ".000000")
}

var assignment = regexp.MustCompile(`(\w+)=([^,)]+)`)

// pyubx2Millis are the values that pyubx2 gives in mm and mm/s, as u-blox has
// them, and the preset in m and m/s.
var pyubx2Millis = []string{"height", "hMSL", "gSpeed", "speed", "hAcc", "vAcc", "sAcc"}

// pyubx2Value returns a value of HNR-PVT as pyubx2 writes it. What is reserved
// no preset gives: it is taken out of the frame.
func pyubx2Value(s sighting, name string) (text string, ok bool) {
	v, ok := s.values[name]
	switch {
	case name == "reserved1":
		return fmt.Sprint(binary.LittleEndian.Uint16(s.bytes[6+18:])), true
	case name == "reserved2":
		return fmt.Sprint(binary.LittleEndian.Uint32(s.bytes[6+68:])), true
	case name == "iTOW":
		return pyubx2Time(v), ok
	case slices.Contains(pyubx2Millis, name):
		return strings.TrimLeft(strings.Replace(v.String(), ".", "", 1), "0"), ok
	case v.Kind == reading.Bool:
		return map[bool]string{true: "1", false: "0"}[v.Bool()], ok
	}
	return v.String(), ok
}

// TestCaptures_PyUBX2 compares HNR-PVT, 31 values a frame.
func TestCaptures_PyUBX2(t *testing.T) {
	expected := strings.Split(strings.TrimSpace(string(readCapture(t, "pyubx2/expected_HNR.txt"))), "\n")
	got, m := replayFile(t, describedPlan(t, "ubx"), readCapture(t, "pyubx2/pygpsdata-HNR.log"))
	if len(got) != 13 || len(expected) != 13 || m.Noise != 0 {
		t.Fatalf("got %d frames and %d bytes of noise, want %d (13) and 0", len(got), m.Noise, len(expected))
	}
	for i, s := range got {
		want := assignment.FindAllStringSubmatch(expected[i], -1)
		if s.message != "HNR-PVT" || len(s.values) != 29 || len(want) != 31 {
			t.Errorf("frame %d: got %s with %d values, want HNR-PVT with 29; pyubx2 has %d (31)", i, s.message, len(s.values), len(want))
		}
		for _, w := range want {
			text, ok := pyubx2Value(s, w[1])
			got, ok1 := new(big.Rat).SetString(text)
			number, ok2 := new(big.Rat).SetString(w[2])
			if same := text == w[2] || ok1 && ok2 && got.Cmp(number) == 0; !ok || !same {
				t.Errorf("frame %d, %s: got %s, want %s", i, w[1], text, w[2])
			}
		}
	}
}

// TestCaptures_UBXBadCheck: of 26 frames one, NAV-SAT, has a bad check. It
// must not come out, nor anything inside it, and cost no neighbour.
func TestCaptures_UBXBadCheck(t *testing.T) {
	log := readCapture(t, "pyubx2/pygpsdata-BADCK2.log")
	good, bad := walkUBX(log)
	if len(good) != 25 || len(bad) != 1 || ubxID(bad[0]) != "0135" {
		t.Fatalf("the recording has %d good and %d bad frames, want 25 and NAV-SAT", len(good), len(bad))
	}
	got, m := replayFile(t, describedPlan(t, "ubx"), log)
	if len(got) != len(good) || m.Noise != uint64(len(bad[0])) || m.CheckFailed == 0 {
		t.Fatalf("got %d frames, want %d; noise %d bytes, want the bad frame's %d (%+v)", len(got), len(good), m.Noise, len(bad[0]), m)
	}
	for i, s := range got {
		if !slices.Equal(s.bytes, good[i]) {
			t.Errorf("frame %d: got % X, want % X", i, s.bytes, good[i])
		}
		// All frames are of one epoch, and NAV-PVT, the first of them, says
		// once more what NAV-POSLLH and NAV-DOP say.
		for name, v := range s.values {
			again, ok := got[0].values[name]
			if ok && v != again && (name == "iTOW" || s.message == "NAV-POSLLH" || s.message == "NAV-DOP") {
				t.Errorf("%s, %s: got %v, want %v as in NAV-PVT", s.message, name, v, again)
			}
		}
	}
}
