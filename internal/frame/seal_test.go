package frame_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// encodeLow encodes the lowest value of every property.
func encodeLow(t *testing.T, p *frame.Plan, m *frame.MessagePlan) []byte {
	t.Helper()
	low := map[string]reading.Value{}
	for _, info := range m.Properties() {
		switch {
		case info.Kind == reading.Bool:
			low[info.Name] = reading.BoolValue(false)
		case info.Encoding == "hex":
			low[info.Name] = reading.TextValue(strings.Repeat("0", info.Size))
		case info.Kind == reading.Text:
			low[info.Name] = reading.TextValue("")
		case info.Labels != nil:
			low[info.Name] = reading.IntValue(slices.Min(slices.Collect(maps.Keys(info.Labels))))
		case len(info.Range) > 0:
			low[info.Name] = reading.Float64Value(info.Range[0])
		default:
			low[info.Name] = reading.IntValue(0)
		}
	}
	for _, f := range messageFields(t, p.Name(), m.Name) {
		if _, ok := low[f.Repeat]; ok {
			low[f.Repeat] = reading.IntValue(int64(f.Max))
		}
	}
	b, err := p.Encode(nil, m.Name, low)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPlan_SealMakesAFrameOfAnyData: random bytes, sealed, are a whole frame
// with the id asked for.
func TestPlan_SealMakesAFrameOfAnyData(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, name := range frame.PresetNames() {
		if presetDescription(t, name).Split != "" {
			continue // not any data are a line of numbers
		}
		p := presetPlan(t, name)
		for _, m := range p.Messages() {
			b := unstuffed(t, p, encodeLow(t, p, m))
			for _, id := range idsOf(m) {
				for i := range b {
					if !countsItself(t, name) {
						b[i] = byte(rng.Uint32())
					}
				}
				if err := p.Seal(b, m, id); err != nil {
					t.Errorf("%s %s %d: %v", name, m.Name, id, err)
					continue
				}
				f, err := p.Parse(p.Wire(nil, b))
				if err != nil || !slices.Contains(idsOf(f.Message), id) {
					t.Errorf("%s %s %d: % X: %v", name, m.Name, id, b, err)
				}
			}
		}
	}
}

// countsItself reports whether a field of the preset says how many others there
// are, or a text where it ends: not any data are such a frame.
func countsItself(t *testing.T, preset string) bool {
	t.Helper()
	for _, m := range presetDescription(t, preset).Messages {
		for _, f := range m.Fields {
			if f.Repeat != "" && f.Repeat != "rest" || f.Type == "z" {
				return true
			}
		}
	}
	return false
}

// idsOf returns the message's ids, or 0 where any will do.
func idsOf(m *frame.MessagePlan) []int {
	if len(m.IDs) == 0 {
		return []int{0}
	}
	return m.IDs
}

// TestPlan_SealKeepsTheData changes one byte of the payload and seals again:
// only the check differs otherwise.
func TestPlan_SealKeepsTheData(t *testing.T) {
	p := presetPlan(t, "jy901")
	b := fromHex(t, witGood)
	b[4] = 0x55
	if err := p.Seal(b, p.Message("angle"), 0x53); err != nil {
		t.Fatal(err)
	}
	if want := fromHex(t, "55 53 69 21 55 F8 E8 C4 82 46 F3"); string(b) != string(want) {
		t.Errorf("got % X, want % X", b, want)
	}
}

func TestPlan_SealSaysWhyNot(t *testing.T) {
	even := frame.Description{Sync: "AA", Length: &frame.Length{At: 1, Mul: 2, Add: 4}, Max: 20,
		Check: []frame.Check{{Kind: "sum8"}}, Messages: []frame.Message{{Name: "m"}}}
	for _, row := range []struct {
		name string
		p    *frame.Plan
		size int
		id   int
		want string
	}{
		{"too short", presetPlan(t, "jy901"), 10, 0x50, "time has no frame of 10 bytes"},
		{"id of another message", presetPlan(t, "jy901"), 11, 0x51, "time does not have the id 81"},
		{"beyond max", mustCompile(t, "even", even), 22, 0, "m has no frame of 22 bytes"},
		{"a size that no length says", mustCompile(t, "even", even), 7, 0, "cannot seal m: no length field can say 7 bytes"},
	} {
		err := row.p.Seal(make([]byte, row.size), row.p.Messages()[0], row.id)
		if err == nil || !strings.HasPrefix(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %s", row.name, err, row.want)
		}
	}
}

// TestSeal_RefusesWhatCannotHold: Seal keeps the data, so a count or a piece of
// text that makes no frame stays one.
func TestSeal_RefusesWhatCannotHold(t *testing.T) {
	counts := parsedPlan(t, lengthy+`fields = [{ name = "n", type = "B" }, { name = "v", type = "B", repeat = "n", max = 3 }]`)
	line := parsedPlan(t, lineOf+`fields = [{ name = "v", type = "num" }]`)
	for _, row := range []struct {
		plan *frame.Plan
		b    []byte
		ok   bool
	}{
		{counts, []byte{0, 0, 2, 7, 8, 0}, true},
		{counts, []byte{0, 0, 3, 7, 8, 0}, false},
		{line, []byte("$1.5*00\n"), true},
		{line, []byte("$1,5*00\n"), true},
		{line, []byte("$x.5*00\n"), false},
	} {
		err := row.plan.Seal(row.b, row.plan.Messages()[0], 0)
		if _, bad := row.plan.Parse(row.b); (err == nil) != row.ok || (bad == nil) != row.ok {
			t.Errorf("%q: sealed %v, parsed %v, want success: %v", row.b, err, bad, row.ok)
		}
	}
}
