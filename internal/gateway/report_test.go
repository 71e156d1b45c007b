package gateway

import (
	"fmt"
	"slices"
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

func props(p ...reading.Property) []reading.Property { return p }

// transcript runs frames through the rule; the clock moves on in steps of
// 10 ms, so that a period's end is met within one step.
func transcript(p *report, end int64, frames []said) []string {
	var out []string
	tell := func(at int64, r reading.Reading) {
		out = append(out, fmt.Sprintf("%d: %s@%d %s", at, r.Message, r.Stamp.Boot/1e6, list(r.Props)))
	}
	for at := int64(0); at <= end; at += 10 {
		now := reading.Stamp{Boot: at * 1e6}
		for _, f := range frames {
			if f.ms == at {
				r := reading.Reading{Board: "b", Message: f.message, Stamp: now, Props: slices.Clone(f.props)}
				if p.pass(&r) {
					tell(at, r)
				}
			}
		}
		if due, ok := p.due(); ok && now.Since(due) >= 0 {
			for _, r := range p.flush(now) {
				tell(at, r)
			}
		}
	}
	return out
}

func list(props []reading.Property) string {
	text := ""
	for _, p := range props {
		text += p.Name + "=" + p.Value.String() + " "
	}
	return text
}

func TestReport(t *testing.T) {
	volt := func(ms, n int64) said { return said{ms, "env", props(num("volt", n))} }
	tests := []struct {
		name   string
		period time.Duration
		frames []said
		want   []string
	}{
		{"All/EveryFrame", 0, []said{volt(0, 1), volt(10, 2), volt(20, 3)},
			[]string{"0: env@0 volt=1 ", "10: env@10 volt=2 ", "20: env@20 volt=3 "}},
		{"LeadingEdge", time.Second, []said{volt(500, 1)}, []string{"500: env@500 volt=1 "}},
		{"NewestWins", time.Second, []said{volt(0, 1), volt(100, 2), volt(300, 3), volt(900, 4)},
			[]string{"0: env@0 volt=1 ", "1000: env@900 volt=4 "}},
		{"ZeroAndFalseAreValues", time.Second,
			[]said{{0, "env", props(num("volt", 7))}, {100, "env", props(num("volt", 5), val("run", reading.BoolValue(true)))}, {200, "env", props(num("volt", 0), val("run", reading.BoolValue(false)))}},
			[]string{"0: env@0 volt=7 ", "1000: env@200 volt=0 run=false "}},
		{"SeveralMessages/EachKeepsItsFrame", time.Second,
			[]said{volt(0, 1), {100, "motor", props(num("speed", 2))}, volt(200, 3), {300, "motor", props(num("speed", 4))}},
			[]string{"0: env@0 volt=1 ", "1000: env@200 volt=3 ", "1000: motor@300 speed=4 "}},
		{"SeveralMessages/OlderPropertyOfTheSame", time.Second,
			[]said{volt(0, 1), {100, "env", props(num("volt", 2), num("amp", 2))}, volt(200, 3)},
			[]string{"0: env@0 volt=1 ", "1000: env@100 amp=2 ", "1000: env@200 volt=3 "}},
		{"Grid/APeriodFollowsThePeriod", time.Second,
			[]said{volt(0, 1), volt(990, 2), volt(1010, 3), volt(1990, 4), volt(2500, 5)},
			[]string{"0: env@0 volt=1 ", "1000: env@990 volt=2 ", "2000: env@1990 volt=4 ", "3000: env@2500 volt=5 "}},
		{"Grid/AfterSilenceTheFirstPassesAtOnce", time.Second, []said{volt(0, 1), volt(2500, 2), volt(2600, 3)},
			[]string{"0: env@0 volt=1 ", "2500: env@2500 volt=2 ", "3500: env@2600 volt=3 "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := transcript(&report{period: tt.period}, 5000, tt.frames)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// A loop that wakes late must not stretch the grid, nor flush twice to make up.
func TestReport_LateWakeUp(t *testing.T) {
	at := func(ms int64) reading.Stamp { return reading.Stamp{Boot: ms * 1e6} }
	p := &report{period: time.Second}
	r := reading.Reading{Stamp: at(0), Props: props(num("volt", 1))}
	if !p.pass(&r) || p.pass(&r) {
		t.Fatal("want the first passed and the second held")
	}
	p.flush(at(1300))
	if want := at(1000); p.start.Boot != want.Boot {
		t.Errorf("late by less than a period: the next one began at %v, want %v", p.start, want)
	}
	p.pass(&r)
	p.flush(at(9000))
	if want := at(9000); p.start.Boot != want.Boot {
		t.Errorf("late by several periods: the next one began at %v, want %v", p.start, want)
	}
	if got := p.flush(at(9100)); got != nil {
		t.Errorf("nothing was held, and %v came out", got)
	}
}
