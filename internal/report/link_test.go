package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"serialgw/internal/reading"
)

// A link is asked at each step; what it says is reckoned since the interval's
// beginning or since the start.
func TestLink(t *testing.T) {
	type step struct {
		ms    int64
		count LinkCounts
		want  string // "" = nothing yet
	}
	tests := []struct {
		name  string
		steps []step
	}{
		{"CountsGrowAndTheShareIsOfTheInterval", []step{
			{0, LinkCounts{Frames: 2, FrameBytes: 20, Noise: 100}, ""},
			{999, LinkCounts{Frames: 5, FrameBytes: 50, Noise: 100}, ""},
			{1000, LinkCounts{Frames: 10, FrameBytes: 100, Noise: 110, CheckFailed: 1, Lost: 3, Repeated: 2},
				"1000: ok=true explained=0.889 frames=10 check_failed=1 noise=110 lost=3 repeated=2"},
			{2000, LinkCounts{Frames: 11, FrameBytes: 110, Noise: 110, CheckFailed: 1, Lost: 3, Repeated: 2},
				"2000: ok=true explained=1.000 frames=11 check_failed=1 noise=110 lost=3 repeated=2"},
		}},
		{"SilentBoard/NoShareOfNothing", []step{
			{0, LinkCounts{}, ""},
			{1000, LinkCounts{}, "1000: ok=false frames=0 check_failed=0 noise=0 lost=0 repeated=0"},
		}},
		{"NoiseAlone", []step{
			{0, LinkCounts{}, ""},
			{1000, LinkCounts{Noise: 50}, "1000: ok=false explained=0.000 frames=0 check_failed=0 noise=50 lost=0 repeated=0"},
		}},
		{"LateWakeUp/TheGridIsKept", []step{
			{0, LinkCounts{}, ""},
			{1300, LinkCounts{}, "1300: ok=false frames=0 check_failed=0 noise=0 lost=0 repeated=0"},
			{1999, LinkCounts{}, ""},
			{2000, LinkCounts{}, "2000: ok=false frames=0 check_failed=0 noise=0 lost=0 repeated=0"},
			{9500, LinkCounts{}, "9500: ok=false frames=0 check_failed=0 noise=0 lost=0 repeated=0"},
			{9600, LinkCounts{}, ""},
		}},
		{"TimeGoesBack/ANewBeginning", []step{
			{10_000, LinkCounts{}, ""},
			{1000, LinkCounts{Frames: 1, FrameBytes: 1}, ""},
			{2000, LinkCounts{Frames: 1, FrameBytes: 1}, "2000: ok=false frames=1 check_failed=0 noise=0 lost=0 repeated=0"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := NewLink("b", time.Second, true, func(name string) string { return strings.TrimPrefix(name, "link_") })
			for _, s := range tt.steps {
				got := ""
				if r := l.Take(at(s.ms), s.count); r != nil {
					got = fmt.Sprintf("%d: %s", r.Stamp.Boot/1e6, list(r.Props))
					if r.Board != "b" || r.Message != LinkMessage {
						t.Errorf("board %q, message %q", r.Board, r.Message)
					}
				}
				if got != s.want {
					t.Errorf("at %d ms: got %q, want %q", s.ms, got, s.want)
				}
			}
		})
	}
}

// Times of two boots say nothing of how long an interval was.
func TestLink_AnotherBoot(t *testing.T) {
	l := NewLink("b", time.Second, false, func(name string) string { return name })
	l.Take(reading.Stamp{Wall: 1e9}, LinkCounts{})
	later := reading.Stamp{Wall: 3600e9, BootID: reading.BootID{1}}
	if r := l.Take(later, LinkCounts{}); r != nil {
		t.Errorf("the first look after a boot says %s", list(r.Props))
	}
	if r := l.Take(later.Add(time.Second), LinkCounts{}); r == nil {
		t.Error("a second later it says nothing")
	}
}

// What is said to be published is what is.
func TestLink_Properties(t *testing.T) {
	for _, numbered := range []bool{false, true} {
		l := NewLink("b", time.Second, numbered, func(name string) string { return name })
		l.Take(at(0), LinkCounts{})
		r := l.Take(at(1000), LinkCounts{FrameBytes: 1})
		props := LinkProperties(numbered)
		if len(r.Props) != len(props) {
			t.Fatalf("numbered %v: %d values, want %d", numbered, len(r.Props), len(props))
		}
		for i, p := range props {
			if r.Props[i].Name != p.Name || r.Props[i].Value.Kind != p.Kind || r.Props[i].Value.Digits != uint8(p.Digits) {
				t.Errorf("%s = %v of kind %d, want %s of kind %d", r.Props[i].Name, r.Props[i].Value, r.Props[i].Value.Kind, p.Name, p.Kind)
			}
		}
	}
}

// What Publish says of a rule is what the filter gives.
func TestPublish_IsWhatGoesOut(t *testing.T) {
	values := map[string]reading.Value{
		"temp": reading.DecimalValue(125, 1), "volt": reading.IntValue(7), "amp": reading.IntValue(-3), "run": reading.BoolValue(true),
		"mode": reading.IntValue(2), "text": reading.TextValue("a"), "load": reading.Float32Value(0.5), "speed": reading.IntValue(9),
	}
	numbers := []string{"temp", "volt", "amp", "load", "speed"}
	all := []Aggregate{Mean, Min, Max, Last}
	for _, rules := range [][]Rule{
		nil,
		{{OnChange: true}},
		{{Property: numbers, Round: new(0)}},
		{{Property: numbers, Round: new(3)}},
		{{Property: numbers, Window: time.Second, Aggregate: all}},
		{{Property: numbers, Window: time.Second, Aggregate: all, Round: new(0)}},
		{{Property: numbers, Window: time.Second, Aggregate: all, Round: new(2)}, {Window: time.Second, Aggregate: []Aggregate{Last}}},
	} {
		if wrong := Check(rules, board()); wrong != nil {
			t.Fatalf("%+v: %v", rules, wrong)
		}
		f := New(0, rules, board())
		got := map[string]reading.Value{}
		take := func(r *reading.Reading) {
			for _, p := range r.Props {
				got[p.Name] = p.Value
			}
		}
		for _, p := range board() {
			r := reading.Reading{Message: p.Message, Props: props(val(p.Name, values[p.Name]))}
			if r := f.Pass(&r); r != nil {
				take(r)
			}
		}
		for _, r := range f.End(at(2000)) {
			take(&r)
		}
		published := Publish(rules, board())
		if len(published) != len(got) {
			t.Errorf("%+v: %d are published, %d went out", rules, len(published), len(got))
		}
		for _, p := range published {
			if v := got[p.Identifier]; v.Kind != p.Kind || int(v.Digits) > p.Digits {
				t.Errorf("%+v: %s = %v of kind %d with %d digits, want kind %d with %d", rules, p.Identifier, v, v.Kind, v.Digits, p.Kind, p.Digits)
			}
		}
	}
}
