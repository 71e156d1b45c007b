package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"serialgw/internal/capture"
	"serialgw/internal/config"
)

// loadBoards reads the board that spoke. It needs no login, and no port: that is
// the recorded one.
func loadBoards(c testCapture) (*config.Config, error) {
	cfg, issues, err := config.Load(c.path("toml"), os.Getenv)
	if err != nil {
		return nil, err
	}
	issues = slices.DeleteFunc(issues, func(i config.Issue) bool {
		return i.Found == "nothing" && strings.HasPrefix(i.Key, "board[") && strings.HasSuffix(i.Key, "].port")
	})
	var said bytes.Buffer
	if err := tellIssues(issues, streams{err: &said}, func(key string) bool { return !strings.HasPrefix(key, "onenet") }); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, said.String())
	}
	return cfg, nil
}

// recordedPort returns the recorded port that is the board's: the one of that
// name, or the only one if there is one board.
func (p *performance) recordedPort(b config.Board) (string, error) {
	if !p.rec.timed() {
		if n := len(p.cfg.Boards); n > 1 {
			return "", fmt.Errorf("a %s file holds what one board said, and there are %d", p.rec.format, n)
		}
		return "", nil
	}
	i := slices.IndexFunc(p.ports, func(r capture.Port) bool { return r.Is(b.Port) })
	if alone := len(p.cfg.Boards) == 1 && len(p.ports) == 1; i < 0 && !alone {
		return "", fmt.Errorf("board %s: nothing was recorded on its port %q, but on %s", b.Name, b.Port, portNames(p.ports))
	}
	return p.ports[max(i, 0)].Name, nil
}

// publishedKeys are the keys of [onenet] that say how it posts. Any other, also a
// misspelt one, may tell whose it is.
var publishedKeys = []string{
	"confirm", "keepalive", "reply_timeout", "post_interval", "in_flight", "history", "history_values", "order", "clock_wait",
}

// commentedKey is a setting that is commented out.
var commentedKey = regexp.MustCompile(`^[\s#]*#[\s#]*(?:onenet\s*\.\s*)?(product|device|key|key_file|ca_file|user|password|password_file)\s*=`)

// ownersKeys returns a fault for each key of the recording's .toml that is not to
// be published.
func ownersKeys(t *testing.T, c testCapture) (faults []string) {
	t.Helper()
	text, err := os.ReadFile(c.path("toml"))
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	meta, err := toml.Decode(string(text), &tree)
	if err != nil {
		t.Fatalf("%s.toml: %v", c.name, err)
	}
	lines := strings.Split(string(text), "\n")
	fault := func(line int, key string) {
		faults = append(faults, fmt.Sprintf("%s.toml:%d holds onenet.%s: take it out, this file is published", c.name, line, key))
	}
	for _, key := range meta.Keys() {
		if len(key) >= 2 && strings.EqualFold(key[0], "onenet") && !slices.Contains(publishedKeys, key[1]) {
			fault(lineOfOneNET(lines, key[1]), key[1])
		}
	}
	for i, line := range lines {
		if found := commentedKey.FindStringSubmatch(line); found != nil {
			fault(i+1, found[1])
		}
	}
	return faults
}

// lineOfOneNET returns the line, from 1, of a key of [onenet]; else where that
// table begins.
func lineOfOneNET(lines []string, key string) int {
	setting := regexp.MustCompile(`(^|[^\w-])` + regexp.QuoteMeta(key) + `["']?\s*=`)
	table, begin := "", 0
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "[") {
			table = line
		}
		if !strings.Contains(strings.ToLower(table+line), "onenet") {
			continue
		}
		if setting.MatchString(line) {
			return i + 1
		}
		if begin == 0 {
			begin = i + 1
		}
	}
	return max(begin, 1)
}
