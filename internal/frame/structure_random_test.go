package frame_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// drawnLayout is a random message and values for it.
type drawnLayout struct {
	t      *rapid.T
	fields []frame.Field
	values map[string]reading.Value
	series int
}

// drawnTypes are types whose values survive a round trip.
var drawnTypes = []string{"B", "b", "<h", ">H", "<u24", ">i24", "<I", ">q", ">u12", "<i5", "?", "<f", "4s", ">bcd2"}

func (d *drawnLayout) name() string { return fmt.Sprint("v", len(d.fields), "_") }

// value draws a value of a type.
func (d *drawnLayout) value(typ string) reading.Value {
	whole := func(low, high int64) reading.Value {
		return reading.IntValue(rapid.Int64Range(low, high).Draw(d.t, "value"))
	}
	switch typ {
	case "?":
		return reading.BoolValue(rapid.Bool().Draw(d.t, "value"))
	case "<f":
		return reading.Float32Value(rapid.Float32Range(-1e9, 1e9).Draw(d.t, "value"))
	case "4s":
		return reading.TextValue(rapid.StringMatching(`[a-z]{0,4}`).Draw(d.t, "value"))
	case ">bcd2":
		return whole(0, 9999)
	}
	bits := map[string]int{"B": 8, "b": 8, "<h": 16, ">H": 16, "<u24": 24, ">i24": 24, "<I": 32, ">q": 63, ">u12": 12, "<i5": 5}[typ]
	switch strings.Trim(typ, "<>0123456789") {
	case "b", "h", "i", "q":
		return whole(-1<<(bits-1), 1<<(bits-1)-1)
	}
	return whole(0, 1<<bits-1)
}

// members draws the fields of a group.
func (d *drawnLayout) members() []frame.Field {
	var out []frame.Field
	for i := range rapid.IntRange(1, 3).Draw(d.t, "members") {
		out = append(out, frame.Field{Name: d.name() + string(rune('a'+i)), Type: rapid.SampledFrom(drawnTypes).Draw(d.t, "type")})
		if rapid.IntRange(0, 9).Draw(d.t, "hidden") == 0 {
			out[i].Name = "_" + out[i].Name
		}
	}
	return out
}

// fill gives values to n repetitions of a group.
func (d *drawnLayout) fill(members []frame.Field, n int) {
	for i := range n {
		for _, m := range members {
			if m.Name[0] != '_' {
				d.values[fmt.Sprint(m.Name, i)] = d.value(m.Type)
			}
		}
	}
}

// published reports whether some of the members are properties.
func published(members []frame.Field) bool {
	return slices.ContainsFunc(members, func(f frame.Field) bool { return f.Name[0] != '_' })
}

// part draws one more field.
func (d *drawnLayout) part() {
	name := d.name()
	switch kind := rapid.IntRange(0, 7).Draw(d.t, "part"); {
	case kind == 0:
		f := frame.Field{Count: rapid.IntRange(1, 4).Draw(d.t, "count"), Group: d.members()}
		d.fields = append(d.fields, f)
		d.fill(f.Group, f.Count)
	case kind == 1 && d.series < 8:
		d.series++
		d.counted(name)
	case kind == 2 && d.series < 8:
		d.series++
		d.fields = append(d.fields, frame.Field{Name: name, Type: "z", Max: 6})
		d.values[name] = reading.TextValue(rapid.StringMatching(`[a-z]{0,5}`).Draw(d.t, "text"))
	case kind == 3 && d.series < 8:
		d.series++
		d.fields = append(d.fields, frame.Field{Name: "_n" + name, Type: "B"}, frame.Field{Name: name, Type: "s", Repeat: "_n" + name, Max: 6})
		d.values[name] = reading.TextValue(rapid.StringMatching(`[a-z]{0,6}`).Draw(d.t, "text"))
	case kind == 4:
		d.fields = append(d.fields, frame.Field{Type: "B", Const: new(rapid.Int64Range(0, 255).Draw(d.t, "const"))})
	case kind == 5:
		d.fields = append(d.fields, frame.Field{Skip: rapid.IntRange(1, 3).Draw(d.t, "skip")})
	default:
		typ := rapid.SampledFrom(drawnTypes).Draw(d.t, "type")
		d.fields = append(d.fields, frame.Field{Name: name, Type: typ})
		d.values[name] = d.value(typ)
	}
}

// counted draws a group that an earlier field counts, which may be a property.
func (d *drawnLayout) counted(name string) {
	number := frame.Field{Name: "_n" + name, Type: rapid.SampledFrom([]string{"B", ">H", "<u24"}).Draw(d.t, "type")}
	f := frame.Field{Repeat: number.Name, Max: rapid.IntRange(1, 5).Draw(d.t, "max"), Group: d.members()}
	n := rapid.IntRange(0, f.Max).Draw(d.t, "n")
	if rapid.Bool().Draw(d.t, "published") || !published(f.Group) {
		number.Name = "n" + name
		f.Repeat = number.Name
		d.values[number.Name] = reading.IntValue(int64(n))
	}
	d.fields = append(d.fields, number, f)
	d.fill(f.Group, n)
}

// TestStructure_RandomLayouts: what any layout of groups, counts, texts,
// constants and hidden fields encodes, it decodes to the same values, and with
// zero_fill also when the zeros at its end are cut off. [WIRE-20] [WIRE-22]
func TestStructure_RandomLayouts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &drawnLayout{t: t, values: map[string]reading.Value{}}
		for range rapid.IntRange(1, 6).Draw(t, "parts") {
			d.part()
		}
		zero := rapid.Bool().Draw(t, "zero_fill")
		if rest := d.members(); !zero && published(rest[:1]) && rapid.Bool().Draw(t, "rest") {
			d.fields = append(d.fields, frame.Field{Repeat: "rest", Max: 4, Group: rest})
			d.fill(rest, rapid.IntRange(0, 4).Draw(t, "n"))
		}
		p, errs := frame.Compile("x", frame.Description{
			Sync: "AA", Length: &frame.Length{At: 1, Type: "<H"}, Data: 3, Check: []frame.Check{{Kind: "sum8"}},
			Messages: []frame.Message{{Name: "x", ZeroFill: zero, Fields: d.fields}},
		})
		if errs != nil {
			t.Fatalf("%v\n%+v", errs, d.fields)
		}
		b, err := p.Encode(nil, "x", d.values)
		if err != nil {
			t.Fatalf("%v\n%+v\n%v", err, d.fields, d.values)
		}
		says(t, p, b, d)
		if zero {
			says(t, p, cutZeros(b), d)
		}
	})
}

func says(t *rapid.T, p *frame.Plan, b []byte, d *drawnLayout) {
	f, err := p.Parse(b)
	if err != nil {
		t.Fatalf("% X: %v\n%+v\n%v", b, err, d.fields, d.values)
	}
	var r reading.Reading
	if absent := p.Decode(f, &r); absent.Total() != 0 || !maps.Equal(values(r), d.values) {
		t.Fatalf("% X %+v\n got %v\nwant %v\n%+v", b, absent, values(r), d.values, d.fields)
	}
}

// cutZeros cuts zeros off the end of the data, as a sender of MAVLink 2 does.
func cutZeros(b []byte) []byte {
	b = bytes.TrimRight(b[:len(b)-1], "\x00")
	for len(b) < 3 {
		b = append(b, 0)
	}
	b = append(slices.Clone(b), 0)
	binary.LittleEndian.PutUint16(b[1:], uint16(len(b)))
	for _, x := range b[:len(b)-1] {
		b[len(b)-1] += x
	}
	return b
}

// FuzzStructure: no description of groups, repeats, texts, expressions and
// lines makes anything panic, whatever the bytes.
func FuzzStructure(f *testing.F) {
	f.Add("v", "B", "n", "a * 2", "rest", 3, 2, 7, []byte{0xAA, 4, 2, 1, 2, 9})
	f.Add("v", "z", "_n", "n > 1", "n", 4, 0, 1, []byte{0xAA, 9, 2, 65, 0, 9})
	f.Add("_x", "s", "n", "", "n", 9, 1, 0, []byte("\n1,2,3\n$A,7*12\r\n"))
	f.Add("v", "num", "", "v / 2", "rest", 2, 1, 3, []byte("\nname:1.5,-2\n"))
	f.Fuzz(func(t *testing.T, name, typ, repeat, expr, rest string, most, count, skip int, wire []byte) {
		inner := []frame.Field{{Name: name, Type: typ, When: expr}, {Skip: skip & 3}, {Name: "e", Expr: expr}}
		for _, fields := range [][]frame.Field{
			{{Name: "n", Type: "B"}, {Name: name, Type: typ, Repeat: repeat, Max: most}, {Name: "after", Type: "<H"}},
			{{Name: "n", Type: "B"}, {Repeat: repeat, Max: most, Group: inner}, {Name: "z", Expr: expr}},
			{{Name: "n", Type: "B", Counter: int64(count)}, {Count: count, Group: inner}, {Repeat: rest, Max: most, Group: inner[:2]}},
			{{Name: "n", Type: "int"}, {Name: "n2", Type: typ, Count: count}, {Repeat: rest, Max: most, Group: inner[:1]}},
		} {
			for _, d := range []frame.Description{
				{Sync: "AA", Length: &frame.Length{At: 1}, Data: 2, Check: []frame.Check{{Kind: "sum8"}}},
				{Sync: "AA", Check: []frame.Check{{Kind: "const", Value: new(9)}}},
				{End: "0A", Split: ",", Label: ":", Max: 60, Sync: "24", Check: []frame.Check{{Kind: "xor8", Form: "hex"}}},
				{End: "0A", Split: ",", Max: 60},
			} {
				for _, zero := range []bool{false, true} {
					d.Messages = []frame.Message{{Name: "m", ZeroFill: zero, Fields: fields}}
					surviveAll(t, d, wire)
				}
			}
		}
	})
}

// surviveAll compiles, scans, decodes and encodes.
func surviveAll(t *testing.T, d frame.Description, wire []byte) {
	p, errs := frame.Compile("x", d)
	if p == nil {
		if errs.Error() == "" {
			t.Fatal("neither a plan nor a mistake")
		}
		return
	}
	s, decoder := frame.NewScanner(p, 0), p.NewDecoder()
	var r reading.Reading
	see := func() {
		for s.Scan() {
			decoder.Decode(s.Frame(), &r)
			if b, err := p.Encode(nil, r.Message, values(r)); err == nil && len(b) > p.MaxSize() {
				t.Fatalf("encoded %d bytes, at most %d", len(b), p.MaxSize())
			}
		}
	}
	for _, c := range [][]byte{wire, {0xAA}, wire} {
		s.Feed(reading.Chunk{Bytes: c})
		see()
	}
	s.Flush()
	see()
	if m := s.Metrics(); m.BytesIn != m.FrameBytes+m.Noise+m.Idle {
		t.Fatalf("%d bytes in, counted %+v", m.BytesIn, m)
	}
}
