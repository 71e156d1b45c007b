package report

import (
	"testing"
	"time"

	"serialgw/internal/reading"
)

// BenchmarkFilter takes one reading of four numbers at 50 Hz through a rule;
// the values wander, so that some of them are changes.
func BenchmarkFilter(b *testing.B) {
	for _, row := range []struct {
		name  string
		every time.Duration
		rules []Rule
	}{
		{"none", time.Second, nil},
		{"on-change", 0, []Rule{{OnChange: true, MaxSilence: time.Minute}}},
		{"deadband", 0, []Rule{{Deadband: &Deadband{Mantissa: 5, Digits: 1}}}},
		{"percent", 0, []Rule{{Deadband: &Deadband{Mantissa: 2, Percent: true}}}},
		{"min-interval", 0, []Rule{{MinInterval: time.Second}}},
		{"window", 0, []Rule{{Window: time.Second, Aggregate: []Aggregate{Mean, Min, Max}}}},
	} {
		b.Run("rule="+row.name, func(b *testing.B) {
			f := New(row.every, row.rules, benchBoard())
			r := reading.Reading{Board: "b", Message: "m", Props: make([]reading.Property, 4)}
			step, sent := int64(0), 0
			one := func() {
				step++
				r.Stamp.Boot = step * int64(20*time.Millisecond)
				if f.Ready(r.Stamp) {
					sent += len(f.Flush(r.Stamp))
				}
				for i, p := range benchBoard() {
					r.Props[i] = reading.Property{Name: p.Name, Value: reading.DecimalValue(1000+step*int64(i)%50, 2)}
				}
				if f.Pass(&r) != nil {
					sent++
				}
			}
			for range 1000 { // buffers have their size
				one()
			}
			b.ReportAllocs()
			for b.Loop() {
				one()
			}
			if sent == 0 {
				b.Fatal("nothing was sent")
			}
		})
	}
}

func benchBoard() []Property { return benchProperties[:] }

var benchProperties = [...]Property{
	{Message: "m", Name: "ax", Identifier: "ax", Kind: reading.Decimal, Digits: 2},
	{Message: "m", Name: "ay", Identifier: "ay", Kind: reading.Decimal, Digits: 2},
	{Message: "m", Name: "az", Identifier: "az", Kind: reading.Decimal, Digits: 2},
	{Message: "m", Name: "temp", Identifier: "temp", Kind: reading.Decimal, Digits: 2},
}
