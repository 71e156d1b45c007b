package frame_test

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// drawnField is a field and how to draw a value that it can say.
type drawnField struct {
	fields []frame.Field // the last one has the value; before it, its sign
	value  func(*rapid.T) reading.Value
}

// TestRoundTrip_RandomLayouts: whatever types stand behind each other, what is
// encoded is decoded again, and the same bytes say the same values.
func TestRoundTrip_RandomLayouts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := frame.Description{Sync: "AA", Check: []frame.Check{{Kind: "sum8"}}}
		want := map[string]reading.Value{}
		for i := range rapid.IntRange(1, 12).Draw(t, "fields") {
			drawn := drawField(t, i)
			last := &drawn.fields[len(drawn.fields)-1]
			if last.Const == nil {
				last.Count = rapid.IntRange(0, 3).Draw(t, "count")
				for _, name := range countedNames(last) {
					want[name] = drawn.value(t)
				}
			}
			if last.Sign != "" && last.Sign != "msb" {
				oneSign(want, countedNames(last))
			}
			d.Fields = append(d.Fields, drawn.fields...)
		}
		p, errs := frame.Compile("x", d)
		if errs != nil {
			t.Fatalf("%+v: %v", d.Fields, errs)
		}
		b, got := encodedAndDecoded(t, p, want)
		for name, v := range want {
			if got[name] != v {
				t.Fatalf("%+v:\n% X: %s is %v, want %v", d.Fields, b, name, got[name], v)
			}
		}
		if again, _ := encodedAndDecoded(t, p, got); !slices.Equal(again, b) || len(got) != len(want) {
			t.Fatalf("%+v: encoded % X, and again % X", d.Fields, b, again)
		}
	})
}

func encodedAndDecoded(t *rapid.T, p *frame.Plan, v map[string]reading.Value) ([]byte, map[string]reading.Value) {
	t.Helper()
	b, err := p.Encode(nil, "x", v)
	if err != nil {
		t.Fatalf("%v: %v", v, err)
	}
	f, err := p.Parse(b)
	if err != nil {
		t.Fatalf("% X: %v", b, err)
	}
	var r reading.Reading
	if absent := p.Decode(f, &r); absent != (frame.Absent{}) {
		t.Fatalf("% X: %+v", b, absent)
	}
	return b, values(r)
}

func countedNames(f *frame.Field) []string {
	if f.Count == 0 {
		return []string{f.Name}
	}
	var out []string
	for i := range f.Count {
		out = append(out, fmt.Sprint(f.Name, i))
	}
	return out
}

// oneSign gives numbers that share a sign the first one's.
func oneSign(values map[string]reading.Value, names []string) {
	first := values[names[0]].Int64()
	for _, name := range names {
		if n := values[name].Int64(); n < 0 != (first < 0) {
			values[name] = reading.IntValue(-n)
		}
	}
}

func drawField(t *rapid.T, i int) drawnField {
	f := frame.Field{Name: fmt.Sprint("v", i, "_")}
	prefix := rapid.SampledFrom([]string{"", "<", ">"}).Draw(t, "prefix")
	kind := rapid.SampledFrom([]string{"run", "run", "run", "letter", "float", "bcd", "midi", "sign", "hidden", "hex", "text", "const"}).Draw(t, "kind")
	switch n := rapid.IntRange(1, 9).Draw(t, "bytes"); kind {
	case "letter":
		return drawLetter(t, f)
	case "float":
		return drawFloat(t, f)
	case "bcd":
		f.Type = fmt.Sprint(prefix, "bcd", n)
		return unsignedField(f, uint64(math.Pow10(2*n))-1)
	case "midi":
		f.Type = fmt.Sprint(prefix, "midi", n)
		return unsignedField(f, 1<<(7*n)-1)
	case "sign":
		width := rapid.IntRange(2, 64).Draw(t, "width")
		f.Type, f.Sign = fmt.Sprint(prefix, "u", width), "msb"
		return signedField(f, -(1<<(width-1) - 1), 1<<(width-1)-1)
	case "hidden":
		sign := frame.Field{Name: fmt.Sprint("_s", i), Type: rapid.SampledFrom([]string{"B", "<u1", ">u3", "?", "<H", "bcd1"}).Draw(t, "sign")}
		f.Type, f.Sign = fmt.Sprint(prefix, "u", 7*n), sign.Name
		out := signedField(f, -(1<<(7*n) - 1), 1<<(7*n)-1)
		out.fields = append([]frame.Field{sign}, out.fields...)
		return out
	case "hex", "text":
		return drawText(f, kind, n)
	case "const":
		width := rapid.IntRange(1, 56).Draw(t, "width")
		f.Type = fmt.Sprint(prefix, "u", width)
		f.Const = new(rapid.Int64Range(0, 1<<width-1).Draw(t, "const"))
		return drawnField{fields: []frame.Field{f}}
	}
	width := rapid.IntRange(1, 64).Draw(t, "width")
	if rapid.Bool().Draw(t, "signed") {
		f.Type = fmt.Sprint(prefix, "i", width)
		return signedField(f, -1<<(width-1), 1<<(width-1)-1)
	}
	f.Type = fmt.Sprint(prefix, "u", width)
	if width < 60 && rapid.Bool().Draw(t, "scaled") {
		f.Scale = 0.01
		return drawnField{[]frame.Field{f}, func(t *rapid.T) reading.Value {
			return reading.DecimalValue(rapid.Int64Range(0, 1<<width-1).Draw(t, "value"), 2)
		}}
	}
	return unsignedField(f, math.MaxUint64>>(64-width))
}

func unsignedField(f frame.Field, high uint64) drawnField {
	return drawnField{[]frame.Field{f}, func(t *rapid.T) reading.Value {
		n := rapid.Uint64Range(0, high).Draw(t, "value")
		if high == math.MaxUint64 {
			return reading.UintValue(n)
		}
		return reading.IntValue(int64(n))
	}}
}

func signedField(f frame.Field, low, high int64) drawnField {
	return drawnField{[]frame.Field{f}, func(t *rapid.T) reading.Value {
		return reading.IntValue(rapid.Int64Range(low, high).Draw(t, "value"))
	}}
}

// drawOrder shuffles the letters of so many bytes; "" leaves it to the prefix.
func drawOrder(t *rapid.T, bytes int) string {
	if bytes == 1 || rapid.Bool().Draw(t, "plain") {
		return ""
	}
	return string(rapid.Permutation([]byte("ABCDEFGH"[:bytes])).Draw(t, "order"))
}

func drawLetter(t *rapid.T, f frame.Field) drawnField {
	i := rapid.IntRange(0, 3).Draw(t, "letter")
	bits := 8 << i
	f.Order = drawOrder(t, 1<<i)
	if rapid.Bool().Draw(t, "signed") {
		f.Type = "bhiq"[i : i+1]
		return signedField(f, -1<<(bits-1), 1<<(bits-1)-1)
	}
	f.Type = "BHIQ"[i : i+1]
	return unsignedField(f, math.MaxUint64>>(64-bits))
}

func drawFloat(t *rapid.T, f frame.Field) drawnField {
	i := rapid.IntRange(0, 2).Draw(t, "letter")
	f.Type, f.Order = "efd"[i:i+1], drawOrder(t, 2<<i)
	return drawnField{[]frame.Field{f}, func(t *rapid.T) reading.Value {
		switch i {
		case 0: // a half float has eleven digits
			return reading.Float32Value(float32(rapid.IntRange(-2047, 2047).Draw(t, "value")) / 64)
		case 1:
			return reading.Float32Value(rapid.Float32Range(-math.MaxFloat32, math.MaxFloat32).Draw(t, "value"))
		}
		return reading.Float64Value(rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).Draw(t, "value"))
	}}
}

func drawText(f frame.Field, kind string, n int) drawnField {
	return drawnField{[]frame.Field{textField(f, kind, n)}, func(t *rapid.T) reading.Value {
		if kind == "hex" {
			return reading.TextValue(strings.ToUpper(hex.EncodeToString(rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "value"))))
		}
		return reading.TextValue(rapid.StringOfN(rapid.RuneFrom([]rune("ab 温度€\u00a4")), 0, n, 2*n).Draw(t, "value"))
	}}
}

// textField has room for 2n bytes of UTF-8 or n characters of GBK.
func textField(f frame.Field, kind string, n int) frame.Field {
	switch {
	case kind == "hex":
		f.Type = fmt.Sprint("hex", n)
	case n%2 == 0:
		f.Type, f.Encode = fmt.Sprint(2*n, "z"), "gbk"
	default:
		f.Type = fmt.Sprint(2*n, "s")
	}
	return f
}

// FuzzValues: whatever is written about values, Compile, Decode and Encode do
// not panic, and what was decoded is encoded so that it says the same.
func FuzzValues(f *testing.F) {
	f.Add("<u3 <u5 >i11 B >u64", "CDAB", "msb", "gbk", 3, 5, 0, "n", []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14})
	f.Add("bcd4 >midi3 hex2 8z I f", "BADC", "f0", "utf-8", 1, -1, 7, "255", []byte("\xce\xc2\xb6\xc8 and more, until it is long enough"))
	f.Add("i4s u24i24 d", "GHEFCDAB", "f1", "", -9, 12, 1, "rest", []byte{0x80, 0, 0, 1})
	f.Fuzz(func(t *testing.T, types, order, sign, encoding string, at, bit, special int, extra string, data []byte) {
		d := frame.Description{Check: []frame.Check{{Kind: "sum8"}}}
		for i, typ := range strings.Fields(types) {
			one := frame.Field{Name: fmt.Sprint("f", i), Type: typ}
			if i == 0 {
				one.At = &at
				if bit >= 0 {
					one.Bit = &bit
				}
			}
			if i == special%5 {
				one.Order, one.Sign, one.Encode, one.Invalid = order, sign, encoding, []any{extra}
			}
			d.Fields = append(d.Fields, one)
		}
		fuzzValues(t, d, data)
		for i := range d.Fields { // what is not allowed there, one by one
			f := &d.Fields[i]
			f.Order, f.Sign, f.Encode, f.Invalid = "", "", "", nil
		}
		fuzzValues(t, d, data)
		pasted := frame.Description{Check: d.Check, Struct: types}
		for i := range special & 15 {
			pasted.Names = append(pasted.Names, fmt.Sprint("f", i))
		}
		fuzzValues(t, pasted, data)
	})
}

func fuzzValues(t *testing.T, d frame.Description, data []byte) {
	t.Helper()
	p, errs := frame.Compile("x", d)
	if p == nil {
		if errs.Error() == "" {
			t.Fatal("neither a plan nor a mistake")
		}
		return
	}
	b := make([]byte, p.MinSize())
	copy(b, data)
	if err := p.Seal(b, p.Messages()[0], 0); err != nil {
		t.Fatal(err)
	}
	f, err := p.Parse(b)
	if err != nil {
		t.Fatalf("% X: %v", b, err)
	}
	var r, again reading.Reading
	if absent := p.Decode(f, &r); absent != (frame.Absent{}) {
		return
	}
	back, err := p.Encode(nil, "x", values(r))
	if len(d.Fields) > 0 && *d.Fields[0].At < 0 || err != nil && slices.ContainsFunc(r.Props, unreadable) {
		return // upon the check, or with characters that are none
	}
	if err != nil {
		t.Fatalf("%+v: %v: %v", d.Fields, r.Props, err)
	}
	if f, err = p.Parse(back); err != nil {
		t.Fatalf("% X: %v", back, err)
	}
	if p.Decode(f, &again); !slices.Equal(r.Props, again.Props) {
		t.Fatalf("%+v:\n got %v\nwant %v", d.Fields, again.Props, r.Props)
	}
}

func unreadable(p reading.Property) bool {
	return p.Value.Kind == reading.Text && strings.Contains(p.Value.Str(), "\uFFFD")
}
