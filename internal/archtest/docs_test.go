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
			s.links = append(s.links, l[1])
		}
	}
	return s
}

// translated are the documents that exist in English and in Chinese.
func translated() []string { return []string{"README", "CONTRIBUTING"} }

const chinese = ".zh-CN.md"

// TestTranslations_HaveTheSameShape compares headings, code blocks and links of
// the English and the Chinese version. Each links its own language's documents.
func TestTranslations_HaveTheSameShape(t *testing.T) {
	for _, name := range translated() {
		en, zh := shapeOf(t, name+".md"), shapeOf(t, name+chinese)
		if got, want := zh.headings, en.headings; !equal(got, want) {
			t.Errorf("headings of %s%s: %v, of %s.md: %v", name, chinese, got, name, want)
		}
		if !equal(zh.blocks, en.blocks) {
			t.Errorf("%s: code blocks differ:\n%q\n%q", name, zh.blocks, en.blocks)
		}
		for _, s := range []*shape{&en, &zh} {
			for i, l := range s.links {
				s.links[i] = strings.Replace(l, chinese, ".md", 1)
			}
		}
		if !equal(zh.links, en.links) {
			t.Errorf("%s: links differ:\n%v\n%v", name, zh.links, en.links)
		}
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

// TestTranslations_LinksLeadSomewhere looks for the files that they name.
func TestTranslations_LinksLeadSomewhere(t *testing.T) {
	for _, name := range translated() {
		for _, file := range []string{name + ".md", name + chinese} {
			for _, l := range shapeOf(t, file).links {
				if strings.HasPrefix(l, "http") {
					continue
				}
				if _, err := os.Stat(filepath.Join("..", "..", l)); err != nil {
					t.Errorf("%s links to %s: %v", file, l, err)
				}
			}
		}
	}
}
