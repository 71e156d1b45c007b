package noise

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"serialgw/internal/config"
	"serialgw/internal/frame"
)

// plans returns what the flags name: frames of a file, or presets.
func plans(t *testing.T) []*frame.Plan {
	t.Helper()
	all := presets(t)
	if *description != "" {
		all = fileDescriptions(t, *description)
	}
	if *frameName != "" {
		one, ok := all[*frameName]
		if !ok {
			t.Fatalf("no frame %q; there are %v", *frameName, slices.Sorted(maps.Keys(all)))
		}
		all = map[string]frame.Description{*frameName: one}
	}
	return compileAll(t, all)
}

func preset(t *testing.T, name string) *frame.Plan {
	t.Helper()
	return compile(t, name, presets(t)[name])
}

func presets(t testing.TB) map[string]frame.Description {
	t.Helper()
	all, err := config.Presets()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// fileDescriptions reads a file; go test runs in this package's folder, while
// a person names the file from the project's root.
func fileDescriptions(t *testing.T, file string) map[string]frame.Description {
	t.Helper()
	path := file
	if !filepath.IsAbs(path) {
		path = filepath.Join("..", "..", file)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	own, issues := config.ParseFrames(source, file)
	for _, i := range issues {
		t.Log(i)
	}
	if config.Failed(issues) {
		t.FailNow()
	}
	c := config.Config{Frames: own}
	all := map[string]frame.Description{}
	for name := range own {
		if all[name], err = c.Description(name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func compileAll(t *testing.T, all map[string]frame.Description) []*frame.Plan {
	t.Helper()
	var out []*frame.Plan
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, compile(t, name, all[name]))
	}
	return out
}

func compile(t testing.TB, name string, d frame.Description) *frame.Plan {
	t.Helper()
	p, errs := frame.Compile(name, d)
	if len(errs) > 0 {
		t.Fatalf("frame %s:\n%v", name, errs)
	}
	return p
}
