package frame_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

var updatePresets = flag.Bool("update-presets", false, "write the table of docs/presets.md anew")

const presetsPage = "../../docs/presets.md"

// TestPresets_ArePage holds docs/presets.md to the presets: one row for each,
// by family, as they say of themselves.
func TestPresets_ArePage(t *testing.T) {
	page, err := os.ReadFile(presetsPage)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(page), "| family |")
	if !ok {
		t.Fatalf("%s has no table", presetsPage)
	}
	want := head + presetsTable(t)
	if *updatePresets {
		if err := os.WriteFile(presetsPage, []byte(want), 0o644); err != nil { //nolint:gosec // a page that everybody may read
			t.Fatal(err)
		}
		return
	}
	if string(page) != want {
		t.Errorf("%s is not what the presets say; go test ./internal/frame -run ArePage -update-presets writes it anew", presetsPage)
	}
}

func presetsTable(t *testing.T) string {
	t.Helper()
	names := frame.PresetNames()
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(frame.Family(a), frame.Family(b)) })
	var b strings.Builder
	b.WriteString("| family | preset | what speaks it | check | source | only likely |\n|---|---|---|---|---|---|\n")
	for _, name := range names {
		d := presetDescription(t, name)
		row := []string{frame.Family(name), "`" + name + "`", d.Title, checksOf(d), d.Source, d.Likely}
		for i, cell := range row {
			row[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	return b.String()
}

// checksOf names what guards a frame.
func checksOf(d frame.Description) string {
	var kinds []string
	for _, c := range d.Check {
		switch c.Kind {
		case "const": // a byte that never changes checks nothing
		case "crc":
			kinds = append(kinds, fmt.Sprintf("CRC-%d, polynomial %02X", c.Width, c.Poly))
		default:
			kinds = append(kinds, c.Kind)
		}
	}
	if len(kinds) == 0 {
		return "none: ranges"
	}
	return strings.Join(kinds, "; ")
}
