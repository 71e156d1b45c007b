package archtest

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "serialgw/"

// room is one row of the table in docs/architecture.md.
type room struct {
	all     bool
	imports []string
}

var roomRow = regexp.MustCompile("^\\| `((?:internal|cmd)/[a-z]+)` \\|[^|]*\\|([^|]*)\\|") //nolint:gochecknoglobals // a constant
var quoted = regexp.MustCompile("`([a-z]+)`")                                              //nolint:gochecknoglobals // a constant

func readTable(t *testing.T) map[string]room {
	t.Helper()
	file, err := os.Open("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rooms := make(map[string]room)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		row := roomRow.FindStringSubmatch(lines.Text())
		if row == nil {
			continue
		}
		r := room{all: strings.TrimSpace(row[2]) == "all"}
		for _, m := range quoted.FindAllStringSubmatch(row[2], -1) {
			r.imports = append(r.imports, "internal/"+m[1])
		}
		rooms[row[1]] = r
	}
	return rooms
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "../../...").Output()
	if err != nil {
		t.Fatalf("cannot list the packages: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	return pkgs
}

// TestRooms_ImportOnlyWhatTheTableAllows fails on an import that the table of
// docs/architecture.md does not allow, on a room without a row, and on a row
// without a room.
func TestRooms_ImportOnlyWhatTheTableAllows(t *testing.T) {
	rooms := readTable(t)
	seen := make(map[string]bool)
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		r, ok := rooms[name]
		if !ok {
			t.Errorf("%s has no row in docs/architecture.md", name)
			continue
		}
		seen[name] = true
		for _, i := range p.Imports {
			ours, isOurs := strings.CutPrefix(i, module)
			if isOurs && !r.all && !slices.Contains(r.imports, ours) {
				t.Errorf("%s imports %s, which its row does not allow", name, ours)
			}
		}
	}
	for name := range rooms {
		if !seen[name] {
			t.Errorf("docs/architecture.md has a row for %s, which does not exist", name)
		}
	}
}

// TestRooms_KeepTheirLibrariesToThemselves fails when a library leaves the
// room that wraps it.
func TestRooms_KeepTheirLibrariesToThemselves(t *testing.T) {
	homes := map[string][]string{
		"github.com/eclipse/paho.mqtt.golang":         {"internal/cloud"},
		"github.com/eclipse/paho.mqtt.golang/packets": {"internal/cloud", "internal/onenetsim", "internal/systemtest"},
		"go.bug.st/serial":                            {"internal/uart"},
		"github.com/BurntSushi/toml":                  {"internal/config"},
		"github.com/rs/zerolog":                       {"internal/gateway", "cmd/serialgw"},
		"github.com/spf13/cobra":                      {"cmd/serialgw"},
		"net/http":                                    {},
	}
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, i := range p.Imports {
			if home, known := homes[i]; known && !slices.Contains(home, name) {
				t.Errorf("%s imports %s, which lives in %v only", name, path.Base(i), home)
			}
		}
	}
}
