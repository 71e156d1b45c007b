package frame

import (
	"embed"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed presets/*.toml
var presets embed.FS

// presetTable finds the head of a [frame.NAME] table.
var presetTable = regexp.MustCompile(`(?m)^\[frame\.([A-Za-z0-9_-]+)\]`)

// families maps each preset to its family: the file that describes it beside
// its variants.
var families = sync.OnceValue(func() map[string]string { //nolint:gochecknoglobals // read once, never changed
	out := map[string]string{}
	entries, err := presets.ReadDir("presets")
	if err != nil {
		return nil // cannot happen: the directory is in the binary
	}
	for _, e := range entries {
		family := strings.TrimSuffix(e.Name(), ".toml")
		source, _ := FamilySource(family)
		for _, table := range presetTable.FindAllSubmatch(source, -1) {
			out[string(table[1])] = family
		}
	}
	return out
})

// PresetNames returns the names that preset = "..." can have, sorted.
func PresetNames() []string {
	names := make([]string, 0, len(families()))
	for name := range families() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Family returns the family of a preset: the protocol of which it is a
// variant; "" when there is no such preset.
func Family(name string) string { return families()[name] }

// PresetSource returns a preset with its family as a user would write it in
// gateway.toml: one table [frame.NAME] for each variant.
func PresetSource(name string) ([]byte, bool) {
	family, ok := families()[name]
	if !ok {
		return nil, false
	}
	return FamilySource(family)
}

// FamilySource returns the tables of a whole family.
func FamilySource(family string) ([]byte, bool) {
	b, err := presets.ReadFile(path.Join("presets", path.Base(family)+".toml"))
	return b, err == nil
}
