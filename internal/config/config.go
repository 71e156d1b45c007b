// Package config reads gateway.toml over the built-in defaults and finds every
// mistake in it at once, each with its line, its key and its cure.
//
//	text ──▶ toml ──▶ generic values ──▶ bind ──▶ Config ──▶ secrets ──▶ check ──▶ issues
//	  └────▶ scanLines ──▶ line of each key ────────┴─────────────────────┘
//
// The TOML library stops at the first value of a wrong type and matches keys
// in any case, so it only delivers generic values here; binding them to the
// Config types of the other rooms, strictly, is done by this package.
// The only files opened are those that the configuration names: key_file,
// password_file and ca_file.
package config

import (
	"fmt"
	"os"
	"time"

	"serialgw/internal/cloud"
	"serialgw/internal/frame"
	"serialgw/internal/queue"
	"serialgw/internal/report"
	"serialgw/internal/uart"
)

// maxFile is the largest file that is read, in bytes.
const maxFile = 1 << 20

// Config is gateway.toml, secrets resolved.
type Config struct {
	OneNET cloud.Config                 `toml:"onenet"`
	Boards []Board                      `toml:"board"`
	Frames map[string]frame.Description `toml:"frame"`
	Queue  queue.Config                 `toml:"queue"`
	Log    Log                          `toml:"log"`
	Status Status                       `toml:"status"`
}

// Board is one [[board]] table: a port and what its bytes mean.
type Board struct {
	Name string `toml:"name"` // A-Z a-z 0-9 _ -, unique; default board1, board2 ...
	uart.Config
	Frame  string            `toml:"frame"`  // a [frame.NAME] of the file or a preset; default "demo"
	Report Report            `toml:"report"` // for what no rule takes: "all" or a period; default 1 s
	Health time.Duration     `toml:"health"` // how the link is is published once in so long; 0 = never
	Prefix string            `toml:"prefix"` // goes before every identifier
	Rename map[string]string `toml:"rename"` // property name to identifier, before the prefix
	Rules  []report.Rule     `toml:"rule"`   // the first that takes a property is its rule
}

// Identifier returns the OneNET identifier of the board's property: renamed
// first, then prefixed.
func (b Board) Identifier(property string) string {
	if to, ok := b.Rename[property]; ok {
		property = to
	}
	return b.Prefix + property
}

// Report says which readings are kept of what no rule takes: all of them, or
// the newest value of each property once every period.
type Report struct {
	All   bool
	Every time.Duration // at least 10 ms; 0 with All
}

// String returns the rule as gateway.toml says it.
func (r Report) String() string {
	if r.All {
		return "all"
	}
	return r.Every.String()
}

// Log is the [log] table.
type Log struct {
	Level  string `toml:"level"`  // "trace", "debug", "info" (default), "warn", "error"
	Format string `toml:"format"` // "auto" (default: text on a terminal), "json", "text"
}

// Status is the [status] table.
type Status struct {
	// Socket is the path of the status socket; empty: serialgw.sock in the
	// state directory; "off": none.
	Socket string `toml:"socket"`
}

// Defaults returns what an empty file means. It has no board, because a board
// cannot be without a port; DefaultBoard is what each starts from.
func Defaults() Config {
	return Config{
		OneNET: cloud.Defaults(),
		Frames: map[string]frame.Description{},
		Queue:  queue.Defaults(),
		Log:    Log{Level: "info", Format: "auto"},
	}
}

// DefaultBoard returns a board that names only its port.
func DefaultBoard() Board {
	return Board{Config: uart.Defaults(), Frame: "demo", Report: Report{Every: time.Second}}
}

// Load reads the file at path. env is os.Getenv or a test's; it may hold the
// secrets. The error says that the file cannot be read; all mistakes in it are
// issues. With an issue that is no warning the Config must not be used.
func Load(path string, env func(string) string) (*Config, []Issue, error) {
	source, err := readSmall(path)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	c, d := parse(source, path, env)
	if info, err := os.Stat(path); err == nil && d.holdsSecret {
		d.warnReadable("", path, info.Mode())
	}
	return c, d.sorted(), nil
}

// Parse is Load for a text at hand; file is its name in the issues, and
// relative paths in it start from there.
func Parse(source []byte, file string, env func(string) string) (*Config, []Issue) {
	c, d := parse(source, file, env)
	return c, d.sorted()
}

func parse(source []byte, file string, env func(string) string) (*Config, *doc) {
	c := Defaults()
	d := newDoc(file)
	if !d.bindSource(source, &c) {
		return &c, d
	}
	for i := range c.Boards {
		if c.Boards[i].Name == "" {
			c.Boards[i].Name = fmt.Sprintf("board%d", i+1)
		}
	}
	d.resolveSecrets(&c.OneNET, env)
	d.checkOneNET(&c.OneNET)
	d.checkQueue(&c)
	d.checkBoards(&c, d.checkFrames(&c))
	return &c, d
}
