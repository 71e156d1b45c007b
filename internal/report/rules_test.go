package report

import (
	"testing"
	"time"

	"serialgw/internal/reading"
)

// temps are frames with temp in tenths, 100 ms apart.
func temps(tenths ...int64) (out []said) {
	for i, n := range tenths {
		out = append(out, said{int64(i) * 100, "env", props(dec("temp", n))})
	}
	return out
}

func band(text string) *Deadband {
	b := new(Deadband)
	want := b.BindNumber(text)
	if want != "" {
		want = b.BindText(text)
	}
	if want != "" {
		panic("not a deadband: " + text)
	}
	return b
}

func TestFilter_Rules(t *testing.T) {
	text := func(ms int64, s string) said { return said{ms, "env", props(val("text", reading.TextValue(s)))} }
	run := func(ms int64, b bool) said { return said{ms, "env", props(val("run", reading.BoolValue(b)))} }
	const ms = time.Millisecond
	tests := []struct {
		name   string
		rule   Rule
		frames []said
		want   []string
	}{
		{"NoKey/EveryValue", Rule{}, temps(10, 10),
			[]string{"0: env@0 temp=1.0", "100: env@100 temp=1.0"}},

		{"OnChange", Rule{OnChange: true}, temps(10, 10, 0, 0, 10),
			[]string{"0: env@0 temp=1.0", "200: env@200 temp=0.0", "400: env@400 temp=1.0"}},
		{"OnChange/FalseIsAValue", Rule{OnChange: true}, []said{run(0, false), run(100, false), run(200, true), run(300, false)},
			[]string{"0: env@0 run=false", "200: env@200 run=true", "300: env@300 run=false"}},
		{"OnChange/Text", Rule{OnChange: true}, []said{text(0, ""), text(100, ""), text(200, "a")},
			[]string{"0: env@0 text=", "200: env@200 text=a"}},
		{"OnChange/SameNumberWithOtherDecimals", Rule{OnChange: true},
			[]said{{0, "env", props(num("temp", 5))}, {100, "env", props(dec("temp", 50))}, {200, "env", props(dec("temp", 51))}},
			[]string{"0: env@0 temp=5", "200: env@200 temp=5.1"}},
		{"OnChange/AfterRounding", Rule{OnChange: true, Round: new(0)}, temps(14, 10, 15, 24),
			[]string{"0: env@0 temp=1", "200: env@200 temp=2"}},

		{"Deadband/MoreThan", Rule{Deadband: band("0.5")}, temps(201, 206, 207, 202, 201),
			[]string{"0: env@0 temp=20.1", "200: env@200 temp=20.7", "400: env@400 temp=20.1"}},
		{"Deadband/CreepIsSeen", Rule{Deadband: band("0.5")}, temps(0, 2, 4, 6, 8, 10, 12),
			[]string{"0: env@0 temp=0.0", "300: env@300 temp=0.6", "600: env@600 temp=1.2"}},
		{"Deadband/AcrossZero", Rule{Deadband: band("0.5")}, temps(-3, 2, 3),
			[]string{"0: env@0 temp=-0.3", "200: env@200 temp=0.3"}},
		{"Deadband/Percent", Rule{Deadband: band("2 %")}, temps(1000, 1020, 1021, 1000),
			[]string{"0: env@0 temp=100.0", "200: env@200 temp=102.1", "300: env@300 temp=100.0"}},
		{"Deadband/PercentOfZeroIsAnyChange", Rule{Deadband: band("2%")}, temps(0, 0, 1, 0),
			[]string{"0: env@0 temp=0.0", "200: env@200 temp=0.1", "300: env@300 temp=0.0"}},
		{"Deadband/Float", Rule{Deadband: band("0.25")},
			[]said{{0, "env", props(val("load", reading.Float32Value(1)))}, {100, "env", props(val("load", reading.Float32Value(1.25)))}, {200, "env", props(val("load", reading.Float32Value(1.5)))}},
			[]string{"0: env@0 load=1", "200: env@200 load=1.5"}},

		{"MinInterval/NewestOfEach", Rule{MinInterval: 300 * ms}, temps(1, 2, 3, 4, 5, 6, 7, 8),
			[]string{"0: env@0 temp=0.1", "300: env@200 temp=0.3", "600: env@500 temp=0.6", "900: env@700 temp=0.8"}},
		{"MinInterval/OnChangeAtOnceAfterTheInterval", Rule{MinInterval: 300 * ms, OnChange: true}, temps(1, 1, 1, 1, 1, 2),
			[]string{"0: env@0 temp=0.1", "500: env@500 temp=0.2"}},
		{"MinInterval/ChangeWaits", Rule{MinInterval: 300 * ms, OnChange: true}, temps(1, 2, 2),
			[]string{"0: env@0 temp=0.1", "300: env@200 temp=0.2"}},
		{"MinInterval/ChangeTakenBack", Rule{MinInterval: 300 * ms, OnChange: true}, temps(1, 2, 1, 1, 1),
			[]string{"0: env@0 temp=0.1"}},

		{"MaxSilence/NewestWithItsOwnTime", Rule{OnChange: true, MaxSilence: 250 * ms}, temps(1, 1, 1, 1, 1, 1, 1),
			[]string{"0: env@0 temp=0.1", "250: env@200 temp=0.1", "500: env@400 temp=0.1", "750: env@600 temp=0.1"}},
		{"MaxSilence/ChangeBeginsAnew", Rule{OnChange: true, MaxSilence: 250 * ms}, temps(1, 1, 2, 2, 2, 2),
			[]string{"0: env@0 temp=0.1", "200: env@200 temp=0.2", "450: env@400 temp=0.2", "700: env@500 temp=0.2"}},
		{"MaxSilence/ChangeBeforeASilence/NothingOlderBehindIt", Rule{OnChange: true, MaxSilence: 250 * ms}, temps(1, 1, 2),
			[]string{"0: env@0 temp=0.1", "200: env@200 temp=0.2"}},
		{"MaxSilence/FirstBehindIt", Rule{OnChange: true, MaxSilence: 250 * ms},
			[]said{{0, "env", props(dec("temp", 1))}, {300, "env", props(dec("temp", 1))}},
			[]string{"0: env@0 temp=0.1", "300: env@300 temp=0.1"}},
		{"MaxSilence/SilentBoardSaysNothing", Rule{OnChange: true, MaxSilence: 250 * ms},
			[]said{{0, "env", props(dec("temp", 1))}, {2000, "env", props(dec("temp", 1))}},
			[]string{"0: env@0 temp=0.1", "2000: env@2000 temp=0.1"}},
		{"MaxSilence/WithDeadband", Rule{Deadband: band("1"), MaxSilence: 300 * ms}, temps(1, 2, 3, 4, 5),
			[]string{"0: env@0 temp=0.1", "300: env@200 temp=0.3", "600: env@400 temp=0.5"}},

		{"Range/OutsideIsDropped", Rule{Range: []float64{0, 0.3}}, temps(-1, 0, 3, 4),
			[]string{"100: env@100 temp=0.0", "200: env@200 temp=0.3"}},
		{"Range/CannotHideAChange", Rule{Range: []float64{0, 50}, OnChange: true}, temps(10, 900, 10, 20),
			[]string{"0: env@0 temp=1.0", "300: env@300 temp=2.0"}},

		{"Round/HalfAwayFromZero", Rule{Round: new(0)}, temps(14, 15, -15, -14),
			[]string{"0: env@0 temp=1", "100: env@100 temp=2", "200: env@200 temp=-2", "300: env@300 temp=-1"}},
		{"Round/NoZerosAreAdded", Rule{Round: new(2)}, temps(14), []string{"0: env@0 temp=1.4"}},
		{"Round/Float", Rule{Round: new(1)}, []said{{0, "env", props(val("load", reading.Float32Value(0.25)))}},
			[]string{"0: env@0 load=0.3"}},

		{"Window/Mean", Rule{Window: 300 * ms, Aggregate: []Aggregate{Mean}}, temps(1, 2, 2, 10),
			[]string{"300: env@200 temp=0.17", "600: env@300 temp=1.00"}},
		{"Window/MeanOfIntegers", Rule{Window: 300 * ms, Aggregate: []Aggregate{Mean}},
			[]said{{0, "env", props(num("volt", 1))}, {100, "env", props(num("volt", 2))}, {200, "env", props(num("volt", -9))}},
			[]string{"300: env@200 volt=-2.0"}},
		{"Window/MeanRounded", Rule{Window: 300 * ms, Aggregate: []Aggregate{Mean}, Round: new(3)}, temps(1, 2, 2),
			[]string{"300: env@200 temp=0.167"}},
		{"Window/OneKeepsTheName", Rule{Window: 300 * ms, Aggregate: []Aggregate{Max}}, temps(1, 5, 2),
			[]string{"300: env@100 temp=0.5"}},
		{"Window/SeveralEachWithItsTime", Rule{Window: 300 * ms, Aggregate: []Aggregate{Min, Max, Mean, Last}}, temps(3, 1, 5, 9),
			[]string{"300: env@100 temp_min=0.1", "300: env@200 temp_max=0.5 temp_mean=0.30 temp_last=0.5",
				"600: env@300 temp_min=0.9 temp_max=0.9 temp_mean=0.90 temp_last=0.9"}},
		{"Window/TheFirstOfEquals", Rule{Window: 300 * ms, Aggregate: []Aggregate{Min}}, temps(1, 1, 2), []string{"300: env@0 temp=0.1"}},
		{"Window/AfterSilenceABeginningOfItsOwn", Rule{Window: 300 * ms, Aggregate: []Aggregate{Last}},
			[]said{{0, "env", props(dec("temp", 1))}, {1010, "env", props(dec("temp", 2))}},
			[]string{"300: env@0 temp=0.1", "1310: env@1010 temp=0.2"}},
		{"Window/OnChange", Rule{Window: 100 * ms, Aggregate: []Aggregate{Last}, OnChange: true}, temps(1, 1, 2),
			[]string{"100: env@0 temp=0.1", "300: env@200 temp=0.2"}},
		{"Window/MaxSilence", Rule{Window: 100 * ms, Aggregate: []Aggregate{Last}, OnChange: true, MaxSilence: 200 * ms}, temps(1, 1, 1, 1),
			[]string{"100: env@0 temp=0.1", "300: env@200 temp=0.1", "500: env@300 temp=0.1"}},
		{"Window/LastOfText", Rule{Window: 300 * ms, Aggregate: []Aggregate{Last}}, []said{text(0, "a"), text(100, "b")},
			[]string{"300: env@100 text=b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			same(t, transcript(New(0, []Rule{tt.rule}, board()), 3000, tt.frames), tt.want)
		})
	}
}

// Each property has its own rule, and what no rule takes goes by the board's.
func TestFilter_RulesSideBySide(t *testing.T) {
	rules := []Rule{
		{Property: []string{"temp"}, OnChange: true},
		{Message: "motor"},
		{Property: []string{"temp", "volt"}, MinInterval: 200 * time.Millisecond},
	}
	var frames []said
	for i := range int64(5) {
		frames = append(frames,
			said{i * 100, "env", props(dec("temp", i/2), num("volt", i), num("amp", i))},
			said{i*100 + 50, "motor", props(num("speed", i))})
	}
	same(t, transcript(New(300*time.Millisecond, rules, board()), 1000, frames), []string{
		"0: env@0 temp=0.0 volt=0 amp=0",
		"50: motor@50 speed=0",
		"150: motor@150 speed=1",
		"200: env@100 volt=1",
		"200: env@200 temp=0.1",
		"250: motor@250 speed=2",
		"300: env@200 amp=2",
		"350: motor@350 speed=3",
		"400: env@300 volt=3",
		"400: env@400 temp=0.2",
		"450: motor@450 speed=4",
		"600: env@400 amp=4 volt=4",
	})
}

// When no more readings come, what waits goes out; what was no change does not.
func TestFilter_End(t *testing.T) {
	tests := []struct {
		name   string
		every  time.Duration
		rules  []Rule
		frames []said
		want   string
	}{
		{"Period", time.Hour, nil, temps(1, 2), "temp=0.2"},
		{"MinInterval", 0, []Rule{{MinInterval: time.Hour}}, temps(1, 2, 3), "temp=0.3"},
		{"OpenWindow", 0, []Rule{{Window: time.Hour, Aggregate: []Aggregate{Mean, Max}}}, temps(1, 4, 3), "temp_max=0.4 temp_mean=0.27"},
		{"Unchanged", 0, []Rule{{OnChange: true, MaxSilence: time.Hour}}, temps(1, 1), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := New(tt.every, tt.rules, board())
			transcript(f, 500, tt.frames)
			got := ""
			for _, r := range f.End(at(500)) {
				got += " " + list(r.Props)
			}
			if want := tt.want; len(got) > 0 && got[1:] != want || len(got) == 0 && want != "" {
				t.Errorf("got %q, want %q", got, want)
			}
			if more := f.End(at(600)); len(more) != 0 {
				t.Errorf("a second end gives %v", more)
			}
			if due, ok := f.Due(); ok {
				t.Errorf("after the end something is due at %v", due)
			}
		})
	}
}

func TestFilter_CountsWhatIsOutside(t *testing.T) {
	f := New(0, []Rule{{Property: []string{"temp"}, Range: []float64{0, 1}}}, board())
	transcript(f, 1000, temps(5, 11, -1, 10))
	if got := f.Outside(); got != 2 {
		t.Errorf("%d outside, want 2", got)
	}
}

// The wall clock may be set, the machine may sleep, a recording of two runs may
// go back: boot time decides, and nothing waits longer for it.
func TestFilter_Clocks(t *testing.T) {
	rule := Rule{OnChange: true, MinInterval: time.Second, MaxSilence: time.Minute}
	tests := []struct {
		name  string
		then  reading.Stamp // of a changed value that comes after one at 10 s
		ready bool          // what waits goes out before it
		pass  bool
	}{
		{"WallSetBack", reading.Stamp{Boot: 10.5e9, Wall: -1e18}, false, false},
		{"WallSetForward", reading.Stamp{Boot: 10.5e9, Wall: 1e18}, false, false},
		{"Asleep", reading.Stamp{Boot: 1e15}, true, true},
		{"AnotherRunOfTheBoard", reading.Stamp{Boot: 1e9}, true, true},
		{"OutOfOrderByALittle", reading.Stamp{Boot: 10.3e9}, false, false},
		{"AnotherBoot", reading.Stamp{Boot: 1e9, Wall: 3600e9, BootID: reading.BootID{1}}, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := New(0, []Rule{rule}, board())
			first := reading.Reading{Message: "env", Stamp: at(10_000), Props: props(dec("temp", 1))}
			if f.Pass(&first) == nil {
				t.Fatal("the first value does not pass")
			}
			waits := reading.Reading{Message: "env", Stamp: at(10_400), Props: props(dec("temp", 2))}
			if f.Pass(&waits) != nil {
				t.Fatal("a value within the interval passes")
			}
			if got := f.Ready(tt.then); got != tt.ready {
				t.Errorf("ready %v, want %v", got, tt.ready)
			}
			if tt.ready && len(f.Flush(tt.then)) != 1 {
				t.Error("what waits does not go out")
			}
			next := reading.Reading{Message: "env", Stamp: tt.then.Add(2 * time.Second), Props: props(dec("temp", 3))}
			if !tt.pass {
				next.Stamp = tt.then
			}
			if got := f.Pass(&next) != nil; got != tt.pass {
				t.Errorf("passed %v, want %v", got, tt.pass)
			}
		})
	}
}
