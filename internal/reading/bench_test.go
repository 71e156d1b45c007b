package reading

import "testing"

// benchValues are one of each kind, and of each scale that is printed in a way
// of its own.
var benchValues = []struct {
	name  string
	value Value
}{
	{"int", IntValue(-48_213)},
	{"uint", UintValue(18_446_744_073_709_551_615)},
	{"decimal/digits=1", DecimalValue(12_005, 1)},
	{"decimal/digits=2", DecimalValue(-2537, 2)},
	{"decimal/digits=3", DecimalValue(11_842, 3)},
	{"decimal/digits=6", DecimalValue(121_473_701, 6)},
	{"float32", Float32Value(1.6948675)},
	{"float32-small", Float32Value(0.016948675)},
	{"float64", Float64Value(31.230416666666667)},
	{"bool", BoolValue(true)},
	{"text", TextValue("SN-20260101-0042")},
	{"text-quoted", TextValue("line \"one\"\n")},
}

// BenchmarkValue_AppendJSON prints one value.
func BenchmarkValue_AppendJSON(b *testing.B) {
	for _, row := range benchValues {
		b.Run("kind="+row.name, func(b *testing.B) {
			var out []byte
			b.ReportAllocs()
			for b.Loop() {
				out = row.value.AppendJSON(out[:0])
			}
		})
	}
}

// benchReading is what a frame of a usual board says.
func benchReading() Reading {
	return Reading{
		Board: "press", Message: "status", Stamp: Stamp{Wall: 1_767_225_600_123_456_789, Boot: 86_400_123_456_789, Synced: true},
		Props: []Property{
			{Name: "temp", Value: DecimalValue(2537, 2)},
			{Name: "humidity", Value: DecimalValue(485, 1)},
			{Name: "voltage", Value: DecimalValue(11_842, 3)},
			{Name: "current", Value: Float32Value(-0.125)},
			{Name: "state", Value: IntValue(1)},
			{Name: "running", Value: BoolValue(true)},
		},
	}
}

// BenchmarkAppendRecord encodes a reading for the queue.
func BenchmarkAppendRecord(b *testing.B) {
	r := benchReading()
	out := AppendRecord(nil, r)
	b.SetBytes(int64(len(out)))
	b.ReportAllocs()
	for b.Loop() {
		out = AppendRecord(out[:0], r)
	}
}

// BenchmarkParseRecord decodes a reading of the queue: the first one with its
// names, or one of many with the same.
func BenchmarkParseRecord(b *testing.B) {
	record := AppendRecord(nil, benchReading())
	b.Run("names=new", func(b *testing.B) {
		b.SetBytes(int64(len(record)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseRecord(record); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("names=known", func(b *testing.B) {
		var p Parser
		r, err := p.Parse(record, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(record)))
		b.ReportAllocs()
		for b.Loop() {
			if r, err = p.Parse(record, r.Props); err != nil {
				b.Fatal(err)
			}
		}
	})
}
