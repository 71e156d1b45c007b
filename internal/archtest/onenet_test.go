package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOneNET_NamedTestsExist looks for the tests that docs/onenet.md names, and
// for a test in each row of its table of rules.
func TestOneNET_NamedTestsExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "onenet.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rules, found := strings.Cut(string(text), "| rule | test |\n|---|---|\n")
	if !found {
		t.Fatal("docs/onenet.md has no table of rules and tests")
	}
	rules, _, _ = strings.Cut(rules, "\n\n")
	exist := testsIn(t, "cloud", "systemtest")
	rows := strings.Split(rules, "\n")
	if len(rows) < 20 {
		t.Errorf("%d rules", len(rows))
	}
	for _, row := range rows {
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(row, -1)
		if len(named) == 0 {
			t.Errorf("no test of the rule %s", row)
		}
		for _, name := range named {
			if !exist[name[1]] {
				t.Errorf("there is no %s, of the rule %s", name[1], row)
			}
		}
	}
}

// testsIn returns the names of the tests in some rooms.
func testsIn(t *testing.T, rooms ...string) map[string]bool {
	t.Helper()
	exist := map[string]bool{}
	for _, room := range rooms {
		files, err := filepath.Glob(filepath.Join("..", room, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`).FindAllSubmatch(source, -1) {
				exist[string(name[1])] = true
			}
		}
	}
	return exist
}
