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
	if r.Message != s.message.Name {
		t.Errorf("%s: got a %s, want a %s", name(), r.Message, s.message.Name)
		return false
	}
	ok := true
	got := map[string]reading.Value{}
	for _, p := range r.Props {
		got[p.Name] = p.Value
		if _, drawn := s.want[p.Name]; !drawn && !s.free(p.Name) {
			t.Errorf("%s: %s of %s: got %v, want none", name(), p.Name, r.Message, p.Value)
			ok = false
		}
	}
	for prop, want := range s.want {
		v, there := got[prop]
		same := false
		switch w := want.(type) {
		case nil:
			same = !there
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

// free reports whether a property has no value that was drawn: it is computed
// from others, or a total of what a counter says.
func (s *sample) free(prop string) bool {
	prop = strings.TrimRight(prop, "0123456789_")
	for _, f := range everyField(s.message.Fields) {
		if (f.Expr != "" || f.Counter != nil) && strings.TrimRight(f.Name, "0123456789_") == prop {
			return true
		}
	}
	return false
}

// everyField lists fields with those of groups.
func everyField(fields []frame.Field) []frame.Field {
	var out []frame.Field
	for _, f := range fields {
		out = append(append(out, f), everyField(f.Group)...)
	}
	return out
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
			out[name] = oneIDEach(d)
		}
	}
	maps.Copy(out, testDescriptions(t))
	return out
}
