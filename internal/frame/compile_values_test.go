package frame_test

import (
	"fmt"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestCompile_ValueMistakes: each row is one mistake about a value, and the
// whole of what is said about it.
func TestCompile_ValueMistakes(t *testing.T) {
	bit := func(typ string, at, bit int) frame.Field {
		return frame.Field{Name: "a", Type: typ, At: &at, Bit: &bit}
	}
	for _, row := range []struct {
		field frame.Field
		want  string // behind "message[0].fields[0]."
	}{
		{frame.Field{Name: "a", Type: "<u65"}, `type: found "<u65", want u1 to u64; the number counts its bits`},
		{frame.Field{Name: "a", Type: "i0"}, `type: found "i0", want i1 to i64; the number counts its bits`},
		{frame.Field{Name: "a", Type: "bcd10"}, `type: found "bcd10", want bcd1 to bcd9; the number counts its bytes`},
		{frame.Field{Name: "a", Type: "midi10"}, `type: found "midi10", want midi1 to midi9; the number counts its bytes`},
		{frame.Field{Name: "a", Type: "hex513"}, `type: found "hex513", want hex1 to hex512; the number counts its bytes`},
		{frame.Field{Name: "a", Type: "u"}, `type: found "u", want a type such as "<h", ">H", "B", "<f", "<u24", "?" or "4s"`},
		{frame.Field{Name: "a", Type: "0z"}, `type: found "0z", want text of 1 to 1024 bytes`},
		{frame.Field{Name: "a", Type: "2u3"}, `type: found "2u3", want one value; write count for several, skip for padding`},
		{frame.Field{Name: "a", Type: "u3h"}, `type: found "u3h", want one value; write count for several, skip for padding`},

		{frame.Field{Name: "a", Type: "<u3", Bit: new(4)}, `bit: found 4, want bit beside at; fields of a run of bits follow each other without it`},
		{bit("<H", 4, 4), `bit: found 4, want bit beside a type such as "<u12" or ">i5"; at alone moves other types`},
		{bit("<u3", 4, -1), `bit: found -1, want a place inside the frame; bit counts on from at`},
		{bit("<u3", -2, 16), `bit: found 16, want a place inside the frame; bit counts on from at`},
		{bit("<u9", -2, 8), `at: found offset -1, want a place inside the frame`},

		{frame.Field{Name: "a", Type: "I", Order: "CDA"}, `order: found "CDA", want the letters of ABCD, each once, A the most significant byte`},
		{frame.Field{Name: "a", Type: "I", Order: "CDAA"}, `order: found "CDAA", want the letters of ABCD, each once, A the most significant byte`},
		{frame.Field{Name: "a", Type: "H", Order: "ab"}, `order: found "ab", want the letters of AB, each once, A the most significant byte`},
		{frame.Field{Name: "a", Type: "u24", Order: "CAB"}, `order: found "CAB", want order beside a number of 2, 4 or 8 bytes`},
		{frame.Field{Name: "a", Type: "u12", Order: "BA"}, `order: found "BA", want order beside a number of 2, 4 or 8 bytes`},
		{frame.Field{Name: "a", Type: "bcd2", Order: "BA"}, `order: found "BA", want order beside a number of 2, 4 or 8 bytes`},
		{frame.Field{Name: "a", Type: "4s", Order: "ABCD"}, `order: found "ABCD", want order beside a number of 2, 4 or 8 bytes`},

		{frame.Field{Name: "a", Type: "h", Sign: "msb"}, `sign: found "msb", want sign beside an unsigned type such as ">I", "<u12" or ">bcd4"; a signed type has its own`},
		{frame.Field{Name: "a", Type: "f", Sign: "msb"}, `sign: found "msb", want sign beside an unsigned type such as ">I", "<u12" or ">bcd4"; a signed type has its own`},
		{frame.Field{Name: "a", Type: "u1", Sign: "msb"}, `sign: found "msb", want a type of 2 bits or more; the sign leaves nothing else`},
		{frame.Field{Name: "a", Type: "H", Sign: "b"}, `sign: found "b", want an earlier field of this message, or "msb"`},
		{frame.Field{Name: "a", Type: "H", Sign: "msb", Map: map[string]string{"0": "x"}}, `sign: found "msb", want sign beside none of map, flags and const`},
		{frame.Field{Name: "a", Type: "H", Sign: "msb", Invalid: []any{int64(-32768)}}, `invalid[0]: found -32768, want -32767 to 32767, what the type can hold`},

		{frame.Field{Name: "a", Type: "<u3", Map: map[string]string{"8": "x"}}, `map: found 8, want 0 to 7, what the type can hold`},
		{frame.Field{Name: "a", Type: "<i3", Map: map[string]string{"4": "x"}}, `map: found 4, want -4 to 3, what the type can hold`},
		{frame.Field{Type: "<u3", Flags: map[string]string{"3": "x"}}, `flags: found "3", want a bit number from 0 to 2`},
		{frame.Field{Type: "bcd1", Flags: map[string]string{"0": "x"}}, `type: found "bcd1", want a type with bits beside flags; BCD has decimal digits`},
		{frame.Field{Type: "<u3", Const: new(int64(8))}, `const: found 8, want 0 to 7, what the type can hold`},
		{frame.Field{Type: "bcd2", Const: new(int64(10000))}, `const: found 10000, want 0 to 9999, what the type can hold`},
		{frame.Field{Type: "bcd9", Const: new(int64(1))}, `const: found 1, want const in at most 8 bytes`},
		{frame.Field{Name: "a", Type: "<u12", Invalid: []any{int64(4096)}}, `invalid[0]: found 4096, want 0 to 4095, what the type can hold`},
		{frame.Field{Name: "a", Type: "<u12", Invalid: []any{"none"}}, `invalid[0]: found none, want a raw value, before scaling`},
		{frame.Field{Name: "a", Type: "<u12", Scale: "x"}, `scale: found x, want a number or a fraction such as "16/32768", not 0`},
		{frame.Field{Name: "a", Type: "bcd1", Range: []float64{2, 1}}, `range: found [2 1], want [low, high]`},

		{frame.Field{Name: "a", Type: "4s", Encode: "gb2312"}, `encoding: found "gb2312", want "utf-8" or "gbk"`},
		{frame.Field{Name: "a", Type: "4z", Encode: "gbkk"}, `encoding: found "gbkk", want "utf-8" or "gbk"; did you mean gbk?`},
		{frame.Field{Name: "a", Type: "hex4", Encode: "gbk"}, `encoding: found "gbk", want encoding beside a text such as "8s" or "8z"; hexadecimal digits need none`},
		{frame.Field{Name: "a", Type: "H", Encode: "gbk"}, `encoding: found "gbk", want encoding beside a text only`},
		{frame.Field{Name: "a", Type: "hex4", Scale: 0.1}, `type: found "hex4", want a number beside scale, offset, digits, range or invalid`},
		{frame.Field{Name: "a", Type: "hex4", Map: map[string]string{"0": "x"}}, `type: found "hex4", want an integer type beside map, flags or const`},
		{frame.Field{Name: "a", Type: "4z", Invalid: []any{int64(0)}}, `invalid[0]: found 0, want a text beside "4z"`},
		{frame.Field{Name: "a", Type: "?", Invalid: []any{int64(0)}}, `type: found "?", want a number beside scale, offset, digits, range or invalid`},
	} {
		d := base()
		d.Messages[0].Fields[0] = row.field
		d.Messages[0].Fields[1].At = new(9)
		_, errs := frame.Compile("x", d)
		if len(errs) == 0 || errs[0].Error() != "message[0].fields[0]."+row.want {
			t.Errorf("%+v:\ngot  %v\nwant %s", row.field, errs, row.want)
		}
	}
}

// TestCompile_SignOfWhat: a sign is one number in front of the other.
func TestCompile_SignOfWhat(t *testing.T) {
	value := frame.Field{Name: "v", Type: "H", Sign: "s"}
	for _, row := range []struct {
		fields []frame.Field
		want   string
	}{
		{[]frame.Field{value, {Name: "s", Type: "B"}}, `fields[0].sign: found "s", want an earlier field of this message, or "msb"`},
		{[]frame.Field{{Name: "s", Type: "f"}, value}, `fields[1].sign: found "s", want one integer, or one true or false`},
		{[]frame.Field{{Name: "s", Type: "2s"}, value}, `fields[1].sign: found "s", want one integer, or one true or false`},
	} {
		_, errs := frame.Compile("x", frame.Description{Check: []frame.Check{{Kind: "sum8"}}, Fields: row.fields})
		if errs.Error() != row.want {
			t.Errorf("got %v, want %s", errs, row.want)
		}
	}
}

// TestCompile_HeadNumbers: an id, a length and a sequence number have whole
// bytes in one of the two orders.
func TestCompile_HeadNumbers(t *testing.T) {
	for _, typ := range []string{"<u12", "<u40", "Q", "bcd2", "midi2", "hex2", "<i16"} {
		d := base()
		d.Seq = &frame.Ref{At: 4, Type: typ}
		_, errs := frame.Compile("x", d)
		want := `seq.type: found "` + typ + `", want an unsigned integer of at most 4 bytes such as "B", "<H" or ">I"`
		if errs.Error() != want {
			t.Errorf("%s: got %v, want %s", typ, errs, want)
		}
	}
	d := base()
	d.Seq = &frame.Ref{At: 4, Type: ">u24"}
	mustCompile(t, "x", d)
}

// TestCompile_StructWords: the types that Python does not have, in a struct
// string. Where Python would read it in its own way, it is Python's.
func TestCompile_StructWords(t *testing.T) {
	for _, row := range []struct {
		text string
		want []string // the kind and range of each value
		size int
	}{
		{"<u3u5i8", []string{"[0 7]", "[0 31]", "[-128 127]"}, 2},
		{">3u4 u4", []string{"[0 15]", "[0 15]", "[0 15]", "[0 15]"}, 2},
		{"<u12 H", []string{"[0 4095]", "[0 65535]"}, 4},
		{"<bcd2 hex2 4z", []string{"[0 9999]", "4", "4"}, 8},
		{"<u24i24", []string{"[0 1.6777215e+07]", "[-8.388608e+06 8.388607e+06]"}, 6},
		{"<i24 h", []string{"[-8.388608e+06 8.388607e+06]", "[-32768 32767]"}, 5},
		{"<i2h", []string{"[-2.147483648e+09 2.147483647e+09]", "[-32768 32767]", "[-32768 32767]"}, 8},
		{"<i4s", []string{"[-2.147483648e+09 2.147483647e+09]", "4"}, 8},
		{"<hex2s", []string{"[-32768 32767]", "[]", "2"}, 7},
		{"<bcd2B", []string{"[-128 127]", "1", "[]", "[0 255]", "[0 255]"}, 12},
		{"<midi2", []string{"[0 16383]"}, 2},
	} {
		d := frame.Description{Check: []frame.Check{{Kind: "sum8"}}, Struct: row.text}
		for i := range row.want {
			d.Names = append(d.Names, string(rune('a'+i)))
		}
		p, errs := frame.Compile("x", d)
		if errs != nil {
			t.Errorf("%s: %v", row.text, errs)
			continue
		}
		for i, info := range p.Messages()[0].Properties() {
			if got := rangeOrSize(info); got != row.want[i] {
				t.Errorf("%s: value %d has %s, want %s", row.text, i, got, row.want[i])
			}
		}
		if p.MaxSize() != row.size+1 {
			t.Errorf("%s: %d bytes, want %d", row.text, p.MaxSize()-1, row.size)
		}
	}
}

func rangeOrSize(info frame.PropertyInfo) string {
	if info.Size > 0 {
		return fmt.Sprint(info.Size)
	}
	return fmt.Sprint(info.Range)
}

// TestCompile_RunsFromTheEnd: two numbers share the last byte, and nothing
// stands behind it. [WIRE-15]
func TestCompile_RunsFromTheEnd(t *testing.T) {
	d := frame.Description{Sync: "AA", Size: 4, Check: []frame.Check{{Kind: "sum8", At: new(1), Over: []string{"2:"}}}}
	d.Fields = []frame.Field{{Name: "a", Type: ">u4", At: new(-1)}, {Name: "b", Type: ">u4"}}
	mustCompile(t, "x", d)
	d.Fields[1].Type = "B"
	_, errs := frame.Compile("x", d)
	if want := "fields[1].at: found offset 0, want a place inside the frame"; errs.Error() != want {
		t.Errorf("got %v, want %s", errs, want)
	}
}

// TestCompile_RestOfBits: the largest frame has room for the last bit.
func TestCompile_RestOfBits(t *testing.T) {
	for n, want := range map[int]int{1: 4, 2: 5, 5: 10} {
		p := mustCompile(t, "x", frame.Description{Length: &frame.Length{Add: 2}, Check: []frame.Check{{Kind: "sum8"}},
			Fields: []frame.Field{{Name: "n", Type: "B"}, {Name: "v", Type: "<u12", Repeat: "rest", Max: n}}})
		if p.MaxSize() != want {
			t.Errorf("%d numbers: at most %d bytes, want %d", n, p.MaxSize(), want)
		}
	}
}

// TestDecode_RestStopsAtTheCheck: what a check covers with its own bytes is no
// value, in a frame of a fixed size too.
func TestDecode_RestStopsAtTheCheck(t *testing.T) {
	p := mustCompile(t, "x", frame.Description{Sync: "AA", Size: 12, Check: []frame.Check{{Kind: "crc-16/modbus", Endian: "little"}},
		Fields: []frame.Field{{Name: "v", Type: "B", Repeat: "rest", Max: 16}}})
	b := make([]byte, 12)
	if err := p.Seal(b, p.Messages()[0], 0); err != nil {
		t.Fatal(err)
	}
	f, err := p.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	var r reading.Reading
	if p.Decode(f, &r); len(r.Props) != 9 {
		t.Errorf("got %d values of 9 bytes: %v", len(r.Props), r.Props)
	}
}
