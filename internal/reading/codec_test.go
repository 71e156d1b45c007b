package reading

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// full has one property of every kind; the bytes below are its durable form
// and never change, because a queue on disk holds them.
func full() Reading {
	return Reading{
		Board: "b", Message: "env",
		Stamp: Stamp{Wall: 1, Boot: 2, BootID: BootID{0xb0}, Synced: true},
		Props: []Property{
			{Name: "n"},
			{Name: "i", Value: IntValue(-1)},
			{Name: "u", Value: UintValue(300)},
			{Name: "d", Value: DecimalValue(-5, 2)},
			{Name: "f", Value: Float32Value(1)},
			{Name: "g", Value: Float64Value(1)},
			{Name: "t", Value: BoolValue(true)},
			{Name: "s", Value: TextValue("hi")},
		},
	}
}

const fullHex = "01 01" + // version, synced
	"0100000000000000 0200000000000000" + // wall, boot
	"b0000000000000000000000000000000" + // boot id
	"01 62 03 656e76 08" + // board, message, count
	"00 01 6e" + // n: absent
	"01 01 69 01" + // i: -1, zig-zag
	"02 01 75 ac02" + // u: 300
	"03 01 64 02 09" + // d: 2 digits, -5
	"04 01 66 0000803f" +
	"05 01 67 000000000000f03f" +
	"06 01 74 01" +
	"07 01 73 02 6869"

// emptyHex says nothing at all: no name, no time, no properties.
const emptyHex = "01 00 0000000000000000 0000000000000000 00000000000000000000000000000000 00 00 00"

func fullRecord(t testing.TB) []byte { return unhex(t, fullHex) }

func unhex(t testing.TB, text string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var sameValue = cmp.Comparer(func(a, b Value) bool { return a == b })

func TestRecord_BytesOnDiskNeverChange(t *testing.T) {
	for _, row := range []struct {
		name    string
		reading Reading
		record  string
	}{
		{"EveryKind", full(), fullHex},
		{"NoProperties", Reading{Props: []Property{}}, emptyHex}, // not nil, which says that there is no reading
	} {
		t.Run(row.name, func(t *testing.T) {
			record := unhex(t, row.record)
			if got, want := hex.EncodeToString(AppendRecord(nil, row.reading)), hex.EncodeToString(record); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			got, err := ParseRecord(record)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.reading, got, sameValue); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRecord_EveryTruncationIsAnError(t *testing.T) {
	record := fullRecord(t)
	for n := range record {
		if r, err := ParseRecord(record[:n]); err == nil || r.Props != nil || r.Board != "" {
			t.Errorf("the first %d of %d bytes: got %+v, %v; want an empty reading and an error", n, len(record), r, err)
		}
	}
}

func TestParseRecord_Malformed(t *testing.T) {
	head := fullRecord(t)[:codecHeader]
	record := func(tail ...byte) []byte { return append(append([]byte(nil), head...), tail...) }
	newer := append([]byte(nil), fullRecord(t)...)
	newer[0] = 2
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"Empty", nil, "ends early"},
		{"VersionUnknown", newer, "unknown version: 2"},
		{"VersionZero", make([]byte, 60), "unknown version: 0"},
		{"ByteTooMany", append(fullRecord(t), 0), "1 bytes too many"},
		{"StringLongerThanRecord", record(0xff, 0xff, 0xff, 0xff, 0x0f, 'x'), "ends early"},
		{"StringOf64Bits", record(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), "ends early"},
		{"VarintTooLong", record(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01), "ends early"},
		{"CountAboveBound", record(0, 0, 0x81, 0x20), "claims 4097 properties"},
		{"CountAboveContent", record(0, 0, 0x80, 0x20), "ends early"},
		{"KindUnknown", record(0, 0, 1, 9, 1, 'x', 0), "unknown kind 9"},
		{"DigitsAboveBound", record(0, 0, 1, byte(Decimal), 1, 'x', 19, 2), "19 digits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseRecord(tt.in)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
	if _, err := ParseRecord(newer); !errors.Is(err, ErrVersion) {
		t.Errorf("got %v, want ErrVersion", err)
	}
	// Reserved flags are ignored on read: a newer program may set them.
	reserved := fullRecord(t)
	reserved[1] = 0xff
	if r, err := ParseRecord(reserved); err != nil || !r.Stamp.Synced {
		t.Errorf("reserved flags: got %v, %v", r.Stamp, err)
	}
}

// AppendRecord keeps the label to itself; everything else comes back.
func TestRecord_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genReading().Draw(t, "reading")
		record := AppendRecord(nil, want)
		got, err := ParseRecord(record)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, sameValue); diff != "" {
			t.Fatal(diff)
		}
		if _, err := ParseRecord(record[:rapid.IntRange(0, len(record)-1).Draw(t, "cut")]); err == nil {
			t.Fatal("a cut record was taken")
		}
	})
}

func genReading() *rapid.Generator[Reading] {
	return rapid.Custom(func(t *rapid.T) Reading {
		r := Reading{
			Board: rapid.String().Draw(t, "board"), Message: rapid.String().Draw(t, "message"),
			Stamp: Stamp{
				Wall: rapid.Int64().Draw(t, "wall"), Boot: rapid.Int64().Draw(t, "boot"),
				Synced: rapid.Bool().Draw(t, "synced"),
			},
			Props: []Property{},
		}
		copy(r.Stamp.BootID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "boot id"))
		for range rapid.IntRange(0, 20).Draw(t, "count") {
			r.Props = append(r.Props, Property{Name: rapid.String().Draw(t, "name"), Value: genValue(t)})
		}
		return r
	})
}

func genValue(t *rapid.T) Value {
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 1:
		return IntValue(rapid.Int64().Draw(t, "int"))
	case 2:
		return UintValue(rapid.Uint64().Draw(t, "uint"))
	case 3:
		return DecimalValue(rapid.Int64().Draw(t, "mantissa"), uint8(rapid.IntRange(0, 18).Draw(t, "digits")))
	case 4:
		return Float32Value(math.Float32frombits(rapid.Uint32().Draw(t, "float32")))
	case 5:
		return Float64Value(math.Float64frombits(rapid.Uint64().Draw(t, "float64")))
	case 6:
		return BoolValue(rapid.Bool().Draw(t, "bool"))
	case 7:
		return TextValue(rapid.String().Draw(t, "text"))
	}
	return Value{}
}

// FuzzParseRecord: any bytes give a reading or an error, and a reading taken
// from them is written and read again as itself.
func FuzzParseRecord(f *testing.F) {
	record := fullRecord(f)
	f.Add(record)
	f.Add(record[:codecHeader])
	f.Add(append(append([]byte(nil), record[:codecHeader]...), 0, 0, 0x80, 0x20))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRecord(b)
		if err != nil {
			return
		}
		again, err := ParseRecord(AppendRecord(nil, r))
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if diff := cmp.Diff(r, again, sameValue); diff != "" {
			t.Fatal(diff)
		}
		for _, p := range r.Props {
			p.Value.AppendJSON(nil) // whatever the disk says, it is writable
		}
	})
}
