package codegen

import (
	"fmt"
	"strings"

	"serialgw/internal/frame"
)

// fits writes the condition that the constants of a message hold in b: messages
// with one id and one size differ by them. Constants behind a part of changing
// size decide nothing.
func (g *luagen) fits(one *message) string {
	var tests []string
	var visit func(items []*item, base int)
	visit = func(items []*item, base int) {
		for _, it := range items {
			if it.pos.Loose || it.count != nil {
				continue
			}
			for i := range it.n {
				at := base + it.pos.At + i*it.pos.Size
				if it.Const != nil {
					tests = append(tests, g.constHolds(it, at, i))
				}
				visit(it.group, at)
			}
		}
	}
	visit(one.items, 0)
	if len(tests) == 0 {
		return "true"
	}
	return strings.Join(tests, " and ")
}

// constHolds compares the i-th value of a constant, which stands at.
func (g *luagen) constHolds(it *item, at, i int) string {
	t, place := it.pos.Type, fmt.Sprint(at)
	if at < 0 {
		place = add("b.n", at)
	}
	value := uint64(*it.Const)
	switch {
	case it.pos.Run:
		return fmt.Sprintf("bits_of(b, 8 * (%s) + %d, %d, %s) == %d", place, it.pos.Bit+i*t.Bits, t.Bits, luaBool(t.Big), value&(1<<t.Bits-1))
	case t.Kind != frame.TypeUint && t.Kind != frame.TypeInt && t.Kind != frame.TypeBool || it.Sign != "":
		plain := *it
		plain.Sign = map[bool]string{true: "msb"}[it.Sign == "msb"]
		return fmt.Sprintf("%s == %d", g.load(&plain, place, ""), *it.Const)
	}
	b := make([]byte, t.Bytes())
	for k := range b {
		low := k
		if t.Big {
			low = len(b) - 1 - k
		}
		if it.Order != "" {
			low = len(b) - 1 - int(it.Order[k]-'A')
		}
		b[k] = byte(value >> (8 * low))
	}
	return fmt.Sprintf("hex(b, %s, %d) == %q", place, len(b), fmt.Sprintf("%X", b))
}
