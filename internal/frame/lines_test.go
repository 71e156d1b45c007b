package frame_test

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

const (
	nmea = `sync = "24"
end = "0D 0A"
split = ","
max = 82
check = { kind = "xor8", over = "1:-5", at = -4, form = "hex" }

[[frame.x.message]]
name = "gga"
first = "G?GGA"
fields = [
  { type = "_" },
  { name = "utc", type = "str" },
  { name = "_lat", type = "num" },
  { name = "ns", type = "str" },
  { name = "lat", expr = "floor(_lat / 100) + _lat % 100 / 60", digits = 6, when = "_lat > 0" },
  { type = "_", count = 2 },
  { name = "fix", type = "int", map = { 0 = "none", 1 = "GPS" } },
]

[[frame.x.message]]
name = "gsv"
first = "G?GSV"
fields = [
  { skip = 3 },
  { name = "in_view", type = "int" },
  { repeat = "rest", max = 4, group = [
    { name = "prn", type = "int" },
    { name = "elevation", type = "int" },
    { type = "_", count = 2 },
  ] },
]
`
	water = `end = "0A"
split = ","
label = ":"
max = 40
fields = [
  { name = "t", type = "num", range = [-100, 100] },
  { name = "n", type = "int", range = [0, 1000], scale = 0.5 },
  { name = "h", type = "hex", map = { 255 = "all" } },
]
`
	several = `end = "0A"
split = " "
max = 60

[[frame.x.message]]
name = "a"
first = "A"
fields = [
  { type = "_" },
  { name = "v", type = "num", digits = 2, range = [-1e6, 1e6], invalid = [-999] },
  { name = "w", type = "int", count = 2, range = [0, 9] },
]

[[frame.x.message]]
name = "b"
zero_fill = true
fields = [
  { type = "hex", flags = { 0 = "on", 4 = "err" } },
  { name = "u", type = "num", range = [0, 9] },
]
`
	hemispheres = `end = "0A"
split = ","
max = 40
fields = [
  { name = "_v", type = "num", range = [0, 180] },
  { name = "side", type = "str", map = { 1 = "N", -1 = "S" } },
  { name = "v", expr = "side * _v", digits = 1, range = [-180, 180] },
]
`
)

// withXOR completes a sentence of NMEA 0183.
func withXOR(text string) string {
	sum := byte(0)
	for i := range len(text) {
		sum ^= text[i]
	}
	return "$" + text + "*" + strings.ToUpper(strconv.FormatUint(0x100|uint64(sum), 16)[1:]) + "\r\n"
}

// TestLines_Frames: lines, as they come in behind each other. [WIRE-21]
func TestLines_Frames(t *testing.T) {
	for _, row := range []struct {
		name, source, wire string
		want               []string
		noise              int
	}{
		{"GGA", nmea, "$GPGGA,123519,4807.038,N,01131.000,E,1,08*77\r\n", []string{"gga utc=123519 ns=N lat=48.117300 fix=1"}, 0},
		{"of another system, digits in lower case", nmea, "$GNGGA,1,,N,,,1,7A*5c\r\n", []string{"gga utc=1 ns=N fix=1"}, 0},
		{"empty pieces", nmea, withXOR("GPGGA,,,,,,"), []string{"gga"}, 0},
		{"of an unknown kind", nmea, withXOR("GPRMC,1,2"), []string{"?"}, 0},
		{"not enough pieces", nmea, withXOR("GPGGA,1,2,N"), nil, 17},
		{"no number", nmea, withXOR("GPGGA,1,x,N,,,1"), nil, 21},
		{"no integer", nmea, withXOR("GPGGA,1,2,N,,,1.0"), nil, 23},
		{"wrong check", nmea, "$GPGGA,123519,4807.038,N,01131.000,E,1,08*76\r\n", nil, 46},
		{"check without digits", nmea, "$GPGGA,1,2,N,,,1*G0\r\n", nil, 21},
		{"end marker missing", nmea, "$GPGGA,1,2" + withXOR("GPGGA,9,2,N,,,1"), []string{"gga utc=9 ns=N lat=0.033333 fix=1"}, 10},
		{"groups to the end", nmea, withXOR("GPGSV,3,1,11,03,03,111,00,04,15,270,00"), []string{"gsv in_view=11 prn0=3 elevation0=3 prn1=4 elevation1=15"}, 0},
		{"a piece left over", nmea, withXOR("GPGSV,3,1,11,03,03,111,00,1"), []string{"gsv in_view=11 prn0=3 elevation0=3"}, 0},
		{"too long", nmea, withXOR("GPGSV,3,1,11," + strings.Repeat("1", 80)), nil, 99},

		{"FireWater", water, "\n1.50,10,ff\n-2,0,FF\n", []string{"x t=1.50 n=5.0 h=255", "x t=-2 n=0.0 h=255"}, 1},
		{"with a name", water, "\nname:1.50,10,0xFF\n", []string{"x t=1.50 n=5.0 h=255"}, 1},
		{"with a name each, and blanks", water, "\nt: 1.50, n: 10 ,h:\tff\n", []string{"x t=1.50 n=5.0 h=255"}, 1},
		{"the first line may be half a one", water, ".50,10,ff\n7,2,FF\n", []string{"x t=7 n=1.0 h=255"}, 10},
		{"carriage return", water, "\n7,2,FF\r\n", []string{"x t=7 n=1.0 h=255"}, 1},
		{"more pieces", water, "\n7,2,FF,9,text\n", []string{"x t=7 n=1.0 h=255"}, 1},
		{"another text", water, "\nhello\n7,2,FF\n", []string{"x t=7 n=1.0 h=255"}, 7},
		{"out of range, not in map", water, "\n101,2002,FE\n", []string{"x"}, 1},
		{"nan", water, "\nnan,2,FF\ninf,2,FF\n", []string{"x n=1.0 h=255", "x n=1.0 h=255"}, 1},

		{"by the first piece", several, "\nA 1.005 3 4\n11 2.5\n", []string{"a v=1.01 w0=3 w1=4", "b on=true err=true u=2.5"}, 1},
		{"pieces may be missing", several, "\n10\n", []string{"b on=false err=true"}, 1},
		{"invalid", several, "\nA -999.0 3 4\n", []string{"a w0=3 w1=4"}, 1},
		{"a text is its number", hemispheres, "\n44.5,S\n1,N\n", []string{"x side=-1 v=-44.5", "x side=1 v=1.0"}, 1},
		{"a text not in map, and none", hemispheres, "\n44.5,W\n1,\n", []string{"x", "x"}, 1},
		{"padded to digits", several, "\nA 1 3 4\n", []string{"a v=1.00 w0=3 w1=4"}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := parsedPlan(t, row.source)
			wire := []byte(row.wire)
			got, m := scan(p, wire)
			if !slices.Equal(got, row.want) || int(m.Noise) != row.noise || m.BytesIn != m.FrameBytes+m.Noise {
				t.Errorf("got %q and %d bytes of noise, want %q and %d", got, m.Noise, row.want, row.noise)
			}
			if one, m1 := scan(p, slices.Collect(slices.Chunk(wire, 1))...); !slices.Equal(one, got) || m1.Noise != m.Noise {
				t.Errorf("byte by byte: got %q and %d bytes of noise", one, m1.Noise)
			}
		})
	}
}

// TestLines_Encode: lines from values, with what the language fills in.
func TestLines_Encode(t *testing.T) {
	text, whole := reading.TextValue, reading.IntValue
	for _, row := range []struct {
		source, message string
		values          map[string]reading.Value
		want            string // the line, or in the error
	}{
		{nmea, "gga", map[string]reading.Value{"utc": text("123519"), "_lat": reading.DecimalValue(4807038, 3), "ns": text("N"), "fix": whole(1)}, withXOR("GXGGA,123519,4807.038,N,,,1")},
		{nmea, "gga", map[string]reading.Value{"utc": text("1,2"), "ns": text("N"), "fix": whole(1)}, "not a text without"},
		{nmea, "gga", map[string]reading.Value{"utc": text("1\r\n2"), "ns": text("N"), "fix": whole(1)}, "end marker"},
		{nmea, "gga", map[string]reading.Value{"ns": text("N"), "fix": whole(1)}, "utc of gga: no value"},
		{nmea, "gga", map[string]reading.Value{"utc": text(strings.Repeat("1", 70)), "ns": text("N"), "fix": whole(1)}, "at most 82"},
		{nmea, "gsv", map[string]reading.Value{"in_view": whole(1), "prn0": whole(3), "elevation0": whole(-4)}, withXOR("GXGSV,,,1,3,-4,,")},
		{water, "x", map[string]reading.Value{"t": reading.DecimalValue(-150, 2), "n": reading.DecimalValue(55, 1), "h": whole(255)}, "-1.50,11,FF\n"},
		{hemispheres, "x", map[string]reading.Value{"_v": whole(2), "side": whole(-1)}, "2,S\n"},
		{hemispheres, "x", map[string]reading.Value{"_v": whole(2), "side": whole(2)}, "2 is not in map"},
		{water, "x", map[string]reading.Value{"t": text("a"), "n": whole(1), "h": whole(255)}, "not a number"},
		{several, "a", map[string]reading.Value{"v": whole(5), "w0": whole(1), "w1": whole(2)}, "A 5 1 2\n"},
		{several, "b", map[string]reading.Value{"on": reading.BoolValue(true), "err": reading.BoolValue(true), "u": whole(2)}, "11 2\n"},
		{several, "b", map[string]reading.Value{"on": reading.BoolValue(false), "err": reading.BoolValue(true), "u": reading.Float32Value(2.5)}, "10 2.5\n"},
	} {
		p := parsedPlan(t, row.source)
		b, err := p.Encode(nil, row.message, row.values)
		if err != nil && !strings.Contains(err.Error(), row.want) || err == nil && string(b) != row.want {
			t.Errorf("%s: got %q (%v), want %q", row.message, b, err, row.want)
		}
	}
}

// TestLines_DecimalsAreExact: a number in a line keeps the decimals that are
// written; none goes through a float. [WIRE-25]
func TestLines_DecimalsAreExact(t *testing.T) {
	p := parsedPlan(t, summedLine+`fields = [{ name = "v", type = "num" }]`)
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.IntRange(0, 18).Draw(t, "digits")
		mantissa := rapid.Int64Range(-1e18, 1e18).Draw(t, "mantissa")
		v := reading.DecimalValue(mantissa, uint8(digits))
		b, err := p.Encode(nil, "x", map[string]reading.Value{"v": v})
		if err != nil {
			t.Fatal(err)
		}
		f, err := p.Parse(b)
		if err != nil {
			t.Fatal(string(b), err)
		}
		var r reading.Reading
		p.Decode(f, &r)
		if len(r.Props) != 1 || r.Props[0].Value != v {
			t.Fatalf("%q: got %+v, want %v", b, r.Props, v)
		}
	})
}

// summedLine is a line with a check.
const summedLine = `sync = "24"
end = "0A"
split = ","
max = 80
check = { kind = "sum8", over = "1:-4", form = "hex" }
`

// TestLines_Numbers: how numbers may be written.
func TestLines_Numbers(t *testing.T) {
	p := parsedPlan(t, summedLine+`fields = [{ name = "v", type = "num" }]`)
	for _, row := range []struct {
		text, want string // want: "" = no frame
		absent     frame.Absent
	}{
		{"1.50", "v=1.50", frame.Absent{}}, {"+.5", "v=0.5", frame.Absent{}}, {"-7.", "v=-7", frame.Absent{}}, {"007", "v=7", frame.Absent{}},
		{"1.5e-3", "v=0.0015", frame.Absent{}}, {"1.5E+3", "v=1500", frame.Absent{}}, {"-25e-1", "v=-2.5", frame.Absent{}}, {"0e99", "v=0", frame.Absent{}},
		{"9223372036854775807", "", frame.Absent{Range: 1}}, {"922337203685477580", "v=922337203685477580", frame.Absent{}},
		{"1e19", "", frame.Absent{Range: 1}}, {"1e-19", "", frame.Absent{Range: 1}}, {"0.1234567890123456789", "", frame.Absent{Range: 1}},
		{"NaN", "", frame.Absent{NaN: 1}}, {"-Inf", "", frame.Absent{NaN: 1}}, {"infinity", "", frame.Absent{NaN: 1}}, {"", "", frame.Absent{}},
		{"1.2.3", "none", frame.Absent{}}, {"-", "none", frame.Absent{}}, {".", "none", frame.Absent{}}, {"1e", "none", frame.Absent{}}, {"1e1234", "none", frame.Absent{}},
		{"e5", "none", frame.Absent{}}, {"0x10", "none", frame.Absent{}}, {"--1", "none", frame.Absent{}}, {"1 2", "none", frame.Absent{}}, {"in", "none", frame.Absent{}},
	} {
		line := []byte("$" + row.text + "*00\n")
		sum := byte(0)
		for _, x := range line[1 : len(line)-4] {
			sum += x
		}
		copy(line[len(line)-3:], strings.ToUpper(strconv.FormatUint(0x100|uint64(sum), 16)[1:]))
		f, err := p.Parse(line)
		if (err != nil) != (row.want == "none") {
			t.Errorf("%q: got %v, want none: %v", line, err, row.want == "none")
		}
		if err != nil {
			continue
		}
		var r reading.Reading
		absent := p.Decode(f, &r)
		if got := strings.TrimPrefix(tell(f, r), "x"); strings.TrimSpace(got) != row.want || absent != row.absent {
			t.Errorf("%s: got %s %+v, want %s %+v", row.text, got, absent, row.want, row.absent)
		}
	}
}

// TestLines_DigitsRound: digits rounds halves away from zero, as everywhere.
func TestLines_DigitsRound(t *testing.T) {
	p := parsedPlan(t, summedLine+`fields = [{ name = "v", type = "num", digits = 2 }]`)
	rapid.Check(t, func(t *rapid.T) {
		v := reading.DecimalValue(rapid.Int64Range(-1e12, 1e12).Draw(t, "mantissa"), uint8(rapid.IntRange(0, 6).Draw(t, "digits")))
		b, err := p.Encode(nil, "x", map[string]reading.Value{"v": v})
		if err != nil {
			t.Fatal(err)
		}
		f, err := p.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		var r reading.Reading
		p.Decode(f, &r)
		exact, _ := new(big.Rat).SetString(v.String())
		if want := exact.FloatString(2); len(r.Props) != 1 || r.Props[0].Value.String() != want && want != "-0.00" {
			t.Fatalf("%v: got %v, want %s", v, r.Props, want)
		}
	})
}

// TestLines_TooLong: a line that is longer than max costs the lines behind it
// nothing, however the bytes come in.
func TestLines_TooLong(t *testing.T) {
	p := mustCompile(t, "x", frame.Description{
		End: "0A", Split: ",", Max: 20, Fields: []frame.Field{{Name: "ch", Type: "num", Count: 2, Range: []float64{-9, 9}}},
	})
	wire := []byte("\n" + strings.Repeat("7", 30) + "\n1,2\n3,4\n")
	for _, size := range []int{len(wire), 25, 4, 1} {
		got, m := scan(p, slices.Collect(slices.Chunk(wire, size))...)
		if len(got) != 2 || m.Noise != 32 {
			t.Errorf("in chunks of %d: %v, %+v", size, got, m)
		}
	}
}
