package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shape is what two translations of a document share.
type shape struct {
	headings []int    // levels, in order
	blocks   []string // code blocks, whole
	links    []string // targets, in order
}

func shapeOf(t *testing.T, file string) shape {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", file))
	if err != nil {
		t.Fatal(err)
	}
	var s shape
	for i, part := range strings.Split(string(text), "```") {
		if i%2 == 1 {
			s.blocks = append(s.blocks, part)
			continue
		}
		for _, h := range regexp.MustCompile(`(?m)^(#+) `).FindAllStringSubmatch(part, -1) {
			s.headings = append(s.headings, len(h[1]))
		}
		for _, l := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(part, -1) {
			if !strings.HasPrefix(l[1], "README") {
				s.links = append(s.links, l[1])
			}
		}
	}
	return s
}

// TestREADME_BothLanguagesHaveTheSameShape compares headings, code blocks and
// links of the English and the Chinese README.
func TestREADME_BothLanguagesHaveTheSameShape(t *testing.T) {
	en, zh := shapeOf(t, "README.md"), shapeOf(t, "README.zh-CN.md")
	if got, want := zh.headings, en.headings; !equal(got, want) {
		t.Errorf("headings of README.zh-CN.md: %v, of README.md: %v", got, want)
	}
	if !equal(zh.blocks, en.blocks) {
		t.Errorf("code blocks differ:\n%q\n%q", zh.blocks, en.blocks)
	}
	if !equal(zh.links, en.links) {
		t.Errorf("links differ:\n%v\n%v", zh.links, en.links)
	}
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestREADME_LinksLeadSomewhere looks for the files that the README names.
func TestREADME_LinksLeadSomewhere(t *testing.T) {
	for _, l := range shapeOf(t, "README.md").links {
		if strings.HasPrefix(l, "http") {
			continue
		}
		if _, err := os.Stat(filepath.Join("..", "..", l)); err != nil {
			t.Errorf("README.md links to %s: %v", l, err)
		}
	}
}
