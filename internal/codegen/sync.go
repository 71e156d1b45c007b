package codegen

import (
	"fmt"
	"strconv"
	"strings"
)

// syncTests returns, for each byte of sync that values of a message are written
// over, the conditions of which one must hold: "f[0] == 0x55".
func (m *model) syncTests(one *message) [][]string {
	var out [][]string
	for i, word := range strings.Fields(m.d.Sync) {
		if tests := syncTest(i, word); len(tests) > 0 && one.writes(i) {
			out = append(out, tests)
		}
	}
	return out
}

// writes reports whether a value of the message stands on the byte at i.
func (m *message) writes(i int) bool {
	for _, it := range m.items {
		values := len(it.members) > 0 || len(it.group) > 0
		if values && !it.pos.Loose && it.pos.At <= i && i < it.pos.At+it.most() && it.pos.At >= 0 {
			return true
		}
	}
	return false
}

// syncTest writes the alternatives of one byte, "55|F?", as C and Python have
// them; none for a byte that is free.
func syncTest(i int, word string) []string {
	var out []string
	for alternative := range strings.SplitSeq(word, "|") {
		value, mask := 0, 0
		for _, digit := range alternative {
			value, mask = value<<4, mask<<4
			if n, err := strconv.ParseUint(string(digit), 16, 4); err == nil { // else it is "?"
				value, mask = value|int(n), mask|0xF
			}
		}
		switch mask {
		case 0:
			return nil
		case 0xFF:
			out = append(out, fmt.Sprintf("f[%d] == 0x%02X", i, value))
		default:
			out = append(out, fmt.Sprintf("(f[%d] & 0x%02X) == 0x%02X", i, mask, value))
		}
	}
	return out
}

// syncTests refuses values that would stand where sync must.
func (g *cgen) syncTests(one *message) {
	for _, tests := range g.model.syncTests(one) {
		g.line("if (!(%s))\n    return 0;", strings.Join(tests, " || "))
	}
}

func (g *pygen) syncTests(one *message) {
	for _, tests := range g.model.syncTests(one) {
		g.line("if not (%s):\n    raise ValueError(\"the first bytes would not be sync\")", strings.Join(tests, " or "))
	}
}
