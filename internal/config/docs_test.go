package config

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

func framesPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/frames.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestFramesPage_Samples: every description in docs/frames.md is one.
func TestFramesPage_Samples(t *testing.T) {
	samples := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(framesPage(t), -1)
	if len(samples) != 3 {
		t.Errorf("%d samples, want 3", len(samples))
	}
	for _, sample := range samples {
		text := sample[1]
		if !strings.HasPrefix(text, "[") { // the fields alone
			text = "[frame.part]\nsync = \"AA\"\ncheck = { kind = \"sum8\" }\n" + text
		}
		frames, issues := ParseFrames([]byte(text), "docs/frames.md")
		if Failed(issues) || len(frames) != 1 {
			t.Errorf("%v in\n%s", issues, text)
		}
		for name, d := range frames {
			if _, errs := frame.Compile(name, d); errs != nil {
				t.Errorf("%v in\n%s", errs, text)
			}
		}
	}
}

// TestFramesPage_BitRuns: the runs of bits that the page draws have the values
// that it says. [WIRE-15]
func TestFramesPage_BitRuns(t *testing.T) {
	page := framesPage(t)
	one := regexp.MustCompile(`"([<>][ui][0-9]+)" = (-?[0-9]+)`)
	runs := 0
	for line := range strings.Lines(page) {
		d := frame.Description{Sync: "AA", Check: []frame.Check{{Kind: "xor8"}}}
		var want []string
		for i, m := range one.FindAllStringSubmatch(line, -1) {
			d.Fields = append(d.Fields, frame.Field{Name: "v" + string(rune('a'+i)), Type: m[1]})
			want = append(want, m[2])
		}
		if len(want) == 0 {
			continue
		}
		runs++
		p, errs := frame.Compile("x", d)
		if errs != nil {
			t.Fatal(errs)
		}
		f, err := p.Parse([]byte{0xAA, 0x2C, 0x71, 0xAA ^ 0x2C ^ 0x71})
		if err != nil {
			t.Fatal(err)
		}
		var r reading.Reading
		p.Decode(f, &r)
		var got []string
		for _, prop := range r.Props {
			got = append(got, prop.Value.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s gives %v", strings.TrimSpace(line), got)
		}
	}
	if runs != 2 || !strings.Contains(page, "bytes            2C 71 ") {
		t.Errorf("%d runs of bits on the page, want 2, of 2C 71", runs)
	}
}
