package frame_test

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// shippedPresets reads every family once.
var shippedPresets = sync.OnceValues(config.Presets)

func presetDescription(t testing.TB, name string) frame.Description {
	t.Helper()
	all, err := shippedPresets()
	if err != nil {
		t.Fatal(err)
	}
	d, ok := all[name]
	if !ok {
		t.Fatalf("no preset %q", name)
	}
	return d
}

func presetPlan(t testing.TB, name string) *frame.Plan {
	t.Helper()
	return mustCompile(t, name, presetDescription(t, name))
}

func mustCompile(t testing.TB, name string, d frame.Description) *frame.Plan {
	t.Helper()
	p, errs := frame.Compile(name, d)
	if errs != nil {
		t.Fatalf("cannot compile %s:\n%v", name, errs)
	}
	return p
}

func fromHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatalf("bad hex in test: %v", err)
	}
	return b
}

// TestPresets_SayWhatTheyAre: who looks for a protocol finds its name, and can
// look up what the description says.
func TestPresets_SayWhatTheyAre(t *testing.T) {
	for _, name := range frame.PresetNames() {
		source, _ := frame.PresetSource(name)
		own, issues := config.ParseFrames(source, frame.Family(name)+".toml")
		if len(issues) > 0 {
			t.Fatal(issues)
		}
		if own[name].Title == "" {
			t.Errorf("%s: no title of its own", name)
		}
		d := presetDescription(t, name)
		if d.Source == "" {
			t.Errorf("%s: no source", name)
		}
		if len(d.Examples) == 0 {
			t.Errorf("%s: no example", name)
		}
		for i, e := range d.Examples {
			if e.Source == "" {
				t.Errorf("%s: example %d has no source", name, i)
			}
		}
	}
}

// eachExample runs test for every example of every preset; e.Message is filled
// in where the preset has one message only.
func eachExample(t *testing.T, test func(t *testing.T, p *frame.Plan, e frame.Example)) {
	for _, name := range frame.PresetNames() {
		p := presetPlan(t, name)
		for i, e := range presetDescription(t, name).Examples {
			if len(p.Messages()) == 1 && e.Message == "" {
				e.Message = p.Messages()[0].Name
			}
			t.Run(fmt.Sprint(name, "/", i), func(t *testing.T) { test(t, p, e) })
		}
	}
}

// TestPresets_ExamplesDecode lets every preset prove itself: published frames
// give the values written beside them, and no others. What a frame says is
// unknown, or a value's when leaves out, is not written there. One without message
// and values is of an id that is not listed.
func TestPresets_ExamplesDecode(t *testing.T) {
	eachExample(t, func(t *testing.T, p *frame.Plan, e frame.Example) {
		f, err := p.Parse(fromHex(t, e.Hex))
		if err != nil {
			t.Fatalf("cannot parse %s: %v", e.Hex, err)
		}
		var r reading.Reading
		absent := p.Decode(f, &r)
		if r.Message != e.Message {
			t.Errorf("message: got %q, want %q", r.Message, e.Message)
		}
		compareValues(t, r, e.Values)
		unknown := absent.Invalid > 0 && absent.Total() == lacking(p, e) && absent.Range+absent.Map+absent.NaN == 0
		if absent.Total() != absent.When && !unknown {
			t.Errorf("absent values: %+v, the example lacks %d", absent, lacking(p, e))
		}
	})
}

// lacking returns how many properties of its message an example does not give.
func lacking(p *frame.Plan, e frame.Example) int {
	n := 0
	if m := p.Message(e.Message); m != nil {
		for _, info := range m.Properties() {
			if _, ok := e.Values[info.Name]; !ok {
				n++
			}
		}
	}
	return n
}

// TestPresets_ExamplesEncodeBack encodes the values of each example. What comes
// is the published frame, with 0 in the bits that mean nothing to the
// description, and without those behind the last field; zeros at the end that a
// frame may do without are written. A value that is not known cannot be written.
func TestPresets_ExamplesEncodeBack(t *testing.T) {
	eachExample(t, func(t *testing.T, p *frame.Plan, e frame.Example) {
		m := p.Message(e.Message)
		if m == nil {
			return // an id that is not listed
		}
		got, err := p.EncodeExample(e)
		if err != nil {
			if lacking(p, e) == 0 || !strings.Contains(err.Error(), "no value") {
				t.Fatal(err)
			}
			return
		}
		want := fromHex(t, e.Hex)
		if presetDescription(t, p.Name()).Split == "" {
			got = p.Wire(nil, cleared(t, p, m, unstuffed(t, p, got)))
			want = p.Wire(nil, cleared(t, p, m, unstuffed(t, p, want)))
		}
		for name := range e.Values {
			if m.Derived(name) {
				return // encodes from values that are not in the example
			}
		}
		if len(got) != len(want) {
			f, err := p.Parse(got)
			if err != nil {
				t.Fatalf("cannot parse % X: %v", got, err)
			}
			var r reading.Reading
			p.Decode(f, &r)
			compareValues(t, r, e.Values)
			return
		}
		if !slices.Equal(got, want) {
			t.Errorf("\n got % X\nwant % X", got, want)
		}
	})
}

// unstuffed returns the frame that bytes on the line stand for.
func unstuffed(t *testing.T, p *frame.Plan, wire []byte) []byte {
	t.Helper()
	b, err := p.Unstuff(nil, wire)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// cleared returns the frame with 0 in each bit that may be another without
// changing what the frame says, checks put right.
func cleared(t *testing.T, p *frame.Plan, m *frame.MessagePlan, b []byte) []byte {
	t.Helper()
	says := func(b []byte) string {
		f, err := p.Parse(p.Wire(nil, b))
		if err != nil {
			return err.Error()
		}
		var r reading.Reading
		return fmt.Sprint(p.Decode(f, &r), r.Message, r.Props)
	}
	id := idsOf(m)[0]
	seal := func(b []byte) []byte {
		if err := p.Seal(b, m, id); err != nil {
			t.Fatal(err)
		}
		return b
	}
	out := seal(slices.Clone(b))
	meant := says(out)
	for i := range out {
		for bit := range 8 {
			other := slices.Clone(out)
			if other[i] &^= 1 << bit; says(seal(other)) == meant {
				out = other
			}
		}
	}
	return out
}

func compareValues(t *testing.T, r reading.Reading, want map[string]any) {
	t.Helper()
	if len(r.Props) != len(want) {
		t.Errorf("got %d properties %v, want %d", len(r.Props), r.Props, len(want))
	}
	for _, p := range r.Props {
		switch w := want[p.Name].(type) {
		case bool:
			if p.Value.Bool() != w {
				t.Errorf("%s: got %v, want %v", p.Name, p.Value, w)
			}
		case string:
			if p.Value.Str() != w {
				t.Errorf("%s: got %v, want %v", p.Name, p.Value, w)
			}
		case float64:
			if p.Value.Kind == reading.Float32 { // w stands in decimal
				w = float64(float32(w))
			}
			if math.Abs(p.Value.Float()-w) > 1e-9 {
				t.Errorf("%s: got %v, want %v", p.Name, p.Value, w)
			}
		case int64:
			if p.Value.Float() != float64(w) {
				t.Errorf("%s: got %v, want %v", p.Name, p.Value, w)
			}
		default:
			t.Errorf("%s: got %v, want nothing", p.Name, p.Value)
		}
	}
}
