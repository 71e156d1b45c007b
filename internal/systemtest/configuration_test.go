//go:build system

package systemtest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The login of every test: public, worthless anywhere else.
const (
	testProduct = "SysTest001"
	testDevice  = "board-01"
	testKey     = "c3lzdGVtdGVzdC1rZXktMDEyMzQ1Njc4OWFiY2RlZjA="
	wrongKey    = "d3JvbmctdGVzdC1rZXktMDEyMzQ1Njc4OWFiY2RlZjA="
)

// table is one table of gateway.toml: key to TOML value.
type table map[string]string

// configuration is a gateway.toml and the state directory beside it.
type configuration struct {
	t    *testing.T
	path string
	dir  string // state directory

	onenet, board, queue, log table
	more                      string // further tables

	unledgered bool // no ledger is kept: there are too many records

	isolated bool     // run in a network namespace of its own, in which nothing is up
	through  []string // a command that becomes the program, such as ip netns exec NAME
	program  string   // "" = bin/serialgw
	env      []string // further environment
}

// configure returns a configuration that reports everything at the full pace,
// and writes it.
func configure(t *testing.T, b *board, address string, change func(*configuration)) *configuration {
	t.Helper()
	dir := t.TempDir()
	c := &configuration{
		t: t, path: filepath.Join(dir, "gateway.toml"), dir: filepath.Join(dir, "state"),
		onenet: table{
			"product": quoted(testProduct), "device": quoted(testDevice), "key": quoted(testKey),
			"address": quoted(address), "post_interval": `"0s"`,
		},
		board: table{"name": `"b"`, "port": quoted(b.link), "baud": "921600", "frame": `"demo"`, "report": `"all"`},
		queue: table{"keep_free": `"1 MiB"`},
		log:   table{"format": `"json"`},
	}
	if change != nil {
		change(c)
	}
	c.write()
	return c
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }

// write puts the file in place, by rename, as an editor does.
func (c *configuration) write() {
	c.t.Helper()
	var b strings.Builder
	put := func(header string, keys table) {
		fmt.Fprintln(&b, header)
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			fmt.Fprintf(&b, "%s = %s\n", k, keys[k])
		}
	}
	put("[onenet]", c.onenet)
	put("[[board]]", c.board)
	put("[queue]", c.queue)
	put("[log]", c.log)
	b.WriteString(c.more)
	c.replace(b.String())
}

func (c *configuration) replace(text string) {
	c.t.Helper()
	must(c.t, os.WriteFile(c.path+".new", []byte(text), 0o600))
	must(c.t, os.Rename(c.path+".new", c.path))
}
