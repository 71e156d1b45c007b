//go:build system

package codegen

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"serialgw/internal/frame"
)

// drawSamples draws about n samples of all messages. On a bus that is heard both
// ways a reply stands behind a request with the same id and a request before a
// reply: the same bytes, or the first of them, may be either.
func drawSamples(rng *rand.Rand, m *model, n int) []*sample {
	var out []*sample
	for len(out) < n {
		one := m.messages[rng.IntN(len(m.messages))]
		pair := slices.DeleteFunc(slices.Clone(m.messages), func(other *message) bool {
			return one.Turn == "" || other.Turn == "" || other.Turn == one.Turn || other.id != one.id
		})
		if len(pair) == 0 { // no other message has its id
			out = append(out, drawSample(rng, m, one))
			continue
		}
		other := pair[rng.IntN(len(pair))]
		if one.Turn == "reply" {
			one, other = other, one
		}
		out = append(out, drawSample(rng, m, one), drawSample(rng, m, other))
	}
	return out
}

// oneIDEach gives each id a message of its own where requests and replies belong
// together by it: a sender writes the first id of a message.
func oneIDEach(d frame.Description) frame.Description {
	var out []frame.Message
	for _, one := range d.Messages {
		if one.Turn == "" || len(one.ID) < 2 {
			out = append(out, one)
			continue
		}
		for _, id := range one.ID {
			single := one
			single.ID = []int{id}
			single.Name = one.Name + "_" + strconv.Itoa(id)
			out = append(out, single)
		}
	}
	d.Messages, d.Examples = out, nil
	return d
}

// fitSync makes those bytes of a raw value that a field reads out of sync fit its
// pattern.
func (s *sample) fitSync(rng *rand.Rand, it *item, m *member, raw *big.Int) *big.Int {
	words := strings.Fields(s.sync)
	at := it.pos.At + it.pos.Size*slices.Index(it.members, m)
	if !slices.Contains(s.message.items, it) || it.pos.Loose || at < 0 || at >= len(words) {
		return raw
	}
	read := words[at:min(at+it.pos.Size, len(words))]
	if !slices.ContainsFunc(read, func(word string) bool { return word != "??" }) {
		return raw
	}
	if it.pos.Run || m.n > 0 || it.pos.Type.Kind != frame.TypeUint {
		panic(it.key + ": no value that fits sync can be drawn")
	}
	v := raw.Uint64()
	low, high := it.limits()
	for {
		for i := range it.pos.Size {
			shift := 8 * i
			if it.pos.Type.Big {
				shift = 8 * (it.pos.Size - 1 - i)
			}
			if i < len(read) {
				v = v&^(0xFF<<shift) | uint64(drawSync(rng, read[i]))<<shift
			}
		}
		if raw := new(big.Int).SetUint64(v); raw.Cmp(low) >= 0 && raw.Cmp(high) <= 0 {
			return raw
		}
	}
}

// drawSync draws a byte that fits a word of a sync pattern: "55|F?".
func drawSync(rng *rand.Rand, word string) byte {
	alternatives := strings.Split(word, "|")
	text := []byte(alternatives[rng.IntN(len(alternatives))])
	for i := range text {
		if text[i] == '?' {
			text[i] = "0123456789ABCDEF"[rng.IntN(16)]
		}
	}
	b, err := strconv.ParseUint(string(text), 16, 8)
	if err != nil {
		panic(err)
	}
	return byte(b)
}

// asNumber is what a condition takes a value for.
func asNumber(v any) float64 {
	switch v := v.(type) {
	case bool:
		if v {
			return 1
		}
	case *big.Rat:
		f, _ := v.Float64()
		return f
	case float64:
		return v
	}
	return 0
}

// holds evaluates a condition without the gateway's own expressions: Go's
// operators bind alike, and what it has no word for is a panic.
func holds(condition string, values map[string]float64) bool {
	tree, err := parser.ParseExpr(condition)
	if err != nil {
		panic(condition + ": " + err.Error())
	}
	return evaluate(tree, values) != 0
}

func evaluate(e ast.Expr, values map[string]float64) float64 {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return evaluate(e.X, values)
	case *ast.BasicLit:
		n, err := strconv.ParseInt(e.Value, 0, 64)
		if err != nil {
			panic(err)
		}
		return float64(n)
	case *ast.Ident:
		v, ok := values[e.Name]
		if !ok {
			panic("no value was drawn for " + e.Name)
		}
		return v
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			return asNumber(evaluate(e.X, values) == 0)
		}
	case *ast.BinaryExpr:
		return operate(e.Op, evaluate(e.X, values), evaluate(e.Y, values))
	}
	panic("a condition that the test cannot evaluate")
}

func operate(op token.Token, a, b float64) float64 {
	switch op {
	case token.LAND:
		return asNumber(a != 0 && b != 0)
	case token.LOR:
		return asNumber(a != 0 || b != 0)
	case token.EQL:
		return asNumber(a == b)
	case token.NEQ:
		return asNumber(a != b)
	case token.LSS:
		return asNumber(a < b)
	case token.GTR:
		return asNumber(a > b)
	case token.AND:
		return float64(int64(a) & int64(b))
	}
	panic("an operator that the test cannot evaluate: " + op.String())
}
