package frame_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// valueRow is bytes of a frame and what fields make of them; the same values
// encode to the same bytes, or to back.
type valueRow struct {
	name   string
	fields []frame.Field
	wire   string
	want   string // " name=value ..."
	back   string // "": wire; "-": some value is missing, or the bytes cannot come back
	absent frame.Absent
}

func one(f frame.Field) []frame.Field {
	f.Name = "v"
	return []frame.Field{f}
}

func typed(types ...string) []frame.Field {
	var out []frame.Field
	for i, t := range types {
		out = append(out, frame.Field{Name: string(rune('a' + i)), Type: t})
	}
	return out
}

// TestDecode_Runs: bits behind each other in both orders, and where a run ends.
// [WIRE-15]
func TestDecode_Runs(t *testing.T) {
	checkValues(t, []valueRow{
		{name: "low bit first", fields: typed("<u3", "<u5", "<i8"), wire: "2C 71", want: " a=4 b=5 c=113"},
		{name: "high bit first", fields: typed(">u3", ">u5", ">i8"), wire: "2C 71", want: " a=1 b=12 c=113"},
		{name: "across a byte", fields: typed("<u4", "<i12"), wire: "FA FF", want: " a=10 b=-1"},
		{name: "signed", fields: typed(">i12", ">i4"), wire: "80 07", want: " a=-2048 b=7"},
		{name: "a letter ends it", fields: typed("<u3", "B", "<u1"), wire: "05 07 01", want: " a=5 b=7 c=1"},
		{name: "the other order ends it", fields: typed("<u3", ">u3"), wire: "05 A0", want: " a=5 b=5"},
		{name: "text ends it", fields: typed("<u12", "2s"), wire: "AB 0C 68 69", want: " a=3243 b=hi"},
		{name: "skip ends it", fields: []frame.Field{{Name: "a", Type: "<u3"}, {Skip: 1}, {Name: "b", Type: "<u3"}}, wire: "05 00 06", want: " a=5 b=6"},
		{name: "at ends it", fields: []frame.Field{{Name: "a", Type: "<u3"}, {Name: "b", Type: "<u4", At: new(2)}}, wire: "05 00 06", want: " a=5 b=6"},
		{name: "whole bytes off the border", fields: typed("<u4", "<u16", "<u4"), wire: "1F 32 E4", want: " a=15 b=17185 c=14"},
		{name: "as many bits as u64 and one", fields: typed(">u1", ">u64", ">u7"), wire: "FF 00 00 00 00 00 00 00 80", want: " a=1 b=18302628885633695745 c=0"},
		{name: "count and names", fields: []frame.Field{{Names: []string{"x", "_", "z"}, Type: "<u4", Count: 3}}, wire: "21 03", want: " x=1 z=3", back: "01 03"},
		{name: "the rest", fields: []frame.Field{{Name: "n", Type: "B"}, {Name: "v", Type: ">u12", Repeat: "rest", Max: 5}}, wire: "01 12 34 56", want: " n=1 v0=291 v1=1110"},
		{name: "a rest of half a value", fields: []frame.Field{{Name: "n", Type: "B"}, {Name: "v", Type: ">u12", Repeat: "rest", Max: 5}}, wire: "01 12 34", want: " n=1 v0=291", back: "01 12 30"},
		{name: "bit", fields: []frame.Field{{Name: "v", Type: "<u5", At: new(1), Bit: new(13)}}, wire: "00 00 A0 02", want: " v=21"},
		{name: "bit, high first", fields: []frame.Field{{Name: "v", Type: ">u5", At: new(1), Bit: new(13)}}, wire: "00 00 05 40", want: " v=21"},
		{name: "from the end", fields: []frame.Field{{Name: "a", Type: "B"}, {Name: "v", Type: ">u4", At: new(-2)}, {Name: "w", Type: ">u4"}, {Name: "x", Type: "B", At: new(0)}}, wire: "01 4B", want: " a=1 v=4 w=11 x=1"},
		{name: "scaled, in range", fields: one(frame.Field{Type: "<i12", Scale: 0.1, Range: []float64{-10, 10}}), wire: "9D 0F", want: " v=-9.9"},
		{name: "scaled, out of range", fields: one(frame.Field{Type: "<i12", Scale: 0.1, Range: []float64{-10, 10}}), wire: "9B 0F", back: "-", absent: frame.Absent{Range: 1}},
		{name: "invalid", fields: one(frame.Field{Type: ">u12", Invalid: []any{int64(0xFFF)}}), wire: "FF F0", back: "-", absent: frame.Absent{Invalid: 1}},
		{name: "invalid signed", fields: one(frame.Field{Type: ">i12", Invalid: []any{int64(-2048)}}), wire: "80 00", back: "-", absent: frame.Absent{Invalid: 1}},
		{name: "map", fields: []frame.Field{{Name: "v", Type: "<i2", Map: map[string]string{"-1": "back", "1": "on"}}}, wire: "03", want: " v=-1"},
		{name: "flags", fields: []frame.Field{{Name: "a", Type: "<u4"}, {Type: "<u12", Flags: map[string]string{"0": "p", "11": "q"}}}, wire: "15 80", want: " a=5 p=true q=true"},
		{name: "const", fields: []frame.Field{{Name: "a", Type: ">u3"}, {Type: ">u7", Const: new(int64(0x55))}, {Name: "b", Type: ">i6"}}, wire: "75 6A", want: " a=3 b=-22"},
		{name: "Q15 in 20 bits", fields: one(frame.Field{Type: ">i20", Scale: "1/32768"}), wire: "FC 00 00", want: " v=-0.50000"},
		{name: "40 and 48 bits", fields: typed("<i40", ">u48"), wire: "FE FF FF FF FF 00 00 00 01 00 02", want: " a=-2 b=65538"},
	})
}

// TestDecode_Digits: two decimal digits a byte, and seven bits a byte. [WIRE-16]
func TestDecode_Digits(t *testing.T) {
	checkValues(t, []valueRow{
		{name: "lowest pair first", fields: typed("<bcd4"), wire: "67 45 23 01", want: " a=1234567"},
		{name: "highest pair first", fields: typed(">bcd4"), wire: "01 23 45 67", want: " a=1234567"},
		{name: "scaled", fields: one(frame.Field{Type: "<bcd4", Scale: 0.01, Unit: "kWh"}), wire: "00 01 37 26", want: " v=263701.00"},
		{name: "18 digits", fields: typed(">bcd9"), wire: "99 99 99 99 99 99 99 99 99", want: " a=999999999999999999"},
		{name: "no digit", fields: typed(">bcd2"), wire: "1A 00", back: "-", absent: frame.Absent{NaN: 1}},
		{name: "no digit in the high four", fields: typed("<bcd2"), wire: "00 F0", back: "-", absent: frame.Absent{NaN: 1}},
		{name: "invalid", fields: one(frame.Field{Type: ">bcd2", Invalid: []any{int64(9999)}}), wire: "99 99", back: "-", absent: frame.Absent{Invalid: 1}},
		{name: "range", fields: one(frame.Field{Type: ">bcd2", Range: []float64{0, 99}}), wire: "01 00", back: "-", absent: frame.Absent{Range: 1}},
		{name: "map", fields: one(frame.Field{Type: "bcd1", Map: map[string]string{"10": "ten"}}), wire: "10", want: " v=10"},
		{name: "const", fields: []frame.Field{{Type: "<bcd2", Const: new(int64(1234))}, {Name: "v", Type: "B"}}, wire: "34 12 01", want: " v=1"},
		{name: "sign on top", fields: one(frame.Field{Type: ">bcd2", Sign: "msb", Scale: 0.1}), wire: "81 23", want: " v=-12.3"},
		{name: "sign on top, low first", fields: one(frame.Field{Type: "<bcd2", Sign: "msb"}), wire: "23 F1", want: " v=-7123"},
		{name: "seven bits, lowest first", fields: typed("<midi2"), wire: "01 02", want: " a=257"},
		{name: "seven bits, highest first", fields: typed(">midi2"), wire: "02 01", want: " a=257"},
		{name: "the eighth bit is left out", fields: typed("<midi2"), wire: "81 82", want: " a=257", back: "01 02"},
		{name: "63 bits", fields: typed(">midi9"), wire: "7F 7F 7F 7F 7F 7F 7F 7F 7F", want: " a=9223372036854775807"},
		{name: "flags of seven bits", fields: []frame.Field{{Type: "<midi2", Flags: map[string]string{"0": "p", "13": "q"}}}, wire: "01 40", want: " p=true q=true"},
		{name: "behind bits", fields: typed("<u4", "bcd1"), wire: "0F 42", want: " a=15 b=42"},
	})
}

// TestDecode_OrderAndSign: bytes in an order of their own, and signs that are
// not two's complement. [WIRE-8] [WIRE-16]
func TestDecode_OrderAndSign(t *testing.T) {
	sign := func(hidden, value frame.Field) []frame.Field { return []frame.Field{hidden, value} }
	checkValues(t, []valueRow{
		{name: "ABCD", fields: one(frame.Field{Type: "I", Order: "ABCD"}), wire: "01 02 03 04", want: " v=16909060"},
		{name: "DCBA", fields: one(frame.Field{Type: "I", Order: "DCBA"}), wire: "04 03 02 01", want: " v=16909060"},
		{name: "CDAB", fields: one(frame.Field{Type: "I", Order: "CDAB"}), wire: "03 04 01 02", want: " v=16909060"},
		{name: "BADC", fields: one(frame.Field{Type: "I", Order: "BADC"}), wire: "02 01 04 03", want: " v=16909060"},
		{name: "it replaces the prefix", fields: one(frame.Field{Type: "<I", Order: "ABCD"}), wire: "01 02 03 04", want: " v=16909060"},
		{name: "signed", fields: one(frame.Field{Type: "i", Order: "CDAB", Scale: 0.1}), wire: "FF FE FF FF", want: " v=-0.2"},
		{name: "float", fields: one(frame.Field{Type: "f", Order: "CDAB"}), wire: "00 00 C0 20", want: " v=-2.5"},
		{name: "double", fields: one(frame.Field{Type: "d", Order: "GHEFCDAB"}), wire: "00 00 00 00 00 00 C0 04", want: " v=-2.5"},
		{name: "half", fields: one(frame.Field{Type: "e", Order: "BA"}), wire: "00 C1", want: " v=-2.5"},
		{name: "u32 is I", fields: one(frame.Field{Type: "u32", Order: "CDAB"}), wire: "03 04 01 02", want: " v=16909060"},
		{name: "flags", fields: []frame.Field{{Type: "I", Order: "CDAB", Flags: map[string]string{"0": "p", "31": "q"}}}, wire: "00 01 80 00", want: " p=true q=true"},
		{name: "const", fields: []frame.Field{{Type: "I", Order: "CDAB", Const: new(int64(0x01020304))}, {Name: "v", Type: "B"}}, wire: "03 04 01 02 09", want: " v=9"},
		{name: "invalid", fields: one(frame.Field{Type: "I", Order: "CDAB", Invalid: []any{int64(0xFFFF0000)}}), wire: "00 00 FF FF", back: "-", absent: frame.Absent{Invalid: 1}},

		{name: "a field, negative", fields: sign(frame.Field{Name: "_s", Type: "B"}, frame.Field{Name: "v", Type: ">I", Sign: "_s"}), wire: "01 00 00 00 03", want: " v=-3"},
		{name: "a field, positive", fields: sign(frame.Field{Name: "_s", Type: "B"}, frame.Field{Name: "v", Type: ">I", Sign: "_s"}), wire: "00 00 00 00 03", want: " v=3"},
		{name: "any other value is negative", fields: sign(frame.Field{Name: "_s", Type: "B"}, frame.Field{Name: "v", Type: ">I", Sign: "_s"}), wire: "2D 00 00 00 03", want: " v=-3", back: "01 00 00 00 03"},
		{name: "minus 0", fields: sign(frame.Field{Name: "_s", Type: "B"}, frame.Field{Name: "v", Type: ">H", Sign: "_s"}), wire: "01 00 00", want: " v=0", back: "00 00 00"},
		{name: "a published field", fields: sign(frame.Field{Name: "s", Type: "B"}, frame.Field{Name: "v", Type: "B", Sign: "s"}), wire: "05 03", want: " s=5 v=-3"},
		{name: "a flag", fields: sign(frame.Field{Type: "B", Flags: map[string]string{"7": "_s", "0": "on"}}, frame.Field{Name: "v", Type: "B", Sign: "_s"}), wire: "81 03", want: " on=true v=-3"},
		{name: "a bit", fields: sign(frame.Field{Name: "_s", Type: ">u1"}, frame.Field{Name: "v", Type: ">u15", Sign: "_s", Scale: 0.01}), wire: "80 0A", want: " v=-0.10"},
		{name: "two numbers of one sign", fields: sign(frame.Field{Name: "_s", Type: "?"}, frame.Field{Name: "v", Type: "B", Sign: "_s", Count: 2}), wire: "01 03 00", want: " v0=-3 v1=0"},
		{name: "BCD", fields: sign(frame.Field{Name: "_s", Type: "bcd1"}, frame.Field{Name: "v", Type: ">bcd2", Sign: "_s"}), wire: "01 12 34", want: " v=-1234"},
		{name: "a sign that is no number", fields: sign(frame.Field{Name: "_s", Type: "bcd1"}, frame.Field{Name: "v", Type: ">bcd2", Sign: "_s"}), wire: "0A 12 34", back: "-", absent: frame.Absent{NaN: 1}},
		{name: "top bit", fields: one(frame.Field{Type: ">H", Sign: "msb"}), wire: "80 05", want: " v=-5"},
		{name: "top bit of a run", fields: typed2("<u4", frame.Field{Name: "v", Type: "<u12", Sign: "msb"}), wire: "51 80", want: " a=1 v=-5"},
		{name: "top bit, swapped words", fields: one(frame.Field{Type: "I", Order: "CDAB", Sign: "msb"}), wire: "00 05 80 00", want: " v=-5"},
		{name: "top bit, out of range", fields: one(frame.Field{Type: ">H", Sign: "msb", Range: []float64{-4, 4}}), wire: "80 05", back: "-", absent: frame.Absent{Range: 1}},
		{name: "top bit, invalid", fields: one(frame.Field{Type: ">H", Sign: "msb", Invalid: []any{int64(-32767)}}), wire: "FF FF", back: "-", absent: frame.Absent{Invalid: 1}},
		{name: "64 bits that are too many", fields: sign(frame.Field{Name: "_s", Type: "B"}, frame.Field{Name: "v", Type: ">Q", Sign: "_s"}), wire: "01 80 00 00 00 00 00 00 00", back: "-", absent: frame.Absent{Range: 1}},
	})
}

func typed2(first string, f frame.Field) []frame.Field { return append(typed(first), f) }

// TestDecode_Texts: where a text ends, and what its characters are. [WIRE-17]
func TestDecode_Texts(t *testing.T) {
	gbk := func(typ string) []frame.Field { return one(frame.Field{Type: typ, Encode: "gbk"}) }
	checkValues(t, []valueRow{
		{name: "trailing NULs", fields: one(frame.Field{Type: "6s"}), wire: "61 00 62 00 00 00", want: " v=a\x00b"},
		{name: "up to the first NUL", fields: one(frame.Field{Type: "6z"}), wire: "61 62 00 63 64 00", want: " v=ab", back: "61 62 00 00 00 00"},
		{name: "no NUL", fields: one(frame.Field{Type: "2z"}), wire: "61 62", want: " v=ab"},
		{name: "UTF-8", fields: one(frame.Field{Type: "6s", Encode: "utf-8"}), wire: "E6 B8 A9 E5 BA A6", want: " v=温度"},
		{name: "GBK", fields: gbk("6s"), wire: "CE C2 B6 C8 31 00", want: " v=温度1"},
		{name: "GBK up to a NUL", fields: gbk("6z"), wire: "CE C2 00 C8 31 00", want: " v=温", back: "CE C2 00 00 00 00"},
		{name: "GBK, half a character", fields: gbk("3s"), wire: "CE C2 B6", want: " v=温\uFFFD", back: "-"},
		{name: "GBK, no character", fields: gbk("3s"), wire: "41 FF 42", want: " v=A\uFFFDB", back: "-"},
		{name: "hexadecimal", fields: typed("hex4"), wire: "00 0A FF 10", want: " a=000AFF10"},
		{name: "invalid hexadecimal", fields: one(frame.Field{Type: "hex2", Invalid: []any{"ffff"}}), wire: "FF FF", back: "-", absent: frame.Absent{Invalid: 1}},
		{name: "invalid text", fields: one(frame.Field{Type: "4s", Invalid: []any{"", "--"}}), wire: "2D 2D 00 00", back: "-", absent: frame.Absent{Invalid: 1}},
		{name: "empty is invalid", fields: one(frame.Field{Type: "4z", Invalid: []any{""}}), wire: "00 41 00 00", back: "-", absent: frame.Absent{Invalid: 1}},
		{name: "several", fields: one(frame.Field{Type: "2s", Count: 2}), wire: "61 62 63 00", want: " v0=ab v1=c"},
	})
}

func checkValues(t *testing.T, rows []valueRow) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := frame.Description{Check: []frame.Check{{Kind: "sum8"}}, Fields: row.fields}
			if slices.ContainsFunc(row.fields, func(f frame.Field) bool { return f.Repeat != "" }) {
				d.Length = &frame.Length{Add: len(fromHex(t, row.wire))} // the first byte is 1
			}
			if slices.ContainsFunc(row.fields, func(f frame.Field) bool { return f.At != nil && *f.At < 0 }) {
				d.Size = len(fromHex(t, row.wire)) + 1
			}
			p := mustCompile(t, "x", d)
			f, err := p.Parse(summed(fromHex(t, row.wire)))
			if err != nil {
				t.Fatal(err)
			}
			var r reading.Reading
			absent := p.Decode(f, &r)
			if got := strings.TrimPrefix(tell(f, r), "x"); got != row.want || absent != row.absent {
				t.Errorf("got %q %+v, want %q %+v", got, absent, row.want, row.absent)
			}
			if row.back == "-" {
				return
			}
			if row.back == "" {
				row.back = row.wire
			}
			b, err := p.Encode(nil, "x", values(r))
			if want := summed(fromHex(t, row.back)); err != nil || !slices.Equal(b, want) {
				t.Errorf("encoded % X (%v), want % X", b, err, want)
			}
		})
	}
}

func summed(b []byte) []byte {
	var sum byte
	for _, x := range b {
		sum += x
	}
	return append(b, sum)
}

// TestEncode_Refused: what a type cannot say is an error that says why.
func TestEncode_Refused(t *testing.T) {
	signed := []frame.Field{{Name: "s", Type: "B"}, {Name: "v", Type: "B", Sign: "s"}}
	for _, row := range []struct {
		fields []frame.Field
		values map[string]reading.Value
		want   string
	}{
		{one(frame.Field{Type: "<i12"}), map[string]reading.Value{"v": reading.IntValue(2048)}, "v of x: 2048 does not fit into 12 bits"},
		{one(frame.Field{Type: "bcd2"}), map[string]reading.Value{"v": reading.IntValue(10000)}, "v of x: 10000 does not fit into 4 digits"},
		{one(frame.Field{Type: "bcd2"}), map[string]reading.Value{"v": reading.IntValue(-1)}, "v of x: -1 does not fit into 4 digits"},
		{one(frame.Field{Type: "bcd1", Sign: "msb"}), map[string]reading.Value{"v": reading.IntValue(-80)}, "v of x: -80 does not fit into 2 digits"},
		{one(frame.Field{Type: "midi1"}), map[string]reading.Value{"v": reading.IntValue(128)}, "v of x: 128 does not fit into 7 bits"},
		{one(frame.Field{Type: "u40"}), map[string]reading.Value{"v": reading.IntValue(1 << 40)}, "v of x: 1099511627776 does not fit into 5 bytes"},
		{one(frame.Field{Type: "<e"}), map[string]reading.Value{"v": reading.IntValue(65520)}, "v of x: 65520 does not fit into 2 bytes"},
		{one(frame.Field{Type: "<f"}), map[string]reading.Value{"v": reading.Float64Value(1e39)}, "v of x: 1000000000000000000000000000000000000000 does not fit into 4 bytes"},
		{one(frame.Field{Type: "hex2"}), map[string]reading.Value{"v": reading.TextValue("0102F")}, `v of x: "0102F" is not 2 bytes in hexadecimal`},
		{one(frame.Field{Type: "hex2"}), map[string]reading.Value{"v": reading.TextValue("01")}, `v of x: "01" is not 2 bytes in hexadecimal`},
		{one(frame.Field{Type: "4z"}), map[string]reading.Value{"v": reading.TextValue("a\x00b")}, `v of x: "a\x00b" has a NUL, which ends such a text`},
		{one(frame.Field{Type: "4s"}), map[string]reading.Value{"v": reading.TextValue("hello")}, `v of x: "hello" is not a text of at most 4 bytes`},
		{one(frame.Field{Type: "3s", Encode: "gbk"}), map[string]reading.Value{"v": reading.TextValue("温度")}, `v of x: "温度" is not a text of at most 3 bytes`},
		{one(frame.Field{Type: "8s", Encode: "gbk"}), map[string]reading.Value{"v": reading.TextValue("😀")}, `v of x: "😀" has a character that GBK lacks`},
		{one(frame.Field{Type: "8s"}), map[string]reading.Value{"v": reading.IntValue(1)}, "v of x: 1 is not a text"},
		{signed, map[string]reading.Value{"s": reading.IntValue(0), "v": reading.IntValue(-3)}, "x: v is -3, but its sign s says otherwise"},
		{signed, map[string]reading.Value{"s": reading.IntValue(1), "v": reading.IntValue(3)}, "x: v is 3, but its sign s says otherwise"},
		{[]frame.Field{{Name: "_s", Type: "B"}, {Name: "v", Type: "B", Sign: "_s", Count: 2}},
			map[string]reading.Value{"v0": reading.IntValue(-3), "v1": reading.IntValue(3)}, "x: v1 is 3, but its sign _s says otherwise"},
	} {
		p := mustCompile(t, "x", frame.Description{Check: []frame.Check{{Kind: "sum8"}}, Fields: row.fields})
		b, err := p.Encode([]byte{7}, "x", row.values)
		if fmt.Sprint(err) != "cannot encode "+row.want || len(b) != 1 {
			t.Errorf("%v: got % X, %v; want %s", row.values, b, err, row.want)
		}
	}
}

// TestDecode_FloatRange: the limits of a range count in it, and nothing next to
// them, wherever they lie between two floats.
func TestDecode_FloatRange(t *testing.T) {
	for _, limits := range [][]float64{{-0.1, 0.1}, {-1e6, 1e6}, {0, 1e300}, {-1e-50, 1e-50}, {16777217, 16777219}} {
		p := mustCompile(t, "x", frame.Description{
			Sync: "AA", Size: 10, Check: []frame.Check{{Kind: "sum8"}},
			Fields: []frame.Field{{Name: "f", Type: "<f", At: new(4), Range: limits}},
		})
		for _, limit := range limits {
			f := float32(limit)
			for _, x := range []float32{f, math.Nextafter32(f, -math.MaxFloat32), math.Nextafter32(f, math.MaxFloat32), -f} {
				b := make([]byte, 10)
				binary.LittleEndian.PutUint32(b[4:], math.Float32bits(x))
				if err := p.Seal(b, p.Messages()[0], 0); err != nil {
					t.Fatal(err)
				}
				one, err := p.Parse(b)
				if err != nil {
					t.Fatal(err)
				}
				var r reading.Reading
				absent := p.Decode(one, &r)
				inside := float64(x) >= limits[0] && float64(x) <= limits[1]
				if (len(r.Props) == 1) != inside || (absent.Total() == 0) != inside {
					t.Errorf("%v in %v: %v, %+v", x, limits, r.Props, absent)
				}
			}
		}
	}
}
