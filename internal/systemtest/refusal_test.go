//go:build system

package systemtest

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"serialgw/internal/onenetsim"
)

// fiveFrame is a board with five values: AA 55, five u16, sum of all bytes.
const fiveFrame = `
[frame.five]
sync   = "AA 55"
size   = 13
check  = { kind = "sum8" }
data   = 2
fields = [
  { name = "a", type = "<H" },
  { name = "b", type = "<H" },
  { name = "c", type = "<H" },
  { name = "d", type = "<H" },
  { name = "mispelt", type = "<H" },
]
`

func encodeFive(b []byte, seq uint64) []byte {
	frame := []byte{0xAA, 0x55, byte(seq), byte(seq >> 8), 1, 0, 2, 0, 3, 0, 4, 0}
	var sum byte
	for _, c := range frame {
		sum += c
	}
	return append(append(b, frame...), sum)
}

// letter is one line of deadletters.jsonl.
type letter struct {
	Identifier string          `json:"identifier"`
	Value      json.RawMessage `json:"value"`
	Code       int             `json:"code"`
	Reply      string          `json:"reply"`
}

func deadLetters(t *testing.T, g *gateway) (list []letter) {
	t.Helper()
	file, err := os.Open(filepath.Join(g.conf.dir, "deadletters.jsonl"))
	must(t, err)
	defer func() { _ = file.Close() }()
	for in := bufio.NewScanner(file); in.Scan(); {
		var l letter
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", in.Text(), err)
		}
		list = append(list, l)
	}
	return list
}

// TestRefusal_OneMisspeltNameAmongFive sends a property that the thing model
// does not know: the other four arrive, one alarm says so, and the values are
// kept with the platform's own words.
func TestRefusal_OneMisspeltNameAmongFive(t *testing.T) {
	t.Parallel()
	cfg := unpaced()
	model := &onenetsim.Model{Properties: map[string]onenetsim.DataType{}}
	for _, name := range []string{"a", "b", "c", "d", "misspelt"} {
		model.Properties[name] = onenetsim.DataType{Kind: "int32"}
	}
	cfg.Products = []onenetsim.Product{{ID: testProduct, Devices: map[string]string{testDevice: testKey}, Model: model}}
	p := servePlatform(t, cfg)
	b := newBoard(t)
	b.encode = encodeFive
	b.plug()
	g := start(t, configure(t, b, p.addr, func(c *configuration) {
		c.board["frame"], c.more = `"five"`, fiveFrame
	}))
	g.opened()
	g.ready(10 * time.Second)

	const frames = 100
	b.mustSend(frames, 2000)
	g.awaitStatus(20*time.Second, "all settled", func(s status) bool {
		return s.Queue.Records == 0 && s.Queue.Appended == frames
	})
	totals := p.Totals(testProduct, testDevice)
	for _, name := range []string{"a", "b", "c", "d"} {
		if totals[name] != frames {
			t.Errorf("%d values of %s arrived, want %d", totals[name], name, frames)
		}
	}
	if n := totals["mispelt"]; n != 0 {
		t.Errorf("%d values of the unknown property arrived", n)
	}
	alarm := func(l line) bool { return l.field("level") == "error" && l.field("identifier") == "mispelt" }
	if n := g.log.count(alarm); n != 1 {
		t.Errorf("%d alarms about the property, want exactly 1", n)
	}
	wantLetters(t, g, p, frames)
}

// wantLetters fails unless every value of the misspelt property is kept, with
// what the platform said of it.
func wantLetters(t *testing.T, g *gateway, p *platform, frames int) {
	t.Helper()
	words := ""
	for _, c := range p.Connections() {
		for _, l := range c.Log {
			words += l + "\n"
		}
	}
	letters := deadLetters(t, g)
	if len(letters) != frames {
		t.Errorf("%d dead letters, want %d", len(letters), frames)
	}
	for _, l := range letters {
		if l.Identifier != "mispelt" || string(l.Value) != "4" || l.Code == 0 || l.Reply == "" || !strings.Contains(words, l.Reply) {
			t.Fatalf("dead letter %+v, want mispelt = 4 with the platform's code and words; it said:\n%s", l, words)
		}
	}
}
