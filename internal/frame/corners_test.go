package frame_test

import (
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// cornerRow is a description in which several keys meet, and frames of it.
type cornerRow struct {
	name string
	d    frame.Description
	wire string
	want string // values, or the end of the error
}

func bytes9(names ...string) (out []frame.Field) {
	for _, name := range names {
		out = append(out, frame.Field{Name: name, Type: "B"})
	}
	return out
}

// TestParse_Corners: keys that were made apart hold together.
func TestParse_Corners(t *testing.T) {
	sum, xor := []frame.Check{{Kind: "sum8"}}, []frame.Check{{Kind: "xor8"}}
	constGroup := []frame.Field{{Repeat: "rest", Max: 4, Group: []frame.Field{{Type: "B", Const: new(int64(7))}, {Name: "v", Type: "B"}}}}
	counted := []frame.Field{{Name: "_n", Type: "B"}, {Name: "v1", Type: "B", Repeat: "_n", Max: 9}}
	dxl2 := frame.Description{Sync: "FF FF FD 00", Length: &frame.Length{At: 4, Add: 5}, Data: 5, Stuff: &frame.Stuff{Kind: "dxl2"}, Check: xor}
	masked := frame.Description{Sync: "AA", Length: &frame.Length{At: 1}, Data: 2, Unmask: &frame.Unmask{Sub: 0x33}, Check: sum, Fields: constGroup}
	many := frame.Description{Sync: "AA", Max: 6, Check: sum, Fields: counted}
	for _, row := range []cornerRow{
		{"dxl2: the longest frame has room for the extra bytes", with(dxl2, frame.Field{Name: "a", Type: "hex6"}),
			"FF FF FD 00 09 FF FF FD FD FF FF FD FD F4", "a=FFFFFDFFFFFD"},
		{"unmask: a constant in a repeat is masked", masked, "AA 05 3A 34 1D", "v0=1"},
		{"unmask: a constant in a repeat, not masked", masked, "AA 05 07 34 EA", "a constant field differs"},
		{"counts above the frame's max", many, "AA 05 00 00 00 00 00 AF", "the length is impossible"},
		{"counts within the frame's max", many, "AA 02 03 04 B3", "v10=3 v11=4"},
		{"xbee: a second byte of sync is escaped too", frame.Description{Sync: "7E ??", Stuff: &frame.Stuff{Kind: "xbee"}, Check: sum, Fields: bytes9("v")},
			"7E 7D 31 01 90", "v=1"},
		{"a value from the end shares no byte with one in front", frame.Description{Sync: "AA", Length: &frame.Length{At: 1}, Data: 2, Check: sum,
			Fields: []frame.Field{{Name: "a", Type: "B"}, {Name: "z", Type: "B", At: new(-2)}}}, "AA 04 01 AF", "the length is impossible"},
		{"nor does a counted one", frame.Description{Sync: "AA", Length: &frame.Length{At: 1}, Data: 2, Check: sum,
			Fields: []frame.Field{counted[0], counted[1], {Name: "z", Type: "B", At: new(-2)}}}, "AA 06 02 05 06 BD", "a count is above its max, or says more than the frame holds"},
		{"delimited: a rest behind a counted part begins anywhere", frame.Description{Stuff: &frame.Stuff{Kind: "cobs"}, Check: sum,
			Fields: []frame.Field{counted[0], counted[1], {Name: "w", Type: "<H", Repeat: "rest", Max: 3}}}, "08 01 05 07 01 09 02 19 00", "v10=5 w0=263 w1=521"},
		{"zero_fill: a value from the end is never the head", frame.Description{Sync: "AA", Length: &frame.Length{At: 1}, Data: 2, Check: sum,
			Messages: []frame.Message{{Name: "x", ZeroFill: true, Fields: []frame.Field{{Name: "a", Type: "B"}, {Name: "z", Type: "B", At: new(-2)}}}}},
			"AA 03 AD", "the length is impossible"},
		{"zero_fill: zeros are digits of hexN", frame.Description{Sync: "AA", Length: &frame.Length{At: 1}, Data: 2, Check: sum,
			Messages: []frame.Message{{Name: "x", ZeroFill: true, Fields: []frame.Field{{Name: "h", Type: "hex3"}}}}}, "AA 04 12 C0", "h=120000"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := mustCompile(t, "x", row.d)
			f, err := p.Parse(fromHex(t, row.wire))
			if err != nil {
				if !strings.HasSuffix(err.Error(), row.want) {
					t.Errorf("%v, want %s", err, row.want)
				}
				return
			}
			if got := saidBy(p, f); got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

func with(d frame.Description, fields ...frame.Field) frame.Description {
	d.Fields = fields
	return d
}

func saidBy(p *frame.Plan, f *frame.Frame) string {
	var r reading.Reading
	p.Decode(f, &r)
	var out []string
	for _, prop := range r.Props {
		out = append(out, prop.Name+"="+prop.Value.String())
	}
	return strings.Join(out, " ")
}

// TestCompile_Corners: what could only be read wrongly is refused, with the key
// and what to do.
func TestCompile_Corners(t *testing.T) {
	sum := []frame.Check{{Kind: "sum8"}}
	seven := frame.Field{Type: "B", Const: new(int64(7))}
	rest := frame.Field{Repeat: "rest", Max: 4, Group: []frame.Field{seven, {Name: "v", Type: "B"}}}
	for _, row := range []cornerRow{
		{name: "dxl2: a constant in the data", d: frame.Description{Sync: "FF FF FD 00", Length: &frame.Length{At: 4, Add: 5}, Data: 5, Stuff: &frame.Stuff{Kind: "dxl2"},
			Check: sum, Fields: []frame.Field{{Name: "a", Type: "4s"}, seven}},
			want: "message x, const: found offset 9, want a place in front of the data; on a dxl2 line an extra FD moves what stands behind it"},
		{name: "varint: a constant in a repeat", d: frame.Description{Sync: "AA", Length: &frame.Length{At: 1, Type: "varint"}, Data: 2, Check: sum, Fields: []frame.Field{rest}},
			want: "message x, const: found offset 8, want a place before the varint length; only fields may; count from the frame's end"},
		{name: "unmask: one of the lengths", d: frame.Description{Sync: "AA", Length: &frame.Length{At: 1, Sum: []frame.Ref{{At: 2}}}, Data: 2, Unmask: &frame.Unmask{Sub: 0x33},
			Check: sum, Fields: bytes9("v")},
			want: "unmask.over: found a length at 2 among unmasked bytes, want data behind the length; unmask.over says which bytes are masked"},
		{name: "unmask: a message's own length", d: frame.Description{Sync: "AA", ID: &frame.Ref{At: 1}, Data: 2, Unmask: &frame.Unmask{Xor: 1}, Check: sum,
			Messages: []frame.Message{{Name: "m", ID: []int{1}, Length: &frame.Length{At: 2}, Fields: []frame.Field{{Name: "v", Type: "B", At: new(3)}}}}},
			want: "message[0].length: found a length at 2 among unmasked bytes, want data behind the length; unmask.over says which bytes are masked"},
		{name: "a check of no bytes", d: frame.Description{Sync: "AA", Check: []frame.Check{{Kind: "sum8", Over: []string{"5:2"}}}, Fields: bytes9("v")},
			want: `check[0].over[0]: found "5:2", want a slice such as "0:-2" or "6:"`},
	} {
		if _, errs := frame.Compile("x", row.d); errs == nil || errs.Error() != row.want {
			t.Errorf("%s:\n got %v\nwant %s", row.name, errs, row.want)
		}
	}
}

// TestScanner_SkipsLine: with resync = "skip" a line whose check fails is passed
// over whole, so that no line is found inside it. [WIRE-1]
func TestScanner_SkipsLine(t *testing.T) {
	for resync, want := range map[string]string{"rescan": "v=1;v=2;", "skip": "v=2;"} {
		p := mustCompile(t, "x", frame.Description{Sync: "24", End: "0A", Split: ",", Max: 40, Resync: resync,
			Check: []frame.Check{{Kind: "xor8", Over: []string{"1:-4"}, Form: "hex"}}, Fields: []frame.Field{{Name: "v", Type: "int"}}})
		s := frame.NewScanner(p, 0)
		s.Feed(reading.Chunk{Bytes: []byte("$9,$1*31\n$2*32\n")})
		got := ""
		for s.Scan() {
			got += saidBy(p, s.Frame()) + ";"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", resync, got, want)
		}
	}
}

// TestScanner_LongLine: what is counted of a line that is too long does not
// depend on how its bytes come in. [WIRE-21]
func TestScanner_LongLine(t *testing.T) {
	p := mustCompile(t, "x", frame.Description{End: "0A", Split: ",", Max: 20, Fields: []frame.Field{{Name: "v", Type: "num", Range: []float64{0, 9}}}})
	long := []byte(strings.Repeat("1", 200) + "\n5\n")
	whole, want := scan(p, long)
	for size := range 50 {
		parts, got := scan(p, slices.Collect(slices.Chunk(long, size+1))...)
		if !slices.Equal(parts, whole) || got != want || got.Frames != 1 {
			t.Fatalf("in chunks of %d: %v %+v\nwhole: %v %+v", size+1, parts, got, whole, want)
		}
	}
}

// TestScanner_ZeroFillInPieces: the check of a short frame is no count, however
// its bytes come in. [WIRE-22]
func TestScanner_ZeroFillInPieces(t *testing.T) {
	p := mustCompile(t, "x", frame.Description{Sync: "AA", Length: &frame.Length{At: 1}, Data: 2, Check: []frame.Check{{Kind: "crc-16/modbus", Endian: "little"}},
		Messages: []frame.Message{{Name: "x", ZeroFill: true, Fields: []frame.Field{
			{Name: "v", Type: "B"}, {Name: "_n", Type: "B"}, {Name: "w", Type: "B", Repeat: "_n", Max: 2},
		}}}})
	wire := fromHex(t, "AA 05 07 00 00")
	if err := p.Seal(wire, p.Messages()[0], 0); err != nil {
		t.Fatal(err)
	}
	for i := range len(wire) - 1 {
		s := frame.NewScanner(p, 0)
		s.Feed(reading.Chunk{Bytes: wire[:i+1]})
		if s.Scan() {
			t.Fatalf("a frame in %d bytes of % X", i+1, wire)
		}
		s.Feed(reading.Chunk{Bytes: wire[i+1:]})
		if !s.Scan() {
			t.Fatalf("no frame in % X and % X", wire[:i+1], wire[i+1:])
		}
		if got := saidBy(p, s.Frame()); got != "v=7" {
			t.Error(got)
		}
	}
}
