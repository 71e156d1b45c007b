//go:build system

package codegen

import (
	"maps"
	"math"
	"math/big"
	"strings"
	"testing"

	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// agrees compares a reading with what was drawn.
func (s *sample) agrees(t *testing.T, name func() string, r reading.Reading) bool {
	t.Helper()
	got := map[string]reading.Value{}
	for _, p := range r.Props {
		got[p.Name] = p.Value
	}
	ok := r.Message == s.message.Name
	for prop, want := range s.want {
		v, there := got[prop]
		if !there && s.maybe[prop] {
			continue
		}
		same := there
		switch w := want.(type) {
		case bool:
			same = there && v.Bool() == w
		case string:
			same = there && strings.EqualFold(v.Str(), w)
		case *big.Rat:
			x, _ := w.Float64()
			half := 0.0
			if v.Kind == reading.Decimal || v.Kind == reading.Int {
				half = 0.5 * math.Pow10(-digitsOf(v))
			}
			same = there && math.Abs(v.Float()-x) <= half+1e-9*math.Abs(x)
		case float64:
			same = there && math.Abs(v.Float()-w) <= 1e-3*math.Abs(w)+1e-6
		}
		if !same {
			t.Errorf("%s: %s of %s: got %v (%v), want %v", name(), prop, r.Message, v, there, want)
			ok = false
		}
	}
	return ok
}

func digitsOf(v reading.Value) int {
	_, decimals, _ := strings.Cut(v.String(), ".")
	return len(decimals)
}

// checked returns every preset and description of this package's tests that
// has a checksum, or in any case those of the tests.
func checked(t *testing.T) map[string]frame.Description {
	t.Helper()
	all, err := config.Presets()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]frame.Description{}
	for name, d := range all {
		p, errs := frame.Compile(name, d)
		if errs != nil {
			t.Fatalf("%s: %v", name, errs)
		}
		if p.Checked() && d.Split == "" {
			out[name] = d
		}
	}
	maps.Copy(out, testDescriptions(t))
	return out
}
