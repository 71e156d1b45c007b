package frame_test

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"

	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

func presetDescription(t testing.TB, name string) frame.Description {
	t.Helper()
	source, ok := frame.PresetSource(name)
	if !ok {
		t.Fatalf("no preset %q", name)
	}
	all, issues := config.ParseFrames(source, name+".toml")
	if len(issues) > 0 || len(all) != 1 {
		t.Fatalf("preset %s: %d frames, issues %v", name, len(all), issues)
	}
	d, ok := all[name]
	if !ok {
		t.Fatalf("preset file %s.toml describes another frame", name)
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

// TestPresets_ExamplesDecode lets every preset prove itself: published frames
// give the values written beside them, and no others.
func TestPresets_ExamplesDecode(t *testing.T) {
	for _, name := range frame.PresetNames() {
		d := presetDescription(t, name)
		p := presetPlan(t, name)
		if len(d.Examples) == 0 {
			t.Errorf("%s: no example", name)
		}
		for i, e := range d.Examples {
			t.Run(fmt.Sprint(name, "/", i), func(t *testing.T) {
				f, err := p.Parse(fromHex(t, e.Hex))
				if err != nil {
					t.Fatalf("cannot parse %s: %v", e.Hex, err)
				}
				var r reading.Reading
				absent := p.Decode(f, &r)
				if (f.Message == nil) != (e.Message == "" && len(e.Values) == 0) && r.Message != e.Message && e.Message != "" {
					t.Errorf("message: got %q, want %q", r.Message, e.Message)
				}
				compareValues(t, r, e.Values)
				if absent != (frame.Absent{}) {
					t.Errorf("absent values: %+v", absent)
				}
			})
		}
	}
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
