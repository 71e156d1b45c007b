package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"serialgw/internal/reading"
)

// said is one frame: when (ms), what message, which values.
type said struct {
	ms      int64
	message string
	props   []reading.Property
}

func val(name string, v reading.Value) reading.Property {
	return reading.Property{Name: name, Value: v}
}

func num(name string, n int64) reading.Property { return val(name, reading.IntValue(n)) }

func dec(name string, n int64) reading.Property { return val(name, reading.DecimalValue(n, 1)) }

func props(p ...reading.Property) []reading.Property { return p }

func at(ms int64) reading.Stamp { return reading.Stamp{Boot: ms * 1e6} }

// board is what the tests' frame can give.
func board() []Property {
	return []Property{
		{Message: "env", Name: "temp", Identifier: "temp", Kind: reading.Decimal, Digits: 1},
		{Message: "env", Name: "volt", Identifier: "volt", Kind: reading.Int},
		{Message: "env", Name: "amp", Identifier: "amp", Kind: reading.Int},
		{Message: "env", Name: "run", Identifier: "run", Kind: reading.Bool},
		{Message: "env", Name: "mode", Identifier: "mode", Kind: reading.Int, Enum: true},
		{Message: "env", Name: "text", Identifier: "text", Kind: reading.Text},
		{Message: "env", Name: "load", Identifier: "load", Kind: reading.Float32},
		{Message: "motor", Name: "speed", Identifier: "speed", Kind: reading.Int},
	}
}

// transcript runs frames through a filter; the clock moves on in steps of 10 ms,
// so that what is due goes out within one step. A line is
//
//	when it went out: message@when it came values
func transcript(f *Filter, end int64, frames []said) []string {
	var out []string
	tell := func(ms int64, r reading.Reading) {
		out = append(out, fmt.Sprintf("%d: %s@%d %s", ms, r.Message, r.Stamp.Boot/1e6, list(r.Props)))
	}
	for ms := int64(0); ms <= end; ms += 10 {
		now := at(ms)
		if f.Ready(now) {
			for _, r := range f.Flush(now) {
				tell(ms, r)
			}
		}
		for _, s := range frames {
			if s.ms == ms {
				r := reading.Reading{Board: "b", Message: s.message, Stamp: now, Props: slices.Clone(s.props)}
				if r := f.Pass(&r); r != nil {
					tell(ms, *r)
				}
			}
		}
	}
	return out
}

func list(props []reading.Property) string {
	var text []string
	for _, p := range props {
		text = append(text, p.Name+"="+p.Value.String())
	}
	return strings.Join(text, " ")
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestFilter_Period(t *testing.T) {
	volt := func(ms, n int64) said { return said{ms, "env", props(num("volt", n))} }
	tests := []struct {
		name   string
		every  time.Duration
		frames []said
		want   []string
	}{
		{"All/EveryFrame", 0, []said{volt(0, 1), volt(10, 2), volt(20, 3)},
			[]string{"0: env@0 volt=1", "10: env@10 volt=2", "20: env@20 volt=3"}},
		{"LeadingEdge", time.Second, []said{volt(500, 1)}, []string{"500: env@500 volt=1"}},
		{"NewestWins", time.Second, []said{volt(0, 1), volt(100, 2), volt(300, 3), volt(900, 4)},
			[]string{"0: env@0 volt=1", "1000: env@900 volt=4"}},
		{"ZeroAndFalseAreValues", time.Second,
			[]said{
				{0, "env", props(num("volt", 7))},
				{100, "env", props(num("volt", 5), val("run", reading.BoolValue(true)))},
				{200, "env", props(num("volt", 0), val("run", reading.BoolValue(false)))},
			},
			[]string{"0: env@0 volt=7", "1000: env@200 volt=0 run=false"}},
		{"SeveralMessages/EachKeepsItsFrame", time.Second,
			[]said{volt(0, 1), {100, "motor", props(num("speed", 2))}, volt(200, 3), {300, "motor", props(num("speed", 4))}},
			[]string{"0: env@0 volt=1", "1000: env@200 volt=3", "1000: motor@300 speed=4"}},
		{"SeveralMessages/OlderPropertyOfTheSame", time.Second,
			[]said{volt(0, 1), {100, "env", props(num("volt", 2), num("amp", 2))}, volt(200, 3)},
			[]string{"0: env@0 volt=1", "1000: env@100 amp=2", "1000: env@200 volt=3"}},
		{"Grid/APeriodFollowsThePeriod", time.Second,
			[]said{volt(0, 1), volt(990, 2), volt(1010, 3), volt(1990, 4), volt(2500, 5)},
			[]string{"0: env@0 volt=1", "1000: env@990 volt=2", "2000: env@1990 volt=4", "3000: env@2500 volt=5"}},
		{"Grid/AfterSilenceTheFirstPassesAtOnce", time.Second, []said{volt(0, 1), volt(2500, 2), volt(2600, 3)},
			[]string{"0: env@0 volt=1", "2500: env@2500 volt=2", "3500: env@2600 volt=3"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			same(t, transcript(New(tt.every, nil, board()), 5000, tt.frames), tt.want)
			// A rule for something else changes nothing for the rest.
			other := []Rule{{Property: []string{"load"}, OnChange: true}}
			same(t, transcript(New(tt.every, other, board()), 5000, tt.frames), tt.want)
		})
	}
}

// A loop that wakes late must not stretch the grid, nor flush twice to make up.
func TestFilter_LateWakeUp(t *testing.T) {
	for _, f := range []*Filter{
		New(time.Second, nil, board()),
		New(0, []Rule{{MinInterval: time.Second}}, board()),
		New(0, []Rule{{Window: time.Second, Aggregate: []Aggregate{Last}}}, board()),
	} {
		r := reading.Reading{Message: "env", Stamp: at(0), Props: props(num("volt", 1))}
		f.Pass(&r)
		f.Pass(&r)
		if n := len(f.Flush(at(1300))); n != 1 {
			t.Errorf("%d readings late by 0.3 s, want 1", n)
		}
		r.Stamp = at(1400)
		f.Pass(&r)
		if due, _ := f.Due(); due.Boot != at(2000).Boot {
			t.Errorf("late by less than a period: the next is due at %v, want 2 s", due.Boot)
		}
		f.Flush(at(9000))
		r.Stamp = at(9100)
		f.Pass(&r)
		if due, ok := f.Due(); ok && due.Boot != at(10000).Boot {
			t.Errorf("late by several periods: the next is due at %v, want 10 s", due.Boot)
		}
		f.Flush(at(10000))
		if got := f.Flush(at(10050)); len(got) != 0 {
			t.Errorf("nothing was held, and %v came out", got)
		}
	}
}
