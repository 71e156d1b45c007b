package frame

import (
	"embed"
	"path"
	"strings"
)

//go:embed presets/*.toml
var presets embed.FS

// PresetNames returns the names that preset = "..." can have, sorted.
func PresetNames() []string {
	entries, err := presets.ReadDir("presets")
	if err != nil {
		return nil // cannot happen: the directory is in the binary
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".toml"))
	}
	return names
}

// PresetSource returns a preset as a user would write it in gateway.toml: one
// table [frame.NAME].
func PresetSource(name string) ([]byte, bool) {
	b, err := presets.ReadFile(path.Join("presets", path.Base(name)+".toml"))
	return b, err == nil
}
