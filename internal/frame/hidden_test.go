package frame_test

import (
	"slices"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestHidden_IsNoProperty: a name that begins with "_" is in no reading, in no
// list of properties, and is not asked for; its bytes are left 0.
func TestHidden_IsNoProperty(t *testing.T) {
	p := mustCompile(t, "x", frame.Description{Sync: "AA", Check: []frame.Check{{Kind: "sum8"}}, Fields: []frame.Field{
		{Name: "_a", Type: "B"}, {Name: "v", Type: "B"}, {Names: []string{"_b", "w", "_"}, Type: "B", Count: 3},
		{Type: "B", Flags: map[string]string{"0": "_f", "1": "on"}},
	}})
	p = p.Renamed(func(name string) string { return "my_" + name })
	f, err := p.Parse(fromHex(t, "AA 01 02 03 04 05 03 BC"))
	if err != nil {
		t.Fatal(err)
	}
	var r reading.Reading
	p.Decode(f, &r)
	if got, want := tell(f, r), "x my_v=2 my_w=4 my_on=true"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var names []string
	for _, info := range p.Message("x").Properties() {
		names = append(names, info.Name)
	}
	if want := []string{"my_v", "my_w", "my_on"}; !slices.Equal(names, want) {
		t.Errorf("properties: got %v, want %v", names, want)
	}
	b, err := p.Encode(nil, "x", values(r))
	if want := fromHex(t, "AA 00 02 00 04 00 02 B2"); err != nil || !slices.Equal(b, want) {
		t.Errorf("encoded % X (%v), want % X", b, err, want)
	}
	v := values(r)
	v["_a"], v["_b"] = reading.IntValue(1), reading.IntValue(3)
	b, err = p.Encode(nil, "x", v)
	if want := fromHex(t, "AA 01 02 03 04 00 02 B6"); err != nil || !slices.Equal(b, want) {
		t.Errorf("encoded with hidden values % X (%v), want % X", b, err, want)
	}
}

// TestHidden_NeedsNoBounds: what is not sent cannot be sent wrong.
func TestHidden_NeedsNoBounds(t *testing.T) {
	mustCompile(t, "x", frame.Description{Sync: "AA", Fields: []frame.Field{{Name: "_a", Type: "B"}, {Name: "v", Type: "?"}}})
}
