package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSequential_StartNoGoroutines: the code of the packages that the Makefile
// keeps from the race detector starts no goroutine. Their tests may.
func TestSequential_StartNoGoroutines(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^SEQUENTIAL := (.+)$`).FindSubmatch(makefile)
	if list == nil {
		t.Fatal("the Makefile has no SEQUENTIAL")
	}
	for name := range strings.FieldsSeq(string(list[1])) {
		files, err := filepath.Glob("../" + name + "/*.go")
		if err != nil || len(files) == 0 {
			t.Errorf("%s: no such package (%v)", name, err)
		}
		code := slices.DeleteFunc(files, func(file string) bool {
			return strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "/doc.go")
		})
		if len(code) == 0 {
			t.Errorf("%s has no code to look at", name)
		}
		for _, file := range code {
			for _, at := range goroutines(t, file) {
				t.Errorf("%s starts a goroutine: take %s out of SEQUENTIAL", at, name)
			}
		}
	}
}

// goroutines returns where a file starts some.
func goroutines(t *testing.T, file string) (places []string) {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			places = append(places, set.Position(n.Pos()).String())
		case *ast.CallExpr:
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && (s.Sel.Name == "Go" || s.Sel.Name == "AfterFunc") {
				places = append(places, set.Position(n.Pos()).String())
			}
		}
		return true
	})
	return places
}
