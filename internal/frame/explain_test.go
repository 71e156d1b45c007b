package frame_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// told puts an explanation's findings into lines.
func told(e frame.Explanation) string {
	var lines []string
	if e.Broken != nil {
		lines = append(lines, e.Broken.Text)
	}
	return strings.Join(append(lines, e.Also...), "\n")
}

// parts lists what the bytes are, one a line.
func parts(e frame.Explanation) string {
	var lines []string
	for _, p := range e.Parts {
		line := fmt.Sprintf("%d %s %s", p.At, p.Bytes, p.Kind)
		for _, more := range []string{p.Name, p.Says} {
			if more != "" {
				line += ", " + more
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// TestExplain_NamesEachByte: of a whole frame, between others.
func TestExplain_NamesEachByte(t *testing.T) {
	e := presetPlan(t, "demo").Explain(fromHex(t,
		"00 AA 55 13 01 2A 00 00 00 FF 7F E5 01 42 2E 83 FF E5 2E 02 01 00 18 AA"))
	want := `-1 00 before, before the frame
0 AA 55 sync
2 13 length, 19: a frame of 22 bytes
3 01 id, 1: status
4 2A 00 00 00 seq, 42
8 FF 7F field, temp, no value: listed as invalid
10 E5 01 field, humidity, 48.5 %
12 42 2E field, voltage, 11.842 V
14 83 FF field, current, -0.125 A
16 E5 2E field, speed, 1200.5 r/min
18 02 field, state, 2 (fault)
19 01 field, running, true
20 00 18 check, crc-16/modbus over 0:-2: holds
22 AA behind, behind the frame`
	if got := parts(e); got != want || !e.OK || e.Message != "status" || e.At != 1 || e.Size != 22 {
		t.Errorf("%v %s at %d, %d bytes, %s\n%s\nwant\n%s", e.OK, e.Message, e.At, e.Size, told(e), got, want)
	}
}

// TestExplain_Faults: the first rule broken, in words, and what would mend it.
func TestExplain_Faults(t *testing.T) {
	for _, row := range []struct{ name, hex, rule, want string }{
		{"jy901", "55 53 69 21 7D F8 E8 C4 82 46", "cut", "the frame is cut short: a frame has 11 bytes, there are 10"},
		{"jy901", "54 53 69 21 7D F8 E8 C4 82 46 1B", "sync", "no sync: byte 0 is 54 instead of 55\nwith 55 53 there, all else holds"},
		{"jy901", "55 5B 69 21 7D F8 E8 C4 82 46 23", "id", "the id 5B is not listed: byte 1; listed are 50 (time), 51 (acceleration), 52 (gyro), 53 (angle), 54 (magnetic), 55 (ports), 56 (pressure), 57 (position), 58 (gps), 59 (quaternion), 5A (satellites), 5F (registers)\nall else holds for a frame of 11 bytes: the board sends a message that is not described"},
		{"ano-v7", "AA FF 03 FF D2 04", "length", "the length is impossible: byte 3 says 255, which makes 261 bytes, but a frame has 13 to 64"},
		{"ano-v7", "AA FF 03 07 D2 04 C9 FD 4F 46 01 3B", "cut", "the frame is cut short: byte 3 says 7, which makes 13 bytes, there are 12\nas a frame of 12 bytes sum8 over 1:-1 would match; of 16 checks so simple, luck would make 0.06 match"},
		{"openmv", "2C 12 A0 00 78 00 20 00 18 00 FF", "end", "the end marker is missing: byte 10 is FF instead of 5B"},
		{"justfloat", "00 00 80 3F 00 20 C0 00 00 80 7F", "length", "the size is impossible: there are 11 bytes, a frame has 4 to 68 bytes, a multiple of 4"},
		{"modbus", "00 03 04 00 8D 00 8E BC FA", "check", "the check fails: crc-16/modbus over 0:-2 gives FA BC, but bytes 7 to 8 are BC FA\ncrc-16/modbus over 0:-2, big-endian, would match; of 4 checks so simple, luck would make almost none match"},
		{"modbus", "00 03 04 00 8D 01 8E FA BC", "check", "the check fails: crc-16/modbus over 0:-2 gives FB 2C, but bytes 7 to 8 are FA BC\nwith byte 5 00 instead of 01 the check would hold; of 1785 such changes luck would make 0.027 fit"},
		{"zdt-emm", "01 36 01 00 00 00 03 6C", "check", "the check fails: the constant gives 6B, but byte 7 is 6C"},
	} {
		e := describedPlan(t, row.name).Explain(fromHex(t, row.hex))
		if got := told(e); got != row.want || e.OK || e.Broken == nil || e.Broken.Rule != row.rule {
			t.Errorf("%s: %s\nsays %s\nwant %s", row.name, row.hex, got, row.want)
		}
	}
}

// TestExplain_CountsAndLines: values that a field counts, and lines of text.
func TestExplain_CountsAndLines(t *testing.T) {
	counted := mustCompile(t, "cells", frame.Description{Sync: "AA", Check: []frame.Check{{Kind: "sum8"}}, Fields: []frame.Field{
		{Name: "_n", Type: "B"},
		{Repeat: "_n", Max: 3, Group: []frame.Field{{Name: "cell", Type: ">H", Unit: "mV"}}},
		{Name: "total", Type: "B"},
	}})
	e := counted.Explain(fromHex(t, "AA 02 0E 10 0E 11 07 F0"))
	want := `0 AA sync
1 02 field, _n, 2
2 0E 10 field, cell0, 3600 mV
4 0E 11 field, cell1, 3601 mV
6 07 field, total, 7
7 F0 check, sum8 over 0:-1: holds`
	if got := parts(e); !e.OK || got != want {
		t.Errorf("%s\n%s\nwant\n%s", told(e), got, want)
	}
	e = counted.Explain(fromHex(t, "AA 04 0E 10 0E 11 07 F2"))
	if want := "a count is impossible: byte 1 is 04, at most 3"; e.OK || !strings.HasPrefix(told(e), want) {
		t.Errorf("got %s, want %s", told(e), want)
	}
	nmea := describedPlan(t, "nmea0183")
	line := "$GPGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,*5B\r\n"
	if e = nmea.Explain([]byte(line)); !e.OK || e.Message != "gga" || !strings.Contains(parts(e), "altitude") {
		t.Errorf("%v %s %s\n%s", e.OK, e.Message, told(e), parts(e))
	}
	e = nmea.Explain([]byte(strings.Replace(line, "*5B", "*5C", 1)))
	if want := `the check fails: xor8 over 1:-5 gives "5B", but bytes 71 to 72 are "5C"`; e.OK || !strings.HasPrefix(told(e), want) {
		t.Errorf("got %s, want %s", told(e), want)
	}
}

// badVectors are the published frames that are none, and why.
var badVectors = map[string]string{
	"tfmini cmd (doc WRONG?)": "the check fails: sum8 over 0:-1 gives 61, but byte 4 is 60",
	"maix applist resp":       "the length is wrong: bytes 4 to 7 say 10, which makes 18 bytes, but there are 23, and over those every check holds: it would have to be 0F 00 00 00 (15)",
}

// TestExplain_Vectors: every published frame is explained as one, and of those
// that are none the fault is named.
func TestExplain_Vectors(t *testing.T) {
	seen := 0
	for _, v := range readVectors(t) {
		row, ok := vectorRows[v.Name]
		if !ok && badVectors[v.Name] != "" {
			row, ok = vectorRow{description: "maix"}, true
		}
		if !ok {
			continue
		}
		e := describedPlan(t, row.description).Explain(fromHex(t, v.Hex))
		want, bad := badVectors[v.Name]
		if e.OK == bad {
			t.Errorf("%s: %s: a frame is %v: %s", v.Name, v.Hex, e.OK, told(e))
		}
		if bad {
			seen++
			if e.Broken == nil || e.Broken.Text != want {
				t.Errorf("%s: got %s, want %s", v.Name, told(e), want)
			}
		}
	}
	if seen != len(badVectors) {
		t.Errorf("%d of %d bad frames were seen", seen, len(badVectors))
	}
}

// TestExplain_AgreesWithTheScanner: what it calls a frame is one, and of every
// frame and every damaged one each byte is named.
func TestExplain_AgreesWithTheScanner(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	files, err := filepath.Glob("testdata/descriptions/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no descriptions: %v", err)
	}
	names := frame.PresetNames()
	for _, path := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".toml"))
	}
	good, bad := 0, 0
	for _, name := range names {
		p := describedPlan(t, name)
		for range fewerIfShort(60) {
			b := damaged(rng, p)
			e := p.Explain(b)
			f, err := p.Parse(b)
			switch {
			case err == nil:
				good++
				if !e.OK || e.At > 1 || e.At == 1 && e.Line == 0 || max(e.Size, e.Line) < len(f.Bytes) || e.Broken != nil || (f.Message == nil) != (e.Message == "") {
					t.Errorf("%s: % X is a frame: %+v", name, b, e)
				}
			case e.OK:
				if _, err := p.Parse(b[e.At : e.At+max(e.Size, e.Line)]); err != nil {
					t.Errorf("%s: % X: explained as a frame, but: %v", name, b, err)
				}
			default:
				bad++
				if e.Broken == nil || e.Broken.Text == "" {
					t.Errorf("%s: % X: no fault is named, but: %v", name, b, err)
				}
			}
			want := len(b)
			if e.Line > 0 { // of what is left without escapes
				want = e.Size
			}
			if n := named(e, want); n != want && (e.OK || p.MaxLine() == p.MaxSize()) {
				t.Errorf("%s: % X: %d of %d bytes are named:\n%s", name, b, n, len(b), parts(e))
			}
		}
	}
	if good < fewerIfShort(500) || bad < fewerIfShort(500) {
		t.Errorf("only %d frames and %d others were explained", good, bad)
	}
}

// damaged returns a frame with random data, in half the cases damaged.
func damaged(rng *rand.Rand, p *frame.Plan) []byte {
	m := p.Messages()[rng.IntN(len(p.Messages()))]
	least, most := m.Sizes()
	b := randomBytes(rng, least+rng.IntN(min(most-least, 40)+1))
	_ = p.Whole(m, b) // a size that cannot be makes it no frame
	b = p.Wire(nil, b)
	switch rng.IntN(6) {
	case 0:
		b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
	case 1:
		b = b[:rng.IntN(len(b))]
	case 2:
		b = append(randomBytes(rng, 1+rng.IntN(4)), b...)
	}
	return b
}

// named counts the bytes that parts name.
func named(e frame.Explanation, n int) int {
	seen := make([]bool, n)
	front := e.At
	if e.Line > 0 {
		front = 0
	}
	for _, p := range e.Parts {
		for i := front + p.At; i < min(front+p.At+p.Size, n); i++ {
			seen[i] = true
		}
	}
	count := 0
	for _, one := range seen {
		if one {
			count++
		}
	}
	return count
}

// TestExplain_FindsTheOtherCheck: the board computes another check than the
// description says; it is named, and with it others that give the same.
func TestExplain_FindsTheOtherCheck(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	fields := []frame.Field{{Name: "v", Type: "8s"}}
	tried := 0
	for _, kind := range frame.CheckKinds() {
		sum, err := frame.NewChecksum(frame.Check{Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		described := map[int]string{2: "crc-16/modbus", 3: "crc-24/ble", 4: "crc-32/iso-hdlc"}[sum.Size()]
		if described == "" || described == kind {
			continue
		}
		for _, from := range []int{0, 2} {
			said := frame.Check{Kind: described, Endian: "little"}
			sent := frame.Check{Kind: kind, Endian: "little", Over: []string{fmt.Sprintf("%d:-%d", from, sum.Size())}}
			p := mustCompile(t, "x", frame.Description{Sync: "A5 5A", Fields: fields, Check: []frame.Check{said}})
			q := mustCompile(t, "x", frame.Description{Sync: "A5 5A", Fields: fields, Check: []frame.Check{sent}})
			b := randomBytes(rng, p.MinSize())
			if err := q.Whole(q.Messages()[0], b); err != nil {
				t.Fatal(err)
			}
			e := p.Explain(b)
			want := kind + " over " + sent.Over[0]
			if !slices.ContainsFunc(e.Also, func(s string) bool { return strings.HasPrefix(s, want) }) && tooLucky(e) {
				t.Errorf("%s: % X: want %q in\n%s", kind, b, want, told(e))
			}
			tried++
		}
	}
	if tried < 80 {
		t.Errorf("only %d checks were tried", tried)
	}
}

// tooLucky reports whether fewer than the three explanations that are told at
// most have been: then none was left out.
func tooLucky(e frame.Explanation) bool { return len(e.Also) < 3 }

// TestExplain_FindsTheOtherPlace: a check that stands before the data, and
// covers both sides of itself.
func TestExplain_FindsTheOtherPlace(t *testing.T) {
	fields := []frame.Field{{Name: "v", Type: "8s", At: new(4)}}
	at := 2
	p := mustCompile(t, "x", frame.Description{Sync: "A5 5A", Size: 12, Fields: fields,
		Check: []frame.Check{{Kind: "crc-16/xmodem", At: &at, Over: []string{"4:"}, Endian: "little"}}})
	q := mustCompile(t, "x", frame.Description{Sync: "A5 5A", Size: 12, Fields: fields,
		Check: []frame.Check{{Kind: "crc-16/xmodem", At: &at, Over: []string{"0:2", "4:"}, Endian: "little"}}})
	b := []byte("\xA5\x5A..12345678")
	if err := q.Whole(q.Messages()[0], b); err != nil {
		t.Fatal(err)
	}
	e := p.Explain(b)
	if want := "crc-16/xmodem over 0:-10 and 4:, little-endian, would match"; len(e.Also) == 0 || !strings.HasPrefix(e.Also[0], want) {
		t.Errorf("got %s, want %s", told(e), want)
	}
}
