package frame_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// stream returns frames of every message with random data, some damaged, and
// noise between them.
func stream(rng *rand.Rand, p *frame.Plan) []byte {
	var out []byte
	for range 40 {
		m := p.Messages()[rng.IntN(len(p.Messages()))]
		least, most := m.Sizes()
		b, ok := []byte(nil), false
		for range 300 { // a size that can be, and counts that the bytes allow
			b = randomBytes(rng, least+rng.IntN(min(most-least, 40)+1))
			if p.Whole(m, b) != nil {
				continue
			}
			b = p.Wire(nil, b)
			if _, err := p.Parse(b); err == nil {
				ok = true
				break
			}
		}
		if !ok {
			continue
		}
		if rng.IntN(4) == 0 {
			b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
		}
		out = append(out, b...)
		if rng.IntN(3) == 0 {
			out = append(out, randomBytes(rng, rng.IntN(20))...)
		}
	}
	return out
}

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// same holds an expanded description against the original, over random frames.
// It returns how many frames there were.
func same(t *testing.T, rng *rand.Rand, name string, d frame.Description) int {
	t.Helper()
	expanded, errs := frame.Expand(name, d)
	if errs != nil {
		t.Errorf("%s: cannot expand: %v", name, errs)
		return 0
	}
	again, errs := frame.Expand(name, expanded)
	if diff := cmp.Diff(expanded, again); errs != nil || diff != "" {
		t.Errorf("%s: expanded twice it differs: %v\n%s", name, errs, diff)
	}
	p, q := mustCompile(t, name, d), mustCompile(t, name, expanded)
	for i := range p.Messages() {
		a, b := p.Messages()[i], q.Messages()[i]
		leastA, mostA := a.Sizes()
		leastB, mostB := b.Sizes()
		if leastA != leastB || mostA != mostB || a.Name != b.Name || !cmp.Equal(a.Properties(), b.Properties()) {
			t.Errorf("%s: %s of %d to %d bytes became %s of %d to %d", name, a.Name, leastA, mostA, b.Name, leastB, mostB)
		}
	}
	chunks := []reading.Chunk{{Bytes: stream(rng, p)}}
	want, before := replay(p, 0, chunks)
	got, after := replay(q, 0, chunks)
	if before.Frames != after.Frames || before.Noise != after.Noise || len(got) != len(want) {
		t.Errorf("%s: %d frames, %d bytes of noise became %d, %d", name, before.Frames, before.Noise, after.Frames, after.Noise)
		return 0
	}
	for i := range want {
		if want[i].text != got[i].text || string(want[i].bytes) != string(got[i].bytes) {
			t.Errorf("%s: % X\nsays  %s\nafter %s", name, want[i].bytes, want[i].text, got[i].text)
		}
	}
	return len(want)
}

// TestExpand_FindsAndDecodesTheSame: for every preset and every description of
// the tests.
func TestExpand_FindsAndDecodesTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	all := map[string]frame.Description{}
	for _, name := range frame.PresetNames() {
		all[name] = described(t, name)
	}
	files, err := filepath.Glob("testdata/descriptions/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no descriptions: %v", err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".toml")
		all[name] = described(t, name)
	}
	for name, d := range all {
		if same(t, rng, name, d) == 0 {
			t.Errorf("%s: no frame was compared", name)
		}
	}
}

// TestExpand_RandomDescriptions does the same for descriptions that nobody
// wrote.
func TestExpand_RandomDescriptions(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	frames := 0
	for i := range 400 {
		d := randomDescription(rng)
		if _, errs := frame.Compile("r", d); errs != nil {
			t.Fatalf("description %d: %v", i, errs)
		}
		frames += same(t, rng, fmt.Sprint("r", i), d)
	}
	if frames < 4000 {
		t.Errorf("only %d frames were compared", frames)
	}
}

// randomDescription makes one of sync, sizes, checks and fields of every kind;
// all of them compile.
func randomDescription(rng *rand.Rand) frame.Description {
	d := frame.Description{Sync: fmt.Sprintf("A%X 5?", rng.IntN(16))}
	head := 2
	if rng.IntN(2) == 0 {
		d.ID = &frame.Ref{At: head}
		head++
	}
	length := rng.IntN(2) == 0
	if length {
		d.Length = &frame.Length{At: head, Type: []string{"", "B", "H", ">H", "<u24"}[rng.IntN(5)], Add: head}
		head += 3
	}
	if rng.IntN(3) == 0 {
		d.End = "0D 0A"
	}
	kind := frame.CheckKinds()[rng.IntN(len(frame.CheckKinds()))]
	if sum, err := frame.NewChecksum(frame.Check{Kind: kind}); err == nil && sum.Size() > 1 && kind != "sum+sum" {
		d.Check = []frame.Check{{Kind: kind, Endian: "big"}}
	} else {
		d.Check = []frame.Check{{Kind: kind}}
	}
	if rng.IntN(3) == 0 {
		d.Check[0].Over = []string{"1:-8", "-9:-8"}[:1+rng.IntN(2)]
	}
	if rng.IntN(3) == 0 {
		d.Data = head
		d.Struct, d.Names = randomStruct(rng)
		return d
	}
	for i := range 1 + rng.IntN(3) {
		m := frame.Message{Name: fmt.Sprint("m", i), Data: new(head)}
		if d.ID != nil {
			m.ID = []int{i + 1}
		}
		for k := range 1 + rng.IntN(6) {
			m.Fields = append(m.Fields, randomField(rng, k, head))
		}
		if length && rng.IntN(3) == 0 {
			m.Fields = append(m.Fields, frame.Field{Name: "more", Type: "<h", Repeat: "rest", Max: 5})
		}
		d.Messages = append(d.Messages, m)
	}
	return d
}

func randomStruct(rng *rand.Rand) (text string, names []string) {
	text = string("<>"[rng.IntN(2)])
	for i := range 1 + rng.IntN(8) {
		letter := "bBhHiIqQefdx"[rng.IntN(12)]
		text += string(letter)
		switch {
		case letter == 'x':
		case rng.IntN(4) == 0:
			names = append(names, "_")
		default:
			names = append(names, fmt.Sprint("v", i))
		}
	}
	if !slices.ContainsFunc(names, func(n string) bool { return n != "_" }) {
		text, names = text+"h", append(names, "last")
	}
	return text, names
}

func randomField(rng *rand.Rand, k, head int) frame.Field {
	types := []string{"b", "B", "h", "<H", ">i", "I", "<q", ">Q", "e", "<f", ">d", "?", "4s", "u24", ">i24",
		"<u3", "<i12", "u5", ">u7", ">i9", ">u1", "<u8", "bcd2", ">bcd3", "<midi3", "hex2", "5z"}
	f := frame.Field{Name: fmt.Sprint("f", k), Type: types[rng.IntN(len(types))]}
	number := !slices.Contains([]string{"?", "4s", "hex2", "5z"}, f.Type)
	switch n := rng.IntN(8); {
	case n == 0:
		return frame.Field{Skip: 1 + rng.IntN(4)}
	case n == 1:
		f.Name = "_"
	case n == 2:
		f.Count = 2
	case n == 3:
		f.At = new(head + rng.IntN(20))
	case n == 4 && number:
		f.Scale, f.Unit = "1/4", "V"
	case n == 5 && slices.Contains([]string{"<u3", "u5", ">u7"}, f.Type):
		f.At, f.Bit = new(head+rng.IntN(20)), new(rng.IntN(12))
	case n == 5 && f.Type == "I":
		f.Order = "CDAB"
	}
	return f
}
